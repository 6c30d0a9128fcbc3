"""The one door of the promising engine: a demand and the supply in, a plan with its promises out."""

from collections.abc import Mapping
from datetime import datetime

from troth.engine.answer import answer
from troth.engine.network import Network
from troth.engine.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy


def plan(demand: Demand, supply: Mapping[Sku, SupplyRows], network: Network, policy: Policy, now: datetime) -> Plan:
    """The cheapest plan that covers the most units, with what it cannot cover and why.

    `now` is an aware datetime; a SKU that is missing in `supply` has none. Raises nothing: whatever is asked, the
    answer is a plan.
    """
    return answer(demand, supply, network, policy, now)
