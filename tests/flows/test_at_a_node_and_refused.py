"""Whatever the rules: what a waterfall says of one node, and a refusal of what could be had, is what is accepted."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.flows.shown_worlds import KEY, NODES, SUPPLY, Store, balances_of, drawn_rules
from troth.model.exposure import (
    ChannelBuffer,
    ExposureRules,
    Holder,
    Period,
    ProductAllocation,
    Protection,
    SafetyStock,
)
from troth.model.ids import NodeId


@settings(max_examples=examples(60), deadline=None)
@given(
    drawn_rules(),
    SUPPLY,
    st.sampled_from(("A", "B", "M", "K", "L")),
    st.sampled_from(("web", "pos")),
    st.sampled_from([str(one.node) for one in NODES]),
)
def test_at_one_node_the_waterfall_ends_with_what_an_order_can_have_there(
    rules: ExposureRules, drawn: list[tuple[str, str, Any, int, int]], sku: str, channel: str, place: str
) -> None:
    store = Store(rules, balances_of(drawn))
    found = store.waterfall(sku, channel, place)
    only = {NodeId(str(one.node)) for one in NODES if str(one.node) != place}

    assert found.on_hand - sum(fall.units for fall in found.falls) == found.available
    assert min((fall.units for fall in (*found.falls, *found.incoming_falls)), default=1) > 0
    if not found.parts:
        kept = sum(fall.units for fall in found.incoming_falls)
        assert sum(one.exposed for one in found.dated) - kept == found.incoming
    most = found.available + found.incoming
    assert not Store(rules, store.balances).covers(sku, most + 1, channel, only)
    assert not most or Store(rules, store.balances).covers(sku, most, channel, only)


@pytest.mark.parametrize(
    ("rules", "shown", "step"),
    [
        ({"allocations": (ProductAllocation("q", Holder.CHANNEL, Period.DAY, units=4),)}, 4, ("doc/q", 2)),
        ({"classes": (KEY,), "protections": (Protection("p", "key", percent=90.0, is_pooled=True),)}, 2, ("doc/p", 4)),
    ],
)
def test_what_sums_over_all_nodes_leave_is_left_at_one_of_them_too(
    rules: dict[str, Any], shown: int, step: tuple[str, int]
) -> None:
    store = Store(ExposureRules(**rules), balances_of([("B", "s1", None, 6, 0), ("B", "dc", None, 14, 0)]))
    found = store.waterfall("B", "web", "s1")

    assert (found.on_hand, found.available) == (6, shown)
    assert [(fall.rule, fall.units) for fall in found.falls] == [step]


@settings(max_examples=examples(60), deadline=None)
@given(drawn_rules(), SUPPLY, st.sampled_from(("A", "B", "M", "K", "L")), st.sampled_from(("web", "pos")))
def test_who_is_refused_is_told_what_is_shown(
    rules: ExposureRules, drawn: list[tuple[str, str, Any, int, int]], sku: str, channel: str
) -> None:
    balances = balances_of(drawn)
    shown = Store(rules, balances).accepted(sku, channel)
    most = shown.available + shown.incoming
    line = Store(rules, balances).refusal(sku, 40 + most, channel)

    assert round(line.available_quantity * (10 if sku == "M" else 1)) == most
    assert line.available_at is not None or not most


def test_of_a_kit_as_many_could_be_had_as_are_shown_under_a_buffer_of_its_components() -> None:
    rules = ExposureRules(
        safety_stock=(SafetyStock("tenth", "item.sku in ['A', 'B'] && node.type == 'dc'", percent=10.0),),
        buffers=(ChannelBuffer("one", "item.sku in ['A', 'B']", units=1, channels=("app",)),),
    )
    balances = balances_of([("A", "dc", None, 10, 0), ("A", "s1", None, 4, 0), ("B", "dc", None, 9, 0)])
    balances |= balances_of([("B", "s1", None, 2, 0)])
    shown = Store(rules, balances).accepted("K", "app").available
    line = Store(rules, balances).refusal("K", shown + 1, "app")

    assert line.available_quantity == shown == 6  # and 5 where 7 are asked for
    assert Store(rules, balances).order("K", shown, "app") is not None


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({}, "no_stock"),
        ({"safety_stock": (SafetyStock("s", "item.sku == 'A'", units=4),)}, "withheld"),
        ({"safety_stock": (SafetyStock("s", "item.sku == 'K'", units=2),)}, "withheld"),
        ({"safety_stock": (SafetyStock("s", "item.sku == 'B'", units=1),)}, "no_stock"),  # of which there is enough
        ({"buffers": (ChannelBuffer("b", "item.sku == 'A'", units=4),)}, "channel_buffer"),
    ],
)
def test_who_asks_for_more_of_a_kit_than_there_is_learns_what_keeps_it_back(rules: dict[str, Any], reason: str) -> None:
    balances = balances_of([("A", "dc", None, 8, 0), ("B", "dc", None, 9, 0)])

    assert Store(ExposureRules(**rules), balances).refusal("K", 5, "web").reason == reason
