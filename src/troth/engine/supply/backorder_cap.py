"""How many units of an item may be backordered: its dated supply, as far as its cap leaves any of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from troth.engine.supply.kits import wanted_units
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.inventory import ON_HAND, Entry, SupplyKey, is_on_hand
from troth.model.item import Item
from troth.model.measure import counted
from troth.model.plan import Demand, Plan, Uncovered

BACKORDER_MAX: Final = "backorder_max"
"""The reason where more is coming of an item, but no more of it may be backordered."""

NOTHING_FREED: Final[Mapping[SupplyKey, int]] = {}


def cap_backorders(
    rows: dict[Sku, SupplyRows],
    backordered: Callable[[Sku], int],
    items: Mapping[Sku, Item],
    freed: Mapping[SupplyKey, int] = NOTHING_FREED,
    *,
    demand: Demand | None = None,
) -> dict[Sku, SupplyRows]:
    """The rows of SKUs as a demand may take them, each with no more dated units than its item's cap leaves; all of them
    where the demand cannot take more of the SKU than that, so that it may choose. Without a demand: as anybody may.

    `backordered` says how many units of a SKU are; `freed` are reserved ones that count as free.
    """
    for sku, of_sku in rows.items():
        item = items.get(sku)
        if item is not None and item.backorder_max is not None and of_sku.has_dated:
            given = sum(units for key, units in freed.items() if key.sku == sku and not is_on_hand(key.source))
            room = item.backorder_max - backordered(sku) + given
            if demand is None or wanted_units(demand).get(sku, 0) > room:
                rows[sku] = cap_rows(of_sku, room)
    return rows


def cap_rows(rows: SupplyRows, room: int) -> SupplyRows:
    """The rows with at most so many units of dated supply, the earliest of it; the same ones where that is all.

    Which of several suppliers' dates a plan would like best is not looked at: the cap is kept whatever it chooses.
    """
    dated = np.flatnonzero(rows.available_from > 0.0)
    if int(rows.available[dated].sum()) <= room:
        return rows
    order = dated[np.lexsort((rows.node_index[dated], rows.available_from[dated]))]
    before = np.cumsum(rows.available[order]) - rows.available[order]
    available = rows.available.copy()
    available[order] = np.clip(max(0, room) - before, 0, rows.available[order])
    return replace(rows, available=available)


def find_capped(entries: Iterable[Entry], items: Mapping[Sku, Item]) -> dict[Sku, int]:
    """How many units may be backordered before these entries so that none of the SKUs of which they backorder more
    goes above its cap; SKUs without a cap are left out.
    """
    more: dict[Sku, int] = {}
    for entry in entries:
        if entry.key.source != ON_HAND and not is_on_hand(entry.key.source):
            more[entry.key.sku] = more.get(entry.key.sku, 0) + entry.reserved_delta
    caps = {sku: items[sku].backorder_max for sku, units in more.items() if units > 0 and sku in items}
    return {sku: cap - more[sku] for sku, cap in caps.items() if cap is not None}


def with_cap_reasons(
    answer: Plan,
    supply: Callable[[Sku], SupplyRows],
    backordered: Callable[[Sku], int],
    items: Mapping[Sku, Item],
    demand: Demand,
) -> Plan:
    """The plan of a demand; units that lack stock, although more of their item comes than may be backordered, say so.

    `supply` gives all that there is of a SKU, `backordered` how many units of it are.
    """
    if not answer.uncovered:
        return answer
    wanted = wanted_units(demand)
    gaps = (_with_reason(gap, supply, backordered, items, wanted.get(gap.sku, 0)) for gap in answer.uncovered)
    return replace(answer, uncovered=tuple(gaps))


def _with_reason(
    gap: Uncovered,
    supply: Callable[[Sku], SupplyRows],
    backordered: Callable[[Sku], int],
    items: Mapping[Sku, Item],
    wanted: int,
) -> Uncovered:
    item = items.get(gap.sku)
    if item is None or item.backorder_max is None or gap.reason != "no_stock":
        return gap
    rows, already = supply(gap.sku), backordered(gap.sku)
    room = max(0, item.backorder_max - already)
    if wanted <= room or rows.available[rows.available_from > 0.0].sum() <= room:
        return gap
    detail = f"at most {counted(item.backorder_max)} of {gap.sku} may be backordered, and {already} are already"
    return replace(gap, reason=BACKORDER_MAX, detail=detail)
