"""What was sent to subscribers, and what shall be sent to them once more."""

from datetime import datetime
from typing import Any

from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.events import LoggedEvent, Position, logged_event
from troth.store.queries import sql
from troth.store.subscriptions import Attempted

_FIND = sql("find_deliveries")
_REQUEST_RESEND = sql("request_resend")
_CLAIM_RESENDS = sql("claim_resends")
_FINISH_RESEND = sql("finish_resend")
_DELETE_OLD = sql("delete_old_deliveries")


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event as it was last sent to a subscriber; without `status` nothing came back. `resend_at`: it waits to be
    sent again.
    """

    subscription_id: str
    position: Position
    sequence: int
    kind: str
    subject: str
    attempts: int
    attempted_at: datetime
    status: int | None
    answer: str
    is_delivered: bool
    resend_at: datetime | None


@dataclass(frozen=True, slots=True)
class Resend:
    """An event that shall be sent once more, as it was sent first."""

    subscription_id: str
    url: str
    secret: str
    sequence: int
    previous: str
    event: LoggedEvent


async def find_deliveries(
    connection: Connection,
    subscription_id: str,
    *,
    is_delivered: bool | None = None,
    before: Position | None = None,
    limit: int,
) -> list[Delivery]:
    """A page of deliveries, newest event first, before a position, with a result (None: any)."""
    xid, seq = before or (None, None)
    return [_delivery(row) for row in await connection.fetch(_FIND, subscription_id, is_delivered, xid, seq, limit)]


async def request_resend(connection: Connection, subscription_id: str, position: Position) -> Delivery | None:
    """Have an event sent once more; None where it was never sent."""
    row = await connection.fetchrow(_REQUEST_RESEND, subscription_id, *position)
    return _delivery(row) if row else None


async def claim_resends(connection: Connection, *, seconds: float, limit: int) -> list[Resend]:
    """Claim, for some seconds, what shall be sent once more."""
    return [
        Resend(row["subscription_id"], row["url"], row["secret"], row["sequence"], row["previous"], logged_event(row))
        for row in await connection.fetch(_CLAIM_RESENDS, seconds, limit)
    ]


async def finish_resend(
    connection: Connection, subscription_id: str, attempted: Attempted, *, is_delivered: bool
) -> None:
    """Record how sending once more went; what was delivered before stays delivered."""
    await connection.execute(
        _FINISH_RESEND,
        subscription_id,
        *attempted.event.position,
        attempted.at,
        attempted.status,
        attempted.answer,
        is_delivered,
    )


async def delete_old_deliveries(connection: Connection, before: datetime, *, limit: int) -> int:
    """Forget at most `limit` deliveries that were last attempted before an instant; how many."""
    count: int = await connection.fetchval(_DELETE_OLD, before, limit)
    return count


def _delivery(row: Any) -> Delivery:
    return Delivery(
        row["subscription_id"],
        (row["xid"], row["seq"]),
        row["sequence"],
        row["kind"],
        row["subject"],
        row["attempts"],
        row["attempted_at"],
        row["status"],
        row["answer"],
        row["is_delivered"],
        row["resend_at"],
    )
