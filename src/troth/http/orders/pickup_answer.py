"""What is known of the handing over of a fulfillment, as it is answered."""

from datetime import date

import msgspec

from troth.http.edge.values import Instant
from troth.model.order import Fulfillment, Order
from troth.model.pickup import Arrival, Pickup
from troth.model.ways import stay_of


class LockerStayAnswer(msgspec.Struct, frozen=True):
    """What goods take of a locker: a compartment from a day to a day, and which one once they lie there."""

    locker: str
    compartment: int | None
    first_day: date
    last_day: date


class PickupAnswer(msgspec.Struct, frozen=True):
    """Goods that are kept for their customer since `ready_at` and until `keep_until`, as a `rule` says.

    `remind_at` are the reminders still to come. The customer is `on_the_way` or `here`; since `here_at` they wait, in a
    `bay`, and they had waited `waited_seconds` when they were handed the goods. `collector` may come in their place.
    Until `locked_until` no code is looked at, since too many wrong ones were said. A locker with it was last opened
    at `opened_at`.
    """

    rule: str
    ready_at: Instant | None
    keep_until: Instant | None
    remind_at: tuple[Instant, ...]
    reminded: int
    extended: int
    arrival: Arrival | None
    arrives_at: Instant | None
    here_at: Instant | None
    bay: str
    vehicle: str
    waited_seconds: int | None
    collector: str
    locked_until: Instant | None
    expired_at: Instant | None
    opened_at: Instant | None


def find_pickup(order: Order, fulfillment: str) -> PickupAnswer | None:
    """What is known of the handing over of a fulfillment; None where nobody said anything of it."""
    found = next((one for one in order.pickups if one.fulfillment_id == fulfillment), None)
    return None if found is None else answer_pickup(found)


def answer_pickup(pickup: Pickup) -> PickupAnswer:
    """A pickup as it is answered."""
    done = pickup.handed_over_at
    return PickupAnswer(
        pickup.rule,
        pickup.ready_at,
        pickup.keep_until,
        pickup.remind_at,
        pickup.reminded,
        pickup.extended,
        pickup.arrival,
        pickup.arrives_at,
        pickup.here_at,
        pickup.bay,
        pickup.vehicle,
        None if done is None else pickup.waited_seconds(done),
        pickup.collector,
        pickup.locked_until,
        pickup.expired_at,
        pickup.opened_at,
    )


def answer_stay(order: Order, work: Fulfillment) -> LockerStayAnswer | None:
    """What a fulfillment takes of a locker, as it is answered; None: it is handed over at a counter, or sent."""
    stay = stay_of(order, work)
    return None if stay is None else LockerStayAnswer(stay.locker, stay.number or None, stay.first, stay.last)


def find_handing_over(order: Order, work: Fulfillment) -> tuple[PickupAnswer | None, LockerStayAnswer | None]:
    """What is known of the handing over of a fulfillment, and what it takes of a locker."""
    return find_pickup(order, work.fulfillment_id), answer_stay(order, work)
