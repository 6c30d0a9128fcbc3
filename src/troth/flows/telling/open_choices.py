"""What the customer of an order was offered with a worse promise and can still choose, for the page that they follow it
on: who was told by text message chooses there, since the links themselves would not fit.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from troth.flows.telling.media import Letter, Offer
from troth.model.choice import ChoiceKind
from troth.model.order import Order
from troth.model.status import promise_of, uncovered_quantities
from troth.store.database import Connection
from troth.store.notifications import Notification, NotificationFilter, find_notifications
from troth.store.opt_outs import read_choice

_KIND: Final = "promise_changed"
_LOOKED_AT_MAX: Final = 10


async def find_open_choices(connection: Connection, order: Order, now: datetime) -> Sequence[Offer]:
    """The offers of the newest letter on a changed promise, each with its link; none where one was taken, by whichever
    medium, where the time is over, or where something else is promised by now.
    """
    wanted = NotificationFilter(order_id=order.order_id, kind=_KIND)
    told = [
        one for one in await find_notifications(connection, wanted, before=None, limit=_LOOKED_AT_MAX) if one.letter
    ]
    if not told:
        return ()
    newest = [(one, one.read_letter(Letter)) for one in told if one.causes == told[0].causes]
    if any([await _is_chosen(connection, one) for one, _ in newest]):
        return ()
    letter = next((letter for _, letter in newest if letter.choices), None)
    return () if letter is None or not _stands(letter, order, now) else letter.choices


async def _is_chosen(connection: Connection, one: Notification) -> bool:
    return await read_choice(connection, one.order_id, one.notification_id) is not None


def _stands(letter: Letter, order: Order, now: datetime) -> bool:
    """Whether what a letter says of the promise of its lines is still so, and there is time to choose."""
    if letter.choose_until is None or now >= letter.choose_until or order.canceled_at is not None:
        return False
    kept = next((one for one in letter.choices if one.kind is ChoiceKind.KEEP), None)
    return kept is not None and _is_promised(order, kept)


def _is_promised(order: Order, kept: Offer) -> bool:
    """Whether the lines of an offer to keep the promise are wanted, and promised for when it says."""
    wanted = {line.line_id: line.quantity - line.canceled_quantity for line in order.lines}
    if any(wanted.get(one.line_id, 0) < one.quantity for one in kept.lines):
        return False
    if kept.promised_at is None:
        return any(one.line_id in uncovered_quantities(order) for one in kept.lines)
    dates = [promise_of(order, one.line_id) for one in kept.lines]
    return max((at for at in dates if at is not None), default=None) == kept.promised_at
