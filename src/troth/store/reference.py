"""Reference data: nodes, items and purchase orders as documents, and how often each family changed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.network import Node
from troth.model.value import dataclass
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.queries import sql

T = TypeVar("T")

_VERSIONS = sql("read_reference_versions")
_BUMP = sql("bump_reference_version")
_NODES = sql("read_nodes")
_FIND_NODES = sql("find_nodes")
_NODE = sql("read_node")
_LOCK_NODE = sql("lock_node")
_WRITE_NODES = sql("write_nodes")
_ITEMS = sql("read_items")
_FIND_ITEMS = sql("find_items")
_LOCK_ITEM = sql("lock_item")
_ITEMS_BY_CODE = sql("find_items_by_code")
_WRITE_ITEMS = sql("write_items")


@dataclass(frozen=True, slots=True)
class Versioned(Generic[T]):
    """A document and how often it was set; the version is its ETag."""

    value: T
    version: int


async def read_versions(connection: Connection) -> dict[str, int]:
    """How often each family of reference data was changed."""
    return {row["family"]: row["version"] for row in await connection.fetch(_VERSIONS)}


async def bump_version(connection: Connection, family: str) -> None:
    """Say that a family of reference data has changed."""
    await connection.execute(_BUMP, family)


async def read_nodes(connection: Connection) -> list[Node]:
    """All nodes, by id."""
    return [decode(row["document"], Node) for row in await connection.fetch(_NODES)]


async def find_nodes(
    connection: Connection, *, type_: str | None = None, text: str | None = None, after: str | None = None, limit: int
) -> list[Versioned[Node]]:
    """A page of nodes by id, after the one given."""
    return [_versioned(row, Node) for row in await connection.fetch(_FIND_NODES, type_, text, after, limit)]


async def read_node(connection: Connection, node: NodeId) -> Versioned[Node] | None:
    """One node, if it is there."""
    row = await connection.fetchrow(_NODE, node)
    return _versioned(row, Node) if row else None


async def lock_node(connection: Connection, node: NodeId) -> Versioned[Node] | None:
    """One node, if it is there, kept from others until the transaction ends."""
    row = await connection.fetchrow(_LOCK_NODE, node)
    return _versioned(row, Node) if row else None


async def write_nodes(connection: Connection, nodes: Sequence[Node], at: datetime) -> dict[NodeId, int]:
    """Create or replace nodes; their versions."""
    rows = await connection.fetch(
        _WRITE_NODES, [node.node for node in nodes], [node.type.value for node in nodes], list(map(encode, nodes)), at
    )
    await connection.execute(_BUMP, "nodes")
    return {row["node"]: row["version"] for row in rows}


async def read_items(connection: Connection, skus: Iterable[Sku]) -> dict[Sku, Item]:
    """The items by SKU; those that do not exist are left out."""
    rows = await connection.fetch(_ITEMS, list(skus))
    return {row["sku"]: decode(row["document"], Item) for row in rows}


async def find_items(
    connection: Connection,
    *,
    category: str | None = None,
    text: str | None = None,
    after: str | None = None,
    limit: int,
) -> list[Versioned[Item]]:
    """A page of items by SKU, after the one given."""
    return [_versioned(row, Item) for row in await connection.fetch(_FIND_ITEMS, category, text, after, limit)]


async def find_items_by_code(connection: Connection, codes: Iterable[str], *, limit: int) -> list[Item]:
    """The items that have one of some codes, as SKU, GTIN or another code, by SKU."""
    rows = await connection.fetch(_ITEMS_BY_CODE, sorted(set(codes)), limit)
    return [decode(row["document"], Item) for row in rows]


async def read_item(connection: Connection, sku: Sku) -> Versioned[Item] | None:
    """One item, if it is there."""
    rows = await connection.fetch(_ITEMS, [sku])
    return _versioned(rows[0], Item) if rows else None


async def lock_item(connection: Connection, sku: Sku) -> Versioned[Item] | None:
    """One item, if it is there, kept from others until the transaction ends."""
    row = await connection.fetchrow(_LOCK_ITEM, sku)
    return _versioned(row, Item) if row else None


async def write_items(connection: Connection, items: Sequence[Item], at: datetime) -> dict[Sku, int]:
    """Create or replace items; their versions."""
    rows = await connection.fetch(
        _WRITE_ITEMS,
        [item.sku for item in items],
        [item.name for item in items],
        [item.category for item in items],
        [item.gtin for item in items],
        list(map(encode, items)),
        at,
    )
    await connection.execute(_BUMP, "items")
    return {row["sku"]: row["version"] for row in rows}


def _versioned(row: Any, type_: type[T]) -> Versioned[T]:
    return Versioned(decode(row["document"], type_), row["version"])
