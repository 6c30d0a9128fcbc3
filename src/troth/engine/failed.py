"""Which nodes an order does not ask again, and how often it asks at all: rules that end the sourcing of what fails.

A node that rejected units may be asked again when the routing says so many hours have gone by; one that did not find
them, when they were found. And each line asks so many nodes and no more: then a person is called.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from troth.engine.promising.context import Facts
from troth.engine.torn import firm_groups
from troth.model.events import Event, FulfillmentPicked, FulfillmentRejected
from troth.model.failure import Failure
from troth.model.ids import FulfillmentId, LineId, NodeId, OrderId, Sku
from troth.model.inventory import Source, lot_of
from troth.model.lifecycle import AllocationEvent, AllocationState
from troth.model.order import Allocation, Order
from troth.model.policy import Policy
from troth.model.routing import Routing
from troth.model.status import uncovered_quantities

Failures = Mapping[tuple[OrderId, int], Failure]
"""When nodes could not provide parts of orders, by order and number."""

FAILED = frozenset({AllocationState.REJECTED, AllocationState.SHORT})
"""A part in one of these could not be provided by its node."""

SPENT = "attempts_spent"
"""The reason of units for which nobody else is asked, since enough nodes failed."""

NOT_ASKED = "not_asked"
"""The method of a decision that asked nobody."""

_FAILING = frozenset({AllocationEvent.REJECT, AllocationEvent.MISS})


def failures_in(event: Event) -> dict[int, datetime]:
    """The parts (by number) that an event says their node could not provide, with when."""
    if not isinstance(event, FulfillmentRejected | FulfillmentPicked):
        return {}
    return {move.allocation: event.at for move in event.parts.moves if move.event in _FAILING}


def barred_nodes(order: Order, failures: Failures, facts: Facts) -> frozenset[NodeId]:
    """The nodes that are not asked for what lies nowhere, because they failed the order. Where only a lot was not found
    it is not the node that is barred, see `missed_lots`.
    """
    return frozenset(part.node for part in _barring(order, failures, facts) if not is_missed_lot(part))


def missed_lots(order: Order, failures: Failures, facts: Facts) -> dict[Sku, set[tuple[NodeId, Source]]]:
    """The lots that were not found where an order's parts should have been picked, and not since."""
    missed: dict[Sku, set[tuple[NodeId, Source]]] = {}
    for part in filter(is_missed_lot, _barring(order, failures, facts)):
        missed.setdefault(part.sku, set()).add((part.node, part.source))
    return missed


def failed_nodes(order: Order) -> frozenset[NodeId]:
    """All nodes that ever failed an order, but for those where only a lot was not found."""
    return frozenset(part.node for part in order.allocations if part.state in FAILED and not is_missed_lot(part))


def count_attempts(order: Order) -> dict[LineId, int]:
    """How many fulfillments failed to provide units of each line."""
    failed: dict[LineId, set[FulfillmentId]] = {}
    for part in order.allocations:
        if part.state in FAILED:
            failed.setdefault(part.line_id, set()).add(part.fulfillment_id)
    return {line_id: len(works) for line_id, works in failed.items()}


def attempts_max(policy: Policy) -> int:
    """How many nodes may fail a line before nobody else is asked."""
    return (policy.routing or Routing()).attempts_max


def spent_lines(order: Order, policy: Policy) -> frozenset[LineId]:
    """The lines with units that lie nowhere for which nobody else is asked; with them all that leaves only together
    with them.
    """
    missing = uncovered_quantities(order)
    most = attempts_max(policy)
    spent = {line_id for line_id, count in count_attempts(order).items() if line_id in missing and count >= most}
    if not spent:
        return frozenset()
    if order.ship_complete:
        return frozenset(missing)
    groups = firm_groups(order)
    firm = {groups[line_id] for line_id in spent if line_id in groups}
    return frozenset(line_id for line_id in missing if line_id in spent or groups.get(line_id) in firm)


def retold(order: Order, excluded: Collection[NodeId], failures: Failures, facts: Facts) -> Iterator[str]:
    """What an explanation says of the attempts before: who failed, and who of them is asked again and why."""
    counts = count_attempts(order)
    failed = [part for part in order.allocations if part.state in FAILED]
    for line_id in sorted(counts.keys() & uncovered_quantities(order).keys()):
        names = ", ".join(dict.fromkeys(part.node for part in failed if part.line_id == line_id))
        yield f"attempt {counts[line_id] + 1} for line {line_id}, which {names} could not provide"
    for node in dict.fromkeys(part.node for part in failed if part.node not in excluded):
        why = _why_again([part for part in failed if part.node == node], order, failures, facts)
        yield f"{node} is asked again: {why}"


def _why_again(parts: Sequence[Allocation], order: Order, failures: Failures, facts: Facts) -> str:
    if any(not is_missed_lot(part) and not _is_over(part, order, failures, facts) for part in parts):
        return "it was named"
    if any(part.state is AllocationState.REJECTED for part in parts):
        return "its rejection is long enough ago"
    if any(_is_over(part, order, failures, facts) for part in parts):
        return "units were found there since"
    return "only a lot was not found there"


def _barring(order: Order, failures: Failures, facts: Facts) -> Iterator[Allocation]:
    for part in order.allocations:
        if part.state in FAILED and not _is_over(part, order, failures, facts):
            yield part


def _is_over(part: Allocation, order: Order, failures: Failures, facts: Facts) -> bool:
    """Whether a failure no longer keeps its node from being asked; one that just happened does."""
    failure = failures.get((order.order_id, part.allocation))
    if failure is None:
        return False
    if part.state is AllocationState.SHORT:
        return failure.is_found_again
    hours = (facts.policy.routing or Routing()).retry_rejected_after_hours
    return hours is not None and facts.now >= failure.at + timedelta(hours=hours)


def is_missed_lot(part: Allocation) -> bool:
    """Whether what a node could not provide is a lot that was not found, where others may be."""
    return part.state is AllocationState.SHORT and bool(lot_of(part.source))
