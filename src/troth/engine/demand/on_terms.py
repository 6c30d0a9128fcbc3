"""A demand of which some lines are wanted on terms of their own: ship groups, ship to store, substitutes, around the
one plan of lines that all go one way.
"""

from collections.abc import Mapping

from troth.engine.carriage.network import Network
from troth.engine.demand.budget import Budget
from troth.engine.demand.fill import plan_fills
from troth.engine.demand.group_turns import Ask
from troth.engine.demand.lockers import plan_by_locker
from troth.engine.demand.ship_groups import HANDED_OVER, plan_groups
from troth.engine.demand.substitution import plan_substitutes
from troth.engine.demand.to_store import fill_store
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy


def has_terms(demand: Demand, policy: Policy) -> bool:
    """Whether there is anything to do here at all."""
    if policy.ship_to_store and demand.method in HANDED_OVER:
        return True
    return any([line.terms is not None for line in demand.lines])  # noqa: C419 - a list is quicker, for every order


def plan_on_terms(
    demand: Demand, supply: Mapping[Sku, SupplyRows], network: Network, policy: Policy, ask: Ask, budget: Budget
) -> Plan:
    """The plan of a demand in which each line has its own terms; `ask` plans lines that all go one way, and `budget` is
    what it may spend on all of them.
    """

    def to_store(group: Demand, left: Mapping[Sku, SupplyRows]) -> Plan:
        found = ask(group, left)
        if not policy.ship_to_store or group.method not in HANDED_OVER:
            return found
        return fill_store(group, found, left, network, policy, ask)

    def to_counter(group: Demand, left: Mapping[Sku, SupplyRows]) -> Plan:
        return plan_by_locker(group, network, lambda at_store: to_store(at_store, left))

    def by_groups(wanted: Demand, left: Mapping[Sku, SupplyRows]) -> Plan:
        return plan_groups(wanted, left, network, policy, to_counter, budget)

    def whole(wanted: Demand) -> Plan:
        return plan_substitutes(wanted, by_groups(wanted, supply), supply, policy, by_groups)

    return plan_fills(demand, whole)
