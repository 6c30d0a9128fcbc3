"""Prices by the engine's own costs: what the tables say of an order at some prices, the engine does."""

import numpy as np
import pytest

from tests.engine.worlds import HERE, MONDAY, network, node, supply
from troth.engine.promising.promise import plan
from troth.model.ids import LineId, NodeId, Sku
from troth.model.order import Method
from troth.model.plan import Demand, DemandLine
from troth.model.policy import Policy
from troth.planning.ascent import climb
from troth.planning.assignment import Assignment
from troth.planning.price_tables import Catalog, price_tables
from troth.planning.prices import to_unit_prices
from troth.planning.subset_assignment import assign_by_subsets

NODES = ("a", "b", "c")
SKUS = ("X", "Y", "Z")
POLICY = Policy(split_minor=120, delay_minor_per_day=90)
CATALOG = Catalog(
    tuple(map(Sku, SKUS)),
    tuple(map(NodeId, NODES)),
    np.array([[True, True, True], [True, False, True], [False, True, True]]),
)
NETWORK = network(
    node("a", degrees=1, handling_minor=40, shipment_minor=10),
    node("b", degrees=9, handling_minor=5),
    node("c", degrees=18, handling_minor=0, shipment_minor=25),
)


def asked(*wanted: tuple[str, int]) -> Demand:
    return Demand(
        tuple(DemandLine(LineId(sku), Sku(sku), units, weight_grams=900 * len(wanted)) for sku, units in wanted),
        HERE,
        Method.SHIP,
    )


DEMANDS = (asked(("X", 1)), asked(("X", 2), ("Y", 1)), asked(("X", 1), ("Y", 3), ("Z", 2)), asked(("Z", 1), ("Y", 1)))
TABLES = price_tables(DEMANDS, CATALOG, NETWORK, POLICY, MONDAY, unserved_minor=dict.fromkeys(CATALOG.skus, 1e6))


@pytest.mark.parametrize("seed", range(40))
def test_the_tables_say_what_the_engine_pays_at_any_prices(seed: int) -> None:
    prices = np.random.default_rng(seed).integers(0, 900, 9).astype(np.float64)
    given = to_unit_prices(prices, CATALOG.skus, CATALOG.nodes, version="t", made_at=MONDAY)
    stock = {sku: {NODES[at]: 50 for at in range(3) if CATALOG.is_carried[item, at]} for item, sku in enumerate(SKUS)}

    found = assign_by_subsets(TABLES, len(DEMANDS), prices)

    for one, demand in enumerate(DEMANDS):
        planned = plan(demand, supply(NETWORK, **stock), NETWORK, POLICY, MONDAY, prices=given)
        paid = sum(sum(shipment.cost.values()) for shipment in planned.shipments)
        assert found.value[one] == paid + POLICY.split_minor


def test_prices_made_from_the_tables_share_out_what_is_short() -> None:
    # 10 orders want X; a, the cheapest, has 4 and b 3: the last unit of a saves the difference between a and c,
    # the last of b that between b and c.
    def assign_at(prices: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Assignment:
        return assign_by_subsets(TABLES, len(DEMANDS), prices)

    stock = np.array([4, 3, 9, 0, 0, 0, 0, 0, 0])
    cost = TABLES[0].costs[1, :, 0]

    found = climb(assign_at, np.array([10.0, 0, 0, 0]), stock, steps=600)

    order = np.sort(cost[:3])
    assert found.prices[:3] == pytest.approx(order[2] - cost[:3], abs=15)
    assert found.bound == pytest.approx(float(np.array([4, 3, 3]) @ cost[:3]), rel=0.01)
