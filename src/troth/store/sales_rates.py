"""Sales rates: what sells of a SKU at a node in a week, how much that varies, and how long new units take to come."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from troth.model.exposure import SalesRate
from troth.model.ids import NodeId, Sku
from troth.model.sales_rate import PlacedSalesRate
from troth.store.database import Connection
from troth.store.queries import sql

_READ: Final = sql("read_sales_rates")
_WRITE = sql("write_sales_rates")
_FIND = sql("find_sales_rates")
_BUMP = sql("bump_reference_version")


async def read_sales_rates(connection: Connection, skus: Iterable[Sku]) -> dict[Sku, dict[NodeId, SalesRate]]:
    """What nodes sell of some SKUs; every SKU that is asked for has a mapping, empty where nothing is known."""
    rates: dict[Sku, dict[NodeId, SalesRate]] = {sku: {} for sku in skus}
    for row in await connection.fetch(_READ, sorted(rates)):
        rates[row["sku"]][row["node"]] = SalesRate(row["weekly_units"], row["weekly_deviation"], row["lead_days"])
    return rates


async def write_sales_rates(connection: Connection, rates: Iterable[PlacedSalesRate], at: datetime) -> int:
    """Create or replace sales rates, each SKU and node once; how many were new or others than before."""
    wanted = sorted(rates, key=lambda rate: (rate.sku, rate.node))
    written: int = await connection.fetchval(
        _WRITE,
        [rate.sku for rate in wanted],
        [rate.node for rate in wanted],
        [rate.weekly_units for rate in wanted],
        [rate.weekly_deviation for rate in wanted],
        [rate.lead_days for rate in wanted],
        at,
    )
    if written:
        await connection.execute(_BUMP, "sales-rates")
    return written


async def find_sales_rates(
    connection: Connection,
    *,
    skus: Sequence[str] | None = None,
    nodes: Sequence[str] | None = None,
    after: tuple[str, str] | None = None,
    limit: int,
) -> list[PlacedSalesRate]:
    """A page of sales rates by SKU and node, after the one given."""
    sku, node = after or (None, None)
    return [PlacedSalesRate(**dict(row)) for row in await connection.fetch(_FIND, skus, nodes, sku, node, limit)]
