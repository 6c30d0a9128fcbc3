"""What could be done about an exception, before it is known whether it can: commands, tried one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import compute_miles, find_coordinates
from troth.engine.demand.line_terms import NO_TERMS
from troth.engine.exceptions.proposal import REASON, Proposal
from troth.engine.exceptions.return_fixes import propose_for_return
from troth.engine.promising.context import Facts, State
from troth.engine.supply.supply import SupplyRows
from troth.model.change import (
    AddLine,
    ChangeAction,
    LeaveInParts,
    SetDates,
    SetMethod,
    SetNode,
    SetQuantity,
    Substitute,
)
from troth.model.commands import (
    CancelOrder,
    ChangeOrder,
    LetWait,
    LiftHold,
    LineQuantity,
    RedateWork,
    RejectWork,
    ReleaseOrder,
    RepromiseOrder,
    UpgradeWork,
)
from troth.model.exceptions import OpenException, Source, supply_named
from troth.model.fix import FixKind
from troth.model.ids import FulfillmentId, HoldId, LineId, NodeId, Sku
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import UNLOCKED, AllocationState
from troth.model.measure import shown
from troth.model.order import Line, Method, Order
from troth.model.status import live_allocations, uncovered_quantities

_NODES_MAX: Final = 3
_SUBSTITUTES_MAX: Final = 3
_PICKUPS_MAX: Final = 3
_ASKED: Final = frozenset({AllocationState.RELEASED, AllocationState.ACCEPTED})
_HANDED_OVER: Final = frozenset({Method.PICKUP, Method.CURBSIDE})


def propose(found: OpenException, order: Order, state: State, facts: Facts, role: str) -> Iterator[Proposal]:
    """What could be done about an exception of an order."""
    match found.source:
        case Source.LINE:
            for line in _lines(found, order):
                yield from _for_missing(line, order, state, facts)
        case Source.NEED:
            for line in _lines(found, order):
                yield from _for_late_promise(line, order, state, facts)
        case Source.WORK | Source.ACCEPTANCE | Source.SILENCE | Source.ALERT:
            yield from _for_work(found, order, facts)
        case Source.RELEASE:
            now = ReleaseOrder(order.order_id, (FulfillmentId(found.subject),))
            yield Proposal(FixKind.RELEASE, now, found.node or "")
            yield from _without_work(FulfillmentId(found.subject), order)
        case Source.RETURN | Source.REFUND:
            yield from propose_for_return(found, order)
        case Source.STOCK:
            yield from _for_deficit(found, order)
        case Source.ACCOUNT:
            yield Proposal(FixKind.CANCEL, CancelOrder(order.order_id, REASON), "the whole order")
        case Source.HOLD:
            yield Proposal(FixKind.LIFT, LiftHold(order.order_id, HoldId(found.subject), role), found.subject)
            yield Proposal(FixKind.CANCEL, CancelOrder(order.order_id, REASON), "the whole order")
        case _:
            return


def _lines(found: OpenException, order: Order) -> list[Line]:
    return [line for line in order.lines if line.line_id in set(found.line_ids)]


def _for_missing(line: Line, order: Order, state: State, facts: Facts) -> Iterator[Proposal]:
    missing = uncovered_quantities(order).get(line.line_id, 0)
    if not missing:
        return
    yield Proposal(FixKind.RE_SOURCE, RepromiseOrder(order.order_id, REASON, order.version), "from anywhere")
    for node in _nodes_that_have(line, missing, order, state, facts):
        yield _changed(FixKind.RE_SOURCE, order, (SetNode(line.line_id, node),), node)
    if _leaves_together(line, order):
        yield _changed(FixKind.SPLIT, order, (LeaveInParts(line.line_id),), "in as many shipments as it takes")
    yield from _substitutes(line, missing, order, state, facts)
    yield from _services(line, order, facts)
    yield from _pickups(line, order, facts)
    if line.need_by is not None:
        free = (SetDates(line.line_id, line.not_before, None),)
        yield _changed(FixKind.NEW_DATE, order, free, "whenever it can be there")
    rest = (LineQuantity(line.line_id, missing, REASON),)
    if live_allocations(order) or any(other.line_id != line.line_id for other in order.lines):
        yield Proposal(
            FixKind.PARTIAL,
            CancelOrder(order.order_id, REASON, rest),
            f"without {shown(missing, line.decimals)} of {line.sku}",
        )
    yield Proposal(FixKind.WAIT, LetWait(order.order_id, (line.line_id,), REASON), "until stock comes")
    yield Proposal(FixKind.CANCEL, CancelOrder(order.order_id, REASON), "the whole order")


def _for_late_promise(line: Line, order: Order, state: State, facts: Facts) -> Iterator[Proposal]:
    wanted = line.quantity - line.canceled_quantity
    yield Proposal(
        FixKind.RE_SOURCE, RepromiseOrder(order.order_id, REASON, order.version, is_sooner=True), "from anywhere"
    )
    for node in _nodes_that_have(line, wanted, order, state, facts):
        yield _changed(FixKind.RE_SOURCE, order, (SetNode(line.line_id, node),), node)
    yield from _substitutes(line, wanted, order, state, facts)
    yield from _services(line, order, facts)
    yield from _pickups(line, order, facts)
    works = {work.fulfillment_id: work.promised_at for work in order.fulfillments}
    dates = [works[part.fulfillment_id] for part in live_allocations(order) if part.line_id == line.line_id]
    if dates:
        agreed = (SetDates(line.line_id, line.not_before, max(dates)),)
        yield _changed(FixKind.NEW_DATE, order, agreed, "as it is promised now")
    free = (SetDates(line.line_id, line.not_before, None),)
    yield _changed(FixKind.NEW_DATE, order, free, "whenever it can be there")
    of_line = (LineQuantity(line.line_id, wanted, REASON),)
    yield Proposal(FixKind.PARTIAL, CancelOrder(order.order_id, REASON, of_line), f"without line {line.line_id}")
    yield Proposal(FixKind.CANCEL, CancelOrder(order.order_id, REASON), "the whole order")


def _for_work(found: OpenException, order: Order, facts: Facts) -> Iterator[Proposal]:
    work = FulfillmentId(found.subject)
    yield Proposal(FixKind.RE_SOURCE, RejectWork(work, REASON), f"take it from {found.node}")
    for one in order.fulfillments:
        if one.fulfillment_id == work and one.method not in _HANDED_OVER:
            for service in sorted({card.service for card in facts.network.offer(one.method).cards} - {one.service}):
                yield Proposal(FixKind.UPGRADE_SERVICE, UpgradeWork(work, service, REASON), service)
    yield Proposal(FixKind.NEW_DATE, RedateWork(work, REASON), "as soon as it can leave from there")
    yield from _without_work(work, order)


def _for_deficit(found: OpenException, order: Order) -> Iterator[Proposal]:
    """What an order could give up of a supply of which more is promised than there is: work that its node has and has
    not picked. What nobody works on yet gives way by itself.
    """
    key = supply_named(found.subject)
    here = {
        part.fulfillment_id: part.node for part in live_allocations(order) if part.key == key and part.state in _ASKED
    }
    for work, node in here.items():
        yield Proposal(FixKind.RE_SOURCE, RejectWork(work, REASON), f"{order.external_id}, taken from {node}")
        yield from _without_missing(found, work, order)
        for ending in _without_work(work, order):
            yield replace(ending, detail=f"{order.external_id}, {ending.detail}")


def _without_missing(found: OpenException, work: FulfillmentId, order: Order) -> Iterator[Proposal]:
    """The end of as many units of a work as its supply lacks; of kits none, which only come whole."""
    key, left = supply_named(found.subject), sum(units for _, units in found.units)
    lines = []
    for part in live_allocations(order):
        if part.fulfillment_id == work and part.key == key and part.line_id not in kits_of(order) and left:
            lines.append(LineQuantity(part.line_id, min(left, part.quantity), REASON))
            left -= lines[-1].quantity
    if lines:
        without = CancelOrder(order.order_id, REASON, tuple(lines))
        units = sum(line.quantity for line in lines)
        yield Proposal(FixKind.PARTIAL, without, f"{order.external_id}, without {units}")


def _without_work(work: FulfillmentId, order: Order) -> Iterator[Proposal]:
    here = [part for part in live_allocations(order) if part.fulfillment_id == work]
    units = whole_units(here, kits_of(order))
    lines = tuple(LineQuantity(line_id, count, REASON) for line_id, count in units.items() if count)
    if lines:
        yield Proposal(FixKind.PARTIAL, CancelOrder(order.order_id, REASON, lines), "without what lies there")
    yield Proposal(FixKind.CANCEL, CancelOrder(order.order_id, REASON), "the whole order")


def _changed(kind: FixKind, order: Order, actions: Sequence[ChangeAction], detail: str) -> Proposal:
    return Proposal(kind, ChangeOrder(order.order_id, tuple(actions), REASON, order.version), detail)


def _leaves_together(line: Line, order: Order) -> bool:
    terms = line.terms or NO_TERMS
    is_bound = order.ship_complete or order.shipments_max is not None
    return is_bound or terms.line_complete or bool(terms.ship_together) or terms.only_from is not None


def _substitutes(line: Line, missing: int, order: Order, state: State, facts: Facts) -> Iterator[Proposal]:
    """Items that stand in for a line as its item says, at what the line costs and their difference; for the units that
    are missing only, where others of the line are on their way.
    """
    item = facts.items.get(line.sku)
    if item is None:
        return
    parts = [part for part in live_allocations(order) if part.line_id == line.line_id]
    is_free = all(part.state in UNLOCKED for part in parts)
    for other in item.substitutes[:_SUBSTITUTES_MAX]:
        stand_in = facts.items.get(other.sku)
        if stand_in is None or stand_in.decimals != line.decimals:
            continue
        price = max(0, line.unit_price_minor + other.price_delta_minor)
        rest = line.quantity - line.canceled_quantity - missing
        added = Line(stand_in_id(line.line_id), other.sku, missing, price, line.need_by, line.not_before)
        if is_free:
            yield _changed(FixKind.SUBSTITUTE, order, (Substitute(line.line_id, other.sku, price),), other.sku)
        else:
            actions = (SetQuantity(line.line_id, rest), AddLine(added))
            yield _changed(FixKind.SUBSTITUTE, order, actions, f"{shown(missing, line.decimals)} of {other.sku}")


def stand_in_id(line_id: LineId) -> LineId:
    """The id of the line that stands in for units of another one.

    >>> stand_in_id(LineId("1"))
    '1-instead'
    """
    return LineId(f"{line_id}-instead")


def _services(line: Line, order: Order, facts: Facts) -> Iterator[Proposal]:
    """The other services of the line's method."""
    terms = line.terms or NO_TERMS
    method = terms.method or order.method
    if method in _HANDED_OVER:
        return
    asked = terms.service if terms.service is not None else order.service
    works = {work.fulfillment_id: work.service for work in order.fulfillments}
    now = {works[part.fulfillment_id] for part in live_allocations(order) if part.line_id == line.line_id}
    for service in sorted({card.service for card in facts.network.offer(method).cards} - {asked} - now):
        action = SetMethod(method, None, service, line.line_id)
        yield _changed(FixKind.UPGRADE_SERVICE, order, (action,), service)


def _pickups(line: Line, order: Order, facts: Facts) -> Iterator[Proposal]:
    """The nearest nodes that hand over to customers; those where it is to be picked up now are none of them."""
    network, terms = facts.network, line.terms or NO_TERMS
    latitude, longitude = find_coordinates(terms.ship_to or order.ship_to)
    method = terms.method or order.method
    now_at = terms.pickup_node or order.pickup_node
    if (latitude is None or longitude is None) and now_at is not None and now_at in network.index:
        node = network.nodes[network.index[now_at]]
        latitude, longitude = node.latitude, node.longitude
    if latitude is None or longitude is None:
        return
    miles = compute_miles(network, latitude, longitude)
    able = network.is_pickup & network.is_active & (miles <= facts.policy.pickup_miles_max)
    nearest = [at for at in np.argsort(miles, kind="stable").tolist() if able[at]]
    names = [network.nodes[at].node for at in nearest if network.nodes[at].node != now_at]
    for name in names[:_PICKUPS_MAX]:
        way = method if method in _HANDED_OVER else Method.PICKUP
        yield _changed(FixKind.OTHER_PICKUP, order, (SetMethod(way, name, "", line.line_id),), name)


def _nodes_that_have(line: Line, units: int, order: Order, state: State, facts: Facts) -> list[NodeId]:
    """The nearest few nodes that have so many units of a line, or of all components of its kit, at hand; those where
    they lie now are none of them.
    """
    network = facts.network
    latitude, longitude = find_coordinates((line.terms or NO_TERMS).ship_to or order.ship_to)
    terms = line.terms or NO_TERMS
    wanted = dict(terms.kit) if terms.kit else {line.sku: 1}
    able = network.is_active.copy()
    for sku, each in wanted.items():
        rows = state.supply(sku)
        able &= _held(rows, len(network.nodes)) >= units * each
    here = {part.node for part in live_allocations(order) if part.line_id == line.line_id and part.state in _BOUND}
    if latitude is None or longitude is None:
        order_of = np.arange(len(network.nodes))
    else:
        order_of = np.argsort(compute_miles(network, latitude, longitude), kind="stable")
    names = [network.nodes[at].node for at in order_of.tolist() if able[at]]
    return [name for name in names if name not in here][:_NODES_MAX]


_BOUND: Final = frozenset({AllocationState.RESERVED, AllocationState.BACKORDERED})


def _held(rows: SupplyRows, nodes: int) -> NDArray[np.float64]:
    """What each node (N) has at hand that may be promised."""
    at_hand = rows.available_from == 0.0
    units = rows.available[at_hand].astype(np.float64)
    return np.bincount(rows.node_index[at_hand], units, nodes)[:nodes].astype(np.float64)


def skus_of_fixes(order: Order, items_substitutes: Sequence[Sku]) -> set[Sku]:
    """What has to be known of stock and catalog before fixes are looked for."""
    skus = {line.sku for line in order.lines} | {part.sku for part in order.allocations} | set(items_substitutes)
    skus |= {got.sku for one in order.returns for got in one.received}
    return skus | {sku for line in order.lines if line.terms is not None for sku, _ in line.terms.kit}
