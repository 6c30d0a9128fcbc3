"""Steps of the waterfall that are no rules of their own, dated supply, and amounts of what is sold by measure."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from tests.engine.exposure.worlds import ITEM, KEY, LOYAL, NET, ask, exposure, fall, pool, shown, stock
from tests.engine.worlds import MONDAY
from troth.engine.exposure.amounts import Units
from troth.engine.exposure.waterfall import Fall, find_waterfall
from troth.engine.supply.supply import SupplyRows, rows_of
from troth.model.exposure import (
    ChannelBuffer,
    Finding,
    Holder,
    Period,
    ProductAllocation,
    Protection,
    Release,
    SafetyStock,
    SalesRate,
    Threshold,
)
from troth.model.ids import NodeId, Sku
from troth.model.inventory import Balance, SupplyKey, lot_source, purchase_order_source
from troth.model.item import Item

CABLE = Item(Sku("A"), category="cable", decimals=2, unit="m")


def _cable(**rules: Any) -> int:
    """How much of a hundred meters at each of two nodes may be taken, in centimeters."""
    asked = pool(exposure(**rules), item=CABLE)
    demand = replace(ask(), lines=(replace(ask().lines[0], item=CABLE),))
    found = find_waterfall(asked, demand, CABLE, stock(("dc", 10_000), ("store-1", 10_000)))
    assert found.decimals == 2
    return found.available


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ({"safety_stock": (SafetyStock("s", units=2),)}, 19_600),
        ({"safety_stock": (SafetyStock("s", percent=50.0, units_max=3),)}, 19_400),
        ({"safety_stock": (SafetyStock("s", percent=1.0, units_min=4),)}, 19_200),
        ({"thresholds": (Threshold("t", 101),)}, 0),
        ({"thresholds": (Threshold("t", 100),)}, 20_000),
        ({"buffers": (ChannelBuffer("b", units=5),)}, 19_500),
        ({"classes": (KEY,), "protections": (Protection("p", "key", units=7),)}, 18_600),
        ({"classes": (KEY,), "protections": (Protection("p", "key", curve=(Release(MONDAY, units=7),)),)}, 18_600),
        ({"classes": (KEY,), "protections": (Protection("p", "key", units=7, is_pooled=True),)}, 19_300),
        ({"allocations": (ProductAllocation("q", Holder.CHANNEL, Period.DAY, units=12),)}, 1_200),
        ({"safety_stock": (SafetyStock("s", days_of_cover=7.0),), "rates": {"dc": SalesRate(6.5)}}, 19_350),
    ],
)  # fmt: skip
def test_amounts_are_of_what_an_item_is_sold_in(rules: dict[str, Any], left: int) -> None:
    assert _cable(**rules) == left


def test_a_percent_of_a_channel_is_of_what_is_on_hand_and_does_not_melt_away_as_it_is_sold() -> None:
    rules = exposure(buffers=(ChannelBuffer("tenth", percent=10.0),))

    def left(reserved: int) -> int:
        key = SupplyKey(Sku("A"), NodeId("dc"))
        return find_waterfall(pool(rules), ask(), ITEM, rows_of((Balance(key, 100, reserved),), NET)).available

    assert [left(reserved) for reserved in (0, 50, 89, 90, 95)] == [90, 40, 1, 0, 0]


def test_what_expired_and_what_would_be_too_old_are_steps_of_their_own() -> None:
    def lot(name: str, units: int, reserved: int, days: int) -> Balance:
        key = SupplyKey(Sku("A"), NodeId("dc"), lot_source(name))
        return Balance(key, units, reserved, expires_on=MONDAY.date() + timedelta(days=days))

    held = rows_of((lot("gone", 5, 1, -1), lot("soon", 7, 2, 0), lot("late", 9, 0, 99)), NET)

    found = fall(exposure(safety_stock=(SafetyStock("s", units=1),)), held)

    assert (found.on_hand, found.available) == (21, 8)
    assert found.falls == (
        Fall("expired", "", 5),
        Fall("reserved", "", 2),
        Fall("too_old", "", 5),
        Fall("safety_stock", "doc/s", 1),
    )


def test_units_that_may_not_be_found_name_the_rule_that_says_how_sure_one_must_be() -> None:
    rules = replace(exposure(finding=(Finding("sure", 0.9),)), findable=lambda _item, units, _sure: units - 2)

    assert fall(rules, stock(("dc", 10))).falls == (Fall("unfindable", "doc/sure", 2),)


def test_of_what_is_sold_by_measure_wholes_are_found_or_not() -> None:
    asked: list[list[int]] = []

    def findable(_item: Item, units: Units, _sure: float) -> Units:
        asked.append(units.tolist())
        return units - np.minimum(units, 1)

    rules = replace(exposure(finding=(Finding("sure", 0.9),)), findable=findable)
    demand = replace(ask(), lines=(replace(ask().lines[0], item=CABLE),))
    found = find_waterfall(pool(rules, item=CABLE), demand, CABLE, stock(("dc", 250)))

    assert (found.available, asked) == (150, [[3, 0, 0]])


def test_each_dated_supply_says_what_of_it_is_promised_and_what_is_kept() -> None:
    source = purchase_order_source(number="7", line=1)
    key = SupplyKey(Sku("A"), NodeId("dc"), source)
    rows = rows_of((Balance(key, 20, 5, expected_at=MONDAY + timedelta(days=3)),), NET)

    def cap(_sku: Sku, of: SupplyRows) -> SupplyRows:
        return replace(of, available=np.minimum(of.available, 10))

    rules = exposure(safety_stock=(SafetyStock("s", units=2),))
    found = find_waterfall(pool(rules), ask(), ITEM, rows, cap=cap)

    (dated,) = found.dated
    assert (dated.node, dated.source, dated.units, dated.exposed) == ("dc", source, 20, 13)
    assert dated.expected_at == MONDAY + timedelta(days=3)
    assert dated.falls == (Fall("reserved", "", 5), Fall("safety_stock", "doc/s", 2))
    assert (found.incoming, found.incoming_falls) == (10, (Fall("backorder_max", "", 3),))


def test_a_pooled_protection_may_be_left_anywhere_and_counts_what_comes_before_its_window() -> None:
    june = MONDAY + timedelta(days=190)
    window = Protection("p", "key", units=6, is_pooled=True, needed_from=june, needed_until=june + timedelta(days=9))
    rules = exposure(classes=(KEY, LOYAL), protections=(window,))
    here = stock(("dc", 4), ("store-1", 4))

    assert shown(rules, here, ask(2)) == [4, 4]  # there are two to be had, from anywhere
    assert shown(rules, here, ask(3)) == [2, 0]
    assert shown(rules, here, ask(3, customer_class="key")) == [4, 4]
    more = stock(("dc", 4), ("dc", 6, june - timedelta(days=1)), ("store-1", 4))
    assert shown(rules, more, ask(8)) == [4, 6, 4]
