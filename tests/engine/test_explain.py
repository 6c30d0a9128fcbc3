"""Explanations: every figure in them is a plan that the engine makes of the same inputs with one thing changed."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, rows, supply
from troth.engine.explanation.explain import explain
from troth.engine.promising.case import Case, digest_case, missing_units, outline
from troth.engine.promising.record import recall, record
from troth.model.explanation import Candidate, Explanation
from troth.model.ids import NodeId, Sku
from troth.model.policy import Policy
from troth.model.routing import Routing, Rule

POLICY = Policy(split_minor=100, delay_minor_per_day=0)


def case_of(seed: int, *, nodes: int = 6, skus: str = "abc", most: int = 4, dated: bool = False) -> Case:
    """A random small case: some stock here and there, nodes of different cost."""
    random = np.random.default_rng(seed)
    net = network(
        *(
            node(f"n{number}", degrees=float(random.uniform(0.5, 12)), shipment_minor=int(random.integers(0, 400)))
            for number in range(nodes)
        )
    )
    stock = {
        sku: {f"n{number}": int(random.integers(0, most)) for number in range(nodes) if random.random() < 0.7}
        for sku in skus
    }
    found = supply(net, **stock)
    if dated:
        found[Sku("a")] = rows(net, ("n0", 1), ("n1", 5, MONDAY.replace(month=12)), ("n1", 2))
    lines = [line(sku, int(random.integers(1, 3))) for sku in skus]
    return Case(demand(*lines), found, net, POLICY, MONDAY)


def by_node(explanation: Explanation) -> dict[str, Candidate]:
    return {str(candidate.node): candidate for candidate in explanation.candidates}


def test_one_more_unit_at_the_near_store_would_have_saved_the_second_parcel() -> None:
    net = network(node("far", degrees=9.0), node("near", degrees=1.0), cards=[flat_card(500)])
    found = supply(net, a={"near": 1, "far": 1}, b={"far": 1})
    explanation = explain(Case(demand(line("a"), line("b")), found, net, POLICY, MONDAY))
    assert [shipment.node for shipment in explanation.plan.shipments] == ["far"]
    dearer = network(node("far", shipment_minor=410), node("near"), cards=[flat_card(500)])
    explanation = explain(Case(demand(line("a"), line("b")), found, dearer, POLICY, MONDAY))
    stock = [flip for flip in explanation.flips if flip.change == "stock"]
    assert [(flip.sku, flip.node, flip.amount, flip.saves_minor) for flip in stock] == [("b", "near", 1, 410)]


def test_candidates_say_what_each_node_could_do_and_what_removed_it() -> None:
    net = network(
        node("all", degrees=1.0),
        node("closed", degrees=2.0, active=False),
        node("dear", degrees=3.0, shipment_minor=900),
        node("none", degrees=4.0),
        node("some", degrees=5.0),
        cards=[flat_card(500)],
    )
    found = supply(net, a={"all": 2, "dear": 2, "some": 1}, b={"all": 1, "dear": 1})
    shown = by_node(explain(Case(demand(line("a", 2), line("b")), found, net, POLICY, MONDAY)))
    assert {name: (candidate.standing, candidate.units) for name, candidate in shown.items()} == {
        "all": ("chosen", 3),
        "closed": ("removed", 0),
        "dear": ("dearer", 3),
        "none": ("removed", 0),
        "some": ("partial", 1),
    }
    assert shown["closed"].reason == "inactive"
    assert shown["none"].reason == "no_stock"
    assert shown["dear"].cost == {**shown["all"].cost, "packaging": 900}


def test_asked_nodes_are_shown_alone_and_unknown_ones_left_out() -> None:
    explanation = explain(case_of(1), nodes=[NodeId("n3"), NodeId("nowhere")])
    assert [candidate.node for candidate in explanation.candidates] == ["n3"]


def test_the_split_penalty_that_would_have_kept_it_together_is_named() -> None:
    net = network(node("one"), node("two"), node("whole", shipment_minor=800), cards=[flat_card(500)])
    found = supply(net, a={"one": 1, "whole": 1}, b={"two": 1, "whole": 1})
    case = Case(demand(line("a"), line("b")), found, net, POLICY, MONDAY)
    explanation = explain(case)
    assert len(explanation.plan.shipments) == 2
    weight = [flip for flip in explanation.flips if flip.change == "weight"]
    assert [(flip.name, flip.amount, flip.nodes) for flip in weight] == [("split_minor", 301, ("whole",))]


@pytest.mark.parametrize("seed", range(60))
def test_every_flip_leads_to_the_plan_it_tells_when_its_change_is_made(seed: int) -> None:
    case = case_of(seed)
    explanation = explain(case)
    for flip in explanation.flips:
        changed = case
        if flip.change == "stock":
            assert flip.sku is not None
            assert flip.node is not None
            at = case.network.index[flip.node]
            held = case.supply[flip.sku]
            units = np.zeros(len(case.network.nodes), dtype=np.int64)
            units[held.node_index] = held.available
            units[at] += flip.amount
            stock = {str(one.node): int(units[number]) for number, one in enumerate(case.network.nodes)}
            changed = dataclasses.replace(case, supply={**case.supply, flip.sku: rows(case.network, *stock.items())})
        elif flip.change == "cost":
            nodes = [
                dataclasses.replace(one, shipment_minor=one.shipment_minor - flip.amount)
                if one.node == flip.node
                else one
                for one in case.network.nodes
            ]
            changed = dataclasses.replace(case, network=network(*nodes))
        else:
            setting: dict[str, Any] = {flip.name: flip.amount}
            changed = dataclasses.replace(case, policy=dataclasses.replace(case.policy, **setting))
        other = changed.plan()
        assert outline(other) != outline(explanation.plan)
        assert tuple(shipment.node for shipment in other.shipments) == flip.nodes
        assert explanation.plan.cost_minor - other.cost_minor == flip.saves_minor
        assert missing_units(explanation.plan) - missing_units(other) == flip.adds_units


@pytest.mark.parametrize("seed", range(40))
def test_no_alternative_and_no_single_node_that_covers_as_much_is_cheaper(seed: int) -> None:
    explanation = explain(case_of(seed))
    wanted = sum(one.quantity for one in case_of(seed).demand.lines)
    chosen = explanation.plan.cost_minor
    assert all(sum(rival.cost.values()) >= chosen for rival in explanation.alternatives)
    if not missing_units(explanation.plan):
        alone = [candidate for candidate in explanation.candidates if candidate.units == wanted]
        assert all(sum(candidate.cost.values()) >= chosen for candidate in alone)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("with_levels", [False, True])
def test_a_recording_plans_again_to_the_same_plan(seed: int, with_levels: bool) -> None:
    case = case_of(seed, most=900 if seed % 3 else 4, dated=seed % 2 == 0)
    recorded = record(case.demand, case.supply, case.network, with_levels=with_levels)
    again = dataclasses.replace(case, supply=recall(recorded, case.network))
    assert again.plan() == case.plan()
    if with_levels:
        assert digest_case(again) == digest_case(case)


def test_a_recording_of_a_thousand_full_nodes_is_a_bit_for_each() -> None:
    net = network(*(node(f"n{number:04}") for number in range(1000)))
    found = supply(net, a={f"n{number:04}": 50 for number in range(1000)})
    recorded = record(demand(line("a", 2)), found, net)
    assert len(recorded.stocks[0].full) == 125
    assert recorded.stocks[0].partial == b""


def test_the_rule_that_kept_the_cheaper_node_out_is_named() -> None:
    net = network(node("cheap"), node("dear", shipment_minor=500), cards=[flat_card(500)])
    found = supply(net, a={"cheap": 1, "dear": 1})
    routing = Routing(exclusions=(Rule("not from cheap", "node.id == 'cheap'"), Rule("idle", "node.id == 'nobody'")))
    policy = dataclasses.replace(POLICY, routing=routing)

    explanation = explain(Case(demand(line("a")), found, net, policy, MONDAY))

    assert [shipment.node for shipment in explanation.plan.shipments] == ["dear"]
    rules = [flip for flip in explanation.flips if flip.change == "rule"]
    assert [(flip.name, flip.nodes, flip.saves_minor) for flip in rules] == [("not from cheap", ("cheap",), 500)]
