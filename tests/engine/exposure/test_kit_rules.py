"""Rules that name a kit count in kits, on top of what rules keep of its components; one that names both counts once."""

from datetime import timedelta
from typing import Any

import pytest

from tests.engine.exposure.worlds import KEY, NET, exposure
from tests.engine.worlds import MONDAY, rows
from troth.engine.exposure.accepting import Accepted, find_accepted, rows_of_line
from troth.engine.exposure.consumed import Consumed
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.kit_waterfall import find_kit_waterfall
from troth.engine.exposure.taking import draw_parts, most_of
from troth.engine.exposure.waterfall import Fall, Waterfall
from troth.engine.promising.context import Facts
from troth.engine.supply.supply import SupplyRows
from troth.flows.stock.waterfall import Inquirer
from troth.model.exposure import (
    ChannelBuffer,
    Draw,
    Exclusion,
    Holder,
    Period,
    ProductAllocation,
    Protection,
    SafetyStock,
    Threshold,
)
from troth.model.ids import FulfillmentId, LineId, NodeId, Sku
from troth.model.inventory import ON_HAND
from troth.model.item import Item
from troth.model.lifecycle import AllocationState
from troth.model.order import Allocation
from troth.model.policy import DEFAULT_POLICY

KIT = "item.sku == 'SET'"
ITEMS = {
    item.sku: item
    for item in (
        Item(Sku("TENT"), category="tents"),
        Item(Sku("POLE"), category="poles"),
        Item(Sku("SET"), category="sets", kit=((Sku("TENT"), 1), (Sku("POLE"), 4))),
    )
}
STOCK = {
    Sku("TENT"): rows(NET, ("dc", 10), ("store-1", 5)),
    Sku("POLE"): rows(NET, ("dc", 30), ("store-1", 40)),
}


def _facts(rules: Exposure | None) -> Facts:
    return Facts(MONDAY, "", NET, ITEMS, DEFAULT_POLICY, exposure=rules)


def _accepted(rules: Exposure | None, who: Inquirer, stock: dict[Sku, SupplyRows] = STOCK) -> Accepted:
    facts = _facts(rules)
    demand = who.demand(ITEMS[Sku("SET")], facts)
    return find_accepted(rows_of_line(facts.pool, demand, stock.__getitem__, lambda _sku, of: of), is_kit=True)


def _kits(who: Inquirer | None = None, **rules: Any) -> int:
    return _accepted(exposure(**rules), who or Inquirer("web")).available


def _fall(**rules: Any) -> Waterfall:
    facts = _facts(exposure(**rules))
    demand = Inquirer("web").demand(ITEMS[Sku("SET")], facts)
    return find_kit_waterfall(facts.pool, demand, STOCK.__getitem__)


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ({}, 12),  # seven at the center, where there are 30 poles, and five at the store
        ({"safety_stock": (SafetyStock("s", KIT, units=2),)}, 8),
        ({"safety_stock": (SafetyStock("s", KIT, percent=50.0),)}, 5),  # four and three stay
        ({"safety_stock": (SafetyStock("s", units=2),)}, 10),  # two tents and two poles, and not two sets besides
        ({"safety_stock": (SafetyStock("all", units=2), SafetyStock("sets", KIT, units=1))}, 8),  # 28 poles, less 4
        ({"thresholds": (Threshold("t", 6, KIT),)}, 7),
        ({"thresholds": (Threshold("t", 6),)}, 7),  # there are five tents at the store
        ({"exclusions": (Exclusion("e", f"{KIT} && node.id == 'dc'"),)}, 5),
        ({"buffers": (ChannelBuffer("b", KIT, units=3),)}, 9),
        ({"buffers": (ChannelBuffer("b", KIT, percent=10.0),)}, 10),  # of twelve
        ({"buffers": (ChannelBuffer("b", "item.sku == 'TENT'", units=5),)}, 10),  # ten tents are left over all
        ({"buffers": (ChannelBuffer("b", "item.sku == 'POLE'", units=30),)}, 10),  # forty poles
        ({"classes": (KEY,), "protections": (Protection("p", "key", KIT, units=1),)}, 10),
        ({"classes": (KEY,), "protections": (Protection("p", "key", KIT, units=4, is_pooled=True),)}, 8),
        ({"allocations": (ProductAllocation("q", Holder.CHANNEL, Period.DAY, KIT, units=3),)}, 3),
    ],
)
def test_a_rule_that_names_a_kit_keeps_kits(rules: dict[str, Any], left: int) -> None:
    assert _kits(**rules) == left


def test_what_is_protected_of_a_kit_is_there_for_its_class() -> None:
    rules: dict[str, Any] = {"classes": (KEY,), "protections": (Protection("p", "key", KIT, units=3),)}

    assert (_kits(Inquirer("web"), **rules), _kits(Inquirer("web", customer_class="key"), **rules)) == (6, 12)


def test_what_a_buffer_leaves_of_a_kit_is_left_later_too() -> None:
    later = MONDAY + timedelta(days=5)
    stock = {
        Sku("TENT"): rows(NET, ("dc", 10), ("dc", 4, later)),
        Sku("POLE"): rows(NET, ("dc", 28), ("dc", 80, later)),
    }
    rules = exposure(buffers=(ChannelBuffer("b", KIT, units=2),))

    found = _accepted(rules, Inquirer("web"), stock)

    assert (found.available, found.incoming) == (5, 7)


def test_a_quota_of_kits_is_counted_by_the_component_of_which_a_kit_takes_fewest() -> None:
    rules = exposure(allocations=(ProductAllocation("q", Holder.CHANNEL, Period.ALWAYS, KIT, units=3),))
    facts = _facts(rules)
    parts = [
        Allocation(number, LineId("1"), Sku(sku), NodeId("dc"), units, AllocationState.RESERVED, FulfillmentId("F"))
        for number, (sku, units) in enumerate((("TENT", 2), ("POLE", 8)), 1)
    ]

    drawn, _relies = draw_parts(facts.pool, Inquirer("web").demand(ITEMS[Sku("SET")], facts), parts)

    counted = Draw("doc/q", Sku("SET"), NodeId(""), "web")
    assert [part.draws for part in drawn] == [(counted,), ()]
    assert most_of(rules, counted, ITEMS) == 3
    used = Consumed([(counted, 2)])
    left = exposure(consumed=used, allocations=(ProductAllocation("q", Holder.CHANNEL, Period.ALWAYS, KIT, units=3),))
    assert _accepted(left, Inquirer("web")).available == 1


def test_the_waterfall_of_a_kit_names_the_pooled_protections_that_take_kits() -> None:
    found = _fall(
        classes=(KEY,),
        protections=(
            Protection("all", "key", KIT, units=4, is_pooled=True),
            Protection("dc", "key", f"{KIT} && node.id == 'dc'", units=2, is_pooled=True),
        ),
    )

    assert (found.on_hand, found.available) == (12, 6)
    assert sorted(found.falls, key=lambda fall: fall.rule) == [
        Fall("protected", "doc/all", 4),
        Fall("protected", "doc/dc", 2),
    ]


def test_the_waterfall_of_a_kit_is_told_in_kits_and_names_the_component_that_binds() -> None:
    found = _fall(
        safety_stock=(SafetyStock("tents", "item.sku == 'TENT'", units=4), SafetyStock("sets", KIT, units=1)),
        buffers=(ChannelBuffer("last", KIT, units=1),),
    )

    assert (found.on_hand, found.available) == (12, 4)
    assert found.falls == (
        Fall("safety_stock", "doc/tents", 5),
        Fall("safety_stock", "doc/sets", 2),
        Fall("channel_buffer", "doc/last", 1),
    )
    assert [(node.node, node.on_hand, node.exposed, node.binding) for node in found.nodes] == [
        ("dc", 7, 5, "TENT"),
        ("store-1", 5, 0, "TENT"),
    ]
    assert [(part.sku, part.each, part.on_hand, part.exposed) for part in found.parts] == [
        ("POLE", 4, 70, 62),
        ("TENT", 1, 15, 5),
    ]
    assert found.binding == "TENT"
    assert STOCK[Sku("TENT")].sources == (ON_HAND, ON_HAND)
