"""Who is not sent something any more, what signs the links by which they say so, and what they chose by others."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from troth.model.ids import OrderId
from troth.model.notification import Medium
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_READ = sql("read_opt_outs")
_FIND = sql("find_opt_outs")
_WRITE = sql("write_opt_out")
_DELETE = sql("delete_opt_out")
_SECRET = sql("read_link_key")
_BEGIN = sql("begin_choice")
_READ_CHOICE = sql("read_choice")
_END = sql("end_choice")
_UNDO = sql("undo_choice")

BOUNCED: Final = "bounced"


@dataclass(frozen=True, slots=True)
class OptOut:
    """An address to which something is not sent by a medium: notifications of a `kind` (empty: all that are not
    needed, or all where the address `bounced`).
    """

    address: str
    medium: Medium
    kind: str
    because: str
    at: datetime
    said_by: str


@dataclass(frozen=True, slots=True)
class MadeChoice:
    """What was chosen by the links of a notification, and when it was done (None: it is being done)."""

    choice: int
    begun_at: datetime
    done_at: datetime | None


def is_opted_out(said: Iterable[OptOut], kind: str, *, is_needed: bool) -> str:
    """Why a kind is not sent to an address of which this was said; empty where it is. What is needed is sent all the
    same, unless nobody lives there.

    >>> at = datetime(2026, 11, 23)
    >>> said = (OptOut("ada@example.com", Medium.EMAIL, "delivered", "link", at, "customer"),)
    >>> is_opted_out(said, "delivered", is_needed=False), is_opted_out(said, "shipped", is_needed=True)
    ('opted out: link', '')
    """
    for one in said:
        if one.because == BOUNCED:
            return "the address bounced"
        if not is_needed and one.kind in ("", kind):
            return f"opted out: {one.because}"
    return ""


async def read_opt_outs(connection: Connection, address: str, medium: Medium) -> list[OptOut]:
    """What is not sent to an address by a medium."""
    found = [_of_row(row) for row in await connection.fetch(_READ, [address.lower()])]
    return [one for one in found if one.medium is medium]


async def find_opt_outs(
    connection: Connection, address: str | None, *, after: tuple[str, str, str] | None, limit: int
) -> list[OptOut]:
    """A page of what is not sent, by address, after a position."""
    wanted = None if address is None else address.lower()
    rows = await connection.fetch(_FIND, wanted, *(after or (None, None, None)), limit)
    return [_of_row(row) for row in rows]


async def write_opt_out(
    connection: Connection, address: str, medium: Medium, kind: str, *, because: str, at: datetime, said_by: str
) -> bool:
    """Record that a kind is not sent to an address by a medium any more; False where that was known."""
    row = await connection.fetchval(_WRITE, address.lower(), medium, kind, because, at, said_by)
    return row is not None


async def delete_opt_out(connection: Connection, address: str, medium: Medium, kind: str) -> bool:
    """Send it again; False where it was."""
    return await connection.fetchval(_DELETE, address.lower(), medium, kind) is not None


async def read_link_secret(connection: Connection) -> bytes:
    """What signs links."""
    secret: bytes = await connection.fetchval(_SECRET)
    return secret


async def begin_choice(
    connection: Connection, order_id: OrderId, notification_id: str, choice: int, now: datetime
) -> bool:
    """Record what is about to be chosen; False where something was begun before."""
    return await connection.fetchval(_BEGIN, order_id, notification_id, choice, now) is not None


async def read_choice(connection: Connection, order_id: OrderId, notification_id: str) -> MadeChoice | None:
    """What was chosen; None where nothing was."""
    row: Any = await connection.fetchrow(_READ_CHOICE, order_id, notification_id)
    return None if row is None else MadeChoice(row["choice"], row["begun_at"], row["done_at"])


async def end_choice(
    connection: Connection, order_id: OrderId, notification_id: str, choice: int, now: datetime
) -> bool:
    """Record that it is done; False where that was known."""
    return await connection.fetchval(_END, order_id, notification_id, choice, now) is not None


async def undo_choice(connection: Connection, order_id: OrderId, notification_id: str, choice: int) -> None:
    """Forget what was begun and could not be done."""
    await connection.execute(_UNDO, order_id, notification_id, choice)


def _of_row(row: Any) -> OptOut:
    return OptOut(row["address"], Medium(row["medium"]), row["kind"], row["because"], row["at"], row["said_by"])
