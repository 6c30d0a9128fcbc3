"""Worlds of mostly plain demands, for whoever answers those by a shorter way."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from hypothesis import strategies as st

from tests.engine.worlds import HERE, MONDAY, demand, flat_card, line, network, node, supply
from troth.engine.carriage.network import Network
from troth.engine.carriage.node_load import NodeLoad
from troth.engine.carriage.rate_cards import DEFAULT_CARDS
from troth.engine.promising.case import Case
from troth.engine.promising.together import LINES_MAX
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import LineId, NodeId, Sku
from troth.model.network import Address
from troth.model.order import Method
from troth.model.plan import Demand
from troth.model.policy import Policy

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
def batches(draw: st.DrawFn, nodes: Sequence[int] = (1, 3, 5, 70)) -> list[Case]:
    """Some demands of one network of so many nodes, with what there is for each."""
    count = draw(st.sampled_from(nodes))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    net = network(
        *(
            node(
                f"n{at}",
                degrees=float(random.choice([0.5, 3.0, 9.0, 25.0])),
                handling_minor=int(random.integers(0, 3)) * 20,
                shipment_minor=int(random.integers(0, 3)) * 50,
                active=bool(random.random() < 0.9),
                pickup=bool(random.random() < 0.8),
            )
            for at in range(count)
        ),
        cards=FLAT if draw(st.booleans()) else DEFAULT_CARDS,
    )
    if draw(st.booleans()):  # pickups that wait, and nodes of which it is known how long one takes
        waiting = {one.node: int(random.integers(0, 3)) * 300 for one in net.nodes if random.random() < 0.5}
        measured = {one.node: int(random.integers(10, 3_000)) for one in net.nodes if random.random() < 0.2}
        net = net.with_load(NodeLoad(net.index, waiting, measured))
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
