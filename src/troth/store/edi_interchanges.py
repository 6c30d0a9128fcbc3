"""Interchanges with trading partners as rows: each counts once under its control number, and stays as it was."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from troth.model.edi_interchange import Direction, InterchangeState, Report, StoredInterchange
from troth.model.ids import FulfillmentId, NodeId
from troth.model.node_messages import NodeTold
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.queries import sql

_TAKE_OUT = sql("take_edi_out_number")
_TAKE_IN = sql("take_edi_in_number")
_TAKE_POSITION = sql("take_edi_position")
_LOCK_EXCHANGE = sql("lock_edi_exchange")
_APPEND = sql("append_edi_interchange")
_BY_CONTROL = sql("find_edi_interchange_by_control")
_READ = sql("read_edi_interchange")
_LOCK = sql("lock_edi_interchange")
_FIND = sql("find_edi_interchanges")
_PUT_OUT = sql("find_edi_put_out")
_TO_SEND = sql("find_edi_to_send")
_TO_TAKE = sql("find_edi_to_take")
_NOTE_SENT = sql("note_edi_sent")
_NOTE_TAKEN = sql("note_edi_taken")
_RECEIVE_AGAIN = sql("receive_edi_again")
_NOTE_ACKNOWLEDGED = sql("note_edi_acknowledged")
_NOTE_AGAIN = sql("note_edi_came_again")
_PUT_AGAIN = sql("put_edi_out_again")
_ANSWERING = sql("find_edi_answering")
_UNTOLD = sql("find_untold_messages")
_NOTE_MESSAGES = sql("note_edi_messages")
_AWAIT = sql("await_told_works")
_REFUSE = sql("refuse_node_message")
_OVERDUE = sql("count_edi_overdue")

Place = tuple[datetime, Direction, int]
"""Where an interchange stands among all with a partner."""


async def take_out_number(connection: Connection, partner: str) -> tuple[int, int]:
    """Take the next control number of an interchange to a partner, and its position among all that were put out."""
    row = await connection.fetchrow(_TAKE_OUT, partner)
    return (row["number_out"], row["position"]) if row else (0, 0)


async def take_in_number(connection: Connection, partner: str) -> int:
    """Take the number of an interchange that came from a partner."""
    number: int = await connection.fetchval(_TAKE_IN, partner)
    return number


async def lock_exchange(connection: Connection, partner: str) -> None:
    """Keep others from taking interchanges in from a partner, or writing them to it, until the transaction ends."""
    await connection.execute(_LOCK_EXCHANGE, partner)


async def append_interchange(connection: Connection, one: StoredInterchange) -> None:
    """Append an interchange."""
    await connection.execute(
        _APPEND,
        one.partner,
        one.direction.value,
        one.number,
        one.control,
        one.state.value,
        one.content,
        one.file,
        encode(one.report),
        one.at,
        one.position,
        one.acknowledge_by,
        one.answers,
    )


async def find_by_control(
    connection: Connection, partner: str, direction: Direction, control: str
) -> StoredInterchange | None:
    """The interchange that counts under a control number, where there is one."""
    row = await connection.fetchrow(_BY_CONTROL, partner, direction.value, control)
    return _stored(row) if row else None


async def read_interchange(
    connection: Connection, partner: str, direction: Direction, number: int
) -> StoredInterchange | None:
    """An interchange by its number, where there is one."""
    row = await connection.fetchrow(_READ, partner, direction.value, number)
    return _stored(row) if row else None


async def lock_interchange(
    connection: Connection, partner: str, direction: Direction, number: int
) -> StoredInterchange | None:
    """The same, kept from others until the transaction ends."""
    row = await connection.fetchrow(_LOCK, partner, direction.value, number)
    return _stored(row) if row else None


async def find_interchanges(
    connection: Connection,
    partner: str,
    *,
    direction: Direction | None = None,
    state: InterchangeState | None = None,
    before: Place | None = None,
    limit: int,
) -> list[StoredInterchange]:
    """The newest interchanges with a partner, newest first, before a place."""
    at, way, number = before or (None, None, None)
    rows = await connection.fetch(
        _FIND,
        partner,
        None if direction is None else direction.value,
        None if state is None else state.value,
        at,
        None if way is None else way.value,
        number,
        limit,
    )
    return list(map(_stored, rows))


async def find_put_out(connection: Connection, partner: str, *, after: int, limit: int) -> list[StoredInterchange]:
    """What was put out for a partner after a position, in order."""
    return [_stored(row) for row in await connection.fetch(_PUT_OUT, partner, after, limit)]


async def find_to_send(connection: Connection, partner: str, *, limit: int) -> list[StoredInterchange]:
    """What is to be laid into the folder of a partner, in order."""
    return [_stored(row) for row in await connection.fetch(_TO_SEND, partner, limit)]


async def find_to_take(connection: Connection, before: datetime, *, limit: int) -> list[tuple[str, int]]:
    """Interchanges, by partner and number, that came before an instant and were not done."""
    return [(row["partner_id"], row["number"]) for row in await connection.fetch(_TO_TAKE, before, limit)]


async def note_sent(
    connection: Connection, one: StoredInterchange, at: datetime, *, file: str, acknowledge_by: datetime | None
) -> None:
    """Write that an interchange lies in a folder under a name, and by when it is to be acknowledged from now on."""
    await connection.execute(_NOTE_SENT, one.partner, one.number, one.position, at, file, acknowledge_by)


async def note_taken(
    connection: Connection,
    partner: str,
    number: int,
    state: InterchangeState,
    report: Report,
    *,
    acknowledged_at: datetime | None,
) -> bool:
    """Write what became of an interchange that came; False, with nothing written, where somebody else did."""
    done = await connection.fetchval(_NOTE_TAKEN, partner, number, state.value, encode(report), acknowledged_at)
    return done is not None


async def receive_again(connection: Connection, partner: str, number: int) -> None:
    """Write that an interchange of which something was refused is to be done once more."""
    await connection.execute(_RECEIVE_AGAIN, partner, number)


async def note_acknowledged(
    connection: Connection, partner: str, number: int, state: InterchangeState, report: Report, at: datetime
) -> None:
    """Write how a partner acknowledged an interchange."""
    await connection.execute(_NOTE_ACKNOWLEDGED, partner, number, state.value, encode(report), at)


async def note_again(connection: Connection, partner: str, number: int) -> None:
    """Write that an interchange came once more."""
    await connection.execute(_NOTE_AGAIN, partner, number)


async def put_out_again(connection: Connection, partner: str, number: int, *, acknowledge_by: datetime | None) -> bool:
    """Put an interchange out once more, behind all others; False where it is not there."""
    position = await connection.fetchval(_TAKE_POSITION, partner)
    return await connection.fetchval(_PUT_AGAIN, partner, number, position, acknowledge_by) is not None


async def find_answering(connection: Connection, partner: str, number: int) -> int | None:
    """The number of the interchange that acknowledges one that came."""
    found: int | None = await connection.fetchval(_ANSWERING, partner, number)
    return found


async def find_untold(connection: Connection, nodes: Collection[NodeId], *, limit: int) -> list[NodeTold]:
    """Messages of nodes that are in no interchange yet, those of each node in order."""
    return [decode(row["body"], NodeTold) for row in await connection.fetch(_UNTOLD, sorted(nodes), limit)]


async def note_messages(connection: Connection, partner: str, number: int, told: Sequence[NodeTold]) -> None:
    """Write in which interchange nodes are told of messages; an error where one is in another already."""
    await connection.execute(_NOTE_MESSAGES, partner, number, [one.node for one in told], [one.number for one in told])


async def await_works(connection: Connection, works: Collection[FulfillmentId], acknowledge_by: datetime) -> None:
    """Write by when some work has to be acknowledged of which nobody has said it before."""
    await connection.execute(_AWAIT, sorted(works), acknowledge_by)


async def refuse_message(connection: Connection, node: NodeId, message: int, at: datetime, *, why: str) -> None:
    """Write why the system of a node refused a message, or why it could not be told of it."""
    await connection.execute(_REFUSE, node, message, at, why)


async def count_overdue(connection: Connection, now: datetime) -> Mapping[tuple[str, Direction], int]:
    """How many interchanges should have been acknowledged by an instant and were not, by partner and direction."""
    rows = await connection.fetch(_OVERDUE, now)
    return {(row["partner_id"], Direction(row["direction"])): row["count"] for row in rows}


def _stored(row: Any) -> StoredInterchange:
    return StoredInterchange(
        row["partner_id"],
        Direction(row["direction"]),
        row["number"],
        row["control"],
        InterchangeState(row["state"]),
        row["content"],
        row["file"],
        decode(row["report"], Report),
        row["at"],
        row["times"],
        row["position"],
        row["sent_at"],
        row["acknowledge_by"],
        row["acknowledged_at"],
        row["answers"],
    )
