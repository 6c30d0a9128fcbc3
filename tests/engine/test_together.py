"""Orders that are planned together get the very plans that each gets alone, and so does what is planned ahead."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.builders import capture
from tests.engine.plain_worlds import FLAT, SKUS, batches
from tests.engine.worlds import MONDAY, demand, line, network, node, rows, supply
from tests.examples import examples
from troth.engine.carriage.network import Network
from troth.engine.promising.ahead import Ahead, units_of
from troth.engine.promising.case import Case
from troth.engine.promising.together import LINES_MAX, answer_together
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.cost_rates import CostRates
from troth.model.ids import LineId, Sku
from troth.model.plan import DemandLine
from troth.model.policy import Policy
from troth.model.routing import Routing, Tier


@settings(max_examples=examples(120))
@given(batches())
def test_each_order_gets_the_plan_that_it_gets_alone(cases: list[Case]) -> None:
    for case, found in zip(cases, answer_together(cases), strict=True):
        assert found is None or found == case.plan()


def plain(*lines: DemandLine, net: Network, units: int = 9, policy: Policy = Policy()) -> Case:  # noqa: B008 - a value
    everywhere = {str(one.node): units for one in net.nodes}
    return Case(demand(*lines), supply(net, **{str(one.sku): everywhere for one in lines}), net, policy, MONDAY)


THREE = network(node("a", degrees=9.0), node("b"), node("c", degrees=3.0), cards=FLAT)


@pytest.mark.parametrize("count", range(1, LINES_MAX + 1))
def test_plain_orders_of_few_lines_are_answered_together(count: int) -> None:
    cases = [plain(*map(line, SKUS[:count]), net=THREE), plain(line("E", 2), net=THREE)]

    found = answer_together(cases)

    assert found == [case.plan() for case in cases]
    assert [one.shipments[0].node for one in found if one is not None] == ["b", "b"]


def test_what_is_said_of_prices_that_are_too_old_is_said_of_an_order_that_is_answered_together() -> None:
    case = replace(plain(line("A"), net=THREE), prices=UnitPrices("p-1", MONDAY - timedelta(days=90)))

    (found,) = answer_together([case])

    assert found is not None
    assert found == case.plan()
    assert found.trace.notes[-1].startswith("unit prices p-1 are 2160.0 h old")


def _not_plain() -> Sequence[tuple[str, Case]]:
    one = plain(line("A"), net=THREE)
    dated = {Sku("A"): rows(THREE, ("a", 5), ("b", 5, MONDAY + timedelta(days=1)))}
    busy = network(node("a", capacity_per_day=1), cards=FLAT)
    tiers = Routing(tiers=(Tier("all"),))
    return [
        ("more lines", plain(*map(line, SKUS), net=THREE)),
        ("too few units", plain(line("A", 28), net=THREE)),
        ("a date", plain(line("A", need_by=MONDAY + timedelta(days=2)), net=THREE)),
        ("one SKU twice", plain(line("A"), line("A", line_id=LineId("2")), net=THREE)),
        ("dated supply", replace(one, supply=dated)),
        ("a limited node", plain(line("A"), net=busy)),
        ("a routing", replace(one, policy=Policy(routing=tiers))),
        ("cost terms", replace(one, policy=Policy(cost_rates=CostRates(load_minor=100)))),
        ("weights", replace(one, policy=Policy(weights={"shipping": 2.0}))),
        ("nothing there", replace(one, supply={})),
        ("a shipment too many", replace(_apart(), policy=Policy(shipments_max=1))),
    ]


def _apart() -> Case:
    stock = supply(THREE, A={"a": 1}, B={"b": 1})
    return Case(demand(line("A"), line("B")), stock, THREE, Policy(), MONDAY)


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in _not_plain()])
def test_what_is_not_plain_waits_for_its_turn(case: Case) -> None:
    assert answer_together([case, _apart()]) == [None, _apart().plan()]


def _ahead(case: Case) -> Ahead:
    (found,) = answer_together([case])
    assert found is not None
    sent = capture()
    return Ahead(sent, sent, case.demand, units_of(case.demand, case.supply), found)


@given(st.lists(st.integers(0, 4), min_size=3, max_size=3), st.lists(st.integers(0, 4), min_size=3, max_size=3))
def test_what_was_planned_ahead_counts_while_it_would_be_planned_again(then: list[int], now: list[int]) -> None:
    case = plain(line("A", 2), net=THREE)
    available = case.supply[Sku("A")].available
    available[:] = then
    (found,) = answer_together([case])
    assume(found is not None)
    ahead = _ahead(case)

    available[:] = now  # as the index moves it, in place

    if ahead.is_of(case.supply):
        assert ahead.plan == case.plan()
    else:
        assert [units >= 2 for units in then] != [units >= 2 for units in now] or [units > 0 for units in then] != [
            units > 0 for units in now
        ]


def test_what_was_planned_ahead_does_not_count_for_other_nodes() -> None:
    case = plain(line("A"), net=THREE)
    ahead = _ahead(case)

    again = {sku: replace(of_sku, node_index=of_sku.node_index.copy()) for sku, of_sku in case.supply.items()}

    assert not ahead.is_of(again)
