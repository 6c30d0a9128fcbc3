"""What was seen of the work of nodes, and how far in the event log that goes: read by node, written as sets."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from troth.engine.work_times.observe import WorkFacts
from troth.model.events import OrderReleased
from troth.model.ids import FulfillmentId, NodeId, OrderId
from troth.model.work_times import DayTally, HourClass, TaskEvidence
from troth.store.codec import decode
from troth.store.database import Connection
from troth.store.events import Position
from troth.store.queries import sql

NODE_WORK: Final = "node-work"
"""The family of reference data that changes with it."""
READER: Final = "node work"

_TRY = sql("try_watching_work")
_READER = sql("read_log_reader")
_ADVANCE = sql("advance_log_reader")
_FACTS = sql("read_work_facts")
_RELEASES = sql("read_order_releases")
_EVIDENCE = sql("read_task_evidence")
_WRITE_EVIDENCE = sql("write_task_evidence")
_LAST = sql("read_last_tasks")
_WRITE_LAST = sql("write_last_tasks")
_ADD = sql("add_node_tallies")
_SUM = sql("sum_node_tallies")

Cells = Mapping[NodeId, Mapping[HourClass, TaskEvidence]]


async def try_watching(connection: Connection) -> bool:
    """Take the right to learn until the transaction ends; False where another worker has it."""
    is_ours: bool = await connection.fetchval(_TRY)
    return is_ours


async def read_watched_position(connection: Connection) -> Position:
    """The position in the log up to which was learned."""
    row = await connection.fetchrow(_READER, READER)
    if row is None:
        raise RuntimeError("the log reader of the work of nodes is gone; its migration made it")
    return row["xid"], row["seq"]


async def advance_watched_position(connection: Connection, before: Position, after: Position) -> bool:
    """Move that position; False, with nothing written, where it is not `before` any more."""
    return await connection.fetchval(_ADVANCE, READER, *before, *after) is not None


async def read_work_facts(
    connection: Connection, works: Collection[tuple[OrderId, FulfillmentId]]
) -> dict[FulfillmentId, WorkFacts]:
    """What is known of some fulfillments, with when the last of their parts was released."""
    released: dict[tuple[str, int], datetime] = {}
    for row in await connection.fetch(_RELEASES, sorted({order_id for order_id, _ in works})):
        event = decode(row["body"], OrderReleased)
        released |= {(row["subject"], move.allocation): event.at for move in event.parts.moves}
    ordered = sorted(works)
    orders = {work: order_id for order_id, work in ordered}
    rows = await connection.fetch(_FACTS, [order_id for order_id, _ in ordered], [work for _, work in ordered])
    return {
        row["fulfillment_id"]: WorkFacts(
            row["node"],
            row["ship_by"],
            max(
                (
                    at
                    for part in row["parts"]
                    if (at := released.get((orders[row["fulfillment_id"]], part))) is not None
                ),
                default=None,
            ),
            dict(zip(row["parts"], row["units"], strict=True)),
        )
        for row in rows
    }


async def read_task_evidence(
    connection: Connection, nodes: Iterable[NodeId] | None = None
) -> dict[NodeId, dict[HourClass, TaskEvidence]]:
    """What was seen of the tasks of these nodes, or of all."""
    found: dict[NodeId, dict[HourClass, TaskEvidence]] = {}
    for row in await connection.fetch(_EVIDENCE, None if nodes is None else sorted(nodes)):
        hour = HourClass(row["is_weekend"], row["band"])
        cell = TaskEvidence(row["as_of"], row["tasks"], row["minutes"], row["squares"])
        found.setdefault(NodeId(row["node"]), {})[hour] = cell
    return found


async def write_task_evidence(connection: Connection, cells: Cells) -> None:
    """Write what was seen of tasks."""
    rows = [
        (node, hour.is_weekend, hour.band, one.as_of, one.tasks, one.minutes, one.squares)
        for node, hours in cells.items()
        for hour, one in hours.items()
    ]
    if rows:
        await connection.execute(_WRITE_EVIDENCE, *zip(*rows, strict=True))


async def read_last_tasks(connection: Connection, nodes: Iterable[NodeId]) -> dict[NodeId, datetime]:
    """When the last task of these nodes was done; of some it is not known."""
    return {row["node"]: row["done_at"] for row in await connection.fetch(_LAST, sorted(nodes))}


async def write_last_tasks(connection: Connection, last: Mapping[NodeId, datetime]) -> None:
    """Write when the last task of nodes was done."""
    if last:
        await connection.execute(_WRITE_LAST, *zip(*sorted(last.items()), strict=True))


async def add_tallies(connection: Connection, tallies: Iterable[DayTally]) -> None:
    """Add to how the days of nodes went."""
    rows = [
        (
            one.node,
            one.day,
            one.done,
            one.on_time,
            one.rejected,
            one.missed,
            one.units,
            one.short,
            one.tasks,
            one.minutes,
            one.silent,
        )
        for one in tallies
    ]
    if rows:
        await connection.execute(_ADD, *zip(*rows, strict=True))


async def sum_tallies(connection: Connection, since: date, *, node: str | None = None) -> dict[NodeId, DayTally]:
    """How the work of nodes went from a day on, of one or of all that had any."""
    return {row["node"]: _tally(row) for row in await connection.fetch(_SUM, since, node)}


def _tally(row: Any) -> DayTally:
    return DayTally(
        row["node"],
        row["day"],
        row["done"],
        row["on_time"],
        row["rejected"],
        row["missed"],
        row["units"],
        row["short"],
        row["tasks"],
        row["minutes"],
        row["silent"],
    )
