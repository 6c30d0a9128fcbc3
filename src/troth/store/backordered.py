"""How many units are reserved of what is still to come, exactly: who reserves more waits until this is written."""

from collections.abc import Collection
from typing import Final

from troth.model.ids import Sku
from troth.model.inventory import SupplyKey
from troth.store.database import Connection
from troth.store.queries import sql

_LOCK: Final = sql("lock_backordered")
_READ: Final = sql("read_backordered")


async def lock_backordered(
    connection: Connection, skus: Collection[Sku], moved: Collection[SupplyKey]
) -> dict[Sku, int]:
    """How many units of some SKUs are backordered, which nobody else changes upwards until the transaction ends.

    Their dated supplies are locked together with those that are going to be `moved`, since all who lock do it in one
    order. They are added up afterwards, so that a supply counts that came while this waited.
    """
    keys = sorted(moved)
    await connection.execute(
        _LOCK, [key.sku for key in keys], [key.node for key in keys], [key.source for key in keys], sorted(skus)
    )
    return {row["sku"]: row["units"] for row in await connection.fetch(_READ, sorted(skus))}
