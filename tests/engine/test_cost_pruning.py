"""Candidates that are dropped as dominated change the price of no set of lines, with every term in use."""

from dataclasses import replace

import numpy as np
import pytest

from tests.engine.test_cost_properties import SURCHARGES
from tests.engine.worlds import HERE, MONDAY, demand, line, network, node, supply
from troth.engine.carriage.rate_cards import DEFAULT_CARDS
from troth.engine.carriage.transit import NEVER
from troth.engine.choice.prune import undominated
from troth.engine.choice.scoring import build_columns, split_columns, subset_costs
from troth.engine.choice.solve import solve_by_subsets
from troth.engine.choice.solve_milp import solve_mixed
from troth.engine.choice.weighing import with_terms
from troth.engine.demand.availability import pose_question
from troth.engine.demand.problem import Problem
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.cost_rates import CostRates, Objective, PaymentFee
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.policy import Policy

OBJECTIVES = ((Objective.CHEAPEST,), (Objective.FEWEST_SHIPMENTS, Objective.CHEAPEST), (Objective.FASTEST,))


def problem(seed: int, *, lines: int, nodes: int) -> Problem:
    """A random problem with every term, three services and surcharges that differ between them."""
    random = np.random.default_rng(seed)
    names = [f"n{at:04d}" for at in range(nodes)]
    net = network(
        *(
            node(
                name,
                degrees=float(random.uniform(0.1, 20.0)),
                handling_minor=int(random.integers(0, 80)),
                labor_minor=int(random.integers(0, 80)),
                return_minor=int(random.integers(0, 300)),
                goods_percent=int(random.choice([100, 100, 115])),
            )
            for name in names
        ),
        cards=[
            replace(
                card,
                fuel_basis_points=int(random.integers(0, 3000)),
                surcharges=tuple(item for item in SURCHARGES if random.random() < 0.6),
            )
            for card in DEFAULT_CARDS
        ],
    )
    skus = [Sku(f"S{k}") for k in range(lines)]
    items = [
        Item(
            sku,
            cost_minor=int(random.integers(0, 3000)),
            dimensions_mm=(int(random.choice([200, 1300])), 300, 300),
            attributes={"hazardous": "yes"} if random.random() < 0.3 else {},
        )
        for sku in skus
    ]
    wish = demand(
        *(
            line(sku, int(random.integers(1, 4)), weight_grams=int(random.integers(50, 3000)), item=item,
                 unit_price_minor=4000)
            for sku, item in zip(skus, items, strict=True)
        ),
        destination=replace(HERE, region="HI", postcode="96701"),
        tender="card",
    )  # fmt: skip
    stock = supply(
        net,
        **{sku: {name: int(random.integers(1, 6)) for name in names if random.random() < 0.6} for sku in skus},
    )
    policy = Policy(
        cost_rates=CostRates(
            stock_out_weeks=1.0,
            load_minor=200,
            payment_fees={"": PaymentFee(290, 30)},
            return_basis_points={"": 1000},
            carbon_grams_per_tonne_km={"": 150.0, "next_day": 900.0},
            carbon_minor_per_kg=40,
        ),
        weights={"carbon": 2.0} if seed % 2 else {},
        objectives=OBJECTIVES[seed % len(OBJECTIVES)],
    )
    by_node = {sku: {NodeId(name): float(random.integers(0, 300)) for name in names} for sku in skus}
    weekly = {sku: {NodeId(name): float(random.uniform(0.0, 4.0)) for name in names} for sku in skus}
    found = pose_question(wish, stock, net, policy, MONDAY.timestamp()).problem
    assert found is not None
    prices = UnitPrices("p@1", MONDAY, by_node, {}, weekly)
    loads = {NodeId(name): float(random.uniform(0.0, 1.0)) for name in names}
    return with_terms(found, wish, prices=prices, loads=loads, now=MONDAY)


@pytest.mark.parametrize("seed", range(9))
def test_pruning_changes_the_price_of_no_subset_with_every_term(seed: int) -> None:
    asked = problem(seed, lines=5, nodes=120)
    columns = build_columns(asked)
    kept = undominated(asked, columns)
    fewer = replace(
        columns, penalty=columns.penalty[:, kept], fixed=columns.fixed[kept], rate_lane=columns.rate_lane[kept]
    )

    assert kept.size < columns.fixed.size
    everything, pruned = subset_costs(asked, columns).min(axis=1)[1:], subset_costs(asked, fewer).min(axis=1)[1:]
    assert np.array_equal(np.minimum(everything, NEVER), np.minimum(pruned, NEVER))


@pytest.mark.parametrize("seed", [0, 3])
def test_subsets_and_the_model_agree_on_larger_orders_with_every_term(seed: int) -> None:
    asked = problem(seed, lines=7, nodes=12)
    columns = build_columns(asked)

    by_subsets = solve_by_subsets(asked, columns)
    mixed = solve_mixed(asked, columns, split_columns(asked), time_limit_seconds=60.0)

    assert by_subsets is not None
    assert mixed is not None
    costs = subset_costs(asked, columns)
    totals = [
        sum(float(costs[sum(1 << at for at in parcel.quantities), parcel.column]) for parcel in found.parcels)
        for found in (by_subsets, mixed)
    ]
    assert totals[0] == totals[1]
