"""What removed a node is told as it was: which rule of which tier, and never that it would have been dearer."""

from dataclasses import replace

import pytest

from tests.engine.test_explain import POLICY, by_node
from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, reasons, supply
from troth.engine.explanation.explain import explain
from troth.engine.promising.case import Case
from troth.engine.promising.disposition import holds_of
from troth.flows.orders.tell_flip import tell_candidate
from troth.model.cost_rates import Objective
from troth.model.explanation import Bar
from troth.model.network import NodeType
from troth.model.policy import Policy
from troth.model.routing import Action, Compare, Routing, Rule, Sort, Tier

FAR = Rule("far", "lane.miles > 1000.0")
ONE = Rule("not ST-3", 'node.id == "ST-3"')
STORES = Rule("stores", 'node.type == "store"')
ROUTING = Routing(exclusions=(FAR, ONE), tiers=(Tier("stores", filters=(STORES,)), Tier("rest")))

NET = network(
    node("DC-1", degrees=2.0, shipment_minor=-300),
    node("DC-2", degrees=3.0, shipment_minor=50),
    node("DC-9", degrees=4.0),
    node("ST-1", degrees=1.0, type=NodeType.STORE),
    node("ST-2", degrees=2.0, type=NodeType.STORE, shipment_minor=200),
    node("ST-3", degrees=2.5, type=NodeType.STORE),
    node("ST-9", degrees=30.0, type=NodeType.STORE),
    cards=[flat_card(500)],
)
ALL = dict.fromkeys(("DC-1", "DC-2", "ST-1", "ST-2", "ST-3", "ST-9"), 3)


def case_of(routing: Routing, *, policy: Policy = POLICY, **stock: dict[str, int]) -> Case:
    return Case(
        demand(line("a", 2)), supply(NET, **(stock or {"a": ALL})), NET, replace(policy, routing=routing), MONDAY
    )


def test_a_node_that_the_winning_tier_bars_says_so_and_never_that_it_is_dearer() -> None:
    told = explain(case_of(ROUTING))

    assert [shipment.node for shipment in told.plan.shipments] == ["ST-1"]
    shown = by_node(told)
    stores = Bar("filter", "stores", 'node.type == "store"', "stores")
    assert {name: (one.standing, one.reason, one.bars, one.could_in) for name, one in shown.items()} == {
        "ST-1": ("chosen", "", (), ()),
        "ST-2": ("dearer", "", (), ()),
        "DC-1": ("removed", "excluded_by_rules", (stores,), ("rest",)),
        "DC-2": ("removed", "excluded_by_rules", (stores,), ("rest",)),
        "DC-9": ("removed", "excluded_by_rules", (stores,), ()),
        "ST-3": ("removed", "excluded_by_rules", (Bar("exclusion", "not ST-3", 'node.id == "ST-3"'),), ()),
        "ST-9": ("removed", "excluded_by_rules", (Bar("exclusion", "far", "lane.miles > 1000.0"),), ()),
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ST-2", "2.00 USD dearer"),
        (
            "DC-1",
            'barred by filter “stores” (node.type == "store") of tier stores; '
            "it could send in tier rest, which did not answer",
        ),
        ("DC-9", 'barred by filter “stores” (node.type == "store") of tier stores; it has none of it either'),
        ("ST-3", 'barred by exclusion “not ST-3” (node.id == "ST-3")'),
    ],
)
def test_what_became_of_a_node_is_told_in_words(name: str, words: str) -> None:
    told = explain(case_of(ROUTING))
    assert tell_candidate(by_node(told)[name], told.plan.cost_minor, 2, "USD") == words


def test_a_tier_that_lost_by_cost_is_named_where_its_nodes_could_have_sent() -> None:
    routing = Routing(
        tiers=(
            Tier("dcs", filters=(Rule("dcs", 'node.type == "dc"'),), surcharge_minor=5_000),
            Tier("stores", filters=(STORES,)),
        ),
        compare=Compare.COST,
    )
    shown = by_node(explain(case_of(routing)))
    assert (shown["DC-1"].standing, shown["DC-1"].could_in) == ("removed", ("dcs",))


def test_nodes_of_a_tier_that_gave_the_rest_of_a_split_are_not_barred() -> None:
    tiers = (
        Tier("stores", filters=(STORES,), partial=Action.SPLIT),
        Tier("dcs", filters=(Rule("dcs", 'node.type == "dc"'),)),
    )
    told = explain(case_of(Routing(tiers=tiers), a={"ST-1": 1, "DC-2": 2, "DC-1": 1}))
    assert told.plan.trace.tier == "stores + dcs"
    assert {name: (one.standing, one.reason) for name, one in by_node(told).items() if one.units} == {
        "ST-1": ("chosen", "no_stock"),
        "DC-1": ("chosen", "no_stock"),
        "DC-2": ("behind", "tier_before"),
    }


def test_a_node_behind_in_the_order_of_its_tier_is_behind_whatever_it_costs() -> None:
    routing = Routing(tiers=(Tier("near", sort=(Sort(by="lane.miles"),)),))
    told = explain(case_of(routing))
    shown = by_node(told)
    assert [shipment.node for shipment in told.plan.shipments] == ["ST-1"]
    assert {name: (one.standing, one.reason) for name, one in shown.items() if name in ("DC-1", "ST-2")} == {
        "DC-1": ("behind", "ranked_behind"),
        "ST-2": ("behind", "ranked_behind"),
    }
    words = tell_candidate(shown["DC-1"], told.plan.cost_minor, 2, "USD")
    assert words == "the order of tier near puts ST-1 before it (3.00 USD cheaper)"


def test_a_node_that_costs_the_same_lost_by_its_id() -> None:
    net = network(node("n1"), node("n2"), cards=[flat_card(500)])
    told = explain(Case(demand(line("a")), supply(net, a={"n1": 1, "n2": 1}), net, POLICY, MONDAY))
    assert (by_node(told)["n2"].standing, by_node(told)["n2"].reason) == ("behind", "tie")


def test_dearer_is_counted_as_the_policy_weighs_it() -> None:
    weighed = Policy(split_minor=100, delay_minor_per_day=0, weights={"packaging": 3.0})
    net = network(node("n1"), node("n2", shipment_minor=50), cards=[flat_card(500)])
    told = explain(Case(demand(line("a")), supply(net, a={"n1": 1, "n2": 1}), net, weighed, MONDAY))
    other = by_node(told)["n2"]
    assert (other.standing, other.dearer_minor) == ("dearer", 150)
    assert tell_candidate(other, told.plan.cost_minor, 1, "USD") == "1.50 USD dearer as the policy weighs it"


def test_where_the_policy_asks_for_speed_a_cheaper_node_is_behind() -> None:
    policy = Policy(split_minor=100, delay_minor_per_day=0, objectives=(Objective.FASTEST,))
    net = network(node("n1", shipment_minor=900), node("n2", processing_hours=30.0), cards=[flat_card(500)])
    told = explain(Case(demand(line("a")), supply(net, a={"n1": 1, "n2": 1}), net, policy, MONDAY))
    assert [shipment.node for shipment in told.plan.shipments] == ["n1"]
    assert (by_node(told)["n2"].standing, by_node(told)["n2"].reason) == ("behind", "other_objective")


def test_what_is_short_by_rules_names_the_rule_and_its_tier() -> None:
    routing = Routing(
        exclusions=(ONE,), tiers=(Tier("stores", filters=(STORES,), partial=Action.HOLD, none=Action.HOLD),)
    )
    found = case_of(routing, a={"ST-3": 5, "DC-1": 4, "DC-2": 4}).plan()
    assert reasons(found) == {"a": (2, "excluded_by_rules")}
    assert found.uncovered[0].detail == (
        'filter “stores” (node.type == "store") of tier stores bars 2 nodes with stock of it; '
        'exclusion “not ST-3” (node.id == "ST-3") bars 1 node with stock of it'
    )
    assert found.disposition is not None


def test_what_nobody_has_is_no_matter_of_rules() -> None:
    found = case_of(Routing(eligibility=(Rule("nobody", 'node.id == "x"'),)), a={"ST-1": 0}).plan()
    assert reasons(found) == {"a": (2, "no_stock")}


def test_stock_that_no_tier_may_take_is_not_called_barred_where_it_lies_out_of_the_way() -> None:
    net = network(node("n1", active=False), node("n2"), cards=[flat_card(500)])
    routing = Routing(eligibility=(Rule("all", 'node.type == "dc"'),))
    case = Case(demand(line("a")), supply(net, a={"n1": 1}), net, Policy(routing=routing), MONDAY)
    assert reasons(case.plan()) == {"a": (1, "inactive")}


def test_a_plan_of_nothing_names_its_policy_too() -> None:
    routing = Routing(eligibility=(Rule("nobody", 'node.id == "x"'),))
    case = case_of(routing, policy=Policy(version="big@3"))
    assert case.plan().trace.policy_version == "big@3"


def test_a_hold_names_its_tier_once() -> None:
    routing = Routing(tiers=(Tier("big", full=Action.HOLD),))
    (hold,) = holds_of(case_of(routing).plan(), "big@1", MONDAY)
    assert hold.reason == "tier big: the routing asks for it"
