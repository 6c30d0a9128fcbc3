"""A day more for an order that waits for somebody: nobody is called before, and its own holds last until then."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from troth.model.exceptions import OpenException, Source
from troth.model.fix import Fix, FixKind, PutOff
from troth.model.hold_terms import AtEnd
from troth.model.order import Hold, Order
from troth.model.payment import PAYMENT_HOLD
from troth.model.status import placed_holds

TIME_GIVEN: Final = timedelta(days=1)
"""So long nobody is called where an order is given time."""


def find_time_fix(found: OpenException, order: Order, now: datetime) -> Iterator[Fix]:
    """A day for an account or a hold, unless a hold about something else would cancel the order before."""
    until = now + TIME_GIVEN
    ending = [hold for hold in placed_holds(order) if hold.expires_at is not None and hold.expires_at < until]
    own = tuple(hold.hold_id for hold in ending if _is_of(found, hold))
    if any(hold.terms.at_end is AtEnd.CANCEL for hold in ending if hold.hold_id not in own):
        return
    command = PutOff(order.order_id, until, own)
    detail = "nobody is called before"
    if own:
        detail = f"{detail}, and {' and '.join(own)} {'last' if len(own) > 1 else 'lasts'} until then"
    told = f"{FixKind.GIVE_TIME}|{detail}|{replace(command, until=until.min)}"
    name = f"{FixKind.GIVE_TIME}-{blake2b(told.encode(), digest_size=5).hexdigest()}"
    yield Fix(FixKind.GIVE_TIME, name, order.order_id, command, detail, version=order.version)


def _is_of(found: OpenException, hold: Hold) -> bool:
    """Whether a hold is what an exception is about: of an account each that waits for its payment."""
    if found.source is Source.ACCOUNT:
        return hold.type == PAYMENT_HOLD
    return hold.hold_id == found.subject
