"""An order's returns after an event."""

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from troth.model.ids import ReturnId
from troth.model.lifecycle import DISPOSITION, RECEPTION, ReceptionEvent
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
from troth.model.returns import Credit, ReceivedUnits, Return


def evolve_returns(order: Order, event: ReturnEvent) -> Order:
    """The order with its returns as an event leaves them."""
    match event:
        case ReturnOpened():
            return replace(order, returns=(*order.returns, event.opened))
        case ExchangeOpened():
            return _with(order, event.return_id, lambda one: replace(one, exchange=event.exchange))
        case ExchangeEnded():
            return _with(order, event.return_id, lambda one: _paying(one, 0))
        case ExchangeUsed():
            return _with(order, event.return_id, lambda one: _paying(one, event.applied_minor))
        case ReturnSent():
            return _with(order, event.return_id, lambda one: _sent(one, event))
        case ReturnReceived():
            return _with(
                order,
                event.return_id,
                lambda one: replace(_moved(one, ReceptionEvent.RECEIVE), received=(*one.received, *event.units)),
            )
        case ReturnDisposed():
            return _with(order, event.return_id, lambda one: _disposed(one, event.units))
        case ReturnCredited():
            return _with(
                order,
                event.return_id,
                lambda one: replace(
                    one,
                    credits=(*one.credits, *event.credits),
                    received=_credited(one.received, event.credits),
                    is_refund_held=one.is_refund_held and not event.is_released,
                ),
            )
        case ReturnClosed():
            return _with(order, event.return_id, lambda one: _ended(one, ReceptionEvent.CLOSE, event))
        case ReturnCanceled():
            return _with(order, event.return_id, lambda one: _ended(one, ReceptionEvent.CANCEL, event))
        case ReturnExpired():
            return _with(order, event.return_id, lambda one: _ended(one, ReceptionEvent.EXPIRE, event))
        case _:
            assert_never(event)


def _with(order: Order, return_id: ReturnId, change: Callable[[Return], Return]) -> Order:
    return replace(order, returns=tuple(change(one) if one.return_id == return_id else one for one in order.returns))


def _moved(one: Return, event: ReceptionEvent) -> Return:
    return replace(one, state=RECEPTION[one.state, event])


def _sent(one: Return, event: ReturnSent) -> Return:
    sent = _moved(one, ReceptionEvent.SEND)
    return replace(sent, carrier=event.carrier, tracking_number=event.tracking_number)


def _ended(one: Return, event: ReceptionEvent, ended: ReturnClosed | ReturnCanceled | ReturnExpired) -> Return:
    return replace(_moved(one, event), closed_at=ended.at)


def _paying(one: Return, applied_minor: int) -> Return:
    assert one.exchange is not None  # the event is about it
    return replace(one, exchange=replace(one.exchange, applied_minor=applied_minor))


def _disposed(one: Return, moves: tuple[DisposedUnits, ...]) -> Return:
    """What is meant of some units only becomes units of their own, with the next number."""
    received = {got.number: got for got in one.received}
    for move in moves:
        got = received[move.number]
        rest = got.quantity - move.quantity
        if rest:
            received[got.number] = replace(got, quantity=rest, credited=got.credited - min(got.credited, move.quantity))
            number = max(received) + 1
        else:
            number = got.number
        credited = min(got.credited, move.quantity)
        received[number] = _judged(replace(got, number=number, quantity=move.quantity, credited=credited), move)
    return replace(one, received=tuple(received[number] for number in sorted(received)))


def _credited(received: tuple[ReceivedUnits, ...], credits: tuple[Credit, ...]) -> tuple[ReceivedUnits, ...]:
    units: dict[int | None, int] = {}
    for credit in credits:
        units[credit.number] = units.get(credit.number, 0) + credit.quantity
    return tuple(
        replace(got, credited=got.credited + units[got.number]) if got.number in units else got for got in received
    )


def _judged(got: ReceivedUnits, move: DisposedUnits) -> ReceivedUnits:
    state = got.state if move.disposition is None else DISPOSITION[got.state, move.disposition]
    return replace(got, grade=move.grade or got.grade, state=state)
