"""What stock held at an instant, and what may explain that another system says something else."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from troth.model.ids import NodeId, Sku
from troth.model.lifecycle import AllocationState
from troth.store.database import Connection
from troth.store.queries import sql

_POSITIONS = sql("read_positions_at")
_UNPOSTED = sql("find_unposted_work")
_OVERDUE = sql("find_overdue_supply")
_AT_NODES: Final = [
    state.value
    for state in (
        AllocationState.RELEASED,
        AllocationState.ACCEPTED,
        AllocationState.PICKED,
        AllocationState.PACKED,
        AllocationState.READY,
    )
]

Place = tuple[Sku, NodeId]


@dataclass(frozen=True, slots=True)
class PositionThen:
    """What a supply on hand held at an instant, how much it moved since, and as of when it was counted last."""

    on_hand: int
    moved_since: int
    counted_as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Units that may explain a difference, and what they belong to."""

    units: int
    names: tuple[str, ...]


async def read_positions_at(connection: Connection, places: Sequence[Place], as_of: datetime) -> list[PositionThen]:
    """What each of these supplies held after all entries up to and including an instant."""
    rows = await connection.fetch(_POSITIONS, [sku for sku, _ in places], [node for _, node in places], as_of)
    return [PositionThen(row["on_hand"], row["moved_since"], row["counted_as_of"]) for row in rows]


async def find_unposted_work(
    connection: Connection, places: Collection[Place], as_of: datetime
) -> dict[Place, Evidence]:
    """Units that nodes were given to send by an instant and have not said to have shipped."""
    skus, nodes = {sku for sku, _ in places}, {node for _, node in places}
    rows = await connection.fetch(_UNPOSTED, sorted(skus), sorted(nodes), as_of, _AT_NODES)
    return _evidence(rows, "fulfillments")


async def find_overdue_supply(
    connection: Connection, places: Collection[Place], as_of: datetime
) -> dict[Place, Evidence]:
    """Units that should have arrived by an instant and were not received."""
    skus, nodes = {sku for sku, _ in places}, {node for _, node in places}
    return _evidence(await connection.fetch(_OVERDUE, sorted(skus), sorted(nodes), as_of), "sources")


def _evidence(rows: Sequence[Any], names: str) -> dict[Place, Evidence]:
    return {(row["sku"], row["node"]): Evidence(row["units"], tuple(row[names])) for row in rows}
