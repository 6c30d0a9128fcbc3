"""One event of each kind about pickups, with what the console says of it."""

from datetime import timedelta
from typing import Final

from tests.builders import NOW
from troth.model.events import Event, PartsChange, PickupPutBack
from troth.model.ids import FulfillmentId, NodeId
from troth.model.order import Customer
from troth.model.permissions import By
from troth.model.pickup import Arrival
from troth.model.pickup_moves import (
    ArrivalForgotten,
    ArrivalTold,
    CollectorNamed,
    LockerOpened,
    PickupCodeRefused,
    PickupExpired,
    PickupExtended,
    PickupOpened,
    PickupReminded,
)

_WORK: Final = FulfillmentId("O-1-F1")
_STORE: Final = NodeId("ST-NYC")
_LATER: Final = NOW + timedelta(hours=2)
_WHO: Final = ("web", "W-1", Customer())

PICKUP_EVENTS: Final[tuple[tuple[Event, str], ...]] = (
    (
        PickupOpened(_WORK, _STORE, "everyday", _LATER, (), NOW),
        "The goods of fulfillment F1 are kept at ST-NYC until Nov 23, 17:00 UTC (everyday).",
    ),
    (LockerOpened(_WORK, NodeId("LK-NYC"), 7, NOW), "Compartment 7 of LK-NYC with fulfillment F1 was opened."),
    (
        ArrivalTold(_WORK, _STORE, Arrival.HERE, None, "4", "green van", NOW, *_WHO),
        "The customer of fulfillment F1 waits at ST-NYC in bay 4 (green van).",
    ),
    (
        ArrivalTold(_WORK, _STORE, Arrival.ON_THE_WAY, _LATER, "", "", NOW, *_WHO),
        "The customer of fulfillment F1 is on the way to ST-NYC, to be there at Nov 23, 17:00 UTC.",
    ),
    (ArrivalForgotten(_WORK, _STORE, NOW), "The customer of fulfillment F1 is not at ST-NYC after all."),
    (CollectorNamed(_WORK, "Ben Park", NOW), "Ben Park comes for fulfillment F1."),
    (CollectorNamed(_WORK, "", NOW), "Nobody but the customer comes for fulfillment F1."),
    (
        PickupReminded(_WORK, _STORE, 2, _LATER, NOW, *_WHO),
        "Reminder 2: the goods of fulfillment F1 wait at ST-NYC until Nov 23, 17:00 UTC.",
    ),
    (
        PickupExtended(_WORK, _STORE, _LATER, (), By.CUSTOMER, "away", NOW, *_WHO),
        "The goods of fulfillment F1 are kept until Nov 23, 17:00 UTC, as the customer asked (away).",
    ),
    (
        PickupExpired(_WORK, _STORE, NOW, *_WHO),
        "Nobody came for fulfillment F1 in time: ST-NYC puts the goods back.",
    ),
    (
        PickupCodeRefused(_WORK, 2, 3, None, NOW),
        "A wrong code was said for fulfillment F1; 3 more may be tried.",
    ),
    (
        PickupCodeRefused(_WORK, 5, 0, _LATER, NOW),
        "A wrong code was said for fulfillment F1; none is looked at until Nov 23, 17:00 UTC.",
    ),
    (
        PickupPutBack(_WORK, _STORE, NOW, PartsChange()),
        "The goods of fulfillment F1 lie on the shelf of ST-NYC again.",
    ),
)
