"""The order after an event: the fold that makes an order out of its log."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from troth.engine.evolve_recalls import evolve_answer, evolve_recall_end
from troth.engine.pickups.evolve import evolve_pickups, evolve_received, evolve_unstaged
from troth.engine.returns.evolve import evolve_returns
from troth.engine.shipping.attach import evolve_label
from troth.engine.tracking.evolve import evolve_proof, evolve_tracking
from troth.model.commands import LineQuantity
from troth.model.events import (
    FulfillmentCollected,
    FulfillmentDelivered,
    FulfillmentPacked,
    FulfillmentReady,
    FulfillmentReceived,
    FulfillmentShipped,
    FulfillmentUnpacked,
    FulfillmentUnstaged,
    HoldAssigned,
    HoldExtended,
    HoldLifted,
    HoldPlaced,
    OrderCanceled,
    OrderCaptured,
    OrderChanged,
    OrderEvent,
    OrderReleased,
    PartsChange,
    RecallAnswered,
    RecallEnded,
    RecallRequested,
    ReleasePlanned,
    SerialsNamed,
    SourcingFailed,
    SupplyGivenUp,
    TrackingRecorded,
    UnitsQueued,
    WorkRedated,
    WorkUpgraded,
)
from troth.model.ids import FulfillmentId
from troth.model.label_moves import LabelEvent
from troth.model.lifecycle import ALLOCATION, HOLD, AllocationEvent, HoldEvent
from troth.model.order import Allocation, Fulfillment, Hold, Line, Order, Package, Parked
from troth.model.pickup_moves import PickupEvent
from troth.model.return_moves import ReturnEvent
from troth.model.serials import UnitSerial
from troth.model.status import OrderStatus, order_status, promise_of, still_planned, uncovered_quantities


def evolve(order: Order | None, event: OrderEvent) -> Order:
    """The order after one event; each event but the first adds one to its version."""
    if isinstance(event, OrderCaptured):
        return event.order
    if order is None:
        raise ValueError(f"{type(event).__name__} before the order was captured")
    if isinstance(event, ReturnEvent):
        return replace(evolve_returns(order, event), version=order.version + 1)
    if isinstance(event, PickupEvent):
        return replace(evolve_pickups(order, event), version=order.version + 1)
    if isinstance(event, LabelEvent):
        return replace(evolve_label(order, event), version=order.version + 1)
    after = _evolve_parts(order, getattr(event, "parts", None))
    match event:
        case OrderCanceled():
            after = replace(after, lines=_cancel_lines(after.lines, event))
            if order_status(after) is OrderStatus.CANCELED:
                after = replace(after, canceled_at=event.at)
        case OrderChanged():
            after = _change(order, after, event)
        case HoldPlaced():
            after = replace(after, holds=(*after.holds, event.hold))
        case HoldLifted():
            after = replace(
                after,
                holds=tuple(
                    replace(hold, state=HOLD[hold.state, HoldEvent.LIFT]) if hold.hold_id == event.hold_id else hold
                    for hold in after.holds
                ),
            )
        case HoldAssigned():
            after = replace(after, holds=tuple(_assigned(hold, event) for hold in after.holds))
        case HoldExtended():
            after = replace(after, holds=tuple(_extended(hold, event) for hold in after.holds))
        case OrderReleased():
            after = replace(after, released_at=after.released_at or event.at)
        case RecallRequested():
            after = replace(after, recalls=(*after.recalls, event.recall))
        case RecallAnswered():
            after = evolve_answer(order, after, event)
        case RecallEnded():
            after = evolve_recall_end(after, event)
        case ReleasePlanned():
            named = {one.fulfillment_id for one in event.planned}
            kept = tuple(one for one in after.planned if one.fulfillment_id not in named)
            planned = sorted((*kept, *event.planned), key=lambda one: one.fulfillment_id)
            after = replace(after, planned=tuple(planned))
        case FulfillmentPacked():
            after = _evolve_work(after, event.fulfillment_id, packages=event.packages)
        case FulfillmentReady():
            after = _evolve_work(after, event.fulfillment_id, staging=event.staging)
        case FulfillmentShipped():
            after = _evolve_work(after, event.fulfillment_id, packages=event.packages, shipped_at=event.at)
        case FulfillmentUnpacked():
            after = _evolve_work(after, event.fulfillment_id, packages=())
        case FulfillmentUnstaged():
            after = evolve_unstaged(after, event)
        case FulfillmentReceived():
            after = evolve_received(after, event)
        case FulfillmentCollected():
            after = _evolve_work(after, event.fulfillment_id, collected_by=event.collected_by, delivered_at=event.at)
            after = evolve_pickups(after, event)
        case FulfillmentDelivered():
            after = _evolve_work(after, event.fulfillment_id, delivered_at=event.at)
            if event.proof is not None:
                after = evolve_proof(after, event)
        case TrackingRecorded():
            after = evolve_tracking(after, event)
        case WorkRedated():
            after = replace(after, fulfillments=tuple(_redated(work, event) for work in after.fulfillments))
        case WorkUpgraded():
            after = replace(after, fulfillments=tuple(_upgraded(work, event) for work in after.fulfillments))
        case SerialsNamed():
            after = _evolve_work(after, event.fulfillment_id, serials=event.serials)
        case SupplyGivenUp():
            after = _park(order, after, event.lines, event.at, is_sought=False if event.is_parked else None)
        case SourcingFailed():
            after = after if event.at is None else _park(order, after, event.lines, event.at)
        case UnitsQueued():
            after = _park(order, after, event.lines, event.at, is_waiting=True, until=event.until)
        case _:
            pass
    if after.parked:
        missing = uncovered_quantities(after)
        after = replace(after, parked=tuple(parked for parked in after.parked if parked.line_id in missing))
    if after.planned:
        after = replace(after, planned=still_planned(after))
    return replace(after, version=order.version + 1)


def evolve_all(order: Order, events: Iterable[OrderEvent]) -> Order:
    """The order after several events."""
    for event in events:
        order = evolve(order, event)
    return order


def fold(events: Iterable[OrderEvent]) -> Order:
    """The order that a whole log makes; the log must not be empty."""
    order: Order | None = None
    for event in events:
        order = evolve(order, event)
    if order is None:
        raise ValueError("an order's log begins with its capture")
    return order


def _evolve_parts(order: Order, change: PartsChange | None) -> Order:
    if change is None:
        return order
    parts = {part.allocation: part for part in order.allocations}
    for split in change.splits:
        _move(parts, split.allocation, AllocationEvent.SPLIT)
        parts |= {part.allocation: part for part in split.parts}
    for move in change.moves:
        _move(parts, move.allocation, move.event)
    parts |= {part.allocation: part for part in change.added}
    return replace(
        order,
        allocations=tuple(parts[number] for number in sorted(parts)),
        fulfillments=(*order.fulfillments, *change.fulfillments),
    )


def _move(parts: dict[int, Allocation], number: int, event: AllocationEvent) -> None:
    part = parts[number]
    parts[number] = replace(part, state=ALLOCATION[part.state, event])


def _assigned(hold: Hold, event: HoldAssigned) -> Hold:
    """The hold with its new owner; one that was handed on because its time was over has no clock any more."""
    if hold.hold_id != event.hold_id:
        return hold
    terms = replace(hold.terms, owner=event.owner)
    if not event.is_escalated:
        return replace(hold, terms=terms)
    return replace(hold, terms=terms, expires_at=None, escalated_at=event.at)


def _extended(hold: Hold, event: HoldExtended) -> Hold:
    return replace(hold, expires_at=event.expires_at) if hold.hold_id == event.hold_id else hold


def _cancel_lines(lines: tuple[Line, ...], event: OrderCanceled) -> tuple[Line, ...]:
    canceled = {line.line_id: line.quantity for line in event.lines}
    return tuple(
        replace(line, canceled_quantity=line.canceled_quantity + canceled.get(line.line_id, 0)) for line in lines
    )


def _change(before: Order, after: Order, event: OrderChanged) -> Order:
    """The order as it was changed; what lies nowhere now is parked, with the promise it had where that still counts."""
    after = replace(
        after,
        lines=event.lines,
        ship_to=event.ship_to,
        method=event.method,
        pickup_node=event.pickup_node,
        service=event.service,
        delivery_charge=event.delivery_charge,
    )
    if event.leaves_in_parts:
        after = replace(after, ship_complete=False, shipments_max=None)
    if order_status(after) is OrderStatus.CANCELED:
        after = replace(after, canceled_at=event.at)
    given_up = {move.allocation for move in event.parts.moves if move.event is AllocationEvent.REPLACE}
    touched = {part.line_id for part in after.allocations if part.allocation in given_up}
    known = {parked.line_id: parked for parked in after.parked}
    for line_id in uncovered_quantities(after):
        if line_id in event.moved:
            known[line_id] = replace(known.get(line_id) or Parked(line_id, event.reason, event.at), promised_at=None)
        elif line_id in touched:
            known.setdefault(line_id, Parked(line_id, event.reason, event.at, promised_at=promise_of(before, line_id)))
    return replace(after, parked=tuple(known[line.line_id] for line in after.lines if line.line_id in known))


def _park(
    before: Order,
    after: Order,
    lines: Iterable[LineQuantity],
    at: datetime,
    *,
    is_waiting: bool = False,
    until: datetime | None = None,
    is_sought: bool | None = True,
) -> Order:
    """The order with lines parked; what is parked already keeps its reason, its time and the promise that it had, and
    where nothing is said of it, whether it was sought.
    """
    known = {parked.line_id: parked for parked in after.parked}
    for line in lines:
        was = known.get(line.line_id) or Parked(
            line.line_id, line.reason, at, promised_at=promise_of(before, line.line_id)
        )
        if is_waiting:
            was = replace(was, is_waiting=True, until=was.until or until)
        known[line.line_id] = was if is_sought is None else replace(was, is_sought=is_sought)
    return replace(after, parked=tuple(known[line.line_id] for line in after.lines if line.line_id in known))


def _redated(work: Fulfillment, event: WorkRedated) -> Fulfillment:
    if work.fulfillment_id != event.fulfillment_id:
        return work
    return replace(work, ship_by=event.ship_by, promised_from=event.promised_from, promised_at=event.promised_at)


def _upgraded(work: Fulfillment, event: WorkUpgraded) -> Fulfillment:
    if work.fulfillment_id != event.fulfillment_id:
        return work
    return replace(work, service=event.service, carrier=event.carrier, ship_by=event.ship_by, cost=event.cost)


def _evolve_work(
    order: Order,
    fulfillment_id: FulfillmentId,
    *,
    packages: tuple[Package, ...] | None = None,
    staging: str | None = None,
    collected_by: str | None = None,
    shipped_at: datetime | None = None,
    delivered_at: datetime | None = None,
    serials: tuple[UnitSerial, ...] | None = None,
) -> Order:
    def evolved(work: Fulfillment) -> Fulfillment:
        return replace(
            work,
            packages=work.packages if packages is None else packages,
            staging=work.staging if staging is None else staging,
            collected_by=work.collected_by if collected_by is None else collected_by,
            shipped_at=shipped_at or work.shipped_at,
            delivered_at=delivered_at or work.delivered_at,
            serials=work.serials if serials is None else serials,
        )

    return replace(
        order,
        fulfillments=tuple(
            evolved(work) if work.fulfillment_id == fulfillment_id else work for work in order.fulfillments
        ),
    )
