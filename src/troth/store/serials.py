"""Where units with a serial number are."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from troth.engine.stock.serials import PICKED
from troth.model.ids import FulfillmentId, Sku
from troth.model.serials import SerialKey, SerialPlace
from troth.store.database import Connection
from troth.store.queries import sql

_READ = sql("read_serials")
_CLAIM = sql("claim_serials")
_FREE = sql("free_serials")
_HELD: Final = sorted(PICKED)


async def read_serials(connection: Connection, keys: Iterable[SerialKey]) -> dict[SerialKey, SerialPlace]:
    """Where these serials are; those that nobody named are left out."""
    wanted = sorted(set(keys))
    rows = await connection.fetch(_READ, [sku for sku, _ in wanted], [serial for _, serial in wanted], _HELD)
    return {
        (row["sku"], row["serial"]): SerialPlace(
            row["order_id"], row["fulfillment_id"], row["line_id"], row["named_at"], row["is_held"]
        )
        for row in rows
    }


async def claim_serials(
    connection: Connection,
    claims: Mapping[SerialKey, SerialPlace],
    *,
    seen: Mapping[SerialKey, FulfillmentId],
    at: datetime,
) -> bool:
    """Write where serials are now; False where another fulfillment than was seen holds one of them."""
    keys = sorted(claims)
    places = [claims[key] for key in keys]
    rows = await connection.fetch(
        _CLAIM,
        at,
        [sku for sku, _ in keys],
        [serial for _, serial in keys],
        [place.order_id for place in places],
        [place.fulfillment_id for place in places],
        [place.line_id for place in places],
        [seen.get(key) for key in keys],
    )
    return len(rows) == len(keys)


async def free_serials(connection: Connection, freed: Mapping[SerialKey, FulfillmentId]) -> None:
    """Forget where serials are that these fulfillments no longer name."""
    keys = sorted(freed)
    await connection.execute(
        _FREE, [sku for sku, _ in keys], [serial for _, serial in keys], [freed[key] for key in keys]
    )


async def find_serial(connection: Connection, sku: str, serial: str) -> SerialPlace | None:
    """Where a serial is, if anybody named it."""
    key = (Sku(sku), serial)
    return (await read_serials(connection, [key])).get(key)
