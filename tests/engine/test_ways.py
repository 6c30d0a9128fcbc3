"""The ways of a quote are answered with one look at the stock, and each gets the very plan that it gets alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings

from tests.engine.plain_worlds import SKUS, batches
from tests.engine.worlds import MONDAY, demand, line, network, node, rows, supply
from tests.examples import examples
from troth.engine.carriage.node_load import NodeLoad
from troth.engine.demand.budget import Budget
from troth.engine.promising import ways
from troth.engine.promising.case import Case
from troth.engine.promising.options import plan_options
from troth.engine.promising.ways import LINES_MAX, Ways
from troth.model.ids import NodeId, Sku
from troth.model.order import Method
from troth.model.plan import Plan
from troth.model.policy import Policy

CARDS = ("", "standard", "express", "next_day")


def _by_all_ways(case: Case) -> list[Case]:
    """The case by each service, by local delivery, and as a pickup at each node, then as it was once more."""
    plain = replace(case.demand, method=Method.SHIP, service="")
    asks = [
        case.demand,
        *(replace(plain, service=service) for service in CARDS),
        replace(plain, method=Method.DELIVERY),
        *(
            replace(plain, method=method, pickup_node=one.node)
            for one in case.network.nodes[:6]
            for method in (Method.PICKUP, Method.CURBSIDE)
        ),
        case.demand,
    ]
    return [replace(case, demand=ask) for ask in asks]


@settings(max_examples=examples(40))
@given(batches())
def test_each_way_gets_the_plan_that_it_gets_alone(cases: list[Case]) -> None:
    together = Ways()
    for case in cases[:3]:
        for way in _by_all_ways(case):
            found = together.find(way)
            assert found is None or found == way.plan()


def test_the_options_are_the_plans_that_are_made_alone() -> None:
    case = _plain(4)

    found = plan_options(case.demand, lambda _: case.supply, case.network, case.policy, case.now)

    assert [way.demand.service for way in found] == ["standard", "express", "next_day", ""]
    assert [way.plan for way in found] == [replace(case, demand=way.demand).plan() for way in found]


THREE = network(
    node("a", degrees=9.0, pickup=True, handling_minor=20), node("b", pickup=True), node("c", degrees=0.2, pickup=True)
)


def _plain(count: int, units: int = 9) -> Case:
    stock = supply(THREE, **{sku: {"a": units, "b": units} for sku in _SKUS[:count]})
    return Case(demand(*map(line, _SKUS[:count])), stock, THREE, Policy(), MONDAY)


_SKUS = tuple("ABCDEFGHI")


def _never(*_asked: object, **_more: object) -> Plan:
    raise AssertionError("it was asked as a question of its own")


@pytest.mark.parametrize("count", [1, 4, LINES_MAX])
def test_plain_demands_are_answered_without_a_question_of_their_own(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = _plain(count)
    picked_up = replace(case, demand=replace(case.demand, method=Method.PICKUP, pickup_node=NodeId("a")))
    alone = [case.plan(), picked_up.plan()]
    monkeypatch.setattr(ways, "answer", _never)
    together = Ways()

    found = [case.plan(by=together), picked_up.plan(by=together)]

    assert found == alone
    assert [plan.shipments[0].node for plan in found] == ["b", "a"]


def _asked_alone() -> Sequence[tuple[str, Case]]:
    one = _plain(2)
    dated = {Sku("A"): rows(THREE, ("a", 5), ("b", 5, MONDAY + timedelta(days=1))), Sku("B"): rows(THREE, ("a", 5))}
    at_c = replace(one.demand, method=Method.PICKUP, pickup_node=NodeId("c"))
    return [
        ("more lines", _plain(LINES_MAX + 1)),
        ("too few units", replace(one, demand=demand(line("A", 19), line("B")))),
        ("dated supply", replace(one, supply=dated)),
        ("a node left out", replace(one, demand=replace(one.demand, excluded_nodes=frozenset({NodeId("b")})))),
        ("a pickup where nothing is", replace(one, demand=at_c)),
        ("a pickup nowhere", replace(one, demand=replace(at_c, pickup_node=NodeId("z")))),
        ("a service that is not there", replace(one, demand=replace(one.demand, service="by balloon"))),
    ]


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in _asked_alone()])
def test_what_is_not_plain_is_asked_alone(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    together = Ways()
    assert case.plan(by=together) == case.plan()

    monkeypatch.setattr(ways, "answer", _never)
    with pytest.raises(AssertionError):
        case.plan(by=together)


def test_each_answer_counts_as_a_question_of_the_decision() -> None:
    shared, alone = Budget(60.0), Budget(60.0)

    _plain(2).plan(shared, by=Ways())
    _plain(2).plan(alone)

    assert shared.questions_left == alone.questions_left


def test_the_stock_is_looked_at_anew_for_other_quantities() -> None:
    case, together = _plain(1, units=2), Ways()

    found = [replace(case, demand=demand(line(SKUS[0], units))).plan(by=together) for units in (1, 2)]

    assert [plan.shipments[0].pegs[0].quantity for plan in found] == [1, 2]


def test_where_hardly_two_nodes_cost_the_same_all_candidates_are_priced() -> None:
    net = network(*(node(f"n{at:02}", degrees=at / 9.0, handling_minor=at) for at in range(80)))
    stock = supply(net, A={f"n{at:02}": 1 for at in range(0, 80, 2)}, B={f"n{at:02}": 1 for at in range(0, 80, 3)})
    case = Case(demand(line("A"), line("B")), stock, net, Policy(), MONDAY)

    found = Ways().find(case)

    assert found is not None
    assert found == case.plan()


@pytest.mark.parametrize("waiting", [0, 40, 4_000])
def test_a_pickup_waits_for_the_work_before_it(waiting: int) -> None:
    net = THREE.with_load(NodeLoad(THREE.index, {NodeId("b"): waiting, NodeId("c"): 15}))
    case = replace(_plain(2), network=net, policy=Policy(delay_minor_per_day=100))
    at_b = replace(case, demand=replace(case.demand, method=Method.PICKUP, pickup_node=NodeId("b")))
    at_rest = replace(at_b, network=THREE).plan().shipments[0]

    found = Ways().find(at_b)

    assert found is not None
    assert found == at_b.plan()
    assert (found.shipments[0].promised_at > at_rest.promised_at) is (waiting > 0)
    assert (found.shipments[0].cost["delay"] > 0) is (waiting == 4_000)
