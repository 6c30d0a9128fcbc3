"""What stock held at an instant, and what may explain that another system says something else."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.lifecycle import AllocationState
from troth.model.value import dataclass
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


async def read_positions_at(connection: Connection, keys: Sequence[SupplyKey], as_of: datetime) -> list[PositionThen]:
    """What each of these supplies held after all entries up to and including an instant."""
    rows = await connection.fetch(
        _POSITIONS, [key.sku for key in keys], [key.node for key in keys], as_of, [key.source for key in keys]
    )
    return [PositionThen(row["on_hand"], row["moved_since"], row["counted_as_of"]) for row in rows]


async def find_unposted_work(
    connection: Connection, keys: Collection[SupplyKey], as_of: datetime
) -> dict[SupplyKey, Evidence]:
    """Units that nodes were given to send by an instant and have not said to have shipped."""
    skus, nodes = {key.sku for key in keys}, {key.node for key in keys}
    rows = await connection.fetch(_UNPOSTED, sorted(skus), sorted(nodes), as_of, _AT_NODES)
    return {
        SupplyKey(row["sku"], row["node"], row["source"]): Evidence(row["units"], tuple(row["fulfillments"]))
        for row in rows
    }


async def find_overdue_supply(
    connection: Connection, keys: Collection[SupplyKey], as_of: datetime
) -> dict[Place, Evidence]:
    """Units that should have arrived by an instant and were not received."""
    skus, nodes = {key.sku for key in keys}, {key.node for key in keys}
    rows = await connection.fetch(_OVERDUE, sorted(skus), sorted(nodes), as_of)
    return {(row["sku"], row["node"]): Evidence(row["units"], tuple(row["sources"])) for row in rows}
