"""Whatever the lots, kits, measures, late feeds and rules: as many as are shown are accepted, one more is not; all are
told.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.builders import capture
from tests.engine.worlds import HERE, MONDAY, flat_card, network, node
from troth.engine.capture import demand_of, settled
from troth.engine.case import case_of
from troth.engine.context import Decision, Facts
from troth.engine.exposure.accepting import Accepted, find_accepted, rows_of_line
from troth.engine.exposure.compiled import compile_exposure
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.kit_waterfall import find_kit_waterfall
from troth.engine.exposure.taking import exposed_supply
from troth.engine.exposure.waterfall import Waterfall, find_waterfall
from troth.engine.kits import wanted_skus
from troth.engine.supply import SupplyRows, rows_of
from troth.flows.waterfall import Inquirer
from troth.model.exposure import (
    ChannelBuffer,
    DemandClass,
    Exclusion,
    ExposureRules,
    Holder,
    Period,
    ProductAllocation,
    Protection,
    SafetyStock,
    Threshold,
)
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND, Balance, Source, SupplyKey, is_on_hand, lot_source, purchase_order_source
from troth.model.item import Item
from troth.model.network import NodeType
from troth.model.policy import DEFAULT_POLICY
from troth.model.refusals import ShortLine, StockShort
from troth.replay.world import World

NODES = (
    node("dc"),
    node("s1", type=NodeType.STORE, degrees=2.0),
    node("s2", type=NodeType.STORE, degrees=3.0, feed_due_every_hours=6),
)
NET = network(*NODES, cards=[flat_card(500, transit=4), flat_card(900, service="express", transit=1)])
POLICY = replace(DEFAULT_POLICY, shipments_max=50)
ITEMS = {
    item.sku: item
    for item in (
        Item(Sku("A"), category="tents", min_remaining_days=3),
        Item(Sku("B"), category="poles"),
        Item(Sku("M"), category="cable", decimals=1, unit="m"),
        Item(Sku("K"), category="sets", kit=((Sku("A"), 2), (Sku("B"), 1))),
        Item(Sku("L"), category="sets", kit=((Sku("B"), 3),)),
    )
}
KEY = DemandClass("key", 1, "customer.class == 'key'")

_WHERE = st.sampled_from(
    (
        "",
        "node.type == 'store'",
        "item.sku == 'A'",
        "item.sku == 'B'",
        "item.sku == 'K'",
        "item.sku == 'K' && node.type == 'store'",
        "item.category == 'sets'",
        "item.sku == 'M'",
        "node.feed_age_hours > 4.0",
        "item.category == 'sets' && node.feed_age_hours > 4.0",
    )
)
_FEW = st.integers(0, 4)
_FED_HOURS_AGO = st.sampled_from((None, 1.0, 5.0, 7.0))
"""How long ago the last store's feed came that is due every six hours; None: nobody knows of any."""


@st.composite
def _amounts(draw: st.DrawFn) -> dict[str, Any]:
    return {"units": draw(_FEW)} if draw(st.booleans()) else {"percent": draw(st.sampled_from((10.0, 30.0)))}


@st.composite
def _rules(draw: st.DrawFn) -> ExposureRules:
    def some(most: int) -> range:
        return range(draw(st.integers(0, most)))

    return ExposureRules(
        classes=(KEY,),
        safety_stock=tuple(SafetyStock(f"s{at}", draw(_WHERE), **draw(_amounts())) for at in some(2)),
        protections=tuple(
            Protection(f"p{at}", "key", draw(_WHERE), is_pooled=draw(st.booleans()), **draw(_amounts()))
            for at in some(2)
        ),
        thresholds=tuple(Threshold(f"t{at}", draw(st.integers(1, 4)), draw(_WHERE)) for at in some(1)),
        exclusions=tuple(Exclusion(f"e{at}", draw(_WHERE), "order.channel == 'pos'") for at in some(1)),
        buffers=tuple(ChannelBuffer(f"b{at}", draw(_WHERE), **draw(_amounts())) for at in some(2)),
        allocations=tuple(
            ProductAllocation(
                f"q{at}", Holder.CHANNEL, Period.DAY, draw(_WHERE), units=draw(st.integers(0, 9)),
                is_by_item=draw(st.booleans()),
            )
            for at in some(1)
        ),
    )  # fmt: skip


_SUPPLY = st.lists(
    st.tuples(
        st.sampled_from(("A", "B", "M")),
        st.sampled_from([str(one.node) for one in NODES]),
        st.sampled_from((None, 1, 3, 5, 6, 9, "po")),
        st.integers(0, 30),
        st.integers(0, 6),
    ),
    max_size=10,
)


def _balances(drawn: list[tuple[str, str, Any, int, int]]) -> dict[SupplyKey, Balance]:
    made = {}
    for sku, place, kind, units, reserved in drawn:
        source, more = ON_HAND, dict[str, Any]()
        if kind == "po":
            source, more = purchase_order_source(number="7", line=1), {"expected_at": MONDAY + timedelta(days=9)}
        elif kind is not None:
            source, more = lot_source(f"L{kind}"), {"expires_on": MONDAY.date() + timedelta(days=kind)}
        key = SupplyKey(Sku(sku), NodeId(place), source)
        made[key] = Balance(key, units, min(units, reserved), **more)
    return made


class _Store:
    """Some supply under some rules: what is shown of it, and what becomes of an order."""

    def __init__(
        self, rules: ExposureRules | None, balances: Mapping[SupplyKey, Balance], fed_hours_ago: float | None = None
    ) -> None:
        documents = () if rules is None else (("doc", "doc@1", rules),)
        self.balances = balances
        self.world = World(NET, ITEMS, POLICY, documents)
        self.world.balances = dict(balances)
        exposure = Exposure(compile_exposure(documents, MONDAY), self.world.consumed) if documents else None
        self.network = NET.with_load()
        if fed_hours_ago is not None:
            for load in (self.world.load, self.network.load):
                load.feed({NodeId("s2"): (MONDAY - timedelta(hours=fed_hours_ago)).timestamp()})
        self.facts = Facts(MONDAY, "", self.network, ITEMS, POLICY, exposure=exposure)

    def read(self, sku: Sku) -> SupplyRows:
        return rows_of((one for key, one in self.balances.items() if key.sku == sku), self.network)

    def accepted(self, sku: str, channel: str) -> Accepted:
        item = ITEMS[Sku(sku)]
        demand = Inquirer(channel).demand(item, self.facts)
        ask = rows_of_line(self.facts.pool, demand, self.read, lambda _sku, rows: rows)
        return find_accepted(ask, is_kit=bool(item.kit))

    def waterfall(self, sku: str, channel: str, *places: str) -> Waterfall:
        nodes = [NodeId(place) for place in places]
        item = ITEMS[Sku(sku)]
        demand = Inquirer(channel).demand(item, self.facts)
        if item.kit:
            return find_kit_waterfall(self.facts.pool, demand, self.read, nodes=nodes)
        return find_waterfall(self.facts.pool, demand, item, self.read(item.sku), nodes=nodes)

    def covers(self, sku: str, units: int, channel: str, without: Collection[NodeId]) -> bool:
        """Whether an order is covered that some nodes may not send."""
        command = capture(lines={sku: units}, channel=channel, ship_to=HERE)
        command = settled(command, self.facts)
        demand = replace(demand_of(command, self.facts), excluded_nodes=frozenset(without))
        supply = exposed_supply(self.facts.pool, demand, wanted_skus(demand), self.read)
        return not case_of(demand, supply, self.facts).plan().uncovered

    def refusal(self, sku: str, units: int, channel: str) -> ShortLine:
        """The line of an order that is refused."""
        outcome = self.world.apply(capture(lines={sku: units}, channel=channel, ship_to=HERE), now=MONDAY)
        assert isinstance(outcome, StockShort), outcome
        return outcome.lines[0]

    def order(self, sku: str, units: int, channel: str) -> Mapping[Source, int] | None:
        """The units by source of an order that is accepted; None where it is refused."""
        outcome = self.world.apply(capture(lines={sku: units}, channel=channel, ship_to=HERE), now=MONDAY)
        if isinstance(outcome, StockShort):
            return None
        assert isinstance(outcome, Decision), outcome
        taken: dict[Source, int] = {}
        for part in outcome.changes[0].after.allocations:
            taken[part.source] = taken.get(part.source, 0) + part.quantity
        return taken


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.none(), _rules()),
    _SUPPLY,
    st.sampled_from(("A", "B", "M", "K", "L")),
    st.sampled_from(("web", "pos")),
    _FED_HOURS_AGO,
)
def test_as_many_as_are_shown_are_accepted_and_one_more_is_not(
    rules: ExposureRules | None,
    drawn: list[tuple[str, str, Any, int, int]],
    sku: str,
    channel: str,
    fed_hours_ago: float | None,
) -> None:
    balances = _balances(drawn)
    note(f"{rules}")
    shown = _Store(rules, balances, fed_hours_ago).accepted(sku, channel)

    most = shown.available + shown.incoming
    assert _Store(rules, balances, fed_hours_ago).order(sku, most + 1, channel) is None
    if shown.available:
        taken = _Store(rules, balances, fed_hours_ago).order(sku, shown.available, channel)
        assert taken is not None
        assert all(map(is_on_hand, taken)), "what is shown now is what comes from what is there now"
    if most:
        assert _Store(rules, balances, fed_hours_ago).order(sku, most, channel) is not None


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(st.none(), _rules()),
    _SUPPLY,
    st.sampled_from(("A", "M", "K", "L")),
    st.sampled_from(("web", "pos")),
    _FED_HOURS_AGO,
)
def test_the_waterfall_ends_with_what_is_accepted_and_accounts_for_every_unit(
    rules: ExposureRules | None,
    drawn: list[tuple[str, str, Any, int, int]],
    sku: str,
    channel: str,
    fed_hours_ago: float | None,
) -> None:
    store = _Store(rules, _balances(drawn), fed_hours_ago)
    shown, found = store.accepted(sku, channel), store.waterfall(sku, channel)

    assert (found.available, found.incoming) == (shown.available, shown.incoming)
    assert found.on_hand - sum(fall.units for fall in found.falls) == found.available
    for place in found.nodes:
        assert place.on_hand - sum(fall.units for fall in place.falls) == place.exposed
    for one in found.dated:
        assert one.units - sum(fall.units for fall in one.falls) == one.exposed
    if not found.parts:
        here = sum(balance.on_hand for key, balance in store.balances.items() if key.sku == sku and _is_here(key))
        assert found.on_hand == here
        kept = sum(fall.units for fall in found.incoming_falls)
        assert sum(one.exposed for one in found.dated) - kept == found.incoming


@settings(max_examples=150, deadline=None)
@given(
    _rules(),
    _SUPPLY,
    st.sampled_from(("A", "B", "M", "K", "L")),
    st.sampled_from(("web", "pos")),
    st.sampled_from([str(one.node) for one in NODES]),
)
def test_at_one_node_the_waterfall_ends_with_what_an_order_can_have_there(
    rules: ExposureRules, drawn: list[tuple[str, str, Any, int, int]], sku: str, channel: str, place: str
) -> None:
    store = _Store(rules, _balances(drawn))
    found = store.waterfall(sku, channel, place)
    only = {NodeId(str(one.node)) for one in NODES if str(one.node) != place}

    assert found.on_hand - sum(fall.units for fall in found.falls) == found.available
    assert min((fall.units for fall in (*found.falls, *found.incoming_falls)), default=1) > 0
    if not found.parts:
        kept = sum(fall.units for fall in found.incoming_falls)
        assert sum(one.exposed for one in found.dated) - kept == found.incoming
    most = found.available + found.incoming
    assert not _Store(rules, store.balances).covers(sku, most + 1, channel, only)
    assert not most or _Store(rules, store.balances).covers(sku, most, channel, only)


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
    store = _Store(ExposureRules(**rules), _balances([("B", "s1", None, 6, 0), ("B", "dc", None, 14, 0)]))
    found = store.waterfall("B", "web", "s1")

    assert (found.on_hand, found.available) == (6, shown)
    assert [(fall.rule, fall.units) for fall in found.falls] == [step]


@settings(max_examples=150, deadline=None)
@given(_rules(), _SUPPLY, st.sampled_from(("A", "B", "M", "K", "L")), st.sampled_from(("web", "pos")))
def test_who_is_refused_is_told_what_is_shown(
    rules: ExposureRules, drawn: list[tuple[str, str, Any, int, int]], sku: str, channel: str
) -> None:
    balances = _balances(drawn)
    shown = _Store(rules, balances).accepted(sku, channel)
    most = shown.available + shown.incoming
    line = _Store(rules, balances).refusal(sku, 40 + most, channel)

    assert round(line.available_quantity * (10 if sku == "M" else 1)) == most
    assert line.available_at is not None or not most


def test_of_a_kit_as_many_could_be_had_as_are_shown_under_a_buffer_of_its_components() -> None:
    rules = ExposureRules(
        safety_stock=(SafetyStock("tenth", "item.sku in ['A', 'B'] && node.type == 'dc'", percent=10.0),),
        buffers=(ChannelBuffer("one", "item.sku in ['A', 'B']", units=1, channels=("app",)),),
    )
    balances = _balances([("A", "dc", None, 10, 0), ("A", "s1", None, 4, 0), ("B", "dc", None, 9, 0)])
    balances |= _balances([("B", "s1", None, 2, 0)])
    shown = _Store(rules, balances).accepted("K", "app").available
    line = _Store(rules, balances).refusal("K", shown + 1, "app")

    assert line.available_quantity == shown == 6  # and 5 where 7 are asked for
    assert _Store(rules, balances).order("K", shown, "app") is not None


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
    balances = _balances([("A", "dc", None, 8, 0), ("B", "dc", None, 9, 0)])

    assert _Store(ExposureRules(**rules), balances).refusal("K", 5, "web").reason == reason


def _is_here(key: SupplyKey) -> bool:
    return is_on_hand(key.source)


@pytest.mark.parametrize(("days", "shown"), [(3, 0), (4, 6)])
def test_a_lot_is_shown_as_long_as_it_lasts_by_the_quickest_service(days: int, shown: int) -> None:
    lot = SupplyKey(Sku("A"), NodeId("dc"), lot_source("L"))
    store = _Store(None, {lot: Balance(lot, 6, expires_on=MONDAY.date() + timedelta(days=days))})

    # It arrives on Tuesday, the first day after this one, and has to be good three days longer.
    assert store.accepted("A", "web").available == shown


@pytest.mark.parametrize(
    ("hours_ago", "shown", "made", "late"), [(5.0, 9, 2, ()), (7.0, 4, 1, (("feed_late", 5),)), (None, 9, 2, ())]
)
def test_of_a_store_whose_feed_is_late_nothing_is_shown_also_of_lots_and_of_what_is_to_come(
    hours_ago: float | None, shown: int, made: int, late: tuple[tuple[str, int], ...]
) -> None:
    drawn = [("B", "dc", None, 4, 0), ("B", "s2", None, 3, 0), ("B", "s2", 9, 2, 0), ("B", "s2", "po", 7, 1)]
    store = _Store(None, _balances(drawn), hours_ago)
    of_it, of_kit = store.waterfall("B", "web"), store.waterfall("L", "web")

    assert (of_it.available, of_kit.available) == (shown, made)
    assert tuple((fall.kind, fall.units) for fall in of_it.falls) == late
    assert [fall.kind for fall in of_kit.falls] == (["feed_late"] if late else [])
    assert [(one.exposed, [fall.kind for fall in one.falls]) for one in of_it.dated] == [
        (0, ["reserved", "feed_late"]) if late else (6, ["reserved"])
    ]


def test_of_one_store_that_is_late_the_channel_leaves_no_percent() -> None:
    rules = ExposureRules(buffers=(ChannelBuffer("half", percent=50.0),))
    balances = _balances([("B", "dc", None, 10, 0), ("B", "s2", None, 10, 0)])

    assert [_Store(rules, balances, hours).accepted("B", "web").available for hours in (5.0, 7.0)] == [10, 5]
