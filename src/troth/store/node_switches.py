"""Nodes that are switched off: a row each, as long as they are."""

from datetime import datetime
from typing import Final

from troth.model.ids import NodeId
from troth.model.network import SwitchedOff
from troth.store.database import Connection
from troth.store.queries import sql
from troth.store.reference import bump_version

NODE_SWITCHES: Final = "node-switches"
"""The family of reference data that changes with each of them."""

_READ = sql("read_node_switches")
_WRITE = sql("write_node_switch")
_DELETE = sql("delete_node_switch")


async def read_node_switches(connection: Connection, now: datetime) -> dict[NodeId, SwitchedOff]:
    """The nodes that are switched off at an instant."""
    return {
        NodeId(row["node"]): SwitchedOff(row["reason"], row["since"], row["until"], row["switched_by"])
        for row in await connection.fetch(_READ, now)
    }


async def write_node_switch(connection: Connection, node: NodeId, off: SwitchedOff) -> None:
    """Switch a node off; every process hears of it."""
    await connection.execute(_WRITE, node, off.reason, off.since, off.until, off.by)
    await bump_version(connection, NODE_SWITCHES)


async def delete_node_switch(connection: Connection, node: NodeId) -> bool:
    """Switch a node on again; False where it was."""
    is_gone = await connection.fetchval(_DELETE, node) is not None
    if is_gone:
        await bump_version(connection, NODE_SWITCHES)
    return is_gone
