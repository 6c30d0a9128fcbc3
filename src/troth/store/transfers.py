"""Transfers as documents, and where their units are by the ledger."""

from collections.abc import Sequence
from datetime import datetime

from troth.model.inventory import SupplyKey
from troth.model.transfer import Transfer, TransitState
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.queries import sql
from troth.store.reference import Versioned

_READ = sql("read_transfer")
_WRITE = sql("write_transfer")
_FIND = sql("find_transfers")
_LOCK = sql("lock_transfer")
_TRANSITS = sql("read_transits")


async def lock_transfer(connection: Connection, transfer_id: str) -> None:
    """Wait until nobody else sets or moves this transfer, and keep others from it until the transaction ends."""
    await connection.execute(_LOCK, transfer_id)


async def read_transfer(connection: Connection, transfer_id: str) -> Versioned[Transfer] | None:
    """A transfer as it was last set, if it is there."""
    row = await connection.fetchrow(_READ, transfer_id)
    return Versioned(decode(row["document"], Transfer), row["version"]) if row else None


async def find_transfers(
    connection: Connection, *, nodes: Sequence[str] | None = None, after: str | None = None, limit: int
) -> list[tuple[str, Versioned[Transfer]]]:
    """A page of transfers from or to any of the nodes, by id, after the one given."""
    return [
        (row["transfer_id"], Versioned(decode(row["document"], Transfer), row["version"]))
        for row in await connection.fetch(_FIND, nodes, after, limit)
    ]


async def write_transfer(connection: Connection, transfer_id: str, transfer: Transfer, at: datetime) -> int:
    """Create or replace a transfer's document; its version."""
    version: int = await connection.fetchval(
        _WRITE, transfer_id, transfer.sender, transfer.receiver, encode(transfer), at
    )
    return version


async def read_transits(connection: Connection, keys: Sequence[SupplyKey]) -> list[TransitState]:
    """What the ledger says of each of these supplies on their way."""
    rows = await connection.fetch(
        _TRANSITS, [key.sku for key in keys], [key.node for key in keys], [key.source for key in keys]
    )
    return [TransitState(row["shipped"], row["received"], row["lost"], row["reserved"]) for row in rows]
