"""What a unit costs because of how many there are: one of the last is missed, one too many would be marked down."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.supply.unit_prices import UnitPrices, align
from troth.model.cost_rates import CostRates
from troth.model.plan import DemandLine
from troth.model.value import dataclass

_BASIS = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class StockCosts:
    """What is needed to price the units of K lines by what there is of them.

    `weekly` (K, N) is what each node sells in a week (nan: not known), `quantities` (K) what is asked, `margin` (K)
    what a sale that is lost would have earned, `loss` (K) what a unit too many will lose in price, all of what `scales`
    (K) units make one of.
    """

    weekly: NDArray[np.float64]
    quantities: NDArray[np.float64]
    margin: NDArray[np.float64]
    loss: NDArray[np.float64]
    stock_out_weeks: float
    markdown_weeks: float
    scales: NDArray[np.float64]

    def stock_out(self, available: NDArray[np.float64], nodes: NDArray[np.intp] | slice) -> NDArray[np.float64]:
        """The margin (K, n) that one unit of each line is expected to cost the nodes in lost sales.

        The demand that a node meets until it gets more is taken to be geometric with mean m: at least j units are
        wanted with probability r^j, r = m / (1 + m). Of what is asked, q units out of s lose the margin of m (r^(s - q)
        - r^s) sales; each unit pays the mean.
        """
        available = available / self.scales
        wanted = np.nan_to_num(self.weekly[:, nodes]) * self.stock_out_weeks
        ratio = wanted / (1.0 + wanted)
        taken = np.clip(available, 0.0, self.quantities[:, np.newaxis])
        lost = wanted * (np.power(ratio, available - taken) - np.power(ratio, available))
        mean = self.margin[:, np.newaxis] * lost / np.maximum(taken, 1.0)
        found: NDArray[np.float64] = np.floor(mean + 0.5)
        return found

    def markdown(self, available: NDArray[np.float64], nodes: NDArray[np.intp] | slice) -> NDArray[np.float64]:
        """The markdown (K, n, negative) that taking one unit of each line is expected to save the nodes: that of the
        units above so many weeks of sales, as a mean over the units asked.
        """
        available = available / self.scales
        over = np.nan_to_num(available - self.weekly[:, nodes] * self.markdown_weeks)
        taken = np.clip(available, 0.0, self.quantities[:, np.newaxis])
        share = np.clip(over, 0.0, taken) / np.maximum(taken, 1.0)
        found: NDArray[np.float64] = -np.floor(self.loss[:, np.newaxis] * share + 0.5)
        return found


def find_stock_costs(
    network: Network,
    lines: Sequence[DemandLine],
    quantities: Sequence[int],
    rates: CostRates,
    prices: UnitPrices | None,
) -> StockCosts | None:
    """The stock costs of these lines; None where they are not in use, or no sales are known.

    Lines whose markdown is given by SKU and node are not counted twice.
    """
    if prices is None or not prices.weekly_units or not rates.looks_at_stock:
        return None
    weekly = np.array([align(prices.weekly_units, line.sku, network, missing=float("nan")) for line in lines])
    margin = [_margin(line) if rates.stock_out_weeks > 0.0 else 0 for line in lines]
    loss = [0 if line.sku in prices.markdown_minor else _loss(line, rates) for line in lines]
    if np.isnan(weekly).all() or not (any(margin) or any(loss)):
        return None
    return StockCosts(
        weekly,
        np.array([units / line.scale for line, units in zip(lines, quantities, strict=True)], dtype=np.float64),
        np.array(margin, dtype=np.float64),
        np.array(loss, dtype=np.float64),
        rates.stock_out_weeks,
        rates.markdown_weeks,
        np.array([[line.scale] for line in lines], dtype=np.float64),
    )


def price_minor(line: DemandLine) -> int:
    """What a unit of the line sells for: the order's price, else the catalog's."""
    if line.unit_price_minor or line.item is None:
        return line.unit_price_minor
    return line.item.price_minor


def _margin(line: DemandLine) -> int:
    return max(0, price_minor(line) - (0 if line.item is None else line.item.cost_minor))


def _loss(line: DemandLine, rates: CostRates) -> int:
    if rates.markdown_weeks <= 0.0:
        return 0
    if rates.markdown_attribute and (line.item is None or rates.markdown_attribute not in line.item.attributes):
        return 0
    return (price_minor(line) * rates.markdown_basis_points + _BASIS // 2) // _BASIS
