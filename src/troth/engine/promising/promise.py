"""The one door of the promising engine: a demand and the supply in, a plan with its promises out."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from troth.engine.carriage.network import Network
from troth.engine.demand.bookings import settle_bookings
from troth.engine.demand.budget import Budget
from troth.engine.demand.capacity import find_need
from troth.engine.demand.chargebacks import notes_on_guide
from troth.engine.demand.lockers import plan_by_locker, settle_stays
from troth.engine.demand.on_terms import has_terms, plan_on_terms
from troth.engine.demand.pickup_notes import notes_on_pickup
from troth.engine.demand.shelf_life import fresh_supply
from troth.engine.demand.spoilage import plan_with_lots
from troth.engine.demand.waits import with_waits
from troth.engine.promising.answer import Answer, answer
from troth.engine.rules.tiers import plan_by_tiers
from troth.engine.supply.cost_currency import notes_on_currency
from troth.engine.supply.supply import SupplyRows
from troth.engine.supply.unit_prices import UnitPrices, fresh, with_age
from troth.model.ids import NodeId, Sku
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy


def plan(
    demand: Demand,
    supply: Mapping[Sku, SupplyRows],
    network: Network,
    policy: Policy,
    now: datetime,
    *,
    prices: UnitPrices | None = None,
    loads: Mapping[NodeId, float] | None = None,
    budget: Budget | None = None,
    by: Answer | None = None,
) -> Plan:
    """The cheapest plan that covers the most units, with what it cannot cover and why.

    `now` is an aware datetime; a SKU that is missing in `supply` has none. Raises nothing: whatever is asked, the
    answer is a plan.

    `prices` are what units are worth elsewhere, applied while they are fresh; `loads` is each node's share of its
    capacity that is used (0 to 1). Without them neither costs anything. `budget` is what may be spent, of which
    the rest is left; without one it is the policy's, and only counted. `by` answers each question of it (None:
    the engine), for who wants to see them.
    """
    spending = Budget(policy.decision_seconds_max) if budget is None else budget
    need = None if network.limits is None else find_need(demand.lines, policy)
    given, prices = prices, None if prices is None else fresh(prices, now, policy.prices_hours_max)

    def ask(wanted: Demand, left: Mapping[Sku, SupplyRows]) -> Plan:
        by_rules = partial(answer if by is None else by, prices=prices, loads=loads, need=need, budget=spending)
        if policy.routing is None:
            return by_rules(wanted, left, network, policy, now)
        return plan_by_tiers(
            by_rules, wanted, left, network, policy, now, prices=prices, order=demand, loads=loads, budget=spending
        )

    is_on_terms = has_terms(demand, policy)

    def ask_all(there: Mapping[Sku, SupplyRows]) -> Plan:
        if is_on_terms:
            return plan_on_terms(demand, there, network, policy, ask, spending)
        return plan_by_locker(demand, network, lambda at_store: ask(at_store, there))

    found = plan_with_lots(demand, fresh_supply(supply, now.timestamp()), network, ask_all)
    found = settle_stays(network, demand, found)
    if spending.notes:
        found = replace(found, trace=replace(found.trace, notes=(*found.trace.notes, *spending.notes)))
    if not found.trace.policy_version:  # where no question came to be asked
        found = replace(found, trace=replace(found.trace, policy_version=policy.version))
    notes = (
        *notes_on_currency(demand, policy.currency),
        *notes_on_guide(demand, found.uncovered, policy.currency),
        *notes_on_pickup(demand, network),
    )
    if notes:
        found = replace(found, trace=replace(found.trace, notes=(*found.trace.notes, *notes)))
    if given is not None and given is not prices:
        found = replace(found, trace=with_age(found.trace, given, policy, now))
    return found if need is None else with_waits(network, demand, settle_bookings(network, found, now), now, need)
