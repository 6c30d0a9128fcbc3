"""Returns as their pages show them, and what happened to them, in sentences."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, assert_never

from troth.engine.returns.returnable import returnable_units, whole_count
from troth.engine.returns.routing import NodeWorth
from troth.flows.orders.returns import ReturnQuote
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.kits import kits_of
from troth.model.lifecycle import DISPOSITION, RECEPTION, DispositionState, ReceptionEvent, ReceptionState
from troth.model.money import Money
from troth.model.order import Order
from troth.model.return_moves import (
    DisposedUnits,
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
from troth.model.returns import ReceivedUnits, Return, ReturnKind, ReturnMethod
from troth.model.value import dataclass
from troth.pages.views import Chip

_CHIPS: Final = {
    ReceptionState.ANNOUNCED: Chip("Announced", "blue", "open"),
    ReceptionState.IN_TRANSIT: Chip("On its way", "teal", "arrow"),
    ReceptionState.RECEIVED: Chip("Received", "violet", "half"),
    ReceptionState.CLOSED: Chip("Over", "green", "done"),
    ReceptionState.EXPIRED: Chip("Expired", "orange", "clock"),
    ReceptionState.CANCELED: Chip("Canceled", "gray", "cross"),
}
_UNIT_CHIPS: Final = {
    DispositionState.WAITING: Chip("Waits", "amber", "clock"),
    DispositionState.RESTOCKED: Chip("Restocked", "green", "done"),
    DispositionState.REFURBISHING: Chip("Refurbished", "violet", "half"),
    DispositionState.OUTLET: Chip("Outlet", "violet", "most"),
    DispositionState.VENDOR: Chip("To the vendor", "teal", "arrow"),
    DispositionState.DESTROYED: Chip("Destroyed", "gray", "cross"),
}

_WORTHS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class LineRow:
    """Units that are to come back."""

    line_id: str
    sku: str
    name: str
    quantity: int
    decimals: int
    reason: str


@dataclass(frozen=True, slots=True)
class UnitRow:
    """Units that came back; `dispositions` are what may be done with them."""

    number: int
    sku: str
    name: str
    quantity: int
    decimals: int
    node: str
    at: datetime
    grade: str
    chip: Chip
    lot: str
    serials: tuple[str, ...]
    note: str
    dispositions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A return as it is shown, with what can be done with it."""

    one: Return
    order: Order
    name: str
    chip: Chip
    lines: tuple[LineRow, ...]
    units: tuple[UnitRow, ...]
    can_send: bool
    can_receive: bool
    can_close: bool
    can_cancel: bool


@dataclass(frozen=True, slots=True)
class ReturnableRow:
    """Units of a line that may come back: of what it is sold as (`is_kit`: whole kits), or of a component. So many
    `sent` more are on their way, of which only can be said that they never came.
    """

    line_id: str
    sku: str
    name: str
    quantity: int
    sent: int
    decimals: int
    is_kit: bool = False

    @property
    def place(self) -> str:
        """What names its fields in a form."""
        return f"{self.line_id}/{self.sku}"


@dataclass(frozen=True, slots=True)
class QuotedView:
    """A return as it would be: what it credits less which fee (minor units), where it goes, and what the goods are
    worth at the best few nodes.
    """

    opened: Return
    credit_minor: int
    fee_minor: int
    worths: tuple[NodeWorth, ...]
    stores: tuple[NodeWorth, ...]


def view_return(order: Order, one: Return, items: Mapping[Sku, Item]) -> ReturnRow:
    """A return of an order as it is shown."""
    decimals = {line.line_id: line.decimals for line in order.lines}
    possible = {event for state, event in RECEPTION if state is one.state}
    return ReturnRow(
        one,
        order,
        short_return(one.return_id),
        _CHIPS[one.state],
        tuple(
            LineRow(line.line_id, line.sku, _name(line.sku, items), line.quantity, decimals[line.line_id], line.reason)
            for line in one.lines
        ),
        tuple(_unit(got, decimals.get(got.line_id, 0) if got.line_id else 0, items) for got in one.received),
        ReceptionEvent.SEND in possible and one.method is ReturnMethod.MAIL,
        ReceptionEvent.RECEIVE in possible and one.method is not ReturnMethod.NONE,
        ReceptionEvent.CLOSE in possible,
        ReceptionEvent.CANCEL in possible,
    )


def view_returnable(order: Order, items: Mapping[Sku, Item]) -> tuple[ReturnableRow, ...]:
    """What of an order may still come back, line by line; a kit whole, and each of its components."""
    here, gone = returnable_units(order), returnable_units(order, with_shipped=True)
    rows = []
    for line in order.lines:
        skus = [sku for line_id, sku in gone if line_id == line.line_id]
        if line.line_id in kits_of(order):
            whole, sent = (whole_count(order, line.line_id, units) for units in (here, gone))
            if sent:
                name = _name(line.sku, items)
                rows.append(ReturnableRow(line.line_id, line.sku, name, whole, sent - whole, 0, is_kit=True))
        for sku in skus:
            place = (line.line_id, sku)
            can = here.get(place, 0)
            rows.append(ReturnableRow(*place, _name(sku, items), can, gone[place] - can, line.decimals))
    return tuple(rows)


def view_quoted(quoted: ReturnQuote) -> QuotedView:
    """What a return would be as it is shown."""
    return QuotedView(
        quoted.opened,
        sum(credit.amount_minor for credit in quoted.credits),
        sum(credit.fee_minor for credit in quoted.credits),
        quoted.worths[:_WORTHS_SHOWN],
        quoted.stores,
    )


def _unit(got: ReceivedUnits, decimals: int, items: Mapping[Sku, Item]) -> UnitRow:
    return UnitRow(
        got.number,
        got.sku,
        _name(got.sku, items),
        got.quantity,
        decimals,
        got.node,
        got.at,
        got.grade,
        _UNIT_CHIPS[got.state],
        got.lot,
        got.serials,
        got.note,
        tuple(disposition.value for state, disposition in DISPOSITION if state is got.state),
    )


def _name(sku: Sku, items: Mapping[Sku, Item]) -> str:
    return items[sku].name if sku in items else ""


def tell_return(event: ReturnEvent) -> str:
    """An event of a return, in a sentence."""
    if isinstance(event, ReturnOpened):
        return _tell_opened(event.opened)
    name = f"Return {short_return(event.return_id)}"
    match event:
        case ExchangeOpened():
            when = "at once" if event.exchange.is_advance else "once the goods came back"
            return f"{name}: replaced by order {event.exchange.order_id}, which ships {when}."
        case ExchangeEnded():
            return f"{name}: its replacement {event.order_id} was canceled."
        case ExchangeUsed():
            paid, money = Money(event.applied_minor, event.currency), Money(event.due_minor, event.currency)
            told = f"{paid.amount} {paid.currency} of its credit pays for replacement {event.order_id}"
            return f"{name}: {told}; {money.amount} in all is due."
        case ReturnSent():
            by = f" by {event.carrier}" if event.carrier else ""
            return f"{name} is on its way{by}{f', tracking {event.tracking_number}' if event.tracking_number else ''}."
        case ReturnReceived():
            return f"{name}: {_received(event.units)} came back to {event.node}."
        case ReturnDisposed():
            return f"{name}: {', '.join(map(_disposed, event.units))}."
        case ReturnCredited():
            money = Money(event.due_minor, event.currency)
            added = Money(sum(one.amount_minor for one in event.credits), event.currency)
            held = ", no longer held" if event.is_released else ""
            return f"{name}: {added.amount} {added.currency} credited{held}; {money.amount} in all is due."
        case ReturnClosed():
            return f"{name} is over{f': {event.reason}' if event.reason else ''}."
        case ReturnCanceled():
            return f"{name} was canceled{f': {event.reason}' if event.reason else ''}."
        case ReturnExpired():
            return f"{name} expired: nothing came back in time."
        case _:
            assert_never(event)


def short_return(return_id: str) -> str:
    """A return's name within its order.

    >>> short_return("O-26SR-R2")
    'R2'
    """
    return return_id.rpartition("-")[2] or return_id


def _tell_opened(opened: Return) -> str:
    units = ", ".join(f"{line.quantity} of {line.sku} ({line.reason.replace('_', ' ')})" for line in opened.lines)
    what = "Claim" if opened.kind is ReturnKind.CLAIM else "Return"
    where = f" to {opened.node}" if opened.node else ""
    how = {ReturnMethod.MAIL: " by mail", ReturnMethod.IN_STORE: "", ReturnMethod.NONE: ", nothing comes back"}
    return f"{what} {short_return(opened.return_id)} was opened: {units}{where}{how[opened.method]}."


def _received(units: Iterable[ReceivedUnits]) -> str:
    return ", ".join(f"{got.quantity} of {got.sku}{f' ({got.note})' if got.note else ''}" for got in units) or "nothing"


def _disposed(move: DisposedUnits) -> str:
    grade = f"are graded {move.grade}" if move.grade else ""
    goes = f"go to {move.disposition}" if move.disposition is not None else ""
    return f"{move.quantity} received as number {move.number} {' and '.join(filter(None, (grade, goes)))}"
