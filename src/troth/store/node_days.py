"""What limited nodes have promised of their days, from its rows."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from troth.model.capacity import Slot
from troth.model.ids import NodeId
from troth.store.database import Connection
from troth.store.queries import sql

NEVER_OVERBOOKED: Final = "node_days_never_overbooked"
"""The constraint that stops the last slot from being promised twice."""

_READ = sql("read_node_days")
_MOVED = sql("find_moved_node_days")
_PICKUPS = sql("count_open_pickups")


async def read_node_days(
    connection: Connection, since: date, *, nodes: Iterable[NodeId] | None = None
) -> list[tuple[Slot, int]]:
    """What is promised of every slot from a day on, of these nodes or of all."""
    wanted = None if nodes is None else sorted(set(nodes))
    return [_slot(row) for row in await connection.fetch(_READ, since, wanted)]


async def find_moved_node_days(connection: Connection, since: date, position: int) -> list[tuple[Slot, int]]:
    """What is promised of the slots from a day on that transactions from a position on have moved, as it is now."""
    return [_slot(row) for row in await connection.fetch(_MOVED, since, position)]


async def count_open_pickups(connection: Connection, nodes: Iterable[NodeId], until: datetime) -> dict[NodeId, int]:
    """How many pickups wait to be made ready at each of these nodes, of those that are to be by an instant."""
    rows = await connection.fetch(_PICKUPS, sorted(nodes), until)
    return {NodeId(row["node"]): row["orders"] for row in rows}


def _slot(row: Any) -> tuple[Slot, int]:
    return Slot(row["node"], row["day"], row["shift"]), row["used"]
