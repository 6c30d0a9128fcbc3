"""What happened to returns, in sentences."""

from collections.abc import Iterable
from typing import assert_never

from troth.model.money import Money
from troth.model.return_moves import (
    DisposedUnits,
    ExchangeEnded,
    ExchangeOpened,
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
    grade = f"graded {move.grade}" if move.grade else ""
    done = f"disposition {move.disposition}" if move.disposition is not None else ""
    return f"{move.quantity} under number {move.number} {', '.join(filter(None, (grade, done)))}"
