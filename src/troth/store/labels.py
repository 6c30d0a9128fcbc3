"""Labels: written before their carriers are asked, claimed by whoever goes on with them, and read to be printed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from troth.model.ids import LabelId, OrderId, order_of_label
from troth.model.label import CarrierPaper, Label, Paper
from troth.model.value import dataclass
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.events import Position
from troth.store.queries import sql

_READ_ALL = sql("read_labels")
_READ = sql("read_label")
_LOCK = sql("lock_labels")
_LAST = sql("read_last_label")
_SERIAL = sql("take_sscc_serial")
_WRITE_NEW = sql("write_new_label")
_WRITE = sql("write_label")
_WRITE_PAPER = sql("write_label_paper")
_PAPER = sql("read_label_paper")
_CLAIM_ONE = sql("claim_label")
_CLAIM = sql("claim_labels")
_FREE = sql("free_label")
_TRY = sql("try_following_labels")
_TOUCH = sql("touch_labels")
_READ_READER = sql("read_log_reader")
_ADVANCE = sql("advance_log_reader")
_IN_FLIGHT = sql("count_labels_in_flight")

_READER: Final = "labels"


@dataclass(frozen=True, slots=True)
class LabelClaim:
    """The right to go on with a label until a time; `touched` is how often something had happened to it by then."""

    order_id: OrderId
    number: int
    touched: int
    until: datetime


def number_of(label: LabelId) -> int:
    """The number of a label within its order; 0 where it cannot be the name of any.

    >>> number_of(LabelId("O-1-L2")), number_of(LabelId("O-1"))
    (2, 0)
    """
    digits = label.rpartition("-L")[2]
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) < 9 else 0


async def read_labels(connection: Connection, order_ids: Collection[OrderId]) -> dict[OrderId, tuple[Label, ...]]:
    """The labels of orders that have any, the oldest first."""
    found: dict[OrderId, tuple[Label, ...]] = {}
    for row in await connection.fetch(_READ_ALL, list(order_ids)):
        label = label_of_row(row)
        found[label.order_id] = (*found.get(label.order_id, ()), label)
    return found


async def read_label(connection: Connection, label: LabelId) -> Label | None:
    """One label."""
    row = await connection.fetchrow(_READ, order_of_label(label), number_of(label))
    return None if row is None else label_of_row(row)


async def lock_labels(connection: Connection, order_id: OrderId) -> int:
    """Keep others from adding labels to an order until the transaction ends; how many it has had so far."""
    await connection.execute(_LOCK, order_id)
    last: int = await connection.fetchval(_LAST, order_id)
    return last


async def take_sscc_serial(connection: Connection) -> int:
    """The next serial reference for an SSCC; none comes twice."""
    serial: int = await connection.fetchval(_SERIAL)
    return serial


async def write_new_label(connection: Connection, label: Label, now: datetime, *, seconds: float) -> LabelClaim | None:
    """Write a label that is going to be asked for, claimed for so many seconds; None where its package has one."""
    until = now + timedelta(seconds=seconds)
    row = (label.order_id, label.number, label.subject, label.package_id, label.node, label.carrier, label.state.value)
    if await connection.fetchval(_WRITE_NEW, *row, now, until, encode(label)) is None:
        return None
    return LabelClaim(label.order_id, label.number, 0, until)


async def write_label(connection: Connection, label: Label, papers: Iterable[CarrierPaper] = ()) -> bool:
    """Write a label as it now is; False, with nothing written, where it is no longer of the version that it has."""
    row = (label.order_id, label.number, label.version, label.state.value, label.tracking_number, encode(label))
    if await connection.fetchval(_WRITE, *row) is None:
        return False
    for one in papers:
        await connection.execute(_WRITE_PAPER, label.order_id, label.number, one.paper.value, one.content)
    return True


async def read_paper(connection: Connection, label: Label, paper: Paper) -> bytes | None:
    """A label as its carrier printed it; None where it did not, or not in this form."""
    content: bytes | None = await connection.fetchval(_PAPER, label.order_id, label.number, paper.value)
    return content


async def claim_label(connection: Connection, label: LabelId, now: datetime, *, seconds: float) -> LabelClaim | None:
    """Claim one label; None where somebody else is at it."""
    row = await connection.fetchrow(_CLAIM_ONE, order_of_label(label), number_of(label), now, seconds)
    return None if row is None else _claim(row)


async def claim_labels(connection: Connection, now: datetime, *, seconds: float, limit: int) -> list[LabelClaim]:
    """Claim labels that are due and that nobody is at now, the longest overdue first."""
    return [_claim(row) for row in await connection.fetch(_CLAIM, now, seconds, limit)]


async def free_label(connection: Connection, claim: LabelClaim, *, next_at: datetime | None, now: datetime) -> None:
    """Give a claim back. The label is due again at `next_at` (None: when something happens), or at once where something
    happened meanwhile; of a claim that was lost nothing is changed.
    """
    await connection.execute(_FREE, claim.order_id, claim.number, claim.until, claim.touched, next_at, now)


async def touch_labels(connection: Connection, *, kinds: Sequence[str], limit: int, now: datetime) -> int:
    """Mark the labels as due to whose orders something of some kinds happened among the next events of the log; how
    many events were looked at. Where another worker follows it now: none.
    """
    if not await connection.fetchval(_TRY):
        return 0
    reader: Any = await connection.fetchrow(_READ_READER, _READER)
    position: Position = reader["xid"], reader["seq"]
    row = await connection.fetchrow(_TOUCH, *position, list(kinds), limit, now)
    if row is None:
        return 0
    if await connection.fetchval(_ADVANCE, _READER, *position, row["xid"], row["seq"]) is None:
        raise RuntimeError("somebody else has followed the same events")
    looked_at: int = row["looked_at"]
    return looked_at


async def count_labels_in_flight(connection: Connection, before: datetime) -> int:
    """How many labels have been due since before an instant without that anybody knows what became of them."""
    count: int = await connection.fetchval(_IN_FLIGHT, before)
    return count


def label_of_row(row: Any) -> Label:
    """The label that a row is."""
    return replace(decode(row["label"], Label), version=row["version"], manifest_id=row["manifest_id"] or "")


def _claim(row: Any) -> LabelClaim:
    return LabelClaim(row["order_id"], row["number"], row["touched"], row["claimed_until"])
