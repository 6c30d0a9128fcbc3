"""What happened to stock, transfers and what carts keep, in sentences."""

from typing import Final, assert_never

from troth.console.views_release import in_words
from troth.console.views_words import count_of, plain
from troth.model.cart_hold import CartHoldState
from troth.model.events import (
    CartEvent,
    CartHeld,
    CartHoldEnded,
    CartHoldExtended,
    StockAdjusted,
    StockCounted,
    StockEvent,
    SupplyExpected,
)
from troth.model.transfer_moves import TransferLost, TransferReceived, TransferShipped
from troth.pages.views import moment, number

_CART_ENDS: Final = {
    CartHoldState.HELD: "The cart's units are kept.",
    CartHoldState.USED: "The cart's units went to order {order}.",
    CartHoldState.FREED: "The cart gave its units up.",
    CartHoldState.EXPIRED: "The cart's time was over; its units are free.",
}


def tell_stock(event: StockEvent | CartEvent) -> str:
    """An event of stock, in a sentence."""
    match event:
        case StockAdjusted():
            return f"Stock of {event.sku} at {event.node} was moved by {event.delta:+d} ({plain(event.reason)})."
        case StockCounted():
            return f"{event.sku} was counted at {event.node}: {event.counted} on hand, {event.delta:+d} to the books."
        case SupplyExpected():
            brings = count_of(sum(line.quantity for line in event.lines), "unit")
            return f"Purchase order {event.number} brings {brings} in {count_of(len(event.lines), 'line')}."
        case TransferShipped():
            return f"Transfer {event.transfer_id}: {_moved(event)} left {event.sender} for {event.receiver}."
        case TransferReceived():
            return f"Transfer {event.transfer_id}: {_moved(event)} arrived at {event.receiver}."
        case TransferLost():
            return f"Transfer {event.transfer_id}: {_moved(event)} will not arrive ({plain(event.reason)})."
        case CartHeld():
            units = sum(held.quantity for held in event.hold.units)
            until = moment(event.hold.expires_at)
            return f"{count_of(units, 'unit')} kept for a cart of {event.hold.channel} until {until} UTC."
        case CartHoldExtended():
            return f"The cart's units are kept until {moment(event.expires_at)} UTC."
        case CartHoldEnded():
            return _CART_ENDS[event.state].format(order=event.order_id)
        case _:
            assert_never(event)


def _moved(event: TransferShipped | TransferReceived | TransferLost) -> str:
    """The units in words; what is sold by measure by itself, as amounts of several measures have no sum."""
    pieces = sum(line.quantity for line in event.lines if not line.decimals)
    amounts = [f"{number(line.quantity, line.decimals)} of {line.sku}" for line in event.lines if line.decimals]
    lots = dict.fromkeys(line.lot for line in event.lines if line.lot)
    of_lots = f" (lot{'s' if len(lots) > 1 else ''} {in_words(lots)})" if lots else ""
    return in_words([*([count_of(pieces, "unit")] if pieces or not amounts else []), *amounts]) + of_lots
