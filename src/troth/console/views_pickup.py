"""What is told of pickups: a sentence for each kind of event."""

from typing import assert_never

from troth.console.views_release import short_id
from troth.model.events import PickupPutBack
from troth.model.permissions import By
from troth.model.pickup import Arrival
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
from troth.pages.views import moment


def tell_pickup(event: PickupEvent | PickupPutBack) -> str:
    """What happened, in a sentence."""
    name = f"fulfillment {short_id(event.fulfillment_id)}"
    match event:
        case PickupOpened():
            return f"The goods of {name} are kept at {event.node} until {moment(event.keep_until)} UTC ({event.rule})."
        case LockerOpened():
            return f"Compartment {event.number} of {event.node} with {name} was opened."
        case ArrivalTold() if event.arrival is Arrival.HERE:
            where = f" in bay {event.bay}" if event.bay else ""
            seen = f" ({event.vehicle})" if event.vehicle else ""
            return f"The customer of {name} waits at {event.node}{where}{seen}."
        case ArrivalTold():
            until = f", to be there at {moment(event.arrives_at)} UTC" if event.arrives_at else ""
            return f"The customer of {name} is on the way to {event.node}{until}."
        case ArrivalForgotten():
            return f"The customer of {name} is not at {event.node} after all."
        case CollectorNamed():
            return f"{event.name or 'Nobody but the customer'} comes for {name}."
        case PickupReminded():
            until = moment(event.keep_until)
            return f"Reminder {event.number}: the goods of {name} wait at {event.node} until {until} UTC."
        case PickupExtended():
            who = "the customer" if event.by is By.CUSTOMER else "the staff"
            why = f" ({event.reason})" if event.reason else ""
            return f"The goods of {name} are kept until {moment(event.keep_until)} UTC, as {who} asked{why}."
        case PickupExpired():
            return f"Nobody came for {name} in time: {event.node} puts the goods back."
        case PickupCodeRefused():
            after = f"none is looked at until {moment(event.locked_until)} UTC" if event.locked_until else (
                f"{event.left} more may be tried"
            )  # fmt: skip
            return f"A wrong code was said for {name}; {after}."
        case PickupPutBack():
            return f"The goods of {name} lie on the shelf of {event.node} again."
        case _:
            assert_never(event)
