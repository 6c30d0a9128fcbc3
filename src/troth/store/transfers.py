"""Transfers as documents, and where their units are by the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey, lot_within
from troth.model.lifecycle import TransferState
from troth.model.serials import SerialKey, TravelingSerial
from troth.model.transfer import LotInTransit, Transfer, TransitState, transit_of
from troth.store.codec import decode, encode
from troth.store.database import Connection
from troth.store.queries import sql
from troth.store.reference import Versioned

_READ = sql("read_transfer")
_WRITE = sql("write_transfer")
_FIND = sql("find_transfers")
_LOCK = sql("lock_transfer")
_TRANSITS = sql("read_transits")
_HELD = sql("find_held")
_TRAVELING = sql("read_traveling_serials")
_SERIALS = sql("read_serials_of_transfers")
_WRITE_TRAVELING = sql("write_traveling_serials")


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
    """What the ledger says of each of these supplies on their way, with those of their lots."""
    rows = await connection.fetch(
        _TRANSITS, [key.sku for key in keys], [key.node for key in keys], [key.source for key in keys]
    )
    lots: list[list[LotInTransit]] = [[] for _ in keys]
    for row in rows:
        lots[row["position"] - 1].append(
            LotInTransit(
                lot_within(row["source"]),
                row["expires_on"],
                row["shipped"],
                row["received"],
                row["lost"],
                row["reserved"],
            )
        )
    return [transit_of(of_line) for of_line in lots]


async def find_held(connection: Connection, places: Iterable[tuple[Sku, NodeId]]) -> tuple[SupplyKey, ...]:
    """What is on hand at some places (SKU, node) and not reserved, by lots and by none."""
    wanted = sorted(set(places))
    rows = await connection.fetch(_HELD, [sku for sku, _ in wanted], [node for _, node in wanted])
    return tuple(SupplyKey(row["sku"], row["node"], row["source"]) for row in rows)


async def read_traveling(
    connection: Connection, keys: Iterable[SerialKey], transfers: Iterable[str]
) -> dict[SerialKey, TravelingSerial]:
    """Where transfers last had these serials, and those that these transfers have on their way."""
    wanted = sorted(set(keys))
    rows = await connection.fetch(
        _TRAVELING, [sku for sku, _ in wanted], [serial for _, serial in wanted], sorted(set(transfers))
    )
    return {
        (row["sku"], row["serial"]): TravelingSerial(
            row["transfer_id"], row["line"], row["lot"], TransferState(row["state"]), row["at"]
        )
        for row in rows
    }


async def read_serials_of_transfers(
    connection: Connection, transfers: Sequence[str]
) -> list[tuple[SerialKey, TravelingSerial]]:
    """The serials that some transfers named, by transfer, line and number."""
    return [
        (
            (row["sku"], row["serial"]),
            TravelingSerial(row["transfer_id"], row["line"], row["lot"], TransferState(row["state"]), row["at"]),
        )
        for row in await connection.fetch(_SERIALS, list(transfers))
    ]


async def write_traveling(connection: Connection, serials: Mapping[SerialKey, TravelingSerial]) -> None:
    """Write where transfers have serials now."""
    keys = sorted(serials)
    places = [serials[key] for key in keys]
    await connection.execute(
        _WRITE_TRAVELING,
        [sku for sku, _ in keys],
        [serial for _, serial in keys],
        [place.transfer_id for place in places],
        [place.line for place in places],
        [place.lot for place in places],
        [place.state.value for place in places],
        [place.at for place in places],
    )
