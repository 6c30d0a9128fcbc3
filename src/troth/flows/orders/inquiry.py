"""What an inquiry is planned from: what is known of what it names, and the stock of this moment."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from time import monotonic
from typing import Final

from troth.engine.asked import demand_of
from troth.engine.cart_units import find_hold, without_hold
from troth.engine.exposure.kept_quotas import within_quotas
from troth.engine.exposure.taking import Pool, supply_reader, with_freed
from troth.engine.feasible import find_late, find_unknown
from troth.engine.promising.case import Case, case_of
from troth.engine.promising.context import Facts
from troth.engine.supply.backorder_cap import cap_backorders, with_cap_reasons
from troth.engine.supply.effort import is_quick
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.flows.door.aside import network_at_rest, rows_at_rest
from troth.flows.door.system import System
from troth.flows.orders.cart import read_hold
from troth.model.capture_order import CaptureOrder
from troth.model.cart_hold import CartHold
from troth.model.ids import Sku
from troth.model.inventory import SupplyKey
from troth.model.plan import Demand, Plan
from troth.model.refusals import Invalid, NotFound
from troth.model.value import dataclass
from troth.store.stock_index import StockIndex

_QUICK_LINES_MAX: Final = 4
"""An inquiry about more lines is planned beside the event loop, since there is a plan for each way to have them."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an inquiry before anything is planned: the facts, all SKUs that it may take, and the hold of its
    cart, whose units are free for it.
    """

    facts: Facts
    skus: Collection[Sku]
    own: CartHold | None


@dataclass(frozen=True, slots=True)
class Posed:
    """An inquiry ready to be planned: as it was asked, what any way to have it may take, and what is said of a plan
    that lacks something. What is planned beside the event loop has stock at rest.
    """

    case: Case
    supply_for: Callable[[Demand], Mapping[Sku, SupplyRows]]
    with_reasons: Callable[[Plan], Plan]
    is_aside: bool


async def find_known(system: System, command: CaptureOrder) -> Known | Invalid:
    """Everything that is looked up before an inquiry is planned, or what it names that is not there."""
    door = system.door
    skus = await door.reference.need_lines(command.lines)
    if find_unknown(command, _facts(system, command)):
        await door.follow()  # another process may have just set it
        skus = await door.reference.need_lines(command.lines)
    await door.need_stock(skus)
    prices = await door.reference.need_prices(skus)
    facts = replace(_facts(system, command), prices=prices)
    flaws = (*find_unknown(command, facts), *find_late(command, facts))
    own = await _find_own(system, command)
    if flaws or isinstance(own, Invalid):
        return own if isinstance(own, Invalid) else Invalid(flaws)
    return Known(facts, skus, own)


def pose(system: System, command: CaptureOrder, known: Known, *, is_explained: bool) -> Posed:
    """The inquiry with the stock of this moment; at rest where it takes long to plan."""
    index, skus, own = system.door.index, known.skus, known.own
    demand = demand_of(command, known.facts)
    rows = {sku: index.rows(sku) for sku in skus}
    freed = _with_kept_units(rows, own, index)
    backordered = {sku: index.backordered(sku) for sku in skus}
    facts = without_hold(known.facts, own)
    is_aside = is_explained or not is_quick(
        demand.lines, lambda sku: rows.get(sku, NO_SUPPLY), lines_max=_QUICK_LINES_MAX
    )
    if is_aside:
        rows = {sku: rows_at_rest(found) for sku, found in rows.items()}
        freed = {sku: rows_at_rest(found) for sku, found in freed.items()}
        facts = replace(facts, network=network_at_rest(facts.network))
    kept = {} if own is None else {held.key: held.quantity for held in own.units}
    exposed = _with_own(supply_reader(facts.pool, skus, rows.__getitem__), facts.pool, rows, freed, kept)
    items = facts.items

    def supply_for(wanted: Demand) -> Mapping[Sku, SupplyRows]:
        return cap_backorders(dict(exposed(wanted)), backordered.__getitem__, items, kept, demand=wanted)

    def with_reasons(plan: Plan) -> Plan:
        return with_cap_reasons(plan, rows.__getitem__, backordered.__getitem__, items, demand)

    return Posed(case_of(demand, supply_for(demand), facts), supply_for, with_reasons, is_aside)


async def _find_own(system: System, command: CaptureOrder) -> CartHold | Invalid | None:
    """The hold of a cart that an inquiry names, while it keeps anything."""
    if command.cart_hold is None:
        return None
    known = await read_hold(system, command.cart_hold)
    return find_hold(command, None if isinstance(known, NotFound) else known, system.door.now())


def _with_kept_units(rows: Mapping[Sku, SupplyRows], own: CartHold | None, index: StockIndex) -> dict[Sku, SupplyRows]:
    """The rows as they were if what a hold keeps were free; none where there is no hold."""
    if own is None:
        return {}
    kept = {held.key: held.quantity for held in own.units}
    return {sku: index.rows_freed(sku, kept) for sku in rows}


def _with_own(
    supply_for: Callable[[Demand], Mapping[Sku, SupplyRows]],
    pool: Pool,
    rows: Mapping[Sku, SupplyRows],
    freed: Mapping[Sku, SupplyRows],
    kept: Mapping[SupplyKey, int],
) -> Callable[[Demand], Mapping[Sku, SupplyRows]]:
    """The supply for any demand, with what a hold keeps free for it."""
    if not freed:
        return supply_for

    def with_own(demand: Demand) -> Mapping[Sku, SupplyRows]:
        supply = supply_for(demand)
        with_kept = {sku: with_freed(supply, sku, rows[sku], freed[sku]) for sku in supply}
        return within_quotas(pool, demand, with_kept, kept)

    return with_own


def _facts(system: System, command: CaptureOrder) -> Facts:
    """What is known now. A customer who is known is quoted under the policy that decides about their orders."""
    reference = system.door.reference
    now = system.door.now()
    policy = reference.policy_for(command.customer.id or None, now)
    exposure = reference.exposure_at(now)
    return Facts(now, "", reference.network, reference.items, policy, exposure=exposure, clock=monotonic)
