"""Forecast demand against stock as a linear program that may send fractions: its value, its prices, its frequencies."""

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.planning.classes import OrderClasses
from troth.planning.fluid_links import find_links
from troth.planning.linear_program import LinearProgram


@dataclass(frozen=True, slots=True, eq=False)
class Transport:
    """The least `cost` of one item's demand, the price of one more unit at each node (M), and the `units` (R, N) sent
    from each source to each region.
    """

    cost: float
    prices: NDArray[np.float64]
    units: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Fluid:
    """The least cost of all demand, the price of each pair (P), and how often each line of each class (C, K max, N)
    comes from each source.
    """

    cost: float
    prices: NDArray[np.float64]
    shares: NDArray[np.float64]


def solve_transport(
    demand: NDArray[np.float64], unit_cost: NDArray[np.float64], stock: NDArray[np.float64]
) -> Transport:
    """The cheapest way to serve the demand for one item that sells alone, from stock at M nodes.

    `demand` (R) is in units, `unit_cost` (R, N) includes the parcel (inf: not possible); sources from M on hold no
    stock and can send without limit: one of them, such as not serving, must be possible everywhere. ArithmeticError
    where the demand cannot be met.
    """
    nodes = stock.size
    region, source = np.nonzero(np.isfinite(unit_cost))
    infinite = np.full(demand.size, np.inf)
    program = LinearProgram(np.concatenate([demand, -np.inf * np.ones(nodes)]), np.concatenate([demand, stock]))
    holds = source < nodes
    rows = np.column_stack([region, demand.size + source])
    used = np.column_stack([np.ones_like(holds), holds])
    starts = np.concatenate([[0], np.cumsum(used.sum(axis=1))[:-1]]).astype(np.intp)
    flat = rows[used]
    program.add_columns(unit_cost[region, source], starts, flat, np.ones(flat.size))
    optimum = program.solve()
    units = np.zeros((infinite.size, unit_cost.shape[1]))
    units[region, source] = optimum.values
    return Transport(optimum.cost, np.maximum(0.0, -optimum.duals[demand.size :]), units)


def solve_fluid(classes: OrderClasses, demand: NDArray[np.float64], stock: NDArray[np.int64]) -> Fluid:
    """The program of Jasin and Sinha for orders of many items: each line may come from several sources in fractions,
    and a source that sends a fraction of a line is paid for in the largest such fraction.

    `demand` (C) is in orders, `stock` (P) in units. Without its pairs of one size it says less than the Lagrangian of
    stock, whose assignments are whole. It has about (K + 1) N columns a class: fit for a thousand classes; of more, a
    climb with `FluidAssigner` finds the cost from below.
    """
    links = find_links(classes)
    orders = demand[links.link_class]
    program = links.pose(stock.astype(np.float64))
    links.add_columns(program, orders * links.unit, demand[links.parcel_class] * links.parcel_fixed, orders)
    optimum = program.solve()
    line_class = classes.incidence[0]
    shares = np.zeros((classes.count, int(classes.sizes.max(initial=1)), classes.unit.shape[1]))
    position = np.arange(line_class.size) - np.searchsorted(line_class, line_class)
    count = links.line.size
    shares[links.link_class, position[links.line], links.source] = optimum.values[:count]
    return Fluid(optimum.cost, np.maximum(0.0, -optimum.duals[line_class.size + count :]), shares)
