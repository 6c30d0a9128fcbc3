"""Tiers: who answers, with which candidates, and what becomes of what is not covered."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.brute_force import World
from tests.engine.test_plan_properties import ask, goals, worlds
from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, reasons, rows, sent, supply
from troth.engine.promising.promise import plan
from troth.model.ids import NodeId, Sku
from troth.model.network import Address, NodeType
from troth.model.order import Terms
from troth.model.plan import Demand, Plan
from troth.model.policy import DEFAULT_POLICY, Policy
from troth.model.routing import Action, Compare, Disposition, Limits, Routing, Rule, Sort, Tier

NET = network(
    node("DC", degrees=8.0, address=Address("US", region="PA")),
    node("NEAR", degrees=1.0, type=NodeType.STORE, address=Address("US", region="IA")),
    node("FAR", degrees=5.0, type=NodeType.STORE, address=Address("US", region="NY")),
)
WISH = demand(line("A"), line("B"), channel="web")
DCS = Rule("dcs", 'node.type == "dc"')
STORES = Rule("stores", 'node.type == "store"')


def planned(routing: Routing | None, *wish: Demand, **stock: dict[str, int]) -> Plan:
    """The plan of a demand, of WISH where none is given."""
    return plan((*wish, WISH)[0], supply(NET, **stock), NET, Policy(routing=routing), MONDAY)


def tiers(*them: Tier, **facts: object) -> Routing:
    return replace(Routing("test", tiers=them), **facts)  # type: ignore[arg-type]


def test_the_first_tier_that_covers_everything_answers_though_another_is_cheaper() -> None:
    found = planned(
        tiers(Tier("dc", filters=(DCS,)), Tier("any")),
        A={"DC": 1, "NEAR": 1},
        B={"DC": 1, "NEAR": 1},
    )

    assert sent(found) == {"DC": {"A": 1, "B": 1}}
    assert found.trace.tier == "dc"
    assert found.trace.removed == {"rule dc/dcs": 2}


def test_what_a_tier_covers_in_part_is_forgotten_for_the_next_one() -> None:
    found = planned(tiers(Tier("dc", filters=(DCS,)), Tier("any")), A={"DC": 1, "NEAR": 1}, B={"NEAR": 1})

    assert sent(found) == {"NEAR": {"A": 1, "B": 1}}
    assert found.trace.tier == "any"
    assert found.trace.notes == ("tier dc covers a part from DC, then next_tier",)


def test_a_split_keeps_what_the_tier_covers_and_pays_for_the_second_shipment() -> None:
    found = planned(
        tiers(Tier("dc", filters=(DCS,), partial=Action.SPLIT), Tier("any")), A={"DC": 1, "NEAR": 1}, B={"NEAR": 1}
    )

    assert sent(found) == {"DC": {"A": 1}, "NEAR": {"B": 1}}
    assert found.trace.tier == "dc + any"
    assert [shipment.cost["split"] for shipment in found.shipments] == [0, DEFAULT_POLICY.split_minor]


def test_a_split_leaves_the_next_tier_no_unit_twice() -> None:
    wish = demand(line("A", 3))
    shared = tiers(Tier("one", limits=Limits(shipments_max=1), partial=Action.SPLIT), Tier("rest"))

    found = planned(shared, wish, A={"DC": 2, "NEAR": 1, "FAR": 1})

    assert sum(sum(lines.values()) for lines in sent(found).values()) == 3
    assert all(lines["A"] <= {"DC": 2, "NEAR": 1, "FAR": 1}[name] for name, lines in sent(found).items())


def test_an_order_that_ships_complete_is_split_over_the_nodes_of_both_tiers() -> None:
    found = planned(
        tiers(Tier("dc", filters=(DCS,), none=Action.SPLIT), Tier("stores", filters=(STORES,))),
        replace(WISH, ship_complete=True),
        A={"DC": 1},
        B={"NEAR": 1},
    )

    assert sent(found) == {"DC": {"A": 1}, "NEAR": {"B": 1}}


def test_dated_supply_counts_only_in_a_tier_that_backorders() -> None:
    stock = {Sku("A"): rows(NET, ("DC", 1, MONDAY + timedelta(days=9)), ("FAR", 1))}
    wish = demand(line("A"))
    first_dc = Tier("dc", filters=(DCS,))

    on_hand = plan(wish, stock, NET, Policy(routing=tiers(first_dc, Tier("any"))), MONDAY)
    later = plan(wish, stock, NET, Policy(routing=tiers(replace(first_dc, none=Action.BACKORDER), Tier("any"))), MONDAY)

    assert sent(on_hand) == {"FAR": {"A": 1}}
    assert sent(later) == {"DC": {"A": 1}}
    assert later.shipments[0].is_backordered


@pytest.mark.parametrize("action", [Action.HOLD, Action.QUEUE, Action.CANCEL])
def test_what_no_tier_covers_is_left_to_what_the_tier_asks_for(action: Action) -> None:
    found = planned(tiers(Tier("dc", filters=(DCS,), partial=action, cancel_after_days=3)), A={"DC": 1}, B={"NEAR": 1})

    assert sent(found) == {"DC": {"A": 1}}
    assert reasons(found) == {"B": (1, "excluded_by_rules")}
    days = 3 if action is Action.QUEUE else None
    assert found.disposition == Disposition(action, "dc", "1 units are not covered", days)


def test_a_tier_may_hold_what_it_covers_for_a_person() -> None:
    found = planned(tiers(Tier("all", full=Action.HOLD)), A={"DC": 1}, B={"DC": 1})

    assert found.uncovered == ()
    assert found.disposition is not None
    assert found.disposition.action is Action.HOLD


def test_a_tier_applies_only_where_its_condition_holds() -> None:
    routing = tiers(Tier("web", when='order.channel == "web"', filters=(STORES,)), Tier("all", filters=(DCS,)))
    stock = {"A": {"DC": 1, "NEAR": 1}, "B": {"DC": 1, "NEAR": 1}}

    assert planned(routing, **stock).trace.tier == "web"
    assert planned(routing, replace(WISH, channel="app"), **stock).trace.tier == "all"


def test_where_no_tier_applies_all_candidates_answer() -> None:
    routing = tiers(Tier("app", when='order.channel == "app"'), exclusions=(Rule("no near", 'node.id == "NEAR"'),))

    found = planned(routing, A={"NEAR": 1, "FAR": 1}, B={"NEAR": 1, "FAR": 1})

    assert sent(found) == {"FAR": {"A": 1, "B": 1}}
    assert found.trace.tier == ""
    assert found.trace.notes == ("no tier applies: every candidate that the rules leave may answer",)


def test_tiers_that_compete_by_cost_pay_their_surcharge() -> None:
    def routing(surcharge: int) -> Routing:
        return tiers(
            Tier("stores", filters=(STORES,), surcharge_minor=surcharge),
            Tier("dc", filters=(DCS,)),
            compare=Compare.COST,
        )

    stock = {"A": {"DC": 1, "NEAR": 1}, "B": {"DC": 1, "NEAR": 1}}

    assert planned(routing(0), **stock).trace.tier == "stores"
    assert planned(routing(100_000), **stock).trace.tier == "dc"


def test_a_rule_that_cannot_be_evaluated_removes_the_candidate_and_says_so() -> None:
    found = planned(
        tiers(Tier("only", filters=(Rule("roomy", "node.capacity_per_day > 5"),))), A={"DC": 1}, B={"DC": 1}
    )

    assert found.shipments == ()
    assert reasons(found) == {"A": (1, "excluded_by_rules"), "B": (1, "excluded_by_rules")}
    assert found.trace.removed == {"rule only/roomy": 3}
    assert found.trace.notes[0] == "rule only/roomy could not be evaluated for 3 of the nodes, which it removed"


def test_an_exclusion_that_cannot_be_evaluated_removes_as_well() -> None:
    routing = Routing(exclusions=(Rule("busy", "node.capacity_per_day > 5"),))

    assert planned(routing, A={"DC": 1}, B={"DC": 1}).shipments == ()


def test_a_rule_speaks_only_where_its_condition_holds() -> None:
    routing = Routing(eligibility=(Rule("dcs", 'node.type == "dc"', when='customer.class == "gold"'),))
    stock = {"A": {"DC": 1, "NEAR": 1}, "B": {"DC": 1, "NEAR": 1}}

    assert sent(planned(routing, **stock)) == {"NEAR": {"A": 1, "B": 1}}
    assert sent(planned(routing, replace(WISH, customer_class="gold"), **stock)) == {"DC": {"A": 1, "B": 1}}


def test_a_rule_about_stock_removes_lines_from_nodes_and_not_whole_nodes() -> None:
    routing = Routing(eligibility=(Rule("keep one", "stock.available - line.quantity >= 1"),))

    found = planned(routing, A={"NEAR": 2, "DC": 9}, B={"NEAR": 1, "DC": 9})

    assert "NEAR" not in [name for name, lines in sent(found).items() if "B" in lines]
    assert found.trace.removed["rule keep one"] == 2


def test_a_rule_counts_the_kits_that_a_node_can_make() -> None:
    kit = line("K", 1, terms=Terms(kit=((Sku("A"), 2), (Sku("B"), 1))))
    routing = Routing(eligibility=(Rule("two", "stock.available >= 2"),))

    found = planned(routing, demand(kit), A={"NEAR": 3, "DC": 4}, B={"NEAR": 9, "DC": 2})

    assert list(sent(found)) == ["DC"]
    assert found.trace.removed["rule two"] == 2


def test_a_routing_with_flaws_removes_everything_and_says_why() -> None:
    found = planned(Routing(eligibility=(Rule("odd", "node.kind == 'dc'"),)), A={"DC": 1}, B={"DC": 1})

    assert found.shipments == ()
    assert "rule odd cannot be used and removes everything: there is no field node.kind" in found.trace.notes[0]


def test_tiers_that_lead_back_to_each_other_end() -> None:
    found = planned(
        tiers(Tier("one", filters=(DCS,), next_tier="two"), Tier("two", filters=(DCS,), next_tier="one")), A={"NEAR": 1}
    )

    assert found.shipments == ()
    assert len(found.trace.notes) == 2


def test_a_line_stays_whole_where_splitting_it_is_not_allowed() -> None:
    wish = demand(line("A", 3))
    whole = tiers(Tier("whole", limits=Limits(is_line_split_allowed=False), none=Action.HOLD, partial=Action.HOLD))
    stock = {"A": {"DC": 2, "NEAR": 2}}

    assert len(planned(tiers(Tier("any")), wish, **stock).shipments) == 2
    assert planned(whole, wish, **stock).shipments == ()


def test_an_order_is_kept_to_the_shipments_that_a_tier_allows() -> None:
    one = tiers(Tier("one", limits=Limits(shipments_max=1)), Tier("more"))
    apart = {"A": {"DC": 1}, "B": {"NEAR": 1}}

    assert planned(one, **apart).trace.tier == "more"
    assert planned(one, A={"DC": 1, "NEAR": 1}, B={"NEAR": 1}).trace.tier == "one"


def test_weights_of_a_tier_change_what_it_chooses() -> None:
    stock = {"A": {"FAR": 1, "NEAR": 1}, "B": {"DC": 1, "FAR": 1}}

    cheap = planned(tiers(Tier("any", weights={"split_minor": 0})), **stock)
    dear = planned(tiers(Tier("any", weights={"split_minor": 100_000})), **stock)

    assert len(cheap.shipments) >= len(dear.shipments) == 1


@settings(max_examples=60, deadline=None)
@given(worlds(is_whole=True))
def test_a_routing_without_rules_plans_as_if_there_were_none(world: World) -> None:
    wish, stock, net = ask(world)
    plain = plan(wish, stock, net, world.policy, world.now)

    ruled = plan(wish, stock, net, replace(world.policy, routing=Routing()), world.now)

    assert (ruled.shipments, ruled.uncovered) == (plain.shipments, plain.uncovered)


@settings(max_examples=60, deadline=None)
@given(worlds(is_whole=True), st.sampled_from(["lane.miles < 300.0", "stock.has_all", "node.handling <= 0.3"]))
def test_a_looser_rule_never_makes_a_plan_worse(world: World, expression: str) -> None:
    wish, stock, net = ask(world)
    strict = Routing(eligibility=(Rule("strict", expression),))

    free = plan(wish, stock, net, replace(world.policy, routing=Routing()), world.now)
    bound = plan(wish, stock, net, replace(world.policy, routing=strict), world.now)

    assert goals(world, free) <= goals(world, bound)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(100, 3000), min_size=4, max_size=4),
    st.permutations(["N0", "N1", "N2", "N3"]),
    st.lists(st.sets(st.sampled_from(["N0", "N1", "N2", "N3"]), min_size=1), min_size=1, max_size=3),
)
def test_each_line_comes_from_its_best_ranked_node_whatever_that_costs(
    handling: list[int], ranked: list[str], holders: list[set[str]]
) -> None:
    net = network(*(node(f"N{at}", handling_minor=minor) for at, minor in enumerate(handling)), cards=[flat_card(500)])
    wish = demand(*(line(f"S{at}") for at in range(len(holders))))
    stock = supply(net, **{f"S{at}": dict.fromkeys(sorted(names), 1) for at, names in enumerate(holders)})

    found = plan(wish, stock, net, Policy(routing=tiers(Tier("r", sort=(Sort(ranked=tuple(ranked)),)))), MONDAY)

    best = {f"S{at}": min(names, key=ranked.index) for at, names in enumerate(holders)}
    assert {name: place for place, lines in sent(found).items() for name in lines} == best


def test_money_decides_between_nodes_of_one_rank() -> None:
    net = network(
        node("A1", handling_minor=900), node("A2", handling_minor=100), node("B1", handling_minor=0),
        cards=[flat_card(500)],
    )  # fmt: skip
    routing = tiers(Tier("r", sort=(Sort(by='node.id.startsWith("A")', descending=True),)))

    found = plan(demand(line("X")), supply(net, X={"A1": 1, "A2": 1, "B1": 1}), net, Policy(routing=routing), MONDAY)

    assert [shipment.node for shipment in found.shipments] == [NodeId("A2")]


def test_a_sort_by_what_is_not_known_comes_last() -> None:
    net = network(node("KNOWN", degrees=9.0, capacity_per_day=1), node("UNKNOWN", degrees=0.5))
    routing = tiers(Tier("r", sort=(Sort(by="node.capacity_per_day"),)))

    found = plan(demand(line("X")), supply(net, X={"KNOWN": 1, "UNKNOWN": 1}), net, Policy(routing=routing), MONDAY)

    assert [shipment.node for shipment in found.shipments] == [NodeId("KNOWN")]


def test_ranks_hold_in_the_mixed_integer_model_as_well() -> None:
    wish = demand(line("A", 5), line("B"))
    nearest = tiers(Tier("r", sort=(Sort("nearest"),)))

    found = planned(nearest, wish, A={"DC": 4, "NEAR": 3, "FAR": 2}, B={"DC": 1, "NEAR": 1})

    assert sent(found) == {"NEAR": {"A": 3, "B": 1}, "FAR": {"A": 2}}


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 3000), min_size=4, max_size=4),
    st.lists(st.integers(1, 3), min_size=4, max_size=4),
    st.lists(st.sets(st.integers(0, 3), min_size=1), min_size=1, max_size=3),
    st.integers(1, 3),
)
def test_under_a_limit_of_shipments_the_sum_of_ranks_is_least_and_then_the_cost(
    handling: list[int], classes: list[int], holders: list[set[int]], limit: int
) -> None:
    places = [
        node(f"N{at}", handling_minor=minor, attributes={"rank": str(classes[at])}) for at, minor in enumerate(handling)
    ]
    net = network(*places, cards=[flat_card(500)])
    stock = supply(net, **{f"S{at}": {f"N{one}": 1 for one in sorted(names)} for at, names in enumerate(holders)})
    by_rank = (Sort(by="int(node.attributes.rank)"),)
    routing = tiers(Tier("r", sort=by_rank, limits=Limits(shipments_max=limit), weights={"delay_minor_per_day": 0}))

    found = plan(demand(*(line(f"S{at}") for at in range(len(holders)))), stock, net, Policy(routing=routing), MONDAY)

    dense = {rank: at for at, rank in enumerate(sorted(set(classes)))}
    choices = [choice for choice in itertools.product(*holders) if len(set(choice)) <= limit]
    assert bool(choices) is (found.uncovered == ())
    if choices:
        nodes = [int(name[1:]) for name, lines in sent(found).items() for _ in lines]
        best = min((sum(dense[classes[at]] for at in choice), spent(choice, handling)) for choice in choices)
        assert (sum(dense[classes[at]] for at in nodes), found.cost_minor) == best


def spent(choice: tuple[int, ...], handling: list[int]) -> int:
    """What it costs to send one unit from each of these nodes, those of one node together."""
    parcels = len(set(choice))
    return parcels * 500 + (parcels - 1) * DEFAULT_POLICY.split_minor + sum(handling[at] for at in choice)
