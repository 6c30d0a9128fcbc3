"""The supply from which units of an order that is there already may be taken, and what it no longer counts against."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.exposure.consumed import draw_moves
from troth.engine.exposure.kept_quotas import within_quotas
from troth.engine.exposure.taking import exposed_supply, with_freed
from troth.engine.failed import ITEM_EXCLUDED, LeftOut
from troth.engine.promising.context import Facts, State
from troth.engine.supply.backorder_cap import cap_backorders
from troth.engine.supply.kits import wanted_skus
from troth.engine.supply.overdue import is_counted_out
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.inventory import SupplyKey
from troth.model.order import Order
from troth.model.plan import Demand

NOTHING_FREED: Final[Mapping[SupplyKey, int]] = {}


def without_given_up(order: Order, state: State, facts: Facts) -> Facts:
    """What is known, for an order that gave up units: what they drew of quotas and protections is not drawn."""
    before, exposure = state.orders.get(order.order_id), facts.exposure
    if before is None or exposure is None:
        return facts
    given_up = [(draw, -amount) for draw, amount in draw_moves(before, order) if amount < 0]
    if not given_up:
        return facts
    return replace(facts, exposure=replace(exposure, consumed=exposure.consumed.without(given_up)))


def supply_again(
    demand: Demand, state: State, facts: Facts, freed: Mapping[SupplyKey, int] = NOTHING_FREED
) -> dict[Sku, SupplyRows]:
    """The supply rows of every SKU that a demand may take; `freed` are reserved units that are free for it besides, but
    for those of supply that is overdue for too long: nobody is promised anything of that.
    """
    skus = wanted_skus(demand)
    freed = {
        key: units for key, units in freed.items() if not is_counted_out(state.balance(key).expected_at, facts.now)
    }
    rows = exposed_supply(facts.pool, demand, skus, state.supply)
    if freed:
        rows = {sku: with_freed(rows, sku, state.supply(sku), state.supply_freed(sku, freed)) for sku in skus}
        rows = within_quotas(facts.pool, demand, rows, freed)
    return cap_backorders(rows, state.backordered, facts.items, freed, demand=demand)


def without_failed(supply: Mapping[Sku, SupplyRows], failed: LeftOut, network: Network) -> Mapping[Sku, SupplyRows]:
    """The supply without what failed the order before: what nodes have on hand of items, and single supplies."""
    at: dict[Sku, list[int]] = {}
    for node, sku in sorted(failed.items):
        at.setdefault(sku, []).append(network.index.get(node, -1))
    lost = {(key.sku, network.index.get(key.node, -1), key.source) for key in failed.supplies}
    left = dict(supply)
    for sku in (at.keys() | {key.sku for key in failed.supplies}) & supply.keys():
        rows = supply[sku]
        places = zip(rows.node_index.tolist(), rows.sources, strict=True)
        is_lost = np.array([(sku, node, source) in lost for node, source in places], dtype=np.bool_)
        is_lost |= np.isin(rows.node_index, at.get(sku, [])) & (rows.available_from == 0.0)
        left[sku] = _without(rows, is_lost, network)
    return left


def _without(rows: SupplyRows, is_lost: NDArray[np.bool_], network: Network) -> SupplyRows:
    """The rows (R) without the units of some of them, which are told to be kept back where nothing else is."""
    kept = np.where(is_lost, rows.available, 0)
    if not kept.any():
        return rows
    names = ", ".join(network.nodes[node].node for node in np.unique(rows.node_index[kept > 0]).tolist())
    note = (ITEM_EXCLUDED, f"{names} could not provide it before: left out for it until units are found there")
    withheld = kept if rows.withheld is None else rows.withheld + kept
    return replace(rows, available=rows.available - kept, withheld=withheld, note=rows.note or note)
