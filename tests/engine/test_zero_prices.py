"""Prices of zero say nothing: every plan is the one that would be made without them."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.cost_brute_force import Costs
from tests.engine.test_cost_properties import ask, costs, split_costs
from troth.engine.promising.promise import plan
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.cost_rates import NO_COST_RATES
from troth.model.plan import Plan, Shipment


def without_zeros(shipment: Shipment) -> Shipment:
    return replace(shipment, cost={part: minor for part, minor in shipment.cost.items() if minor})


def promised(asked: Costs, prices: UnitPrices | None) -> tuple[object, ...]:
    wish, stock, net = ask(asked)
    world = asked.world
    found: Plan = plan(wish, stock, net, world.policy, world.now, prices=prices, loads=asked.loads)
    return tuple(map(without_zeros, found.shipments)), found.uncovered


@settings(max_examples=60)
@given(st.one_of(costs(), split_costs()), st.booleans())
def test_with_prices_of_zero_every_plan_is_the_same_as_without(asked: Costs, is_plain: bool) -> None:
    if is_plain:
        world = asked.world
        asked = replace(asked, world=replace(world, policy=replace(world.policy, cost_rates=NO_COST_RATES)))
    nodes = [node.node for node in asked.world.nodes]
    zeros = {line.sku: dict.fromkeys(nodes, 0.0) for line in asked.world.lines}
    made_at = asked.world.now - timedelta(hours=1)

    assert promised(asked, UnitPrices("zero", made_at, zeros)) == promised(asked, None)
