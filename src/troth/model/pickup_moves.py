"""What can be asked about pickups, and what happened to them: commands in the imperative, events in the past tense."""

from datetime import datetime

from troth.model.capacity import LockerStay
from troth.model.ids import FulfillmentId, NodeId
from troth.model.inventory import SupplyKey
from troth.model.order import Customer
from troth.model.permissions import By
from troth.model.pickup import Arrival
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class TellArrival:
    """The customer is on the way, to be there at an instant if they say when, or waits at the node: in a bay, in a
    vehicle.
    """

    fulfillment_id: FulfillmentId
    arrival: Arrival
    arrives_at: datetime | None = None
    bay: str = ""
    vehicle: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ForgetArrival:
    """The customer is neither there nor on the way: somebody said so by mistake."""

    fulfillment_id: FulfillmentId


@dataclass(frozen=True, slots=True)
class NameCollector:
    """Somebody else comes in the customer's place (empty: nobody does)."""

    fulfillment_id: FulfillmentId
    name: str


@dataclass(frozen=True, slots=True)
class ExtendPickup:
    """Keep the goods longer: as long as the rule says, or until an instant, which only the staff may say.

    A customer may so often and no more.
    """

    fulfillment_id: FulfillmentId
    by: By = By.OPERATOR
    until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PutBackPickup:
    """Goods that nobody collected lie on the shelf again, and may be sold. `keys` are their supplies at the node."""

    fulfillment_id: FulfillmentId
    keys: tuple[SupplyKey, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenLocker:
    """The compartment with the goods was opened: by a code, or as the locker says by itself (None)."""

    fulfillment_id: FulfillmentId
    code: str | None = None
    at: datetime | None = None


PickupCommand = TellArrival | ForgetArrival | NameCollector | ExtendPickup | PutBackPickup | OpenLocker


@dataclass(frozen=True, slots=True)
class PickupOpened:
    """Goods are kept for their customer from now on, until a time, as a rule says; in a locker, with what they take of
    it (`stay`).
    """

    fulfillment_id: FulfillmentId
    node: NodeId
    rule: str
    keep_until: datetime
    remind_at: tuple[datetime, ...]
    at: datetime
    stay: LockerStay | None = None


@dataclass(frozen=True, slots=True)
class LockerOpened:
    """The compartment of a locker in which goods lie was opened."""

    fulfillment_id: FulfillmentId
    node: NodeId
    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ArrivalTold:
    """The customer said that they are on the way, or that they wait at the node."""

    fulfillment_id: FulfillmentId
    node: NodeId
    arrival: Arrival
    arrives_at: datetime | None
    bay: str
    vehicle: str
    at: datetime
    channel: str
    external_id: str
    customer: Customer


@dataclass(frozen=True, slots=True)
class ArrivalForgotten:
    """What was said of the customer's coming was a mistake, and counts no more."""

    fulfillment_id: FulfillmentId
    node: NodeId
    at: datetime


@dataclass(frozen=True, slots=True)
class CollectorNamed:
    """Somebody else comes for the goods (empty: nobody does)."""

    fulfillment_id: FulfillmentId
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PickupReminded:
    """The customer is to be told, for the `number`th time, that the goods wait for them, and until when."""

    fulfillment_id: FulfillmentId
    node: NodeId
    number: int
    keep_until: datetime
    at: datetime
    channel: str
    external_id: str
    customer: Customer


@dataclass(frozen=True, slots=True)
class PickupExtended:
    """The goods are kept longer; in a locker, with what they take of it now (`stay`)."""

    fulfillment_id: FulfillmentId
    node: NodeId
    keep_until: datetime
    remind_at: tuple[datetime, ...]
    by: By
    reason: str
    at: datetime
    channel: str
    external_id: str
    customer: Customer
    stay: LockerStay | None = None


@dataclass(frozen=True, slots=True)
class PickupExpired:
    """Nobody came for the goods in time. They were canceled by the event before it, and are to be put back."""

    fulfillment_id: FulfillmentId
    node: NodeId
    at: datetime
    channel: str
    external_id: str
    customer: Customer


@dataclass(frozen=True, slots=True)
class PickupCodeRefused:
    """Somebody asked for the goods with a wrong code, the `failures`th in a row; until `locked_until` none is looked
    at.
    """

    fulfillment_id: FulfillmentId
    failures: int
    left: int
    locked_until: datetime | None
    at: datetime


PickupEvent = (
    PickupOpened
    | ArrivalTold
    | ArrivalForgotten
    | CollectorNamed
    | PickupReminded
    | PickupExtended
    | PickupExpired
    | PickupCodeRefused
    | LockerOpened
)
