"""What a plan costs besides rates, handling, packaging and dates: the terms in use for one demand, as arrays of whole
minor units.

A term is paid by unit, by line of a parcel, or by parcel; what one unit costs does not depend on how many of its line
a node sends, so that every solver can add it up and the parts of a shipment are the very numbers it was chosen by.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.carbon import Carbon
from troth.engine.carriage.network import Network
from troth.engine.carriage.surcharges import Charges
from troth.engine.demand.chargebacks import Chargebacks
from troth.engine.supply.stock_costs import StockCosts
from troth.engine.supply.unit_prices import ByNode, UnitPrices, align
from troth.engine.work_times.work_rates import rates_there
from troth.model.cost_rates import PARTS, CostRates, PaymentFee
from troth.model.ids import NodeId
from troth.model.measure import half_up as half_up_of
from troth.model.network import Address
from troth.model.order import Method
from troth.model.plan import DemandLine
from troth.model.value import dataclass

_BASIS: Final = 10_000
_NO_FEE: Final = PaymentFee()


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """What the choice counts for a minor unit of each part, for a day that a line waits, and for a shipment: whole
    numbers.
    """

    parts: Mapping[str, int]
    days: int = 0
    shipments: int = 0


PLAIN_WEIGHTS: Final = Weights(dict.fromkeys(PARTS, 1))


@dataclass(frozen=True, slots=True, eq=False)
class CostTerms:
    """The cost terms in use for one problem of K lines in a network of N nodes.

    `unit` is, by part, what one unit of each line costs at each node (K, N) and `line` what a line of a parcel costs;
    `unit_sum` and `line_sum` are what the choice counts for them, handling included. `stock` and `carbon` are None
    where they are not in use, `line_sum` where no line term is, `charges` where no surcharge can be met, `chargebacks`
    where no partner takes anything off.
    """

    weights: Weights
    unit: Mapping[str, NDArray[np.float64]]
    line: Mapping[str, NDArray[np.float64]]
    unit_sum: NDArray[np.float64]
    line_sum: NDArray[np.float64] | None
    stock: StockCosts | None
    carbon: Carbon | None
    payment: PaymentFee
    destination: Address | None
    charges: Charges | None
    prices_version: str = ""
    chargebacks: Chargebacks | None = None

    def paid_minor(self, line: DemandLine, units: int) -> int:
        """What it costs to be paid for some units of a line: a share of their price, halves up."""
        return half_up_of(line.unit_price_minor * units * self.payment.basis_points, _BASIS * line.scale)


@dataclass(frozen=True, slots=True, eq=False)
class NodeCosts:
    """What only some nodes cost (N): labor by line, taking a unit back, and goods in percent."""

    labor: NDArray[np.float64]
    returns: NDArray[np.float64]
    goods_percent: NDArray[np.float64]
    has_labor: bool
    has_returns: bool
    has_goods: bool

    @property
    def is_used(self) -> bool:
        """Whether any node costs anything of these."""
        return self.has_labor or self.has_returns or self.has_goods


def node_costs(network: Network) -> NodeCosts:
    """The costs of these nodes, remembered with the network."""
    found = network.memory.tables["costs"].get("nodes")
    if isinstance(found, NodeCosts):
        return found
    labor = np.array([node.labor_minor for node in network.nodes], dtype=np.float64)
    returns = np.array([node.return_minor for node in network.nodes], dtype=np.float64)
    goods = np.array([node.goods_percent for node in network.nodes], dtype=np.float64)
    costs = NodeCosts(labor, returns, goods, bool(labor.any()), bool(returns.any()), bool((goods != 100.0).any()))
    network.memory.keep("costs", "nodes", costs)
    return costs


def unit_terms(
    network: Network, lines: Sequence[DemandLine], method: Method, rates: CostRates, prices: UnitPrices | None
) -> dict[str, NDArray[np.float64]]:
    """The terms that are paid by unit (K, N), by part; those that are not in use are left out. `method` is how goods
    reach the customer.
    """
    terms: dict[str, NDArray[np.float64]] = {}
    costs = node_costs(network)
    if costs.has_goods:
        own = np.array([line.item.cost_minor if line.item is not None else 0 for line in lines], dtype=np.float64)
        terms["goods"] = half_up(own[:, np.newaxis] * (costs.goods_percent - 100.0) / 100.0)
    if prices is not None:
        if prices.markdown_minor:
            terms["markdown"] = -half_up(_aligned(prices.markdown_minor, lines, network))
        if prices.minor:
            terms["opportunity"] = half_up(_aligned(prices.minor, lines, network))
    if rates.return_minor or costs.has_returns:
        shares = [_return_share(line, rates) for line in lines]
        if any(shares):
            back = rates.return_minor.get(method.value, rates.return_minor.get("", 0)) + costs.returns
            terms["returns"] = half_up(np.array(shares, dtype=np.float64)[:, np.newaxis] * back / _BASIS)
    return terms


def line_terms(
    network: Network, count: int, rates: CostRates, loads: Mapping[NodeId, float] | None
) -> dict[str, NDArray[np.float64]]:
    """The terms that are paid by line of a parcel (K, N), by part; those that are not in use are left out."""
    terms: dict[str, NDArray[np.float64]] = {}
    costs = node_costs(network)
    if costs.has_labor:
        terms["labor"] = np.broadcast_to(costs.labor, (count, costs.labor.size))
    if loads and rates.load_minor:
        load = load_costs(network, loads, rates)
        terms["load"] = np.broadcast_to(load, (count, load.size))
    if rates.looks_at_work:
        failure, overdue = work_costs(network, rates)
        if rates.failure_minor:
            terms["failure"] = np.broadcast_to(failure, (count, failure.size))
        if rates.overdue_minor:
            terms["overdue"] = np.broadcast_to(overdue, (count, overdue.size))
    return terms


def load_costs(network: Network, loads: Mapping[NodeId, float], rates: CostRates) -> NDArray[np.float64]:
    """What a line costs at each node (N) because of its load: nothing up to the free share of its capacity, then rising
    in a straight line to `load_minor` where all of it is used.
    """
    used = np.zeros(len(network.nodes))
    for node, share in loads.items():
        position = network.index.get(node)
        if position is not None:
            used[position] = share
    free = min(max(rates.load_free_percent, 0), 99) / 100.0
    return half_up(rates.load_minor * np.clip((used - free) / (1.0 - free), 0.0, 1.0))


def work_costs(network: Network, rates: CostRates) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a line is expected to cost at each node (N, N) because it is not taken on or not found there, and because it
    is not out in time.
    """
    accept, short, on_time, _ = rates_there(network)
    failing = 1.0 - accept * (1.0 - short)
    return half_up(rates.failure_minor * failing), half_up(rates.overdue_minor * (1.0 - on_time))


def find_fee(rates: CostRates, tender: str) -> PaymentFee:
    """What it costs to be paid by a tender."""
    return rates.payment_fees.get(tender) or rates.payment_fees.get("") or _NO_FEE


def half_up(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest whole numbers, halves up."""
    rounded: NDArray[np.float64] = np.floor(values + 0.5)
    return rounded


def _aligned(figures: ByNode, lines: Sequence[DemandLine], network: Network) -> NDArray[np.float64]:
    return np.array([align(figures, line.sku, network) for line in lines])


def _return_share(line: DemandLine, rates: CostRates) -> int:
    """The share of a line's units that is expected back, in basis points."""
    item = line.item
    if item is not None and item.return_basis_points is not None:
        return item.return_basis_points
    default = rates.return_basis_points.get("", 0)
    return default if item is None else rates.return_basis_points.get(item.category, default)
