"""The pickups of an order after an event: the fold that makes them."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

from troth.model.events import FulfillmentCollected, FulfillmentReceived, FulfillmentUnstaged
from troth.model.ids import FulfillmentId
from troth.model.order import Fulfillment, Order
from troth.model.pickup import Arrival, Pickup
from troth.model.pickup_moves import (
    ArrivalForgotten,
    ArrivalTold,
    CollectorNamed,
    LockerOpened,
    PickupCodeRefused,
    PickupEvent,
    PickupExpired,
    PickupExtended,
    PickupOpened,
    PickupReminded,
)
from troth.model.ways import stay_of


def evolve_received(order: Order, event: FulfillmentReceived) -> Order:
    """The order with packages that came in where they are picked up."""
    return _with_work(order, event.fulfillment_id, lambda work: _received(work, event.packages, event.at))


def evolve_unstaged(order: Order, event: FulfillmentUnstaged) -> Order:
    """The order with goods that wait no more, and lie in no compartment. What was packed before it was staged may be
    packed anew, so that its packages count no more; what another node sent is still in them, and is to be received
    again, unless it lay in a locker: then it is in the store.
    """
    work = next(one for one in order.fulfillments if one.fulfillment_id == event.fulfillment_id)
    stay = stay_of(order, work)
    order = replace(order, pickups=tuple(_not_kept(one, work) for one in order.pickups))
    if work.via is None:
        return _with_work(order, work.fulfillment_id, lambda one: replace(one, packages=(), staging=""))
    is_here = stay is not None and stay.number > 0
    names = [] if is_here else [package.package_id for package in work.packages]
    return _with_work(order, work.fulfillment_id, lambda one: replace(_received(one, names, None), staging=""))


def evolve_pickups(order: Order, event: PickupEvent | FulfillmentCollected) -> Order:
    """The order with what an event says of a pickup; the first that is said of one makes it."""
    known = {one.fulfillment_id: one for one in order.pickups}
    if isinstance(event, FulfillmentCollected) and event.fulfillment_id not in known and event.paid is None:
        return order
    pickup = _evolve(known.get(event.fulfillment_id, Pickup(event.fulfillment_id)), event)
    known[event.fulfillment_id] = pickup
    return replace(order, pickups=tuple(sorted(known.values(), key=lambda one: _number(one.fulfillment_id))))


def _evolve(pickup: Pickup, event: PickupEvent | FulfillmentCollected) -> Pickup:
    match event:
        case PickupOpened():
            return replace(
                pickup,
                rule=event.rule,
                ready_at=event.at,
                keep_until=event.keep_until,
                remind_at=event.remind_at,
                stay=event.stay,
            )
        case LockerOpened():
            return replace(pickup, opened_at=event.at)
        case ArrivalTold():
            is_here = event.arrival is Arrival.HERE
            return replace(
                pickup,
                arrival=event.arrival,
                told_at=event.at if pickup.told_at is None else pickup.told_at,
                arrives_at=event.arrives_at,
                here_at=event.at if is_here else None,
                bay=event.bay,
                vehicle=event.vehicle,
            )
        case ArrivalForgotten():
            return replace(pickup, arrival=None, told_at=None, arrives_at=None, here_at=None, bay="", vehicle="")
        case CollectorNamed():
            return replace(pickup, collector=event.name)
        case PickupReminded():
            ahead = tuple(at for at in pickup.remind_at if at > event.at)
            return replace(pickup, reminded=event.number, remind_at=ahead)
        case PickupExtended():
            return replace(
                pickup,
                keep_until=event.keep_until,
                remind_at=event.remind_at,
                extended=pickup.extended + 1,
                stay=event.stay,
            )
        case PickupExpired():
            return replace(pickup, expired_at=event.at, remind_at=())
        case PickupCodeRefused():
            # A lock begins a new row of attempts, else the first wrong code after it would lock again.
            failures = 0 if event.locked_until is not None else event.failures
            return replace(pickup, code_failures=failures, locked_until=event.locked_until or pickup.locked_until)
        case FulfillmentCollected():
            return replace(
                pickup, handed_over_at=event.at, remind_at=(), code_failures=0, locked_until=None, paid=event.paid
            )


def _not_kept(pickup: Pickup, work: Fulfillment) -> Pickup:
    """A pickup whose goods wait no more; who comes for them is still known, and the size that they take of a locker."""
    if pickup.fulfillment_id != work.fulfillment_id:
        return pickup
    stay = None if pickup.stay is None else replace(pickup.stay, number=0)
    return replace(pickup, ready_at=None, keep_until=None, remind_at=(), stay=stay)


def _with_work(order: Order, fulfillment_id: FulfillmentId, change: Callable[[Fulfillment], Fulfillment]) -> Order:
    works = (change(work) if work.fulfillment_id == fulfillment_id else work for work in order.fulfillments)
    return replace(order, fulfillments=tuple(works))


def _received(work: Fulfillment, packages: Collection[str], at: datetime | None) -> Fulfillment:
    came = (replace(one, received_at=at) if one.package_id in packages else one for one in work.packages)
    return replace(work, packages=tuple(came))


def _number(fulfillment_id: FulfillmentId) -> tuple[int, str]:
    """By which fulfillments stand in the order in which they were made."""
    return len(fulfillment_id), fulfillment_id
