"""The supply from which units of an order that is there already may be taken, and what it no longer counts against."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from troth.engine.exposure.consumed import draw_moves
from troth.engine.exposure.kept_quotas import within_quotas
from troth.engine.exposure.taking import exposed_supply, with_freed
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
