"""What an order does not ask again, and how often it asks at all: rules that end the sourcing of what fails.

A node that would not (too busy, closed, silent) is not asked for anything, until the routing says that so many hours
have gone by; one that could not (not found, damaged) is not asked for that item, until units of it were found. And each
line asks so many nodes and no more: then a person is called.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from troth.engine.promising.context import Facts
from troth.engine.torn import firm_groups
from troth.model.accuracy import NOT_FOUND_REASONS
from troth.model.events import Event, FulfillmentPicked, FulfillmentRejected
from troth.model.failure import Failure
from troth.model.ids import FulfillmentId, LineId, NodeId, OrderId, Sku
from troth.model.inventory import ON_HAND, SupplyKey, lot_of
from troth.model.lifecycle import AllocationEvent, AllocationState
from troth.model.order import Allocation, Order
from troth.model.policy import Policy
from troth.model.routing import Routing
from troth.model.status import uncovered_quantities
from troth.model.value import dataclass

Failures = Mapping[tuple[OrderId, int], Failure]
"""When nodes could not provide parts of orders, by order and number."""

NO_FAILURES: Final[Failures] = MappingProxyType({})

FAILED = frozenset({AllocationState.REJECTED, AllocationState.SHORT})
"""A part in one of these could not be provided by its node."""

SPENT = "attempts_spent"
"""The reason of units for which nobody else is asked, since enough nodes failed."""

ITEM_EXCLUDED = "item_excluded"
"""The reason of units that lie where the order failed to get some of them before."""

NOT_ASKED = "not_asked"
"""The method of a decision that asked nobody."""

_FAILING = frozenset({AllocationEvent.REJECT, AllocationEvent.MISS})


def failures_in(event: Event) -> dict[int, Failure]:
    """The parts (by number) that an event says their node could not provide, with when, and whether for the item."""
    if not isinstance(event, FulfillmentRejected | FulfillmentPicked):
        return {}
    is_of_item = isinstance(event, FulfillmentPicked) or event.reason in NOT_FOUND_REASONS
    failure = Failure(event.at, is_of_item=is_of_item)
    return {move.allocation: failure for move in event.parts.moves if move.event in _FAILING}


def with_just_failed(known: Failures, order_id: OrderId, events: Iterable[Event], now: datetime) -> Failures:
    """The failures with those in events of now: none of them is over, however long ago its node says that it was."""
    found = {number: failure for event in events for number, failure in failures_in(event).items()}
    return {**known, **{(order_id, number): replace(failure, at=now) for number, failure in found.items()}}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is not asked for an order's units that lie nowhere, because it failed them.

    Whole `nodes` where the reason was the node; what a node has on hand of `items` where it was the item; and single
    `supplies` where it was one lot, or one supply to come.
    """

    nodes: frozenset[NodeId] = frozenset()
    items: frozenset[tuple[NodeId, Sku]] = frozenset()
    supplies: frozenset[SupplyKey] = frozenset()

    def of(self, part: Allocation) -> str:
        """For what the node of a failed part is left out: `node`, `sku` or `lot`; empty where it may be asked again."""
        if part.node in self.nodes:
            return "node"
        if (part.node, part.sku) in self.items:
            return "sku"
        return "lot" if part.key in self.supplies else ""


def find_left_out(order: Order, failures: Failures, facts: Facts, *, named: Collection[NodeId] = ()) -> LeftOut:
    """What is left out where an order is sourced again, but for the nodes that a person `named`."""
    nodes, items, supplies = set(), set(), set()
    for part in order.allocations:
        if part.state not in FAILED or part.node in named or _is_over(part, order, failures, facts):
            continue
        if not _is_of_item(part, order, failures):
            nodes.add(part.node)
            continue
        if part.source != ON_HAND:
            supplies.add(part.key)
        if not lot_of(part.source):
            items.add((part.node, part.sku))
    return LeftOut(frozenset(nodes), frozenset(item for item in items if item[0] not in nodes), frozenset(supplies))


def failed_nodes(order: Order) -> frozenset[NodeId]:
    """All nodes that ever failed an order, but for those where only a lot was not found: what decisions left out that
    were recorded before it was recorded with them.
    """
    return frozenset(
        part.node
        for part in order.allocations
        if part.state in FAILED and not (part.state is AllocationState.SHORT and lot_of(part.source))
    )


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


def retold(order: Order, left_out: LeftOut, failures: Failures, facts: Facts) -> Iterator[str]:
    """What an explanation says of the attempts before: who failed, and who of them is asked again, for what and why."""
    counts = count_attempts(order)
    failed = [part for part in order.allocations if part.state in FAILED]
    missing = uncovered_quantities(order).keys()
    for line_id in sorted(counts.keys() & missing):
        names = ", ".join(dict.fromkeys(part.node for part in failed if part.line_id == line_id))
        yield f"attempt {counts[line_id] + 1} for line {line_id}, which {names} could not provide"
    for node in dict.fromkeys(part.node for part in failed if part.node not in left_out.nodes):
        parts = [part for part in failed if part.node == node]
        kept = dict.fromkeys(part.sku for part in parts if part.line_id in missing and left_out.of(part) == "sku")
        again = [part for part in parts if left_out.of(part) != "sku"]
        if kept:
            yield f"{node} is asked for all but {', '.join(kept)}, which it could not provide"
        if again:
            yield f"{node} is asked again: {_why_again(again, order, failures, facts)}"


def _why_again(parts: Sequence[Allocation], order: Order, failures: Failures, facts: Facts) -> str:
    over = [part for part in parts if _is_over(part, order, failures, facts)]
    is_lot = [bool(lot_of(part.source)) and _is_of_item(part, order, failures) for part in parts if part not in over]
    if not all(is_lot):
        return "it was named"
    if any(not failures[order.order_id, part.allocation].is_found_again for part in over):
        return "its rejection is long enough ago"
    return "units were found there since" if over else "only a lot was not found there"


def _is_over(part: Allocation, order: Order, failures: Failures, facts: Facts) -> bool:
    """Whether a failure no longer keeps its node from being asked; one that just happened does."""
    failure = failures.get((order.order_id, part.allocation))
    if failure is None:
        return False
    if part.state is AllocationState.SHORT or failure.is_found_again:
        return failure.is_found_again
    hours = (facts.policy.routing or Routing()).retry_rejected_after_hours
    return hours is not None and facts.now >= failure.at + timedelta(hours=hours)


def _is_of_item(part: Allocation, order: Order, failures: Failures) -> bool:
    """Whether a node could not provide a part for the item's sake; of a rejection only its reason says so."""
    failure = failures.get((order.order_id, part.allocation))
    return part.state is AllocationState.SHORT or (failure is not None and failure.is_of_item)
