"""One thing: what can be asked of the system. Each is decided as a whole.

It happens completely, or is refused and leaves nothing behind.
"""

from datetime import date, datetime

from troth.model.alerts import AlertAction
from troth.model.capture_order import CaptureOrder
from troth.model.change import ChangeAction
from troth.model.hold_terms import PLAIN, HoldTerms, Signal
from troth.model.ids import (
    CartHoldId,
    FulfillmentId,
    HoldId,
    LineId,
    NodeId,
    OrderId,
    Sku,
    order_of_fulfillment,
    order_of_return,
)
from troth.model.inventory import SupplyKey, VarianceReason
from troth.model.label_moves import LabelCommand
from troth.model.order import Package
from troth.model.permissions import By
from troth.model.pickup import PaidAtCounter
from troth.model.pickup_moves import PickupCommand, PutBackPickup
from troth.model.recall import RecallKind
from troth.model.return_moves import (
    CancelReturn,
    CloseReturn,
    DisposeReturn,
    ExpireReturn,
    OpenReturn,
    ReceiveReturn,
    RefundReturn,
    ReturnCommand,
    SendReturn,
    UseExchange,
    return_keys,
)
from troth.model.tracking import Proof
from troth.model.transfer_moves import (
    LoseTransfer,
    ReceiveTransfer,
    ShipTransfer,
    TransferCommand,
    received_keys,
    shipped_keys,
    transit_keys,
)
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class HoldCart:
    """Promise what is asked without an order, and keep its units for so many seconds, or refuse it.

    A hold that is there keeps this instead of what it kept, without a gap; where this is refused it stays as it is. All
    carts of a customer together keep at most `units_max` units (None: as many as they like).
    """

    hold_id: CartHoldId
    asked: CaptureOrder
    hold_seconds: int
    units_max: int | None = None


@dataclass(frozen=True, slots=True)
class ExtendCartHold:
    """Keep a cart's units until so many seconds from now, if they are still kept."""

    hold_id: CartHoldId
    hold_seconds: int


@dataclass(frozen=True, slots=True)
class EndCartHold:
    """Give up what is kept for a cart; by the clock only if its time is over."""

    hold_id: CartHoldId
    is_by_clock: bool = False


@dataclass(frozen=True, slots=True)
class LotQuantity:
    """Units of one lot; of an empty one, those that are held by none."""

    lot: str
    quantity: int


@dataclass(frozen=True, slots=True)
class LineQuantity:
    """Units of one order line, with the reason where there is one, and the lots that they were taken from (none: as
    planned).
    """

    line_id: LineId
    quantity: int
    reason: str = ""
    lots: tuple[LotQuantity, ...] = ()


@dataclass(frozen=True, slots=True)
class LineSerials:
    """Serials of units of one order line; `sku` where the line's units are of several. `pointer`: where it was said."""

    line_id: LineId
    serials: tuple[str, ...]
    sku: Sku | None = None
    pointer: str = "/serials"


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel units of lines, or the whole order where `lines` is empty; their stock is free again.

    A customer may only while no node has the work. With `may_recall` a node is asked for what it would have to give
    back first.
    """

    order_id: OrderId
    reason: str
    lines: tuple[LineQuantity, ...] = ()
    by: By = By.OPERATOR
    may_recall: bool = False


@dataclass(frozen=True, slots=True)
class ChangeOrder:
    """Change an order as one: all actions, and the promise that follows from them, or nothing.

    Refused where the order is no longer of the `version` that was looked at (None: whichever it is). With `may_recall`
    a node is asked for what it would have to give back first.
    """

    order_id: OrderId
    actions: tuple[ChangeAction, ...]
    reason: str = ""
    version: int | None = None
    by: By = By.OPERATOR
    may_recall: bool = False


@dataclass(frozen=True, slots=True)
class PlaceHold:
    """Keep something of an order from happening, on these terms, until lifted or until `expires_at`."""

    order_id: OrderId
    type: str
    reason: str
    expires_at: datetime | None = None
    terms: HoldTerms = PLAIN


@dataclass(frozen=True, slots=True)
class LiftHold:
    """End a hold, as somebody of a role (empty: of none, as programs are)."""

    order_id: OrderId
    hold_id: HoldId
    role: str = ""


@dataclass(frozen=True, slots=True)
class AssignHold:
    """Let somebody else look after a hold: a person or a team (empty: nobody in particular)."""

    order_id: OrderId
    hold_id: HoldId
    owner: str


@dataclass(frozen=True, slots=True)
class ExtendHold:
    """Let the clock of a hold end later."""

    order_id: OrderId
    hold_id: HoldId
    expires_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TellHolds:
    """Lift the holds of an order that wait for what has just happened. Harmless where none does."""

    order_id: OrderId
    signal: Signal


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """Hand the reserved parts over to their nodes now, instead of when the remorse period ends.

    Where fulfillments are named only theirs.
    """

    order_id: OrderId
    fulfillments: tuple[FulfillmentId, ...] = ()


@dataclass(frozen=True, slots=True)
class RunWave:
    """Hand over what a wave takes of an order, and plan anew what it has no room for (`deferred`). Harmless when
    repeated.
    """

    order_id: OrderId
    wave: str
    released: tuple[FulfillmentId, ...] = ()
    deferred: tuple[FulfillmentId, ...] = ()


@dataclass(frozen=True, slots=True)
class ActOnDue:
    """Do what the clock asks of an order.

    Lift holds that expired, release what the remorse period held. Harmless when repeated.
    """

    order_id: OrderId


@dataclass(frozen=True, slots=True)
class LostUnits:
    """Units of an allocation that its supply no longer holds."""

    allocation: int
    key: SupplyKey
    quantity: int


@dataclass(frozen=True, slots=True)
class FloorUnits:
    """Units on hand of a SKU at a node that an order may take before its turn, since the floor of its class keeps
    them.
    """

    sku: Sku
    node: NodeId
    quantity: int


@dataclass(frozen=True, slots=True)
class RepromiseOrder:
    """Promise anew what supply no longer keeps of an order, and what lies nowhere yet. Harmless when repeated.

    `lost` units give way as far as their supply is still short of them, and parts at lots in `spoiled` where these no
    longer last as long as they must; parts that are backordered on supplies in
    `moved` are promised anew where these now come too late; with `is_sooner` all that is backordered is, where that
    brings it earlier. Where a `version` is given the order must still be the one that was looked at. Of what `floors`
    name it takes no more than they say: the rest is for those who come before it.
    """

    order_id: OrderId
    reason: str
    version: int | None = None
    lost: tuple[LostUnits, ...] = ()
    moved: tuple[SupplyKey, ...] = ()
    is_sooner: bool = False
    spoiled: tuple[SupplyKey, ...] = ()
    floors: tuple[FloorUnits, ...] = ()


@dataclass(frozen=True, slots=True)
class AcceptWork:
    """The node takes the work on."""

    fulfillment_id: FulfillmentId
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RejectWork:
    """The node refuses units (all where `lines` is empty); they are sourced again elsewhere."""

    fulfillment_id: FulfillmentId
    reason: str
    lines: tuple[LineQuantity, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PickWork:
    """Units were picked; without lines it is everything.

    What is missing from a line that is named was not found, and is sourced again.
    """

    fulfillment_id: FulfillmentId
    lines: tuple[LineQuantity, ...] = ()
    at: datetime | None = None
    serials: tuple[LineSerials, ...] = ()


@dataclass(frozen=True, slots=True)
class PackWork:
    """What was picked is packed. No packages given: all of it in one."""

    fulfillment_id: FulfillmentId
    packages: tuple[Package, ...] = ()
    at: datetime | None = None
    serials: tuple[LineSerials, ...] = ()


@dataclass(frozen=True, slots=True)
class StageWork:
    """The goods wait for the customer, at a staging place."""

    fulfillment_id: FulfillmentId
    staging: str = ""
    at: datetime | None = None
    serials: tuple[LineSerials, ...] = ()


@dataclass(frozen=True, slots=True)
class ShipWork:
    """The packages left; their units leave the stock."""

    fulfillment_id: FulfillmentId
    packages: tuple[Package, ...] = ()
    at: datetime | None = None
    serials: tuple[LineSerials, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectWork:
    """The customer took the goods; their units leave the stock.

    A `code` must be that of the pickup (None: none was said); a wrong one is counted. Where the identity was checked
    `collected_by` must be the customer or whoever comes in their place. `paid` is what they paid at the counter, which
    must be what is due there.
    """

    fulfillment_id: FulfillmentId
    collected_by: str = ""
    at: datetime | None = None
    serials: tuple[LineSerials, ...] = ()
    code: str | None = None
    is_identified: bool = False
    paid: PaidAtCounter | None = None


@dataclass(frozen=True, slots=True)
class DeliverWork:
    """The goods arrived, with what shows it."""

    fulfillment_id: FulfillmentId
    at: datetime | None = None
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class ReceiveWork:
    """Packages of work that another node sent came in where the customer picks them up: those named, by their ids or
    tracking numbers, or all (none named). Once the last is there all of it is ready, at a staging place.
    """

    fulfillment_id: FulfillmentId
    packages: tuple[str, ...] = ()
    staging: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnacceptWork:
    """The node has not taken the work on after all: it is to be accepted, or given back, as before."""

    fulfillment_id: FulfillmentId
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnpickWork:
    """What was picked lies on the shelf again; the node still has the work, and its units stay reserved."""

    fulfillment_id: FulfillmentId
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnpackWork:
    """What was packed is out of its packages again."""

    fulfillment_id: FulfillmentId
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnstageWork:
    """What waited for the customer does not wait any more; it is picked, and its place is free. What came from another
    node is to be received again.
    """

    fulfillment_id: FulfillmentId
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordTracking:
    """A carrier's checkpoint of a parcel; once all parcels are `delivered` so is the fulfillment. What was told before
    changes nothing. `told` is the status in the carrier's own words, where they are others.
    """

    fulfillment_id: FulfillmentId
    carrier: str
    tracking_number: str
    status: str
    at: datetime
    place: str = ""
    estimated_delivery_at: datetime | None = None
    told: str = ""
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class RaiseAlert:
    """Say that the promise of work will probably be missed, and what is done about it."""

    fulfillment_id: FulfillmentId
    rule: str
    action: AlertAction
    step: str
    promised_at: datetime
    predicted_at: datetime
    percent: int
    owner: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AdjustStock:
    """Move the stock of one supply by `delta` units.

    Reason `receipt` with a purchase order as reference also fills what waits for it.

    `known` are the purchase order's supplies and `orders` those that wait for them, as far as the caller saw.
    `expires_on` is the last good day of a lot; None: as it is known.
    """

    key: SupplyKey
    delta: int
    reason: str
    reference: str = ""
    known: tuple[SupplyKey, ...] = ()
    orders: tuple[OrderId, ...] = ()
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class CountStock:
    """Set the stock of one supply to what was counted at `as_of`, plus what moved since.

    `expires_on` is the last good day that was read off a lot; None: nobody looked.
    """

    key: SupplyKey
    on_hand: int
    as_of: datetime
    reference: str = ""
    expires_on: date | None = None
    reason: str = VarianceReason.UNKNOWN
    counted_by: str = ""


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """A line of a purchase order: what arrives where, and when."""

    line: int
    node: NodeId
    sku: Sku
    quantity: int
    expected_at: datetime


@dataclass(frozen=True, slots=True)
class ExpectSupply:
    """Set what a purchase order will bring; lines that it no longer has are withdrawn."""

    number: str
    lines: tuple[ExpectedLine, ...]
    known: tuple[SupplyKey, ...] = ()


@dataclass(frozen=True, slots=True)
class MissAcceptance:
    """The clock says that a node should have accepted its work, which was released to it at an instant, by now.

    Nothing where the node has, or still has time.
    """

    fulfillment_id: FulfillmentId
    released_at: datetime


@dataclass(frozen=True, slots=True)
class LetWait:
    """Let units of these lines, which lie nowhere, wait for stock by themselves, until an instant (None: for ever)."""

    order_id: OrderId
    lines: tuple[LineId, ...]
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RedateWork:
    """Promise work that is late at its node for when it can leave from there now."""

    fulfillment_id: FulfillmentId
    reason: str


@dataclass(frozen=True, slots=True)
class UpgradeWork:
    """Send work that has not left its node yet by another service, so that its promise is kept. Harmless when
    repeated.
    """

    fulfillment_id: FulfillmentId
    service: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReviewCredit:
    """Let an order go that is on hold for want of credit, if it fits into its customer's credit now. Harmless when
    repeated.
    """

    order_id: OrderId


@dataclass(frozen=True, slots=True)
class RecallWork:
    """Ask a node to give units of its work back (all where `lines` is empty): to be canceled, to be sourced elsewhere,
    or so that the order is changed by the actions.
    """

    fulfillment_id: FulfillmentId
    kind: RecallKind
    reason: str
    lines: tuple[LineQuantity, ...] = ()
    actions: tuple[ChangeAction, ...] = ()


@dataclass(frozen=True, slots=True)
class AcceptRecall:
    """The node gives back what it was asked for, or so much of it (`lines`), and what was to be done is done."""

    fulfillment_id: FulfillmentId
    reason: str = ""
    lines: tuple[LineQuantity, ...] = ()


@dataclass(frozen=True, slots=True)
class RefuseRecall:
    """The node does not give back what it was asked for, and goes on with its work."""

    fulfillment_id: FulfillmentId
    reason: str


RecallCommand = RecallWork | AcceptRecall | RefuseRecall
LateWorkCommand = RedateWork | UpgradeWork
"""What becomes of work that would leave its node too late, and stays there."""
UndoCommand = UnacceptWork | UnpickWork | UnpackWork | UnstageWork
"""What takes back a step of a node, as long as nothing has left the building by it."""
FulfillmentCommand = (
    AcceptWork
    | RejectWork
    | PickWork
    | PackWork
    | StageWork
    | ShipWork
    | CollectWork
    | DeliverWork
    | ReceiveWork
    | RecordTracking
    | UndoCommand
)
OrderCommand = (
    CancelOrder
    | ChangeOrder
    | PlaceHold
    | LiftHold
    | AssignHold
    | ExtendHold
    | TellHolds
    | ReleaseOrder
    | ActOnDue
    | RepromiseOrder
    | MissAcceptance
    | RunWave
    | LetWait
    | LateWorkCommand
    | RaiseAlert
    | ReviewCredit
    | RecallCommand
    | PickupCommand
    | LabelCommand
    | FulfillmentCommand
)
StockCommand = AdjustStock | CountStock | ExpectSupply | TransferCommand
CartCommand = HoldCart | ExtendCartHold | EndCartHold
Command = CaptureOrder | OrderCommand | StockCommand | CartCommand | ReturnCommand


def order_ids_of(command: Command) -> tuple[OrderId, ...]:
    """The orders that must be loaded and locked before a command can be decided; a new order is none of them."""
    match command:
        case CaptureOrder() | CountStock() | ExpectSupply() | HoldCart() | ExtendCartHold() | EndCartHold():
            return ()
        case ShipTransfer() | LoseTransfer():
            return ()
        case AdjustStock() | ReceiveTransfer():
            return command.orders
        case CancelOrder() | ChangeOrder() | PlaceHold() | LiftHold() | ReleaseOrder() | ActOnDue() | RepromiseOrder():
            return (command.order_id,)
        case AssignHold() | ExtendHold() | TellHolds() | RunWave() | LetWait() | ReviewCredit():
            return (command.order_id,)
        case OpenReturn():
            return (command.order_id,)
        case SendReturn() | DisposeReturn() | UseExchange():
            return (order_of_return(command.return_id),)
        case ReceiveReturn() | RefundReturn() | CloseReturn() | CancelReturn() | ExpireReturn():
            return (order_of_return(command.return_id), *command.replacements)
        case _:
            return (order_of_fulfillment(command.fulfillment_id),)


def cart_hold_of(command: Command) -> CartHoldId | None:
    """The cart's hold that must be loaded and locked before a command can be decided, if it is there."""
    match command:
        case CaptureOrder():
            return command.cart_hold
        case HoldCart() | ExtendCartHold() | EndCartHold():
            return command.hold_id
        case _:
            return None


def supply_keys_of(command: Command) -> tuple[SupplyKey, ...]:
    """The supplies whose exact balance a command needs before it can be decided, so that they are locked first."""
    match command:
        case AdjustStock():
            return (command.key, *command.known)
        case CountStock():
            return (command.key,)
        case ExpectSupply():
            return command.known
        case RepromiseOrder():
            return (*(lost.key for lost in command.lost), *command.moved, *command.spoiled)
        case ShipTransfer():
            return shipped_keys(command)
        case ReceiveTransfer():
            return (*received_keys(command), *transit_keys(command))
        case LoseTransfer():
            return transit_keys(command)
        case ReceiveReturn() | DisposeReturn():
            return return_keys(command)
        case PutBackPickup():
            return command.keys
        case _:
            return ()
