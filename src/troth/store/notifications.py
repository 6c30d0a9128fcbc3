"""What customers are told: what waits, who sends it now, and what became of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from troth.model.ids import OrderId
from troth.model.notification import Medium, NotificationState, order_of_notification
from troth.model.value import dataclass
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.events import LoggedEvent, LogPage, logged_event
from troth.store.log_tail import LogTail
from troth.store.queries import sql
from troth.store.subscriptions import position_text

T = TypeVar("T")

_TRY = sql("try_telling")
_READ_READER = sql("read_log_reader")
_ADVANCE = sql("advance_log_reader")
_GATHER = sql("gather_notifications")
_CLAIM = sql("claim_notifications")
_INTEND = sql("intend_notification")
_END = sql("end_notification")
_POSTPONE = sql("postpone_notification")
_FREE = sql("free_notification")
_READ = sql("read_notification")
_BY_MESSAGE = sql("find_notification_by_message")
_FIND = sql("find_notifications")
_OVERDUE = sql("count_overdue_notifications")
_EVENTS_AT = sql("read_events_at")

_READER: Final = "notifications"


@dataclass(frozen=True, slots=True)
class Wish:
    """A notification that is to be made of what happened at `causes` (positions of the log), due at an instant."""

    order_id: OrderId
    notification_id: str
    rule: str
    label: str
    kind: str
    medium: Medium
    causes: tuple[str, ...]
    due_at: datetime
    resend_of: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification as it stands. `letter` is the JSON of what is sent (empty: it was not attempted yet)."""

    order_id: OrderId
    notification_id: str
    rule: str
    label: str
    kind: str
    medium: Medium
    state: NotificationState
    causes: tuple[str, ...]
    resend_of: str
    made_at: datetime
    due_at: datetime | None
    claimed_until: datetime | None
    attempts: int
    attempted_at: datetime | None
    gives_up_at: datetime | None
    sent_at: datetime | None
    address: str
    language: str
    message_id: str
    reason: str
    letter: str

    def read_letter(self, type_: type[T]) -> T:
        """What is sent, as a value of a type."""
        return decode(self.letter, type_)


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be sent of a notification, to whom, and until when it is tried."""

    kind: str
    address: str
    language: str
    message_id: str
    letter: object
    at: datetime
    gives_up_at: datetime


@dataclass(frozen=True, slots=True)
class NotificationFilter:
    """Which notifications are looked for; None: any."""

    order_id: str | None = None
    kind: str | None = None
    medium: str | None = None
    state: str | None = None
    address: str | None = None


async def try_telling(connection: Connection) -> bool:
    """Take the right to read the log until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY)
    return is_ours


async def read_told_events(connection: Connection, log: LogTail, *, kinds: Sequence[str], limit: int) -> LogPage:
    """The events of some kinds among the next ones that nobody has looked at, and moves on to after them."""
    row: Any = await connection.fetchrow(_READ_READER, _READER)
    if row is None:
        raise RuntimeError("the log reader of notifications is gone; its migration made it")
    position = (row["xid"], row["seq"])
    found = await log.read(connection, position, kinds=kinds, limit=limit)
    if found.looked_at and await connection.fetchval(_ADVANCE, _READER, *position, *found.end) is None:
        raise RuntimeError("somebody else has read the same events")
    return found


async def gather(connection: Connection, wishes: Iterable[Wish], now: datetime) -> None:
    """Add notifications; what one that waits tells is added to by what happened meanwhile. Of one order, rule and
    medium there is at most one among them.
    """
    rows = [
        (
            wish.order_id,
            wish.notification_id,
            wish.rule,
            wish.label,
            wish.kind,
            wish.medium.value,
            ",".join(wish.causes),
            wish.resend_of,
            now,
            wish.due_at,
        )
        for wish in wishes
    ]
    if rows:
        await connection.execute(_GATHER, *map(list, zip(*rows, strict=True)))


async def claim_notifications(
    connection: Connection, now: datetime, *, seconds: float, limit: int
) -> list[Notification]:
    """Claim notifications that are due and that nobody sends now, the longest overdue first."""
    found = [_of_row(row) for row in await connection.fetch(_CLAIM, now, seconds, limit)]
    return sorted(found, key=lambda one: (one.due_at or now, one.notification_id))


async def intend(connection: Connection, claimed: Notification, intent: Intent) -> bool:
    """Write down what is about to be sent; False where something more happened meanwhile, or the claim is lost."""
    done = await connection.fetchval(
        _INTEND,
        claimed.order_id,
        claimed.notification_id,
        claimed.claimed_until,
        len(claimed.causes),
        intent.kind,
        intent.address,
        intent.language,
        intent.message_id,
        encode(intent.letter),
        intent.at,
        intent.gives_up_at,
    )
    return done is not None


async def end_notification(
    connection: Connection,
    one: Notification,
    state: NotificationState,
    *,
    was: Sequence[NotificationState],
    reason: str = "",
    sent_at: datetime | None = None,
) -> bool:
    """Record what became of a notification; False where it is in none of the states that it `was` in."""
    done = await connection.fetchval(_END, one.order_id, one.notification_id, state, reason, sent_at, list(was))
    return done is not None


async def postpone(
    connection: Connection, claimed: Notification, state: NotificationState, *, reason: str, due_at: datetime
) -> None:
    """Put a claimed notification off, as it was not taken, or for a better hour; nothing where the claim is lost."""
    key = (claimed.order_id, claimed.notification_id, claimed.claimed_until)
    await connection.execute(_POSTPONE, *key, state, reason, due_at)


async def free_notification(connection: Connection, claimed: Notification) -> None:
    """Give a claimed notification back as it is."""
    key = (claimed.order_id, claimed.notification_id, claimed.claimed_until)
    await connection.execute(_FREE, *key, claimed.due_at)


async def read_notification(connection: Connection, notification_id: str) -> Notification | None:
    """One notification; None where there is none of that id."""
    row = await connection.fetchrow(_READ, order_of_notification(notification_id), notification_id)
    return None if row is None else _of_row(row)


async def find_by_message(connection: Connection, message_id: str) -> Notification | None:
    """The notification that was sent under a message id; None where none was."""
    row = await connection.fetchrow(_BY_MESSAGE, message_id)
    return None if row is None else _of_row(row)


async def find_notifications(
    connection: Connection, wanted: NotificationFilter, *, before: tuple[datetime, str] | None, limit: int
) -> list[Notification]:
    """A page of notifications, the newest first, before a position."""
    filters = (wanted.order_id, wanted.kind, wanted.medium, wanted.state, wanted.address)
    rows = await connection.fetch(_FIND, *filters, *(before or (None, None)), limit)
    return [_of_row(row) for row in rows]


async def count_overdue(connection: Connection, now: datetime) -> tuple[int, datetime | None]:
    """How many notifications should have been sent by now, and since when the longest overdue one."""
    row: Any = await connection.fetchrow(_OVERDUE, now)
    return row["notifications"], row["since"]


async def read_events_at(connection: Connection, order_id: OrderId, positions: Sequence[str]) -> list[LoggedEvent]:
    """What happened to an order at some positions of the log."""
    return [logged_event(row) for row in await connection.fetch(_EVENTS_AT, order_id, list(positions))]


def position_of(event: LoggedEvent) -> str:
    """The position of an event as it is kept with what it causes."""
    return position_text(event.position)


def _of_row(row: Any) -> Notification:
    return Notification(
        row["order_id"],
        row["notification_id"],
        row["rule"],
        row["label"],
        row["kind"],
        Medium(row["medium"]),
        NotificationState(row["state"]),
        tuple(row["causes"]),
        row["resend_of"],
        row["made_at"],
        row["due_at"],
        row["claimed_until"],
        row["attempts"],
        row["attempted_at"],
        row["gives_up_at"],
        row["sent_at"],
        row["address"],
        row["language"],
        row["message_id"],
        row["reason"],
        row["letter"] or "",
    )
