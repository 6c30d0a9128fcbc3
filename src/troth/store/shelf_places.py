"""Where items lie at nodes."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from troth.model.ids import NodeId, Sku
from troth.model.shelf import ShelfPlace
from troth.store.database import Connection
from troth.store.queries import sql

_READ = sql("read_shelf_places")
_WRITE = sql("write_shelf_places")
_FIND = sql("find_shelf_places")


async def read_shelf_places(connection: Connection, node: NodeId, skus: Iterable[Sku]) -> dict[Sku, str]:
    """Where SKUs lie at a node; those that lie nowhere in particular are left out."""
    return {row["sku"]: row["place"] for row in await connection.fetch(_READ, sorted(set(skus)), node)}


async def write_shelf_places(connection: Connection, places: Iterable[ShelfPlace], at: datetime) -> int:
    """Set where items lie, each SKU and node once; how many are others than before. An empty place removes it."""
    wanted = sorted(places, key=lambda one: (one.sku, one.node))
    written: int = await connection.fetchval(
        _WRITE, [one.sku for one in wanted], [one.node for one in wanted], [one.place for one in wanted], at
    )
    return written


async def find_shelf_places(
    connection: Connection,
    *,
    skus: Sequence[str] | None = None,
    nodes: Sequence[str] | None = None,
    after: tuple[str, str] | None = None,
    limit: int,
) -> list[ShelfPlace]:
    """A page of shelf places by SKU and node, after the one given."""
    sku, node = after or (None, None)
    return [ShelfPlace(**dict(row)) for row in await connection.fetch(_FIND, skus, nodes, sku, node, limit)]
