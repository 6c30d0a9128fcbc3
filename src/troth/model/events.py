"""One thing: what happened, the bodies of the event log, past tense.

Together they say everything that an order is. The rest is audit.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime
from typing import Any, Final

from troth.model.agreement_moves import AgreementEvent, BalanceTold, BlanketOrderSet, CustomerSet
from troth.model.alerts import AlertAction
from troth.model.carrier_claim import CarrierClaimClosed, CarrierClaimOpened
from troth.model.cart_hold import CartHold, CartHoldState
from troth.model.change import FieldChange
from troth.model.chargeback import ChargebackDecided, ChargebackIncurred
from troth.model.charges import DeliveryCharge
from troth.model.choice import Choice
from troth.model.commands import ExpectedLine, LineQuantity
from troth.model.ids import CartHoldId, FulfillmentId, HoldId, LineId, NodeId, OrderId, Sku
from troth.model.inventory import Source
from troth.model.label_moves import LabelAttached, LabelDetached, LabelEvent
from troth.model.lifecycle import AllocationEvent
from troth.model.network import Address
from troth.model.node_messages import NodeSilent, NodeTold
from troth.model.notification_events import ChoiceMade, NotificationFailed, NotificationSent
from troth.model.order import Allocation, Customer, Fulfillment, Hold, Line, Method, Order, Package
from troth.model.payment import DisputeState, StepKind
from troth.model.pickup import PaidAtCounter
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
from troth.model.recall import Recall, RecallUnits
from troth.model.release import PlannedRelease, WaveTake
from troth.model.return_moves import (
    ExchangeEnded,
    ExchangeOpened,
    ExchangeUsed,
    ReturnCanceled,
    ReturnClosed,
    ReturnCredited,
    ReturnDisposed,
    ReturnEvent,
    ReturnExpired,
    ReturnOpened,
    ReturnReceived,
    ReturnSent,
)
from troth.model.serials import UnitSerial
from troth.model.ship_notice import ShipNoticeSent
from troth.model.stock_level_events import StockLevelChanged
from troth.model.tracking import Proof
from troth.model.transfer_moves import TransferLost, TransferReceived, TransferShipped
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class PartSplit:
    """An allocation that ended by being divided, and the parts (in its state) that replace it."""

    allocation: int
    parts: tuple[Allocation, ...]


@dataclass(frozen=True, slots=True)
class PartMove:
    """An allocation and what happened to it."""

    allocation: int
    event: AllocationEvent


@dataclass(frozen=True, slots=True)
class PartsChange:
    """How an order's parts changed: first splits, then moves, then what was added."""

    splits: tuple[PartSplit, ...] = ()
    moves: tuple[PartMove, ...] = ()
    added: tuple[Allocation, ...] = ()
    fulfillments: tuple[Fulfillment, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderCaptured:
    """An order was promised and its stock reserved; it is recorded as it then was."""

    order: Order


@dataclass(frozen=True, slots=True)
class DuplicateReceived:
    """A channel sent a known order again with the same content; nothing changed."""

    order_id: OrderId


@dataclass(frozen=True, slots=True)
class OrderCanceled:
    """Units of lines, or all of them, were canceled and their stock freed. Those that are `short` are not sent although
    they are wanted.
    """

    lines: tuple[LineQuantity, ...]
    reason: str
    at: datetime
    parts: PartsChange
    short: tuple[LineQuantity, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """What an order asks for was changed: its lines, and where and how it goes, as they now are.

    Units that are no longer wanted were canceled, and those that are promised anew have given up their supply; what
    becomes of them is said by the events of the same change. Of the lines in `moved` the promise given before no longer
    counts. Where it `leaves_in_parts` the order need not ship complete any more, nor within so many shipments.
    """

    lines: tuple[Line, ...]
    ship_to: Address | None
    method: Method
    pickup_node: NodeId | None
    service: str
    changes: tuple[FieldChange, ...]
    reason: str
    at: datetime
    parts: PartsChange
    moved: tuple[LineId, ...] = ()
    delivery_charge: DeliveryCharge | None = None
    leaves_in_parts: bool = False


@dataclass(frozen=True, slots=True)
class HoldPlaced:
    """A hold now keeps something of the order from happening: its release, or what its terms say."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class HoldLifted:
    """A hold ended: by a person, by its clock, or because of what it waited for (`because`: a signal, or its
    condition).
    """

    hold_id: HoldId
    has_expired: bool = False
    because: str = ""


@dataclass(frozen=True, slots=True)
class HoldAssigned:
    """Somebody else looks after a hold from now on, in some cases because its time was over."""

    hold_id: HoldId
    owner: str
    at: datetime
    is_escalated: bool = False


@dataclass(frozen=True, slots=True)
class HoldExtended:
    """The clock of a hold ends later than it did."""

    hold_id: HoldId
    expires_at: datetime
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderReleased:
    """Reserved parts were handed over to their nodes, in a wave or by themselves."""

    at: datetime
    is_early: bool
    parts: PartsChange
    took: WaveTake | None = None


@dataclass(frozen=True, slots=True)
class ReleasePlanned:
    """The remorse period of parts is over, and they will be handed over later: at a time, or in a wave."""

    planned: tuple[PlannedRelease, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class RecallRequested:
    """A node was asked to give work back, until a time."""

    recall: Recall
    at: datetime
    channel: str
    external_id: str
    customer: Customer


@dataclass(frozen=True, slots=True)
class RecallAnswered:
    """A node gave back what it was asked for, or so much of it (`given`), or refused; by itself, or as its silence
    counts (`has_lapsed`). What was done with it is said by the events of the same answer; `outcome` why nothing was.
    """

    recall_id: str
    fulfillment_id: FulfillmentId
    is_given_back: bool
    given: tuple[RecallUnits, ...]
    by: str
    reason: str
    at: datetime
    parts: PartsChange
    channel: str
    external_id: str
    customer: Customer
    has_lapsed: bool = False
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class RecallEnded:
    """A request to give work back is over without an answer: what it was about has left, or is no longer there."""

    recall_id: str
    fulfillment_id: FulfillmentId
    reason: str
    at: datetime
    channel: str
    external_id: str
    customer: Customer


@dataclass(frozen=True, slots=True)
class FulfillmentAccepted:
    """A node took work on."""

    fulfillment_id: FulfillmentId
    at: datetime
    parts: PartsChange


@dataclass(frozen=True, slots=True)
class AcceptanceMissed:
    """A node did not accept its work by the instant by which it should have."""

    fulfillment_id: FulfillmentId
    node: NodeId
    accept_by: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class FulfillmentRejected:
    """A node refused units of its work."""

    fulfillment_id: FulfillmentId
    reason: str
    at: datetime
    parts: PartsChange


@dataclass(frozen=True, slots=True)
class FulfillmentPicked:
    """Units were picked; `short` were not found."""

    fulfillment_id: FulfillmentId
    at: datetime
    parts: PartsChange
    short: tuple[LineQuantity, ...] = ()


@dataclass(frozen=True, slots=True)
class FulfillmentPacked:
    """Picked units were packed."""

    fulfillment_id: FulfillmentId
    packages: tuple[Package, ...]
    at: datetime
    parts: PartsChange


@dataclass(frozen=True, slots=True)
class FulfillmentReady:
    """The goods wait for the customer."""

    fulfillment_id: FulfillmentId
    staging: str
    at: datetime
    parts: PartsChange


@dataclass(frozen=True, slots=True)
class FulfillmentShipped:
    """The packages left the node."""

    fulfillment_id: FulfillmentId
    packages: tuple[Package, ...]
    at: datetime
    parts: PartsChange


@dataclass(frozen=True, slots=True)
class FulfillmentCollected:
    """The customer took the goods, and paid for them at the counter where they were to (`paid`)."""

    fulfillment_id: FulfillmentId
    collected_by: str
    at: datetime
    parts: PartsChange
    paid: PaidAtCounter | None = None


@dataclass(frozen=True, slots=True)
class FulfillmentDelivered:
    """The goods arrived, with what shows it."""

    fulfillment_id: FulfillmentId
    at: datetime
    parts: PartsChange
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class FulfillmentReceived:
    """Packages that another node sent came in at the node where the customer picks them up."""

    fulfillment_id: FulfillmentId
    node: NodeId
    packages: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class FulfillmentUnaccepted:
    """The node took back that it had taken the work on."""

    fulfillment_id: FulfillmentId
    reason: str
    at: datetime
    parts: PartsChange


@dataclass(frozen=True, slots=True)
class FulfillmentUnpicked:
    """What was picked was put back onto the shelf; the serials that were named of it are free again."""

    fulfillment_id: FulfillmentId
    reason: str
    at: datetime
    parts: PartsChange


@dataclass(frozen=True, slots=True)
class FulfillmentUnpacked:
    """What was packed was taken out of its packages."""

    fulfillment_id: FulfillmentId
    reason: str
    at: datetime
    parts: PartsChange


@dataclass(frozen=True, slots=True)
class FulfillmentUnstaged:
    """The goods do not wait for the customer any more, and are where they were before they were staged."""

    fulfillment_id: FulfillmentId
    reason: str
    at: datetime
    parts: PartsChange


@dataclass(frozen=True, slots=True)
class SerialsNamed:
    """A node said which units it gave: the serials of a fulfillment, as they now are."""

    fulfillment_id: FulfillmentId
    serials: tuple[UnitSerial, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class TrackingRecorded:
    """A carrier reported a checkpoint of a parcel; `told` is the status in its own words, where they are others."""

    fulfillment_id: FulfillmentId
    carrier: str
    tracking_number: str
    status: str
    at: datetime
    place: str = ""
    estimated_delivery_at: datetime | None = None
    told: str = ""
    proof: Proof | None = None
    reported_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """The promise of work will probably be missed (`percent`), and something is done about it before it is: its step
    that is due next, for when it is promised and for when it is expected instead.

    `owner` looks after it where a person is called; `detail` says what was done.
    """

    fulfillment_id: FulfillmentId
    node: NodeId
    rule: str
    action: AlertAction
    step: str
    promised_at: datetime
    predicted_at: datetime
    percent: int
    at: datetime
    owner: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OrderResourced:
    """Units that lay at no supply (a node could not provide them, or they waited) were promised (`parts.added`)."""

    parts: PartsChange


@dataclass(frozen=True, slots=True)
class SourcingFailed:
    """Units can be had nowhere at this moment; a person must decide."""

    lines: tuple[LineQuantity, ...]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnitsQueued:
    """Units can be had nowhere at this moment, and wait for stock as the routing says; canceled at `until`, if ever."""

    lines: tuple[LineQuantity, ...]
    at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SupplyGivenUp:
    """Units of an order gave up their supply: it is there no longer, or too late, or there is something earlier.

    Where it `is_parked` they are sought by a later decision; else this one says what becomes of them.
    """

    lines: tuple[LineQuantity, ...]
    reason: str
    at: datetime
    parts: PartsChange
    is_parked: bool = False


@dataclass(frozen=True, slots=True)
class PromiseMove:
    """When a line was promised (null: it was not) and is promised now (null: no longer); `quantity` is what of it is
    promised, or lies nowhere.
    """

    line_id: LineId
    sku: Sku
    quantity: int
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True)
class PromiseChanged:
    """Lines of an order are promised for another time than the customer was told, or no longer, once for each change.

    Where any is worse off, `choices` are what the customer could have instead at that moment.
    """

    lines: tuple[PromiseMove, ...]
    reason: str
    at: datetime
    channel: str
    external_id: str
    customer: Customer
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkRedated:
    """Work that was late at its node is promised for when it can leave from there."""

    fulfillment_id: FulfillmentId
    ship_by: datetime
    promised_from: datetime
    promised_at: datetime
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WorkUpgraded:
    """Work that has not left its node yet goes by another service, with its carrier and cost: by when it has to leave,
    so that what was promised is kept.
    """

    fulfillment_id: FulfillmentId
    service: str
    carrier: str
    ship_by: datetime
    cost: Mapping[str, int]
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PickupPutBack:
    """Goods that nobody collected lie on the shelf of a node again, and may be sold."""

    fulfillment_id: FulfillmentId
    node: NodeId
    at: datetime
    parts: PartsChange


@dataclass(frozen=True, slots=True)
class ExceptionMarked:
    """Somebody said who looks after an exception, put it off until a time, or wrote a note about it."""

    exception_id: str
    kind: str
    owner: str
    snoozed_until: datetime | None
    note: str
    at: datetime
    order_id: OrderId | None = None


@dataclass(frozen=True, slots=True)
class FixApplied:
    """A fix that the engine had proposed for an exception was carried out, for a reason; what it did is in the events
    of the order, or, where it is of none (`order_id` is null), of the purchase order or transfer that has the
    `version`.
    """

    exception_id: str
    kind: str
    order_id: OrderId | None
    fix: str
    fix_id: str
    reason: str
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class BackorderCovered:
    """Expected supply arrived, and the parts that waited for it now lie on hand (`parts.added`); `floor_units` of them
    by the floor of a class, whoever comes before it.
    """

    reference: str
    parts: PartsChange
    floor_units: int = 0


@dataclass(frozen=True, slots=True)
class StockAdjusted:
    """The stock of a supply was moved, for a reason; `expires_on` is its lot's last good day, where it was said."""

    sku: Sku
    node: NodeId
    source: Source
    delta: int
    reason: str
    reference: str = ""
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class StockCounted:
    """A supply was counted; `delta` is what the count found more (or less) than the books, `expires_on` the last good
    day of its lot, where it was read.
    """

    sku: Sku
    node: NodeId
    source: Source
    counted: int
    as_of: datetime
    delta: int
    reference: str = ""
    expires_on: date | None = None
    reason: str = ""
    counted_by: str = ""


@dataclass(frozen=True, slots=True)
class SupplyExpected:
    """A purchase order was set; `withdrawn` are (SKU, node) that it no longer brings."""

    number: str
    lines: tuple[ExpectedLine, ...]
    withdrawn: tuple[tuple[Sku, NodeId], ...] = ()


@dataclass(frozen=True, slots=True)
class CartHeld:
    """A quote's units are kept for a cart until a time."""

    hold: CartHold


@dataclass(frozen=True, slots=True)
class CartHoldExtended:
    """What is kept for a cart is kept until later."""

    hold_id: CartHoldId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CartHoldEnded:
    """What was kept for a cart went to an order, was given up, or is free again because its time was over."""

    hold_id: CartHoldId
    state: CartHoldState
    order_id: OrderId | None = None


@dataclass(frozen=True, slots=True)
class PaymentAuthorized:
    """A gateway authorized a payment (minor units), perhaps for less than was asked, until `expires_at` (null: not
    said).
    """

    payment: int
    step: int
    provider: str
    reference: str
    amount_minor: int
    asked_minor: int
    currency: str
    expires_at: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentCaptured:
    """An amount (minor units) of an authorized payment was taken."""

    payment: int
    step: int
    provider: str
    reference: str
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentRefunded:
    """An amount (minor units) of a captured payment was given back."""

    payment: int
    step: int
    provider: str
    reference: str
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentVoided:
    """The rest of an authorized payment (minor units) was released."""

    payment: int
    step: int
    provider: str
    reference: str
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentExpired:
    """The time of an authorized payment is over; what is still owed must be authorized anew."""

    payment: int
    provider: str
    reference: str
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """A gateway did not do what it was asked; `code` is its own word for the reason."""

    payment: int
    step: int
    provider: str
    action: StepKind
    amount_minor: int
    currency: str
    code: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentUnknown:
    """A gateway has not said whether it did what it was asked; it is asked about until that is known."""

    payment: int
    step: int
    provider: str
    action: StepKind
    amount_minor: int
    currency: str
    code: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentDue:
    """An amount (minor units) is to be authorized, captured, released or refunded by the channel itself, or billed: the
    payment's provider is none that is settled here. Said once.
    """

    payment: int
    step: int
    provider: str
    reference: str
    action: StepKind
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentAdded:
    """An order got one more way to be paid, up to an amount (minor units)."""

    tender: int
    provider: str
    reference: str
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentActedOn:
    """A person asked for something about an order's money: to try again (`retry`), to take no more of a tender
    (`void`), or to give an amount back (`refund`; minor units).
    """

    action: str
    reason: str
    tender: int | None
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentActionNeeded:
    """A payment (minor units) waits for the customer, who confirms it at `url`; until then the order is held."""

    payment: int
    step: int
    provider: str
    amount_minor: int
    currency: str
    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentDisputed:
    """A customer's bank demands an amount (minor units) of a payment back, or such a dispute was won or lost."""

    payment: int
    provider: str
    dispute_id: str
    amount_minor: int
    currency: str
    reason: str
    state: DisputeState
    evidence_due_at: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ConfigurationSet:
    """Reference data (a node, an item, a key, a subscription) was set by somebody; before and after, for the audit."""

    what: str
    id: str
    after: Mapping[str, Any] | None
    before: Mapping[str, Any] | None = field(default=None)


OrderEvent = (
    OrderCaptured
    | DuplicateReceived
    | OrderCanceled
    | OrderChanged
    | HoldPlaced
    | HoldLifted
    | HoldAssigned
    | HoldExtended
    | OrderReleased
    | FulfillmentAccepted
    | FulfillmentRejected
    | FulfillmentPicked
    | FulfillmentPacked
    | FulfillmentReady
    | FulfillmentShipped
    | FulfillmentCollected
    | FulfillmentDelivered
    | TrackingRecorded
    | OrderResourced
    | SourcingFailed
    | BackorderCovered
    | SerialsNamed
    | UnitsQueued
    | SupplyGivenUp
    | PromiseChanged
    | AcceptanceMissed
    | ReleasePlanned
    | ReturnEvent
    | WorkRedated
    | WorkUpgraded
    | RecallRequested
    | RecallAnswered
    | RecallEnded
    | AlertRaised
    | FulfillmentReceived
    | FulfillmentUnaccepted
    | FulfillmentUnpicked
    | FulfillmentUnpacked
    | FulfillmentUnstaged
    | PickupEvent
    | PickupPutBack
    | LabelEvent
)
StockEvent = StockAdjusted | StockCounted | SupplyExpected | TransferShipped | TransferReceived | TransferLost
CartEvent = CartHeld | CartHoldExtended | CartHoldEnded
PaymentEvent = (
    PaymentAuthorized
    | PaymentCaptured
    | PaymentRefunded
    | PaymentVoided
    | PaymentExpired
    | PaymentFailed
    | PaymentUnknown
    | PaymentDue
    | PaymentAdded
    | PaymentActedOn
    | PaymentActionNeeded
    | PaymentDisputed
)
"""What happens to an order's money. The order is the subject, and its version stays as it is."""
NotificationEvent = NotificationSent | NotificationFailed | ChoiceMade | StockLevelChanged
WorkbenchEvent = ExceptionMarked | FixApplied
CarrierClaimEvent = CarrierClaimOpened | CarrierClaimClosed
ChargebackChange = ChargebackIncurred | ChargebackDecided
PartnerEvent = AgreementEvent | ShipNoticeSent | NodeTold | NodeSilent
Event = (
    OrderEvent
    | StockEvent
    | CartEvent
    | PaymentEvent
    | WorkbenchEvent
    | NotificationEvent
    | PartnerEvent
    | CarrierClaimEvent
    | ChargebackChange
    | ConfigurationSet
)


EVENTS: Final[dict[str, type[Event]]] = {
    event.__name__: event
    for event in (
        OrderCaptured,
        DuplicateReceived,
        OrderCanceled,
        OrderChanged,
        HoldPlaced,
        HoldLifted,
        HoldAssigned,
        HoldExtended,
        OrderReleased,
        FulfillmentAccepted,
        FulfillmentRejected,
        FulfillmentPicked,
        FulfillmentPacked,
        FulfillmentReady,
        FulfillmentShipped,
        FulfillmentCollected,
        FulfillmentDelivered,
        TrackingRecorded,
        OrderResourced,
        SourcingFailed,
        BackorderCovered,
        SerialsNamed,
        UnitsQueued,
        SupplyGivenUp,
        PromiseChanged,
        AcceptanceMissed,
        ReleasePlanned,
        ReturnOpened,
        ExchangeOpened,
        ExchangeEnded,
        ExchangeUsed,
        ReturnSent,
        ReturnReceived,
        ReturnDisposed,
        ReturnCredited,
        ReturnClosed,
        ReturnCanceled,
        ReturnExpired,
        WorkRedated,
        WorkUpgraded,
        RecallRequested,
        RecallAnswered,
        RecallEnded,
        AlertRaised,
        FulfillmentReceived,
        FulfillmentUnaccepted,
        FulfillmentUnpicked,
        FulfillmentUnpacked,
        FulfillmentUnstaged,
        PickupOpened,
        LockerOpened,
        ArrivalTold,
        ArrivalForgotten,
        CollectorNamed,
        PickupReminded,
        PickupExtended,
        PickupExpired,
        PickupCodeRefused,
        PickupPutBack,
        LabelAttached,
        LabelDetached,
        StockAdjusted,
        StockCounted,
        SupplyExpected,
        TransferShipped,
        TransferReceived,
        TransferLost,
        CartHeld,
        CartHoldExtended,
        CartHoldEnded,
        PaymentAuthorized,
        PaymentCaptured,
        PaymentRefunded,
        PaymentVoided,
        PaymentExpired,
        PaymentFailed,
        PaymentUnknown,
        PaymentDue,
        PaymentAdded,
        PaymentActedOn,
        PaymentActionNeeded,
        PaymentDisputed,
        ExceptionMarked,
        FixApplied,
        CustomerSet,
        BalanceTold,
        BlanketOrderSet,
        ShipNoticeSent,
        NotificationSent,
        NotificationFailed,
        ChoiceMade,
        StockLevelChanged,
        CarrierClaimOpened,
        CarrierClaimClosed,
        ChargebackIncurred,
        ChargebackDecided,
        NodeTold,
        NodeSilent,
        ConfigurationSet,
    )
}
