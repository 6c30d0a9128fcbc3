"""Orders that are planned together get the very plans that each gets alone, and so does what is planned ahead."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.builders import capture
from tests.engine.worlds import HERE, MONDAY, demand, flat_card, line, network, node, rows, supply
from tests.examples import examples
from troth.engine.carriage.network import Network
from troth.engine.carriage.rate_cards import DEFAULT_CARDS
from troth.engine.promising.ahead import Ahead, units_of
from troth.engine.promising.case import Case
from troth.engine.promising.together import LINES_MAX, answer_together
from troth.engine.supply.supply import SupplyRows
from troth.model.cost_rates import CostRates
from troth.model.ids import LineId, NodeId, Sku
from troth.model.network import Address
from troth.model.order import Method
from troth.model.plan import Demand, DemandLine
from troth.model.policy import Policy
from troth.model.routing import Routing, Tier

SKUS = ("A", "B", "C", "D", "E")
PLACES = (HERE, Address("US", latitude=34.0, longitude=-118.0), Address("US", region="NY"), None)
FLAT = (flat_card(500), flat_card(900, service="express", transit=1))


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    """Mostly plain demands, and some that are not."""
    lines = tuple(
        line(
            draw(st.sampled_from(SKUS)),
            draw(st.integers(0, 3)),
            line_id=LineId(str(number)),
            weight_grams=draw(st.sampled_from([0, 200, 900, 2500, 40_000])),
            volume_cm3=draw(st.sampled_from([0, 0, 12_000])),
            need_by=draw(st.sampled_from([None, None, None, None, MONDAY + timedelta(days=2)])),
        )
        for number in range(draw(st.integers(1, LINES_MAX + 1)))
    )
    return demand(
        *lines,
        destination=draw(st.sampled_from(PLACES)),
        method=draw(st.sampled_from([Method.SHIP, Method.SHIP, Method.SHIP, Method.DELIVERY])),
        service=draw(st.sampled_from(["", "", "express", "by balloon"])),
        ship_complete=draw(st.booleans()),
        excluded_nodes=frozenset(draw(st.sets(st.sampled_from([NodeId("n0"), NodeId("n2")]), max_size=1))),
    )


@st.composite
def batches(draw: st.DrawFn) -> list[Case]:
    """Some demands of one network with what there is for each."""
    count = draw(st.sampled_from([1, 3, 5, 70]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    net = network(
        *(
            node(
                f"n{at}",
                degrees=float(random.choice([0.5, 3.0, 9.0, 25.0])),
                handling_minor=int(random.integers(0, 3)) * 20,
                shipment_minor=int(random.integers(0, 3)) * 50,
                active=bool(random.random() < 0.9),
            )
            for at in range(count)
        ),
        cards=FLAT if draw(st.booleans()) else DEFAULT_CARDS,
    )
    policy = Policy(
        split_minor=draw(st.sampled_from([0, 100, 400])),
        delay_minor_per_day=draw(st.sampled_from([0, 150])),
        shipments_max=draw(st.integers(1, 4)),
        decision_seconds_max=60.0,
    )
    now = MONDAY + timedelta(hours=draw(st.integers(0, 24 * 7)))
    return [
        Case(wish, {Sku(sku): _stock(net, random, sku) for sku in SKUS}, net, policy, now)
        for wish in draw(st.lists(demands(), min_size=1, max_size=8))
    ]


def _stock(net: Network, random: np.random.Generator, sku: str) -> SupplyRows:
    units = {str(one.node): int(random.integers(0, 5)) for one in net.nodes if random.random() < 0.6}
    return supply(net, **{sku: units})[Sku(sku)]


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
