"""What one more unit of each item at each node is worth, from a forecast: an average over the demand that may come.

The prices of one forecast number stand at a corner: a little more or less demand moves them far. What a unit is worth
is its average over the demand that may come, so prices are made for some drawn demands, and averaged.

*Source:* K. Talluri and G. van Ryzin, "A randomized linear programming method for computing network bid prices",
*Transportation Science* 33 (1999).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.supply.unit_prices import UnitPrices
from troth.model.ids import NodeId, Sku
from troth.model.value import dataclass
from troth.planning.ascent import AssignAt, climb

DrawDemand = Callable[[np.random.Generator], NDArray[np.float64]]
"""One demand (C) that may come, in orders of each class."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work prices get: steps of the first climb and of one that begins at earlier prices; drawn demands, and
    steps of the climb for each.
    """

    steps_first: int = 150
    steps: int = 40
    scenarios: int = 4
    steps_scenario: int = 40


DEFAULT_EFFORT: Final = Effort()


def price_units(
    assign_at: AssignAt,
    demand: NDArray[np.float64],
    stock: NDArray[np.int64],
    generator: np.random.Generator,
    *,
    start: NDArray[np.float64] | None = None,
    effort: Effort = DEFAULT_EFFORT,
    draw: DrawDemand | None = None,
) -> NDArray[np.float64]:
    """The price of a unit of each pair (P), in the currency of the assignments' costs.

    `demand` (C) is how many orders of each class are expected until the stock (P) is replenished, `start` (P) are
    earlier prices: from them fewer steps lead to the new ones. Demands are drawn by `draw`, by default as Poisson's.
    """
    steps = effort.steps_first if start is None else effort.steps
    center = climb(assign_at, demand, stock, steps=steps, start=start).prices
    if effort.scenarios == 0:
        return center
    total = np.zeros_like(center)
    for _ in range(effort.scenarios):
        drawn = generator.poisson(demand).astype(np.float64) if draw is None else draw(generator)
        total += climb(assign_at, drawn, stock, steps=effort.steps_scenario, start=center).prices
    return total / effort.scenarios


def price_by_depletion(
    start: NDArray[np.int64], left: NDArray[np.int64], ceiling: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The price of a unit of each pair (P) where nothing is forecast: zero at full stock, growing exponentially with
    the share that is gone, up to `ceiling` (P), what it costs to go without.

    *Source:* N. Buchbinder and J. Naor, "The design of competitive online algorithms via a primal-dual approach",
    *Foundations and Trends in Theoretical Computer Science* 3 (2009).

    >>> import numpy as np
    >>> price_by_depletion(np.array([10, 10, 10]), np.array([10, 5, 0]), np.full(3, 100.0)).round(1).tolist()
    [0.0, 37.8, 100.0]
    """
    gone = 1.0 - np.clip(left, 0, start) / np.maximum(1, start)
    price: NDArray[np.float64] = ceiling * np.expm1(gone) / np.expm1(1.0)
    return price


def to_unit_prices(
    prices: NDArray[np.float64],
    skus: Sequence[Sku],
    nodes: Sequence[NodeId],
    *,
    version: str,
    made_at: datetime,
    minor_per_unit: float = 1.0,
) -> UnitPrices:
    """The prices (P) in the form that the engine takes, in minor units; `minor_per_unit` is how many of them one unit
    of the prices' currency has. Prices of zero are left out.
    """
    table = (prices * minor_per_unit).reshape(len(skus), len(nodes)).tolist()
    minor = {
        sku: {node: price for node, price in zip(nodes, row, strict=True) if price > 0.0}
        for sku, row in zip(skus, table, strict=True)
    }
    return UnitPrices(version, made_at, {sku: row for sku, row in minor.items() if row})
