"""Many orders decided together: each takes one of its options, and all share supply that is too scarce for everybody.

One by one an order takes the last unit that another would have needed more. In order of regret the one that has most to
lose chooses first; the mixed-integer model weighs all at once.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from troth.engine.choice.mixed_model import MixedModel, Term
from troth.model.value import dataclass

_NODES_MAX: Final = 20_000

Scarce = tuple[str, str]
"""Names what orders compete for: a SKU at a node, or a node's capacity on a day."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to serve an order: what it costs (whole minor units), and what it takes of each scarce supply."""

    cost: int
    takes: Mapping[Scarce, int]


@dataclass(frozen=True, slots=True)
class Assignment:
    """The option of each order (by position; None: none was left for it), what all cost together, by which method, and
    how far that may be above the optimum (a share; nan: not known).
    """

    chosen: tuple[int | None, ...]
    cost: int
    method: str
    gap: float = math.nan

    @property
    def left_out(self) -> int:
        """How many orders got nothing."""
        return self.chosen.count(None)


def assign_one_by_one(orders: Sequence[Sequence[Option]], there: Mapping[Scarce, int]) -> Assignment:
    """Each order in turn takes the cheapest option that is still possible; `there` is what there is to share."""
    left = dict(there)
    chosen = [_take(options, left) for options in orders]
    return _assignment(orders, chosen, "one by one")


def assign_by_regret(orders: Sequence[Sequence[Option]], there: Mapping[Scarce, int]) -> Assignment:
    """Next is always the order whose second best option is dearest beside its best; one with a single option left goes
    before all, the earliest first.
    """
    left = dict(there)
    chosen: list[int | None] = [None] * len(orders)
    waiting = list(range(len(orders)))
    while waiting:
        regrets = [(-_regret(orders[at], left), at) for at in waiting]
        at = min(regrets)[1]
        chosen[at] = _take(orders[at], left)
        waiting.remove(at)
    return _assignment(orders, chosen, "regret")


def assign_jointly(
    orders: Sequence[Sequence[Option]], there: Mapping[Scarce, int], *, seconds_max: float
) -> Assignment:
    """The assignment that leaves the fewest orders out and then costs least; never worse than that by regret.

    Orders that take nothing scarce, or whose cheapest option would fit whatever all others took, are decided before the
    model, which is exact for the rest.
    """
    by_regret = assign_by_regret(orders, there)
    asked: dict[Scarce, int] = {}
    for options in orders:
        for key in {key for option in options for key in option.takes}:
            asked[key] = asked.get(key, 0) + max(option.takes.get(key, 0) for option in options)
    tight = {key for key, units in asked.items() if units > there.get(key, 0)}
    solved = _solve(orders, there, tight, seconds_max)
    if solved is None or (by_regret.left_out, by_regret.cost) < (solved.left_out, solved.cost):
        return by_regret
    return solved


def _solve(
    orders: Sequence[Sequence[Option]], there: Mapping[Scarce, int], tight: set[Scarce], seconds: float
) -> Assignment | None:
    """The model of the orders that want something tight; all others take their cheapest option."""
    chosen = [_cheapest(options) for options in orders]
    core = [at for at, options in enumerate(orders) if any(tight & option.takes.keys() for option in options)]
    if not core:
        return _assignment(orders, chosen, "joint", 0.0)
    model = MixedModel(seconds)
    out_cost = 1.0 + sum(max((option.cost for option in orders[at]), default=0) for at in core)
    taking: dict[Scarce, list[Term]] = {}
    columns: list[tuple[int, int | None, int]] = []
    for at in core:
        row = [(model.add_integer(0.0, 1.0, out_cost), 1.0)]
        columns.append((at, None, row[0][0]))
        for number, option in enumerate(orders[at]):
            column = model.add_integer(0.0, 1.0, float(option.cost))
            row.append((column, 1.0))
            columns.append((at, number, column))
            for key in sorted(tight & option.takes.keys()):
                taking.setdefault(key, []).append((column, float(option.takes[key])))
        model.add_row(row, 1.0, 1.0)
    for key, terms in taking.items():
        model.add_row(terms, -math.inf, float(there.get(key, 0)))
    found = model.solve(_NODES_MAX)
    if found is None:
        return None
    values, gap = found
    for at, taken, column in columns:
        if values[column] > 0.5:
            chosen[at] = taken
    return _assignment(orders, chosen, "joint" if model.is_proven else "joint, stopped", gap)


def _regret(options: Sequence[Option], left: Mapping[Scarce, int]) -> float:
    """What an order loses if it must take its second best option; infinite with one option, nothing with none."""
    costs = sorted(option.cost for option in options if _fits(option, left))
    if not costs:
        return -math.inf
    return math.inf if len(costs) == 1 else float(costs[1] - costs[0])


def _take(options: Sequence[Option], left: dict[Scarce, int]) -> int | None:
    possible = [(option.cost, number) for number, option in enumerate(options) if _fits(option, left)]
    if not possible:
        return None
    number = min(possible)[1]
    for key, units in options[number].takes.items():
        left[key] -= units
    return number


def _fits(option: Option, left: Mapping[Scarce, int]) -> bool:
    return all(units <= left.get(key, 0) for key, units in option.takes.items())


def _cheapest(options: Sequence[Option]) -> int | None:
    return min(range(len(options)), key=lambda number: (options[number].cost, number), default=None)


def _assignment(
    orders: Sequence[Sequence[Option]], chosen: Sequence[int | None], method: str, gap: float = math.nan
) -> Assignment:
    cost = sum(options[number].cost for options, number in zip(orders, chosen, strict=True) if number is not None)
    return Assignment(tuple(chosen), cost, method, gap)
