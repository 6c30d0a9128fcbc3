"""What customers and staff ask about goods that are picked up: that somebody comes, who, until when, and put back."""

from datetime import datetime, timedelta
from typing import Final, assert_never

from troth.engine.pickups.compartments import longer_stay
from troth.engine.pickups.handing_over import check_code
from troth.engine.pickups.keeping import keep_until, rule_of
from troth.engine.promising.context import Facts
from troth.model.events import OrderEvent, PartMove, PartsChange, PickupPutBack
from troth.model.ids import NodeId
from troth.model.inventory import ON_HAND, Entry, EntryKind, SupplyKey, is_on_hand
from troth.model.lifecycle import NOT_COLLECTED, AllocationEvent, AllocationState
from troth.model.order import Allocation, Fulfillment, Order
from troth.model.permissions import By
from troth.model.pickup import Arrival
from troth.model.pickup_moves import (
    ArrivalForgotten,
    ArrivalTold,
    CollectorNamed,
    ExtendPickup,
    ForgetArrival,
    LockerOpened,
    NameCollector,
    OpenLocker,
    PickupCommand,
    PickupExtended,
    PutBackPickup,
    TellArrival,
)
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow, PickupLocked, Refusal
from troth.model.status import fulfillment_status, is_handed_over, live_allocations, waiting_parts
from troth.model.ways import counter_of, pickup_of, stay_of

PUT_BACK: Final = "put_back"
"""Why units came on hand: nobody had collected them, and they lie on the shelf again."""

KEPT_MAX: Final = timedelta(days=365)
_CLOCKS_APART: Final = timedelta(minutes=5)


def decide_pickup(command: PickupCommand, order: Order, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """The events of what is asked about a pickup, or why it is refused."""
    work = next((one for one in order.fulfillments if one.fulfillment_id == command.fulfillment_id), None)
    if work is None:
        return NotFound("fulfillment", command.fulfillment_id)
    match command:
        case PutBackPickup():
            return _put_back(command, order, work, facts)
        case ExtendPickup():
            return _extend(command, order, work, facts)
        case TellArrival():
            return _arrive(command, order, work, facts)
        case OpenLocker():
            return _open(command, order, work, facts)
        case ForgetArrival():
            is_told = _is_awaited(order, work) and pickup_of(order, work).arrival is not None
            forgotten = ArrivalForgotten(work.fulfillment_id, counter_of(work), facts.now)
            return (forgotten,) if is_told else _refuse("not-here", order, work)
        case NameCollector():
            if not _is_awaited(order, work):
                return _refuse("name a collector", order, work)
            known = pickup_of(order, work)
            name = command.name.strip()
            return () if known.collector == name else (CollectorNamed(work.fulfillment_id, name, facts.now),)
        case _:
            assert_never(command)


def put_back_entries(before: Order, events: tuple[OrderEvent, ...]) -> tuple[Entry, ...]:
    """What comes on hand where goods are put back that another node had sent; the node's own were never booked out."""
    entries = []
    parts = {part.allocation: part for part in before.allocations}
    for event in events:
        if isinstance(event, PickupPutBack):
            for move in event.parts.moves:
                part = parts[move.allocation]
                if part.state is AllocationState.UNCLAIMED:
                    key = shelf_key(part, event)
                    work = event.fulfillment_id
                    entries.append(Entry(key, EntryKind.RECEIPT, part.quantity, reason=PUT_BACK, reference=work))
    return tuple(entries)


def put_back_keys(order: Order, work: Fulfillment) -> tuple[SupplyKey, ...]:
    """The supplies at its node that grow when the goods of a fulfillment are put back."""
    at = _shelf_of(work)
    return tuple(
        sorted(
            {
                SupplyKey(part.sku, at, part.source if is_on_hand(part.source) else ON_HAND)
                for part in _uncollected(order, work)
                if part.state is AllocationState.UNCLAIMED
            }
        )
    )


def shelf_key(part: Allocation, event: PickupPutBack) -> SupplyKey:
    """Where a part lies once it was put back at a node."""
    return SupplyKey(part.sku, event.node, part.source if is_on_hand(part.source) else ON_HAND)


def _put_back(
    command: PutBackPickup, order: Order, work: Fulfillment, facts: Facts
) -> tuple[OrderEvent, ...] | Refusal:
    parts = _uncollected(order, work)
    if not parts:
        return _refuse("put back", order, work)
    if not set(put_back_keys(order, work)) <= set(command.keys):
        raise ValueError("goods of another node are put back without the supplies that they go to")
    at = command.at or facts.now
    if at > facts.now + _CLOCKS_APART:
        return Invalid((FieldFlaw("/at", "lies in the future"),))
    moves = tuple(PartMove(part.allocation, AllocationEvent.SHELVE) for part in parts)
    return (PickupPutBack(work.fulfillment_id, _shelf_of(work), at, PartsChange(moves=moves)),)


def _shelf_of(work: Fulfillment) -> NodeId:
    """Where goods are put back: at the store where they were to be handed over, or whose locker they lay in."""
    return work.via or work.node


def _open(command: OpenLocker, order: Order, work: Fulfillment, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """That a compartment was opened by its code. One that somebody else may see into is not opened twice for nothing:
    what was already told changes nothing.
    """
    stay = stay_of(order, work)
    if stay is None or not stay.number or not waiting_parts(order, work.fulfillment_id):
        return _refuse("open", order, work)
    at = command.at or facts.now
    if at > facts.now + _CLOCKS_APART:
        return Invalid((FieldFlaw("/at", "lies in the future"),))
    no = None if command.code is None else check_code(command.code, order, work, facts)
    if no is not None:
        return no if isinstance(no, PickupLocked) else (no,)
    if pickup_of(order, work).opened_at == at:
        return ()
    return (LockerOpened(work.fulfillment_id, stay.locker, stay.number, at),)


def _uncollected(order: Order, work: Fulfillment) -> tuple[Allocation, ...]:
    return tuple(
        part for part in order.allocations if part.fulfillment_id == work.fulfillment_id and part.state in NOT_COLLECTED
    )


def _extend(command: ExtendPickup, order: Order, work: Fulfillment, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """Longer by as much as the rule says, from the end that was told; the customer is reminded once more, halfway."""
    pickup = pickup_of(order, work)
    if pickup.keep_until is None or not waiting_parts(order, work.fulfillment_id):
        return _refuse("extend", order, work)
    rule = rule_of(order, work, facts)
    if command.by is By.CUSTOMER:
        if command.until is not None:
            return Invalid((FieldFlaw("/until", "is for the staff to say; leave it out"),))
        if pickup.extended >= rule.extensions_max or not rule.extend_hours:
            return NotPossibleNow("extend", f"extended {pickup.extended} times")
    start = max(pickup.keep_until, facts.now)
    until = command.until or keep_until(facts, counter_of(work), start + timedelta(hours=rule.extend_hours))
    if not start < until <= facts.now + KEPT_MAX:
        return Invalid((FieldFlaw("/until", f"must be after {start.isoformat()}, and within a year"),))
    stay = longer_stay(order, work, until, facts)
    if isinstance(stay, NotPossibleNow):
        return stay
    remind_at = (*pickup.remind_at, start + (until - start) / 2)
    return (
        PickupExtended(
            work.fulfillment_id,
            counter_of(work),
            until,
            remind_at,
            command.by,
            command.reason,
            facts.now,
            order.channel,
            order.external_id,
            order.customer,
            stay,
        ),
    )


def _arrive(command: TellArrival, order: Order, work: Fulfillment, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """That the customer comes or is there. Who is there is not on the way any more; what is said twice changes only
    the bay, the vehicle, and when they come.
    """
    if not _is_awaited(order, work):
        return _refuse("arrive", order, work)
    if stay_of(order, work) is not None:
        return NotPossibleNow("arrive", "nobody waits for whoever comes to a locker")
    pickup = pickup_of(order, work)
    at = command.at or facts.now
    if at > facts.now + _CLOCKS_APART:
        return Invalid((FieldFlaw("/at", "lies in the future"),))
    if command.arrives_at is not None and not facts.now - _CLOCKS_APART <= command.arrives_at <= facts.now + KEPT_MAX:
        return Invalid((FieldFlaw("/arrives_at", "must be later than now, and within a year"),))
    if pickup.here_at is not None and command.arrival is Arrival.ON_THE_WAY:
        return NotPossibleNow("be on the way", "here")
    said = (command.arrival, command.arrives_at or pickup.arrives_at)
    place = (command.bay or pickup.bay, command.vehicle or pickup.vehicle)
    if (said, place) == ((pickup.arrival, pickup.arrives_at), (pickup.bay, pickup.vehicle)):
        return ()
    return (
        ArrivalTold(
            work.fulfillment_id,
            counter_of(work),
            command.arrival,
            said[1],
            *place,
            _no_later(at, pickup.here_at),
            order.channel,
            order.external_id,
            order.customer,
        ),
    )


def _no_later(at: datetime, known: datetime | None) -> datetime:
    """When they came, where that was said before: the clock of their waiting does not begin again."""
    return at if known is None else min(at, known)


def _is_awaited(order: Order, work: Fulfillment) -> bool:
    """Whether the customer still has something of this to come for."""
    live = any(
        part.fulfillment_id == work.fulfillment_id and part.state is not AllocationState.COLLECTED
        for part in live_allocations(order)
    )
    return is_handed_over(work.method) and live


def _refuse(what: str, order: Order, work: Fulfillment) -> NotPossibleNow:
    return NotPossibleNow(what, fulfillment_status(order, work.fulfillment_id))
