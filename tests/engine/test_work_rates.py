"""How well nodes do their work: what rules and costs count on, and how little evidence leans on much."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.worlds import MONDAY, demand, flat_card, line, network, node, sent, supply
from troth.engine.carriage.network import Network
from troth.engine.promising.case import case_of, digest_case
from troth.engine.promising.context import Facts
from troth.engine.promising.promise import plan
from troth.engine.promising.record import recall_load, record
from troth.engine.work_times.task_times import add_task
from troth.engine.work_times.work_rates import FIRST, estimate_work_rates, rates_of, shrink
from troth.model.cost_rates import CostRates
from troth.model.ids import NodeId
from troth.model.network import NodeType
from troth.model.plan import Plan
from troth.model.policy import Policy
from troth.model.routing import Action, Routing, Rule, Tier
from troth.model.work_times import DayTally, HourClass, WorkRates

NEAR, FAR = NodeId("near"), NodeId("far")
SURE = WorkRates(1.0, 0.0, 1.0, 5.0)
COUNTS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=1, max_size=6)


def two_nodes(**rates: WorkRates) -> Network:
    net = network(node("near"), node("far", degrees=4.0), cards=[flat_card(500)])
    net.load.rate({NodeId(name): one for name, one in rates.items()})
    return net


def asked(net: Network, policy: Policy) -> Plan:
    return plan(demand(line("A")), supply(net, A={"near": 1, "far": 1}), net, policy, MONDAY)


def tally(name: NodeId, **counts: Any) -> DayTally:
    return replace(DayTally(name, MONDAY.date()), **counts)


def test_a_node_of_which_little_is_known_is_like_its_type_and_a_type_like_all() -> None:
    net = network(node("D1"), node("D2"), node("S1", type=NodeType.STORE))
    seen = {NodeId("D1"): tally(NodeId("D1"), done=180, on_time=90, rejected=10, missed=10, units=400, short=40)}

    rates = estimate_work_rates(net, seen, {}, MONDAY)

    accept_all = (20 * 0.98 + 180) / (20 + 200)
    accept_dc = (20 * accept_all + 180) / (20 + 200)
    short_all = (20 * 0.02 + 40) / (20 + 400)
    short_dc = (20 * short_all + 40) / (20 + 400)
    assert rates[NodeId("D2")].accept == round(accept_dc, 4)
    assert rates[NodeId("D1")].accept == round((20 * accept_dc + 180) / (20 + 200), 4)
    assert rates[NodeId("S1")].accept == round(accept_all, 4)
    assert rates[NodeId("D1")].short == round((20 * short_dc + 40) / (20 + 400), 4)
    assert rates[NodeId("D1")].on_time < rates[NodeId("D2")].on_time < rates[NodeId("S1")].on_time < 0.95


def test_a_node_that_lets_its_work_lie_does_not_take_it_on() -> None:
    net = network(node("near"), node("far"))
    seen = {NEAR: tally(NEAR, missed=60), FAR: tally(FAR, done=60, on_time=60)}

    rates = estimate_work_rates(net, seen, {}, MONDAY)

    assert rates[NEAR].accept < 0.3 < 0.8 < rates[FAR].accept


def test_where_nothing_was_seen_of_any_node_all_begin_with_the_same() -> None:
    net = network(node("near", pickup_minutes=12))

    assert estimate_work_rates(net, {}, {}, MONDAY) == {}
    assert rates_of(net, NEAR) == FIRST._replace(task_minutes=12.0)
    assert rates_of(net, NodeId("nowhere")) == FIRST


def test_the_time_of_a_task_is_that_of_all_hours_together() -> None:
    net = network(node("near", pickup_minutes=5), node("far", pickup_minutes=7))
    noon = night = None
    for _ in range(30):
        noon, night = add_task(noon, 9.0, MONDAY), add_task(night, 21.0, MONDAY)
    assert noon is not None
    assert night is not None
    seen = {NEAR: {HourClass(False, 2): noon, HourClass(False, 3): night}}

    rates = estimate_work_rates(net, {}, seen, MONDAY)
    later = estimate_work_rates(net, {}, seen, MONDAY + timedelta(days=28))

    assert (rates[NEAR].task_minutes, rates[FAR].task_minutes) == ((20 * 5 + 30 * 9 + 30 * 21) / 80, 7.0)
    assert later[NEAR].task_minutes == (20 * 5 + 15 * 9 + 15 * 21) / 50


@given(COUNTS, st.floats(0.0, 1.0))
def test_a_share_lies_between_that_of_its_group_and_its_own_and_nears_it_with_evidence(
    counts: list[tuple[int, int]], first: float
) -> None:
    hits = np.array([good for good, _ in counts], dtype=np.float64)
    trials = hits + np.array([bad for _, bad in counts])
    groups = np.array(["a", "b"] * len(counts))[: len(counts)]

    shares = shrink(hits, trials, groups, first=first)
    more = shrink(hits * 50, trials * 50, groups, first=first)

    assert ((shares >= 0.0) & (shares <= 1.0)).all()
    has_seen = trials > 0
    own = hits[has_seen] / trials[has_seen]
    # So much evidence that what it leans on hardly counts: 20 of at least 50.
    assert (abs(more[has_seen] - own) <= 20 / (20 + 50 * trials[has_seen]) + 1e-9).all()


def test_a_rule_passes_over_a_node_that_refuses_its_work() -> None:
    rule = Rule("refuses", "node.accept_rate < 0.9 || node.short_rate > 0.1 || node.task_minutes > 60.0")
    policy = Policy(routing=Routing("sure", exclusions=(rule,), tiers=(Tier("any", none=Action.BACKORDER),)))

    assert sent(asked(two_nodes(), policy)) == {"near": {"A": 1}}
    assert sent(asked(two_nodes(near=SURE, far=SURE), policy)) == {"near": {"A": 1}}
    for poor in (SURE._replace(accept=0.5), SURE._replace(short=0.2), SURE._replace(task_minutes=90.0)):
        assert sent(asked(two_nodes(near=poor, far=SURE), policy)) == {"far": {"A": 1}}


@pytest.mark.parametrize(
    ("rates", "poor", "part", "cost"),
    [
        (CostRates(failure_minor=2000), SURE._replace(accept=0.9, short=0.1), "failure", 380),  # 1 - 0.9 * 0.9
        (CostRates(overdue_minor=1000), SURE._replace(on_time=0.75), "overdue", 250),
    ],
)
def test_what_is_expected_to_fail_costs_as_often_as_it_does(
    rates: CostRates, poor: WorkRates, part: str, cost: int
) -> None:
    policy = Policy(cost_rates=rates)

    chosen = asked(two_nodes(near=poor, far=SURE), policy)
    alone = two_nodes(near=poor, far=SURE)
    only = plan(demand(line("A")), supply(alone, A={"near": 1}), alone, policy, MONDAY)

    assert sent(chosen) == {"far": {"A": 1}}
    assert only.shipments[0].cost[part] == cost


def test_rates_are_recorded_of_nodes_with_stock_where_the_policy_looks_at_them_and_read_back() -> None:
    net = two_nodes(near=SURE._replace(accept=0.5), far=SURE)
    stock, wish = supply(net, A={"near": 1}), demand(line("A"))

    kept = record(wish, stock, net, with_work=True)
    blank = two_nodes()

    assert record(wish, stock, net).rates == {}
    assert kept.rates == {NEAR: WorkRates(0.5, 0.0, 1.0, 5.0)}
    assert rates_of(recall_load(kept, blank), NEAR) == WorkRates(0.5, 0.0, 1.0, 5.0)
    assert rates_of(blank, NEAR) == rates_of(recall_load(kept, blank), FAR)


def test_a_policy_that_does_not_look_at_them_names_its_inputs_as_before() -> None:
    stock = supply(two_nodes(), A={"near": 1})

    def digest(net: Network, policy: Policy) -> str:
        return digest_case(case_of(demand(line("A")), stock, Facts(MONDAY, "", net, {}, policy)))

    poor = two_nodes(near=SURE._replace(accept=0.5))
    costly = Policy(cost_rates=CostRates(failure_minor=100))
    assert digest(two_nodes(), Policy()) == digest(poor, Policy())
    assert digest(two_nodes(), costly) != digest(poor, costly)
