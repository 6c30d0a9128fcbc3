"""Each rule keeps back what it says, from whom it says, where it says, and while it says."""

from datetime import timedelta
from typing import Any

import pytest

from tests.engine.exposure.worlds import KEY, LOYAL, ask, exposure, fall, shown, stock
from tests.engine.worlds import MONDAY
from troth.engine.exposure.consumed import Consumed
from troth.engine.exposure.waterfall import Fall
from troth.model.exposure import (
    ChannelBuffer,
    Draw,
    Exclusion,
    Holder,
    Lending,
    Period,
    ProductAllocation,
    Protection,
    Release,
    SafetyStock,
    SalesRate,
    Threshold,
)
from troth.model.ids import NodeId, Sku
from troth.model.order import Method

STORES = "node.type == 'store'"
JUNE = MONDAY + timedelta(days=190)
JULY = JUNE + timedelta(days=30)


def _day(number: int) -> Any:
    return MONDAY + timedelta(days=number)


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        (SafetyStock("s", units=2), [8, 3]),
        (SafetyStock("s", percent=25.0), [7, 3]),  # 2.5 and 1.25 are rounded up
        (SafetyStock("s", STORES, units=2), [10, 3]),
        (SafetyStock("s", "item.category == 'tents' && item.brand == 'Acme'", units=1), [9, 4]),
        (SafetyStock("s", "item.attributes.season == 'winter'", units=1), [10, 5]),
        (SafetyStock("s", "node.id == 'dc'", percent=50.0, units_max=3), [7, 5]),
        (SafetyStock("s", units=1, units_min=4), [6, 1]),
        (SafetyStock("s", units=99), [0, 0]),
        (SafetyStock("s", days_of_cover=7.0), [6, 5]),  # the center sells four a week
        (SafetyStock("s", weeks_of_cover=1.5), [4, 5]),
        (SafetyStock("s", service_level=0.95), [5, 5]),  # 1.645 x 2 x sqrt(14 / 7) = 4.65
        (SafetyStock("s", units=2, starts_at=_day(1)), [10, 5]),
        (SafetyStock("s", units=2, ends_at=MONDAY), [10, 5]),
        (SafetyStock("s", units=2, starts_at=MONDAY, ends_at=_day(1)), [8, 3]),
    ],
)
def test_safety_stock_stays_at_its_nodes(rule: SafetyStock, left: list[int]) -> None:
    rates = {"dc": SalesRate(4.0, 2.0, 14.0)}

    assert shown(exposure(rates=rates, safety_stock=(rule,)), stock(("dc", 10), ("store-1", 5))) == left


def test_of_two_rules_for_one_place_the_higher_priority_decides_and_then_the_first() -> None:
    rules = (
        SafetyStock("first", units=1),
        SafetyStock("second", units=2),
        SafetyStock("stores", STORES, units=4, priority=5),
    )

    assert shown(exposure(safety_stock=rules), stock(("dc", 10), ("store-1", 5))) == [9, 1]


def test_what_is_coming_fills_the_safety_stock_before_it_is_shown() -> None:
    rule = SafetyStock("s", units=5)

    assert shown(exposure(safety_stock=(rule,)), stock(("dc", 3), ("dc", 10, _day(3)))) == [0, 8]


@pytest.mark.parametrize(("below", "left"), [(3, [10, 3, 0]), (4, [10, 0, 0]), (1, [10, 3, 2])])
def test_a_node_with_too_few_is_not_used(below: int, left: list[int]) -> None:
    rule = Threshold("t", below, STORES)

    assert shown(exposure(thresholds=(rule,)), stock(("dc", 10), ("store-1", 3), ("store-2", 2))) == left


def test_a_threshold_counts_what_is_left_by_safety_stock_and_only_for_its_methods_and_channels() -> None:
    rules = exposure(
        safety_stock=(SafetyStock("s", units=2),), thresholds=(Threshold("t", 4, STORES, ("ship",), ("web",)),)
    )
    supply = stock(("dc", 10), ("store-1", 5))

    assert shown(rules, supply) == [8, 0]
    assert shown(rules, supply, ask(channel="pos")) == [8, 3]
    pickup = ask(method=Method.PICKUP, pickup_node=NodeId("store-1"))
    assert shown(rules, supply, pickup) == [8, 3]
    other = ask(method=Method.PICKUP, pickup_node=NodeId("store-2"))
    assert shown(rules, supply, other) == [8, 0]  # it would be shipped from the first store to the second


def test_an_exclusion_hides_items_at_nodes_from_those_it_speaks_to() -> None:
    rules = exposure(exclusions=(Exclusion("e", STORES, "order.channel == 'marketplace'"),))
    supply = stock(("dc", 10), ("store-1", 5))

    assert shown(rules, supply) == [10, 5]
    assert shown(rules, supply, ask(channel="marketplace")) == [10, 0]


def test_a_channel_leaves_its_buffer_of_the_sum_over_all_nodes() -> None:
    rules = exposure(buffers=(ChannelBuffer("b", channels=("marketplace",), units=6),))
    supply = stock(("dc", 10), ("store-1", 5))

    assert shown(rules, supply, ask(15)) == [10, 5]
    assert shown(rules, supply, ask(9, channel="marketplace")) == [10, 5]  # there are nine to be had, from anywhere
    assert shown(rules, supply, ask(10, channel="marketplace")) == [9, 0]
    assert fall(rules, supply, ask(channel="marketplace")).available == 9


def test_higher_classes_use_what_is_kept_for_lower_ones_and_never_the_reverse() -> None:
    rules = exposure(
        classes=(KEY, LOYAL),
        protections=(Protection("key", "key", units=3), Protection("loyal", "loyal", units=4)),
    )
    supply = stock(("dc", 10))

    assert shown(rules, supply, ask(customer_class="key")) == [10]
    assert shown(rules, supply, ask(customer_class="loyal")) == [7]
    assert shown(rules, supply) == [3]


def test_what_a_class_has_ordered_for_its_window_is_no_longer_kept() -> None:
    window = Protection("june", "key", units=6, needed_from=JUNE, needed_until=JULY)
    used = Consumed([(Draw("doc/june", Sku("A"), NodeId("dc")), 4)])

    assert shown(exposure(classes=(KEY,), protections=(window,)), stock(("dc", 10))) == [4]
    assert shown(exposure(consumed=used, classes=(KEY,), protections=(window,)), stock(("dc", 6))) == [4]


def test_supply_that_comes_before_a_window_is_kept_for_it_so_that_stock_of_today_is_free() -> None:
    window = Protection("june", "key", units=6, needed_from=JUNE, needed_until=JULY)
    rules = exposure(classes=(KEY,), protections=(window,))

    assert shown(rules, stock(("dc", 10), ("dc", 6, JUNE - timedelta(days=9)))) == [10, 0]
    assert shown(rules, stock(("dc", 10), ("dc", 2, JUNE - timedelta(days=9)))) == [6, 0]
    assert shown(rules, stock(("dc", 10), ("dc", 6, JUNE + timedelta(days=9)))) == [4, 6]


def test_unused_units_are_free_after_the_window() -> None:
    window = Protection("june", "key", units=6, needed_from=JUNE, needed_until=JULY)
    after = JULY + timedelta(seconds=1)

    assert shown(exposure(after, classes=(KEY,), protections=(window,)), stock(("dc", 10)), now=after) == [10]


@pytest.mark.parametrize(("day", "left"), [(0, 2), (9, 2), (10, 5), (20, 10)])
def test_a_release_curve_lets_go_step_by_step(day: int, left: int) -> None:
    curve = Protection("season", "key", percent=80.0, curve=(Release(_day(10), units=5), Release(_day(20), units=0)))
    rules = exposure(_day(day), classes=(KEY,), protections=(curve,))

    assert shown(rules, stock(("dc", 10)), now=_day(day)) == [left]


def test_what_is_lent_may_be_borrowed_until_the_lock() -> None:
    window = Protection(
        "june", "key", units=8, needed_from=JUNE, needed_until=JULY, lending=Lending(("loyal",), 50.0, locked_days=14)
    )
    locked = JUNE - timedelta(days=14)
    supply = stock(("dc", 10))

    rules = exposure(classes=(KEY, LOYAL), protections=(window,))
    assert shown(rules, supply, ask(customer_class="loyal")) == [6]
    assert shown(rules, supply) == [2]
    rules = exposure(locked, classes=(KEY, LOYAL), protections=(window,))
    assert shown(rules, supply, ask(customer_class="loyal"), now=locked) == [2]


def test_a_quota_leaves_a_holder_what_is_left_of_it_in_the_period() -> None:
    quota = ProductAllocation("q", Holder.CUSTOMER, Period.WEEK, units=5, holders={"C-9": 7})
    used = Consumed([(Draw("doc/q", Sku("A"), NodeId(""), "C-1", "2026-W48"), 3)])
    rules = exposure(consumed=used, allocations=(quota,))
    supply = stock(("dc", 10), ("store-1", 5))

    assert shown(rules, supply, ask(2, customer_id="C-1")) == [10, 5]
    assert shown(rules, supply, ask(3, customer_id="C-1")) == [2, 0]
    assert shown(rules, supply, ask(6, customer_id="C-2")) == [5, 0]
    assert shown(rules, supply, ask(9, customer_id="C-9")) == [7, 0]
    assert shown(rules, supply, ask(9)) == [5, 0]
    later = ask(5, customer_id="C-1", not_before=_day(7))
    assert shown(rules, supply, later) == [10, 5]


def test_the_waterfall_names_what_took_every_unit() -> None:
    rules = exposure(
        classes=(KEY,),
        safety_stock=(SafetyStock("two", STORES, units=2),),
        protections=(Protection("key", "key", "node.id == 'dc'", units=3),),
        thresholds=(Threshold("few", 3, STORES),),
        buffers=(ChannelBuffer("last", units=1),),
    )

    found = fall(rules, stock(("dc", 10), ("store-1", 4), ("store-2", 9)))

    assert found.on_hand == 23
    assert found.falls == (
        Fall("safety_stock", "doc/two", 4),
        Fall("protected", "doc/key", 3),
        Fall("threshold", "doc/few", 2),
        Fall("channel_buffer", "doc/last", 1),
    )
    assert found.available == 13
    assert [(node.node, node.exposed) for node in found.nodes] == [("dc", 7), ("store-1", 0), ("store-2", 7)]
