"""What a process remembers of unit prices: the set in force, and what it says of SKUs that were asked for lately."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from troth.engine.supply.unit_prices import UnitPrices
from troth.model.ids import NodeId, Sku
from troth.model.prices import PriceLine, PriceSet
from troth.model.value import dataclass
from troth.store.database import Connection, Pool
from troth.store.sales_rates import read_sales_rates
from troth.store.unit_prices import read_set_in_force, read_unit_prices

SKUS_MAX: Final = 50_000

_NEVER_MADE: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""No prices are of this age: then only what is sold is applied, which has none."""

_Figures = Mapping[NodeId, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What is said of a SKU. `sold` is what nodes sell of it as the feed of sales rates has it, None where nobody asked
    for that; `weekly_units` are those of the set, and of what is sold where it says nothing.

    The mappings stay the same objects, by which a network remembers them in its own order.
    """

    minor: _Figures
    markdown_minor: _Figures
    weekly_units: _Figures
    sold: _Figures | None


class PriceMemory:
    """One set of prices, read as it is asked for; at most 50,000 SKUs, of which those asked for longest ago go."""

    def __init__(self, in_force: PriceSet | None = None) -> None:
        self._set = in_force
        self._known: dict[Sku, _Known] = {}

    async def need(self, pool: Pool, skus: Collection[Sku], *, with_sales: bool) -> UnitPrices | None:
        """The prices of these SKUs and nothing else, with what nodes sell of them where that is asked for; None where
        there is neither.
        """
        if self._set is None and not with_sales:
            return None
        found = {sku: known for sku in skus if (known := self._known.get(sku)) is not None}
        missing = {sku for sku in skus if sku not in found or (with_sales and found[sku].sold is None)}
        if missing:
            async with pool.acquire() as connection:
                found |= await _read(connection, self._set, missing, with_sales=with_sales)
        for sku, known in found.items():
            # What is asked for goes to the end, so that what nobody asks for stays at the beginning.
            self._known.pop(sku, None)
            self._known[sku] = known
        while len(self._known) > SKUS_MAX:
            del self._known[next(iter(self._known))]
        sold = {sku: known.sold for sku, known in found.items() if known.sold}
        if self._set is None:
            return UnitPrices("", _NEVER_MADE, sold=sold) if sold else None
        return UnitPrices(
            self._set.version,
            self._set.made_at,
            {sku: known.minor for sku, known in found.items() if known.minor},
            {sku: known.markdown_minor for sku, known in found.items() if known.markdown_minor},
            {sku: known.weekly_units for sku, known in found.items() if known.weekly_units},
            sold,
        )


async def read_price_memory(connection: Connection) -> PriceMemory:
    """A memory of the set in force that holds nothing of it yet."""
    return PriceMemory(await read_set_in_force(connection))


async def _read(
    connection: Connection, in_force: PriceSet | None, skus: Collection[Sku], *, with_sales: bool
) -> dict[Sku, _Known]:
    rates = await read_sales_rates(connection, skus) if with_sales else None
    lines: Sequence[PriceLine] = ()
    if in_force is not None:
        lines = await read_unit_prices(connection, in_force.set_id, skus)
    by_sku: dict[Sku, list[PriceLine]] = {}
    for line in lines:
        by_sku.setdefault(line.sku, []).append(line)
    known: dict[Sku, _Known] = {}
    for sku in skus:
        given = by_sku.get(sku, [])
        sold = None if rates is None else {node: rate.weekly_units for node, rate in rates[sku].items()}
        weekly = {line.node: line.weekly_units for line in given if line.weekly_units is not None}
        known[sku] = _Known(
            {line.node: line.minor for line in given if line.minor is not None},
            {line.node: line.markdown_minor for line in given if line.markdown_minor is not None},
            (sold or {}) | weekly,
            sold,
        )
    return known
