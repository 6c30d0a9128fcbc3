"""What was measured, which orders are watched, and what is expected of their work."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from troth.model.ids import FulfillmentId, NodeId, OrderId
from troth.model.lifecycle import AllocationState
from troth.model.measured import CellName, Measured, Stage
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.events import Position
from troth.store.queries import sql

_TRY_MEASURING = sql("try_measuring_times")
_TRY_WATCHING = sql("try_watching")
_READER = sql("read_log_reader")
_ADVANCE = sql("advance_log_reader")
_TIMES = sql("read_stage_times")
_ALL_TIMES = sql("read_all_stage_times")
_WRITE_TIME = sql("write_stage_time")
_TOUCH = sql("touch_watched_orders")
_CLAIM = sql("claim_watched_orders")
_FREE = sql("free_watched_orders")
_READ = sql("read_predictions")
_FIND = sql("find_predicted")
_WRITE = sql("write_predictions")
_DELETE = sql("delete_predictions")

MEASURER = "stage-times"
WATCHER = "watch"


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of work, as it was last looked at (`predicted_at`), of the promise that it had then.

    `trouble` is what its carrier said of a parcel that a person must know (empty: nothing). A person was called at
    `called_at` (None: not for this promise) by a `rule`, and `owner` looks after it.
    """

    order_id: OrderId
    fulfillment_id: FulfillmentId
    step: str
    promised_at: datetime
    percent: int
    early_at: datetime
    expected_at: datetime
    late_at: datetime
    predicted_at: datetime
    trouble: str = ""
    trouble_at: datetime | None = None
    called_at: datetime | None = None
    rule: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Predicted:
    """Work of which something is expected, and what a list says of it."""

    expected: Expected
    node: NodeId
    status: AllocationState
    service: str
    carrier: str
    channel: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Watch:
    """A claim on an order that is looked at: how often something had happened to it when it was claimed."""

    order_id: OrderId
    touched: int


async def try_measuring(connection: Connection) -> bool:
    """Take the right to measure until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY_MEASURING)
    return is_ours


async def try_watching(connection: Connection) -> bool:
    """Take the right to follow the log until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY_WATCHING)
    return is_ours


async def read_position(connection: Connection, reader: str) -> Position:
    """How far a reader of the log is."""
    row = await connection.fetchrow(_READER, reader)
    if row is None:
        raise RuntimeError(f"the log reader {reader} is gone; its migration made it")
    return row["xid"], row["seq"]


async def advance(connection: Connection, reader: str, before: Position, after: Position) -> None:
    """Move a reader of the log on from where it was."""
    if await connection.fetchval(_ADVANCE, reader, *before, *after) is None:
        raise RuntimeError(f"somebody else has read the log as {reader}")


async def read_times(connection: Connection, names: Iterable[CellName]) -> dict[CellName, Measured]:
    """What was measured of some cells."""
    ordered = sorted(set(names))
    rows = await connection.fetch(_TIMES, [stage.value for stage, _ in ordered], [name for _, name in ordered])
    return _cells(rows)


async def read_all_times(connection: Connection) -> dict[CellName, Measured]:
    """Everything that was measured."""
    return _cells(await connection.fetch(_ALL_TIMES))


async def write_times(connection: Connection, cells: Mapping[CellName, Measured]) -> None:
    """Write what was measured, in sorted order."""
    await connection.executemany(
        _WRITE_TIME,
        [
            (stage.value, name, one.as_of, list(one.counts), one.observations)
            for (stage, name), one in sorted(cells.items())
        ],
    )


async def touch_watched(
    connection: Connection, position: Position, *, kinds: Sequence[str], limit: int, now: datetime
) -> int:
    """Have the orders looked at to which something of some kinds happened among the next events after a position, and
    move the position; how many events were read.
    """
    row = await connection.fetchrow(_TOUCH, *position, list(kinds), limit, now)
    if row is None:
        return 0
    await advance(connection, WATCHER, position, (row["xid"], row["seq"]))
    looked_at: int = row["looked_at"]
    return looked_at


async def claim_watched(
    connection: Connection, now: datetime, *, due_at: datetime, seconds: float, limit: int
) -> list[Watch]:
    """Claim orders that are to be looked at by an instant and that nobody looks at now, the longest overdue first."""
    rows = await connection.fetch(_CLAIM, now, seconds, limit, due_at)
    return [Watch(OrderId(row["order_id"]), row["touched"]) for row in rows]


async def free_watched(
    connection: Connection, watches: Sequence[Watch], looks_at: Sequence[datetime | None], *, now: datetime
) -> None:
    """Give claims back: each order is looked at again then (None: not any more), or at once where something happened
    meanwhile.
    """
    names, touched = [watch.order_id for watch in watches], [watch.touched for watch in watches]
    await connection.execute(_FREE, names, touched, list(looks_at), now)


async def read_expected(connection: Connection, orders: Collection[OrderId]) -> dict[FulfillmentId, Expected]:
    """What is expected of the work of some orders."""
    return {row["fulfillment_id"]: expected_of(row) for row in await connection.fetch(_READ, sorted(orders))}


async def find_predicted(
    connection: Connection,
    *,
    nodes: Sequence[str] | None,
    customers: Collection[str] | None,
    percent_min: int,
    after: tuple[int, str] | None,
    limit: int,
) -> list[Predicted]:
    """The work on its way of some nodes and customers (None: of all), that which will most likely be late first."""
    percent, name = after or (None, None)
    bound = None if customers is None else sorted(customers)
    rows = await connection.fetch(
        _FIND, percent_min, None if nodes is None else list(nodes), bound, percent, name, limit
    )
    return [
        Predicted(
            expected_of(row),
            NodeId(row["node"]),
            AllocationState(row["status"]),
            row["service"],
            row["carrier"] or "",
            row["channel"],
            row["external_id"],
        )
        for row in rows
    ]


async def write_expected(connection: Connection, orders: Collection[OrderId], found: Sequence[Expected]) -> None:
    """Write what is expected of the work of some orders, and forget what is expected of it no more."""
    await connection.execute(_DELETE, sorted(orders), [one.fulfillment_id for one in found])
    if not found:
        return
    rows = (
        (
            one.order_id,
            one.fulfillment_id,
            one.step,
            one.promised_at,
            one.percent,
            one.early_at,
            one.expected_at,
            one.late_at,
            one.predicted_at,
            one.trouble,
            one.trouble_at,
            one.called_at,
            one.rule,
            one.owner,
        )
        for one in found
    )
    await connection.execute(_WRITE, *zip(*rows, strict=True))


def expected_of(row: Any) -> Expected:
    """What a row says is expected of work."""
    return Expected(
        OrderId(row["order_id"]),
        FulfillmentId(row["fulfillment_id"]),
        row["step"],
        row["promised_at"],
        row["percent"],
        row["early_at"],
        row["expected_at"],
        row["late_at"],
        row["predicted_at"],
        row["trouble"],
        row["trouble_at"],
        row["called_at"],
        row["rule"],
        row["owner"],
    )


def _cells(rows: Iterable[Any]) -> dict[CellName, Measured]:
    return {
        (Stage(row["stage"]), row["name"]): Measured(row["as_of"], tuple(row["counts"]), row["observations"])
        for row in rows
    }
