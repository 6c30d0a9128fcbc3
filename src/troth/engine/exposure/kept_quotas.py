"""Quotas of whoever has units reserved already: these are part of what a quota leaves them, not more of it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from troth.engine.exposure.quotas import Quota, quotas_of
from troth.engine.exposure.taking import Pool, Supply
from troth.engine.supply.kits import wanted_units
from troth.engine.supply.supply import SupplyRows
from troth.model.exposure import Draw
from troth.model.ids import Sku
from troth.model.inventory import SupplyKey
from troth.model.plan import Demand


def within_quotas(pool: Pool, demand: Demand, supply: Supply, kept: Mapping[SupplyKey, int]) -> dict[Sku, SupplyRows]:
    """The supply of a demand in which `kept` units are free that are reserved for it, with no more than quotas leave.

    The pool's counts are those without what the kept units draw. As far as these are asked for they are never taken
    back, also where a quota is smaller by now.
    """
    found = dict(supply)
    quotas = _quotas(pool, demand, supply)
    if not quotas:
        return found
    wanted, own, spent = wanted_units(demand), dict[Draw, int](), dict[Draw, int]()
    for sku, quota in quotas:
        units = sum(units for key, units in kept.items() if key.sku == sku)
        own[quota.draw] = own.get(quota.draw, 0) + min(wanted.get(sku, 0), units)
    for sku, quota in quotas:
        asked, draw = wanted.get(sku, 0), quota.draw
        left = max(0, max(quota.left, own[draw]) - spent.get(draw, 0))
        spent[draw] = spent.get(draw, 0) + min(asked, left)
        if asked > left:
            found[sku] = _at_most(found[sku], left)
    return found


def _quotas(pool: Pool, demand: Demand, skus: Iterable[Sku]) -> list[tuple[Sku, Quota]]:
    """The quotas that bind a demand, for each of its SKUs."""
    asker = pool.asker(demand)
    if asker is None or pool.exposure is None or not pool.exposure.rules.allocations:
        return []
    consumed = pool.exposure.consumed
    items = [(sku, pool.items[sku]) for sku in skus if sku in pool.items]
    return [
        (sku, quota)
        for sku, item in items
        for quota in quotas_of(consumed, pool.exposure.of_item(item, pool.network, asker), asker, sku)
    ]


def _at_most(rows: SupplyRows, units: int) -> SupplyRows:
    """So many units of all rows: what is there now before what comes, of one time the largest first."""
    order = np.lexsort((rows.node_index, -rows.available, rows.available_from))
    before = rows.available[order].cumsum() - rows.available[order]
    available = rows.available.copy()
    available[order] = np.clip(units - before, 0, rows.available[order])
    return replace(rows, available=available)
