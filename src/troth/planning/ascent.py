"""The climb to the prices at which demand fits the stock: projected subgradient steps on the Lagrangian of stock.

D(prices) = sum of demand * (cheapest assignment at cost + prices) - prices * stock is concave, and for prices >= 0
never above the least cost at which any policy can serve that demand. Its slope at a pair is the units that the cheapest
assignments take there, less the stock.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.planning.assignment import Assignment

AssignAt = Callable[[NDArray[np.float64]], Assignment]
"""The cheapest assignment of each class at prices (P)."""

_MEMORY: Final = 0.8
_SCALE_MEMORY: Final = 0.98
_SHORTENING: Final = 5.0
STRIDE_SHARE: Final = 0.25
"""The first step moves a price by this share of what a unit costs on average."""


@dataclass(frozen=True, slots=True, eq=False)
class Climb:
    """The best prices (P) that were met, and the bound on the least cost that they prove."""

    prices: NDArray[np.float64]
    bound: float


def climb(
    assign_at: AssignAt,
    demand: NDArray[np.float64],
    stock: NDArray[np.int64],
    *,
    steps: int,
    start: NDArray[np.float64] | None = None,
    stride: float | None = None,
) -> Climb:
    """The best prices after so many steps from `start` (zero where there is none).

    `demand` (C) is how many orders of each class come, `stock` (P) what there is for them; a stock that goes on (P + M)
    holds how many parcels each node can send, and prices go on likewise. Pairs without stock are sold
    out and keep their price. Steps are taken along a running mean of slopes, each pair at the scale of its own, and
    shorten with their number; the first is `stride` long (money; by default a share of a unit's average cost).
    *Source:* the running scales are those of D. P. Kingma and J. Ba, "Adam" (2015); projection and shortening steps of
    N. Z. Shor, *Minimization Methods for Non-Differentiable Functions* (1985).
    """
    is_sold_out = stock <= 0
    prices = np.zeros(stock.size) if start is None else np.maximum(start, 0.0)
    best = Climb(prices, -np.inf)
    mean, scale = np.zeros(stock.size), np.zeros(stock.size)
    for step in range(steps):
        found = assign_at(np.where(is_sold_out, np.inf, prices))
        taken = found.usage(demand, stock.size)
        slope = np.where(is_sold_out, 0.0, taken - stock)
        bound = float(demand @ np.where(demand > 0.0, found.value, 0.0) - prices[~is_sold_out] @ stock[~is_sold_out])
        if bound > best.bound:
            best = Climb(prices, bound)
        if not slope[(slope > 0.0) | (prices > 0.0)].any():
            break
        if stride is None:
            stride = STRIDE_SHARE * abs(bound) / max(1.0, float(demand @ (found.sources >= 0).sum(axis=1)))
        mean = _MEMORY * mean + (1.0 - _MEMORY) * slope
        scale = _SCALE_MEMORY * scale + (1.0 - _SCALE_MEMORY) * slope**2
        direction = (mean / (1.0 - _MEMORY ** (step + 1))) / np.sqrt(scale / (1.0 - _SCALE_MEMORY ** (step + 1)) + 1e-9)
        prices = np.maximum(0.0, prices + stride / np.sqrt(1.0 + step / _SHORTENING) * direction)
    return best
