"""Random problems of many lines and nodes for the solvers, and what their solutions cost."""

import numpy as np

from tests.engine.worlds import MONDAY, demand, line, network, node, supply
from troth.engine.choice.assemble import build_shipments
from troth.engine.demand.availability import pose_question
from troth.engine.demand.problem import Columns, Problem, Solution
from troth.model.policy import Policy


def random_problem(
    seed: int,
    *,
    lines: int,
    nodes: int,
    share: float,
    shipments_max: int = 8,
    has_volume: bool = False,
    units_max: int = 5,
    seconds_max: float = 60.0,
) -> Problem:
    """A problem in which each node has some units of each SKU with probability `share`."""
    random = np.random.default_rng(seed)
    net = network(
        *(
            node(
                f"n{at:04d}",
                degrees=float(random.uniform(0.1, 20.0)),
                handling_minor=int(random.integers(0, 80)),
                shipment_minor=int(random.integers(0, 200)),
                services=("standard",) if random.random() < 0.3 else (),
            )
            for at in range(nodes)
        )
    )
    wish = demand(
        *(
            line(
                f"S{k}",
                int(random.integers(1, 4)),
                weight_grams=int(random.integers(50, 6000)),
                volume_cm3=int(random.integers(0, 20_000)) if has_volume else 0,
            )
            for k in range(lines)
        )
    )
    stock = {
        f"S{k}": {
            f"n{at:04d}": int(random.integers(1, units_max + 1)) for at in range(nodes) if random.random() < share
        }
        for k in range(lines)
    }
    policy = Policy(shipments_max=shipments_max, decision_seconds_max=seconds_max)
    found = pose_question(
        wish,
        supply(net, **{sku: there or {"n0000": 9} for sku, there in stock.items()}),
        net,
        policy,
        MONDAY.timestamp(),
    ).problem
    assert found is not None
    return found


def cost_of(problem: Problem, columns: Columns, solution: Solution | None) -> int:
    """What the shipments of a solution cost, in minor units."""
    assert solution is not None
    shipments = build_shipments(problem, columns.starts, solution.parcels)
    return sum(sum(shipment.cost.values()) for shipment in shipments)
