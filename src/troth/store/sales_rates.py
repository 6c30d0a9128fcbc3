"""What nodes sell, from its rows."""

from collections.abc import Iterable
from typing import Final

from troth.model.exposure import SalesRate
from troth.model.ids import NodeId, Sku
from troth.store.database import Connection
from troth.store.queries import sql

_READ: Final = sql("read_sales_rates")


async def read_sales_rates(connection: Connection, skus: Iterable[Sku]) -> dict[Sku, dict[NodeId, SalesRate]]:
    """What nodes sell of some SKUs; every SKU that is asked for has a mapping, empty where nothing is known."""
    rates: dict[Sku, dict[NodeId, SalesRate]] = {sku: {} for sku in skus}
    for row in await connection.fetch(_READ, sorted(rates)):
        rates[row["sku"]][row["node"]] = SalesRate(row["weekly_units"], row["weekly_deviation"], row["lead_days"])
    return rates
