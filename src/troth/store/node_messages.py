"""What nodes with systems of their own are told of their work: numbered messages, and what each was told last."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from troth.engine.told_work import LastTold
from troth.model.ids import FulfillmentId, NodeId, OrderId
from troth.model.node_messages import NodeSilent, NodeTold
from troth.model.value import dataclass
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.events import Position
from troth.store.queries import sql

READER: Final = "node messages"

_TRY = sql("try_following_node_work")
_WAIT = sql("wait_to_tell_nodes")
_READER = sql("read_log_reader")
_ADVANCE = sql("advance_log_reader")
_NUMBERS = sql("take_message_numbers")
_APPEND = sql("append_node_messages")
_READ = sql("read_node_messages")
_NEWEST = sql("read_newest_node_messages")
_ACKNOWLEDGED = sql("read_acknowledged_number")
_ACKNOWLEDGE = sql("acknowledge_node_messages")
_ACKNOWLEDGE_ABOUT = sql("acknowledge_messages_about")
_ACKNOWLEDGE_DELIVERED = sql("acknowledge_delivered_messages")
_ACKNOWLEDGE_WORKS = sql("acknowledge_node_works")
_WORKS = sql("read_node_works")
_TOLD_WORKS = sql("read_told_works")
_WRITE_WORKS = sql("write_node_works")
_AWAIT = sql("await_node_works")
_FORGET_DONE = sql("forget_done_works")
_SILENT = sql("note_silent_works")


@dataclass(frozen=True, slots=True)
class Message:
    """A message to a node, and when it was acknowledged and by whom (None: not yet); when its system refused it, and
    why.
    """

    told: NodeTold
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    refused_at: datetime | None = None
    refused_why: str = ""


@dataclass(frozen=True, slots=True)
class WorkTold:
    """What a node was told last of some work, by the message of a number."""

    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: NodeId
    number: int
    last: LastTold


@dataclass(frozen=True, slots=True)
class Awaited:
    """By when some work has to be acknowledged and shipped (None: nobody waits for that)."""

    fulfillment_id: FulfillmentId
    acknowledge_by: datetime | None
    ship_within: datetime | None


async def try_following(connection: Connection) -> bool:
    """Take the right to tell nodes of their work until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY)
    return is_ours


async def wait_to_tell(connection: Connection) -> None:
    """Wait for that right, before anything is written in the transaction."""
    await connection.execute(_WAIT)


async def read_followed_position(connection: Connection) -> Position:
    """The position in the log up to which nodes were told."""
    row = await connection.fetchrow(_READER, READER)
    if row is None:
        raise RuntimeError("the log reader of the messages to nodes is gone; its migration made it")
    return row["xid"], row["seq"]


async def advance_followed_position(connection: Connection, before: Position, after: Position) -> bool:
    """Move that position; False, with nothing written, where it is not `before` any more."""
    return await connection.fetchval(_ADVANCE, READER, *before, *after) is not None


async def take_numbers(connection: Connection, wanted: Mapping[NodeId, int]) -> dict[NodeId, int]:
    """Take so many numbers of messages to each node; the first of them."""
    names = sorted(wanted)
    rows = await connection.fetch(_NUMBERS, names, [wanted[name] for name in names])
    return {NodeId(row["node"]): row["number"] - wanted[NodeId(row["node"])] + 1 for row in rows}


async def append_messages(connection: Connection, told: Sequence[NodeTold], *, actor: str, cause: str = "") -> None:
    """Append messages to the log, each under the node that it is for."""
    await connection.execute(
        _APPEND,
        [one.node for one in told],
        [one.number for one in told],
        [one.kind.value for one in told],
        [one.work.fulfillment_id for one in told],
        [one.at for one in told],
        list(map(encode, told)),
        actor,
        cause,
    )


async def read_messages(connection: Connection, node: NodeId, *, after: int, limit: int) -> list[Message]:
    """The messages to a node after a number, in order."""
    return [_message(row) for row in await connection.fetch(_READ, node, after, limit)]


async def read_newest_messages(connection: Connection, node: NodeId, *, limit: int) -> list[Message]:
    """The newest messages to a node, newest first."""
    return [_message(row) for row in await connection.fetch(_NEWEST, node, limit)]


async def read_acknowledged_number(connection: Connection, node: NodeId) -> int:
    """Up to which number a node has acknowledged all of its messages."""
    number: int = await connection.fetchval(_ACKNOWLEDGED, node)
    return number


async def acknowledge(
    connection: Connection, node: NodeId, *, through: int, numbers: Iterable[int], at: datetime, by: str
) -> frozenset[int]:
    """Write that a node has acknowledged messages and so knows of their work; which it had not before."""
    wanted = list(numbers)
    rows = await connection.fetch(_ACKNOWLEDGE, node, through, wanted, at, by) if through or wanted else ()
    await acknowledge_works(connection, node, [row["fulfillment_id"] for row in rows], at)
    return frozenset(row["number"] for row in rows)


async def acknowledge_about(
    connection: Connection, node: NodeId, works: Collection[FulfillmentId], *, at: datetime, by: str
) -> frozenset[FulfillmentId]:
    """Write that a node knows of some work and has its messages about it; of which it had not had one before."""
    rows = await connection.fetch(_ACKNOWLEDGE_ABOUT, node, sorted(works), at, by) if works else ()
    return frozenset(row["fulfillment_id"] for row in rows)


async def acknowledge_delivered(
    connection: Connection, node: NodeId, positions: Sequence[Position], *, at: datetime, by: str
) -> None:
    """Write that a node has taken the messages at these positions of the log, where that is its acknowledgment."""
    rows = await connection.fetch(
        _ACKNOWLEDGE_DELIVERED, node, [xid for xid, _ in positions], [seq for _, seq in positions], at, by
    )
    await acknowledge_works(connection, node, [row["fulfillment_id"] for row in rows], at)


async def acknowledge_works(
    connection: Connection, node: NodeId, works: Collection[FulfillmentId], at: datetime
) -> None:
    """Write that a node knows of some work."""
    if works:
        await connection.execute(_ACKNOWLEDGE_WORKS, node, sorted(set(works)), at)


async def read_last_told(connection: Connection, works: Iterable[FulfillmentId]) -> dict[FulfillmentId, WorkTold]:
    """What nodes were told last of some work; what was never told is left out."""
    return {
        FulfillmentId(row["fulfillment_id"]): WorkTold(
            FulfillmentId(row["fulfillment_id"]),
            OrderId(row["order_id"]),
            NodeId(row["node"]),
            row["number"],
            LastTold(row["units"], row["digest"], row["recall_id"]),
        )
        for row in await connection.fetch(_WORKS, sorted(set(works)))
    }


async def read_told_works(connection: Connection, works: Iterable[FulfillmentId]) -> dict[FulfillmentId, NodeTold]:
    """The messages by which nodes were told last of some work; what was never told is left out."""
    rows = await connection.fetch(_TOLD_WORKS, sorted(set(works)))
    return {FulfillmentId(row["fulfillment_id"]): decode(row["body"], NodeTold) for row in rows}


async def write_last_told(connection: Connection, works: Sequence[WorkTold], awaited: Sequence[Awaited]) -> None:
    """Write what nodes were told last of some work, and by when some of it has to be answered from now on."""
    if works:
        await connection.execute(
            _WRITE_WORKS,
            [one.fulfillment_id for one in works],
            [one.order_id for one in works],
            [one.node for one in works],
            [one.number for one in works],
            [one.last.units for one in works],
            [one.last.digest for one in works],
            [one.last.recall_id for one in works],
        )
    if awaited:
        await connection.execute(
            _AWAIT,
            [one.fulfillment_id for one in awaited],
            [one.acknowledge_by for one in awaited],
            [one.ship_within for one in awaited],
        )


async def note_silent(connection: Connection, now: datetime, *, limit: int) -> list[tuple[OrderId, NodeSilent]]:
    """Write once of at most `limit` works that their nodes have not answered by when they had to; which, by order. What
    is over by then is awaited no more.
    """
    await connection.execute(_FORGET_DONE, now)
    return [
        (
            OrderId(row["order_id"]),
            NodeSilent(
                NodeId(row["node"]), FulfillmentId(row["fulfillment_id"]), row["what"], row["silent_since"], now
            ),
        )
        for row in await connection.fetch(_SILENT, now, limit)
    ]


def _message(row: Any) -> Message:
    told = decode(row["body"], NodeTold)
    return Message(told, row["acknowledged_at"], row["acknowledged_by"], row["refused_at"], row["refused_why"])
