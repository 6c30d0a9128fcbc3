"""One thing: what can be asked of returns, in the imperative, and what happened to them, in the past tense."""

from datetime import date, datetime

from troth.model.capture_order import CaptureOrder
from troth.model.ids import LineId, NodeId, OrderId, ReturnId, Sku
from troth.model.inventory import ON_HAND, Source, SupplyKey, apart_source, lot_source
from troth.model.lifecycle import Disposition, DispositionState
from troth.model.network import Address
from troth.model.permissions import By
from troth.model.returns import Credit, Exchange, ReceivedUnits, Return, ReturnKind, ReturnMethod
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class AskedUnits:
    """Units of an order line that somebody wants to give back; `sku` where it is not the line's own."""

    line_id: LineId
    quantity: int
    reason: str
    sku: Sku | None = None
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnHistory:
    """What is known of a customer's last 90 days: returns, units of them and of orders, and their worth."""

    returns: int = 0
    units_returned: int = 0
    units_ordered: int = 0
    value_minor: int = 0
    without_receipt: int = 0


@dataclass(frozen=True, slots=True)
class OpenReturn:
    """Permit units of an order to come back, or refuse it; with a `replacement` both happen, or neither.

    A claim may ask for an `amount_minor` for goods that the customer keeps. Without a node goods that are mailed go
    where they are worth most. `near` is where the customer looks for a store. An `exception` lets it pass whatever
    windows say. Of what a customer claims the credit waits for a person.
    """

    order_id: OrderId
    lines: tuple[AskedUnits, ...]
    method: ReturnMethod
    node: NodeId | None = None
    kind: ReturnKind = ReturnKind.RETURN
    amount_minor: int | None = None
    replacement: CaptureOrder | None = None
    is_advance: bool = False
    is_without_receipt: bool = False
    exception: str = ""
    history: ReturnHistory | None = None
    near: Address | None = None
    by: By = By.OPERATOR


@dataclass(frozen=True, slots=True)
class SendReturn:
    """The customer handed a return to a carrier."""

    return_id: ReturnId
    carrier: str = ""
    tracking_number: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ArrivedUnits:
    """Units that a node found in a return: of a line, or of any SKU. Without a disposition the rules say one, by the
    grade; without a grade they wait.
    """

    quantity: int
    line_id: LineId | None = None
    sku: Sku | None = None
    grade: str = ""
    disposition: Disposition | None = None
    lot: str = ""
    expires_on: date | None = None
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiveReturn:
    """What came back to a node. `skus` are those that may be meant, and `replacements` the orders that wait for it.

    Of what came before no more is taken in than was announced, unless it `is_more`: the same told twice is refused.
    """

    return_id: ReturnId
    node: NodeId
    lines: tuple[ArrivedUnits, ...]
    at: datetime | None = None
    skus: tuple[Sku, ...] = ()
    replacements: tuple[OrderId, ...] = ()
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class JudgedUnits:
    """Received units, by their number, with what is done with them and the grade that they have."""

    number: int
    quantity: int
    disposition: Disposition | None = None
    grade: str = ""


@dataclass(frozen=True, slots=True)
class DisposeReturn:
    """Say what is done with units that came back. `units` are they, as far as the caller saw."""

    return_id: ReturnId
    lines: tuple[JudgedUnits, ...]
    units: tuple[ReceivedUnits, ...] = ()


@dataclass(frozen=True, slots=True)
class RefundReturn:
    """Credit what came back and is not credited yet, also where it was held; or an amount, as a person says."""

    return_id: ReturnId
    amount_minor: int | None = None
    reason: str = ""
    replacements: tuple[OrderId, ...] = ()


@dataclass(frozen=True, slots=True)
class CloseReturn:
    """End a return: what has not come back by now is no longer expected."""

    return_id: ReturnId
    reason: str = ""
    replacements: tuple[OrderId, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelReturn:
    """Take a permit back of which nothing has been sent."""

    return_id: ReturnId
    reason: str = ""
    replacements: tuple[OrderId, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpireReturn:
    """End a permit that nobody used in time. Harmless when repeated."""

    return_id: ReturnId
    replacements: tuple[OrderId, ...] = ()


@dataclass(frozen=True, slots=True)
class UseExchange:
    """Say how much of a return's credit its replacement still takes (minor units), as its account stands; what is given
    back there goes back to the customer by the returned order. Harmless when repeated.
    """

    return_id: ReturnId
    replacement: OrderId
    used_minor: int


@dataclass(frozen=True, slots=True)
class ReturnOpened:
    """Units of an order may come back; the return is recorded as it then was."""

    opened: Return


@dataclass(frozen=True, slots=True)
class ExchangeOpened:
    """A replacement was ordered and reserved; below zero the customer is due the `difference_minor`, above owes it."""

    return_id: ReturnId
    exchange: Exchange
    difference_minor: int


@dataclass(frozen=True, slots=True)
class ExchangeEnded:
    """Nothing is replaced after all, and nothing of the credit pays for it: the replacement was canceled."""

    return_id: ReturnId
    order_id: OrderId
    at: datetime


@dataclass(frozen=True, slots=True)
class ExchangeUsed:
    """A replacement takes less of the credit than before (`applied_minor`): units of it were canceled, or came back.
    The rest is due to the customer.
    """

    return_id: ReturnId
    order_id: OrderId
    applied_minor: int
    due_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReturnSent:
    """The customer handed a return to a carrier."""

    return_id: ReturnId
    carrier: str
    tracking_number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReturnReceived:
    """Units came back to a node; they lie apart and cannot be sold until it is said what is done with them."""

    return_id: ReturnId
    node: NodeId
    units: tuple[ReceivedUnits, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class DisposedUnits:
    """Units of those received under a number that got a grade or a disposition (null: none); the rest stays there."""

    number: int
    quantity: int
    disposition: Disposition | None
    grade: str


@dataclass(frozen=True, slots=True)
class ReturnDisposed:
    """It was said what is done with units that came back; what is restocked can be sold from now on."""

    return_id: ReturnId
    units: tuple[DisposedUnits, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ReturnCredited:
    """Amounts are credited for a return; `due_minor` is what goes back to the customer by now (below zero: is owed).

    What was held for a person is so no longer where it `is_released`.
    """

    return_id: ReturnId
    credits: tuple[Credit, ...]
    credited_minor: int
    due_minor: int
    currency: str
    at: datetime
    is_released: bool = False


@dataclass(frozen=True, slots=True)
class ReturnClosed:
    """A return is over."""

    return_id: ReturnId
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReturnCanceled:
    """A permit was taken back."""

    return_id: ReturnId
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReturnExpired:
    """Nobody used a permit in time; `credited_minor` was credited already for what never came back."""

    return_id: ReturnId
    at: datetime
    credited_minor: int = 0


ReturnCommand = (
    OpenReturn
    | SendReturn
    | ReceiveReturn
    | DisposeReturn
    | RefundReturn
    | CloseReturn
    | CancelReturn
    | ExpireReturn
    | UseExchange
)
ReturnEvent = (
    ReturnOpened
    | ExchangeOpened
    | ExchangeEnded
    | ExchangeUsed
    | ReturnSent
    | ReturnReceived
    | ReturnDisposed
    | ReturnCredited
    | ReturnClosed
    | ReturnCanceled
    | ReturnExpired
)

_PLACES = {
    DispositionState.WAITING: "returned",
    DispositionState.REFURBISHING: "refurbish",
    DispositionState.OUTLET: "outlet",
    DispositionState.VENDOR: "vendor",
}


def place_of(state: DispositionState, lot: str = "") -> Source | None:
    """The supply in which units of a state lie; None where they are no more.

    >>> place_of(DispositionState.WAITING), place_of(DispositionState.RESTOCKED, "L-7")
    ('apart/returned', 'lot/L-7')
    """
    if state is DispositionState.RESTOCKED:
        return lot_source(lot)
    return apart_source(_PLACES[state]) if state in _PLACES else None


def return_keys(command: ReturnCommand) -> tuple[SupplyKey, ...]:
    """The supplies that a command about a return may move, so that they are there and locked before it is decided."""
    match command:
        case ReceiveReturn():
            lots = {lot_source(line.lot) for line in command.lines} | {ON_HAND}
            sources = sorted(lots | set(map(apart_source, _PLACES.values())))
            return tuple(SupplyKey(sku, command.node, source) for sku in command.skus for source in sources)
        case DisposeReturn():
            named = {line.number for line in command.lines}
            return tuple(
                SupplyKey(one.sku, one.node, source)
                for one in command.units
                if one.number in named
                for source in (lot_source(one.lot), *map(apart_source, _PLACES.values()))
            )
        case _:
            return ()
