"""Units that stay where they are: a routing says how much of an item a node gives, not only whether it gives any."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.brute_force import World, best_spread
from tests.engine.test_plan_properties import ask, count_divided, covered_in_order, worlds
from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, reasons, rows, sent, supply
from troth.engine.explanation.explain import explain
from troth.engine.promising.case import Case, kept_trace
from troth.engine.promising.promise import plan
from troth.engine.promising.record import recall
from troth.engine.rules.check import check
from troth.engine.rules.presets import protect_stores
from troth.model.ids import LineId, NodeId, Sku
from troth.model.network import Address, NodeType
from troth.model.order import Method, Terms
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy
from troth.model.routing import Action, Routing, Rule, Tier

NET = network(
    node("DC", degrees=8.0), node("ST", degrees=1.0, type=NodeType.STORE), cards=[flat_card(500)],
)  # fmt: skip
TWO = Rule("stores keep 2", 'node.type == "store" ? 2 : 0')
LAST = Tier("last", partial=Action.BACKORDER, none=Action.BACKORDER)
KEPT = Routing("kept", keep=(TWO,), tiers=(LAST,))


def planned(wish: Demand, routing: Routing = KEPT, **stock: dict[str, int]) -> Plan:
    return plan(wish, supply(NET, **stock), NET, Policy(routing=routing), MONDAY)


def test_the_preset_protects_stores_over_all_lines_of_an_item() -> None:
    wish = demand(line("A", 2, line_id=LineId("1")), line("A", 2, line_id=LineId("2")))

    found = planned(wish, protect_stores(units=2), A={"ST": 5})

    assert sum(sum(lines.values()) for lines in sent(found).values()) == 3
    assert sum(units for units, _reason in reasons(found).values()) == 1
    assert found.uncovered[0].reason == "excluded_by_rules"
    assert found.uncovered[0].detail == "units of it stay where they are: stores keep 2"


def test_a_line_takes_what_a_store_can_spare_and_the_rest_from_elsewhere() -> None:
    found = planned(demand(line("A", 5)), protect_stores(units=2), A={"ST": 5, "DC": 2})

    assert sent(found) == {"ST": {"A": 3}, "DC": {"A": 2}}
    assert found.trace.removed["keep stores keep 2"] == 1


def test_what_is_to_come_is_kept_too_where_too_little_is_there() -> None:
    stock = {Sku("A"): rows(NET, ("ST", 1), ("ST", 10, MONDAY + timedelta(days=3)))}

    def ask_for(units: int) -> Plan:
        return plan(demand(line("A", units)), stock, NET, Policy(routing=KEPT), MONDAY)

    assert sent(ask_for(9)) == {"ST": {"A": 9}}
    assert reasons(ask_for(10)) == {"A": (1, "excluded_by_rules")}


def test_a_keep_of_one_tier_counts_in_that_tier_only() -> None:
    routing = Routing(tiers=(Tier("spare", keep=(TWO,)), Tier("all")))

    assert planned(demand(line("A", 3)), routing, A={"ST": 5}).trace.tier == "spare"
    found = planned(demand(line("A", 4)), routing, A={"ST": 5})

    assert found.trace.tier == "all"
    assert found.trace.removed["keep spare/stores keep 2"] == 1


def test_the_most_that_any_keep_says_stays_and_one_whose_when_does_not_hold_says_nothing() -> None:
    more = replace(KEPT, keep=(TWO, Rule("three", "3", when="order.channel == 'web'")))
    wish = demand(line("A", 3))

    assert planned(wish, more, A={"ST": 5}).uncovered == ()
    assert reasons(planned(replace(wish, channel="web"), more, A={"ST": 5})) == {"A": (1, "excluded_by_rules")}


def test_a_number_that_cannot_be_evaluated_keeps_everything() -> None:
    routing = replace(KEPT, keep=(Rule("stated", "int(node.attributes.kept)"),))

    found = planned(demand(line("A")), routing, A={"ST": 5})

    assert found.shipments == ()
    assert found.trace.notes[0] == "keep stated could not be evaluated for 2 of the nodes, which keep all they have"


def test_a_part_of_a_unit_keeps_a_whole_one_and_less_than_nothing_keeps_nothing() -> None:
    assert planned(demand(line("A", 3)), replace(KEPT, keep=(Rule("half", "1.5"),)), A={"ST": 5}).uncovered == ()
    assert len(planned(demand(line("A", 4)), replace(KEPT, keep=(Rule("half", "1.5"),)), A={"ST": 5}).uncovered) == 1
    assert planned(demand(line("A", 5)), replace(KEPT, keep=(Rule("less", "-1"),)), A={"ST": 5}).uncovered == ()


def test_each_component_of_a_kit_is_kept() -> None:
    kit = line("K", 2, terms=Terms(kit=((Sku("A"), 2), (Sku("B"), 1))))

    assert planned(demand(kit), A={"ST": 6}, B={"ST": 4}).uncovered == ()
    assert len(planned(demand(kit), A={"ST": 5}, B={"ST": 4}).uncovered) == 1


def test_ship_groups_leave_together_what_stays() -> None:
    other = Address("US", latitude=41.0, longitude=-90.0)
    wish = demand(line("A", 2, line_id=LineId("1")), line("A", 2, line_id=LineId("2"), terms=Terms(ship_to=other)))

    found = planned(wish, A={"ST": 5})

    assert sum(sum(lines.values()) for lines in sent(found).values()) == 3


def test_what_decided_is_recorded_so_that_it_decides_again() -> None:
    wish, policy = demand(line("A", 2)), Policy(routing=KEPT)
    case = Case(wish, supply(NET, A={"ST": 5, "DC": 1}), NET, policy, MONDAY)
    found = case.plan()

    recording = kept_trace(case, found.trace, "x").recording
    assert recording is not None
    again = plan(wish, recall(recording, NET), NET, policy, MONDAY)

    assert sent(found) == {"ST": {"A": 2}}
    assert again.shipments == found.shipments


@pytest.mark.parametrize("pointer", ["/keep/0/expression", "/tiers/0/keep/0/expression"])
def test_what_stays_must_be_a_number(pointer: str) -> None:
    bad = (Rule("bad", "node.type == 'store'"),)
    routing = Routing(keep=bad) if pointer.startswith("/keep") else Routing(tiers=(Tier("one", keep=bad),))

    [found] = check(routing)

    assert (found.pointer, found.detail) == (pointer, "this must be int or double, and is bool")


@settings(max_examples=50, deadline=None)
@given(worlds(is_whole=False), st.integers(0, 3))
def test_a_plan_with_what_stays_is_the_best_of_all_that_let_it_stay(world: World, units: int) -> None:
    wish, stock, net = ask(world)
    policy = replace(world.policy, routing=Routing(keep=(Rule("kept", f"node.handling > 0.2 ? {units} : 0"),)))

    found = plan(wish, stock, net, policy, world.now)

    keeping = {str(one.node) for one in world.nodes if one.handling_minor > 20}
    spare = {
        sku: [(name, there - (min(there, units) if name in keeping else 0), at) for name, there, at in entries]
        for sku, entries in world.stock.items()
    }
    coverable = covered_in_order(replace(world, stock=spare))
    missing = sum(one.quantity for one in world.lines) - sum(one.quantity for one in coverable.lines)
    uncovered, divided, cost = best_spread(coverable)
    assert sum(gap.quantity for gap in found.uncovered) == missing + uncovered
    if count_divided(found) > divided:  # a late line was divided further, where that costs less
        assert found.cost_minor < cost
    else:
        assert (count_divided(found), found.cost_minor) == (divided, cost)
    assert _least_left(world, found, keeping, units)


def _least_left(world: World, found: Plan, keeping: set[str], units: int) -> bool:
    """Whether every keeping node has as many of each SKU left as it is to keep, or all it had."""
    taken: dict[tuple[str, str], int] = {}
    for shipment in found.shipments:
        for peg in shipment.pegs:
            key = (str(shipment.node), str(peg.sku))
            taken[key] = taken.get(key, 0) + peg.quantity
    there: Mapping[tuple[str, str], int] = {
        (name, sku): sum(one for other, one, _at in entries if other == name)
        for sku, entries in world.stock.items()
        for name, _one, _at in entries
    }
    return all(
        units_taken == 0 or there[key] - units_taken >= units for key, units_taken in taken.items() if key[0] in keeping
    )


def test_a_pickup_leaves_what_stays() -> None:
    net = network(node("ST", type=NodeType.STORE, pickup=True))
    wish = demand(line("A", 4), method=Method.PICKUP, pickup_node=NodeId("ST"), destination=None)

    found = plan(wish, supply(net, A={"ST": 5}), net, Policy(routing=KEPT), MONDAY)

    assert reasons(found) == {"A": (1, "excluded_by_rules")}


def test_an_explanation_names_the_keep_that_stood_in_the_way() -> None:
    case = Case(demand(line("A", 4)), supply(NET, A={"ST": 5, "DC": 1}), NET, Policy(routing=KEPT), MONDAY)

    told = explain(case)

    assert [flip.name for flip in told.flips if flip.change == "rule"] == ["stores keep 2"]
