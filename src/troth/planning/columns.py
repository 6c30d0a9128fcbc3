"""The same optimum as the climb, exactly: a linear program over whole assignments, made column by column.

Each column is one way to serve a class of orders. The duals of stock price the next assignments; where none of them is
cheaper than what is there, the program is solved. It also says how often each way is used, which a climb does not.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.planning.assignment import Assignment, assign
from troth.planning.classes import OrderClasses
from troth.planning.linear_program import LinearProgram, columns_of

ROUNDS_MAX: Final = 60
_CLOSED: Final = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """The least cost with fractions of whole assignments, the bound that proves it, the price of each pair (P), and how
    often each line of each class (C, K max, N) comes from each source.
    """

    cost: float
    bound: float
    prices: NDArray[np.float64]
    shares: NDArray[np.float64]


def solve_ways(
    classes: OrderClasses, demand: NDArray[np.float64], stock: NDArray[np.int64], *, rounds_max: int = ROUNDS_MAX
) -> Ways:
    """The optimum for demand (C) in orders and stock (P) in units. Classes need a source without stock, so that each
    can always be served. Ends after `rounds_max` rounds at the latest; then `bound` is below `cost`.
    """
    count = classes.count
    program = LinearProgram(
        np.concatenate([demand, np.full(stock.size, -np.inf)]), np.concatenate([demand, stock.astype(np.float64)])
    )
    is_sold_out = stock <= 0
    seen: dict[tuple[int, ...], int] = {}
    kept: list[tuple[int, tuple[int, ...]]] = []
    _add(program, seen, kept, assign(classes, np.full(stock.size, np.inf)), classes)
    _add(program, seen, kept, assign(classes, np.where(is_sold_out, np.inf, 0.0)), classes)
    bound = -np.inf
    optimum = program.solve()
    prices = np.zeros(stock.size)
    for _ in range(rounds_max):
        prices = np.maximum(0.0, -optimum.duals[count:])
        found = assign(classes, np.where(is_sold_out, np.inf, prices))
        bound = max(bound, float(demand @ found.value - prices @ stock))
        if optimum.cost - bound <= _CLOSED * abs(optimum.cost) or not _add(program, seen, kept, found, classes):
            break
        optimum = program.solve()
    return Ways(optimum.cost, bound, prices, _shares(classes, demand, kept, optimum.values))


def _add(
    program: LinearProgram,
    seen: dict[tuple[int, ...], int],
    kept: list[tuple[int, tuple[int, ...]]],
    found: Assignment,
    classes: OrderClasses,
) -> bool:
    """Add the assignments that are new; whether there were any."""
    fresh, costs, rows = [], [], []
    none = classes.pair_count
    cost, pairs, sources = found.cost.tolist(), found.pairs.tolist(), found.sources.tolist()
    for one in range(classes.count):
        key = (one, *sources[one])
        if key in seen:
            continue
        seen[key] = len(kept)
        kept.append((one, tuple(sources[one])))
        fresh.append(one)
        costs.append(cost[one])
        rows.append([one, *(classes.count + pair for pair in pairs[one] if pair != none)])
    if fresh:
        starts, flat = columns_of(rows)
        program.add_columns(np.array(costs), starts, flat, np.ones(flat.size))
    return bool(fresh)


def _shares(
    classes: OrderClasses,
    demand: NDArray[np.float64],
    kept: list[tuple[int, tuple[int, ...]]],
    values: NDArray[np.float64],
) -> NDArray[np.float64]:
    shares = np.zeros((classes.count, int(classes.sizes.max(initial=1)), classes.unit.shape[1]))
    for (one, sources), orders in zip(kept, values.tolist(), strict=True):
        if orders > 0.0 and demand[one] > 0.0:
            for line, source in enumerate(sources):
                if source >= 0:
                    shares[one, line, source] += orders / demand[one]
    return shares
