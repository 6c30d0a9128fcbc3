"""A store of some supply under rules: what is shown of it, what becomes of orders, and what may lie there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.builders import capture
from tests.engine.worlds import HERE, MONDAY, flat_card, network, node
from troth.engine.asked import demand_of, settled
from troth.engine.exposure.accepting import Accepted, find_accepted, rows_of_line
from troth.engine.exposure.compiled import compile_exposure
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.kit_waterfall import find_kit_waterfall
from troth.engine.exposure.taking import exposed_supply
from troth.engine.exposure.waterfall import Waterfall, find_waterfall
from troth.engine.promising.case import case_of
from troth.engine.promising.context import Decision, Facts
from troth.engine.supply.kits import wanted_skus
from troth.engine.supply.supply import SupplyRows, rows_of
from troth.flows.stock.waterfall import Inquirer
from troth.model.commands import CountStock, HoldCart, LineQuantity, PickWork, ReleaseOrder
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
from troth.model.ids import CartHoldId, LineId, NodeId, Sku
from troth.model.inventory import ON_HAND, Balance, Source, SupplyKey, lot_source, purchase_order_source
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
Move = tuple[str, str, str, int]
"""What happened, of which SKU, at which node, of how many units."""

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
FED_HOURS_AGO = st.sampled_from((None, 1.0, 5.0, 7.0))
"""How long ago the last store's feed came that is due every six hours; None: nobody knows of any."""


@st.composite
def _amounts(draw: st.DrawFn) -> dict[str, Any]:
    return {"units": draw(_FEW)} if draw(st.booleans()) else {"percent": draw(st.sampled_from((10.0, 30.0)))}


@st.composite
def drawn_rules(draw: st.DrawFn) -> ExposureRules:
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


SUPPLY = st.lists(
    st.tuples(
        st.sampled_from(("A", "B", "M")),
        st.sampled_from([str(one.node) for one in NODES]),
        st.sampled_from((None, 1, 3, 5, 6, 9, "po", "overdue", "given_up")),
        st.integers(0, 30),
        st.integers(0, 6),
    ),
    max_size=10,
)
_DUE_DAYS = {"po": 9, "overdue": -2, "given_up": -40}
"""In how many days a purchase order is expected; of one that is late for too long nothing is promised."""

MOVES = st.lists(
    st.tuples(
        st.sampled_from(("cart", "order", "missed", "found")),
        st.sampled_from(("A", "B", "M", "K", "L")),
        st.sampled_from([str(one.node) for one in NODES]),
        st.integers(1, 6),
    ),
    max_size=5,
)
"""What happened before: units kept for a cart, ordered, not found at a pick, or found by a count."""


def balances_of(drawn: list[tuple[str, str, Any, int, int]]) -> dict[SupplyKey, Balance]:
    made = {}
    for sku, place, kind, units, reserved in drawn:
        source, more = ON_HAND, dict[str, Any]()
        if kind in _DUE_DAYS:
            source = purchase_order_source(number=kind, line=1)
            more = {"expected_at": MONDAY + timedelta(days=_DUE_DAYS[kind])}
        elif kind is not None:
            source, more = lot_source(f"L{kind}"), {"expires_on": MONDAY.date() + timedelta(days=kind)}
        key = SupplyKey(Sku(sku), NodeId(place), source)
        made[key] = Balance(key, units, min(units, reserved), **more)
    return made


class Store:
    """Some supply under some rules: what is shown of it, and what becomes of an order."""

    def __init__(
        self,
        rules: ExposureRules | None,
        balances: Mapping[SupplyKey, Balance],
        fed_hours_ago: float | None = None,
        moves: Sequence[Move] = (),
    ) -> None:
        documents = () if rules is None else (("doc", "doc@1", rules),)
        self.world = World(NET, ITEMS, POLICY, documents)
        self.world.balances = dict(balances)
        exposure = Exposure(compile_exposure(documents, MONDAY), self.world.consumed) if documents else None
        self.network = NET.with_load()
        if fed_hours_ago is not None:
            for load in (self.world.load, self.network.load):
                load.feed({NodeId("s2"): (MONDAY - timedelta(hours=fed_hours_ago)).timestamp()})
        self.facts = Facts(MONDAY, "", self.network, ITEMS, POLICY, exposure=exposure)
        for number, move in enumerate(moves):
            self._move(number, *move, now=MONDAY - timedelta(minutes=9 - number))

    @property
    def balances(self) -> Mapping[SupplyKey, Balance]:
        """The supply as it is."""
        return self.world.balances

    def _move(self, number: int, what: str, sku: str, place: str, units: int, *, now: datetime) -> None:
        """Something that happened before: it may have been refused."""
        command = capture(f"B-{number}", {sku: units}, ship_to=HERE)
        if what == "cart":
            self.world.apply(HoldCart(CartHoldId(f"C-{number}"), command, 3_600), now=now)
        elif what == "found":
            key = SupplyKey(Sku("A" if ITEMS[Sku(sku)].kit else sku), NodeId(place))
            self.world.apply(CountStock(key, units, now), now=now)
        elif isinstance(self.world.apply(command, now=now), Decision) and what == "missed":
            self.world.apply(ReleaseOrder(command.order_id), now=now)
            for work in self.world.orders[command.order_id].fulfillments[:1]:
                nothing = (LineQuantity(LineId("1"), 0, "not_found"),)
                self.world.apply(PickWork(work.fulfillment_id, nothing), now=now)

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
