"""The newest stock feed of each node, which says how old is what is known of its stock."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from troth.model.ids import NodeId
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

NODE_FEEDS: Final = "node-feeds"
"""The family of reference data that changes with each of them."""

_READ = sql("read_node_feeds")
_WRITE = sql("write_node_feeds")
_BUMP = sql("bump_reference_version")


@dataclass(frozen=True, slots=True)
class NodeFeed:
    """The newest feed that named a node, and as of when it is."""

    node: NodeId
    as_of: datetime
    feed: str
    reference: str


async def read_node_feeds(connection: Connection) -> dict[NodeId, NodeFeed]:
    """The newest feed of each node that had any."""
    return {row["node"]: NodeFeed(**row) for row in await connection.fetch(_READ)}


async def write_node_feeds(
    connection: Connection, nodes: Iterable[NodeId], *, as_of: datetime, feed: str, reference: str
) -> None:
    """Keep a feed as the newest of these nodes, unless a newer one is known; every process hears of it."""
    named = sorted(set(nodes))
    if named:
        await connection.execute(_WRITE, named, as_of, feed, reference)
        await connection.execute(_BUMP, NODE_FEEDS)
