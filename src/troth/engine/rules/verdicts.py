"""What the rules of a routing say of some nodes for one demand: which one bars each of them, as arrays made once.

A node is barred from a line by the first rule that removes it, and by rules of all tiers before those of a tier. So an
explanation can say what removed a node without planning anything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.rules.compiled import CompiledRule, CompiledTier, compiled_routing
from troth.engine.rules.ground import Ground
from troth.engine.rules.masks import applies, kept_by, rank_nodes
from troth.model.explanation import Bar, Kind
from troth.model.routing import Routing
from troth.model.value import dataclass

OPEN: Final = -1
"""No rule bars it."""


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Which of the `bars` keeps each of K lines from each of n nodes (K, n; OPEN: none does), by tier that applies.

    `tiers` are the names of those tiers, in their order; where none applies there is one without a name. `ranks` (n)
    are what a tier's order makes of the nodes, the least first, summed over lines; None where it has none.
    """

    bars: tuple[Bar, ...]
    tiers: tuple[str, ...]
    first: tuple[NDArray[np.int16], ...]
    ranks: tuple[NDArray[np.float64] | None, ...] = field(default=())

    def open_to(self, node: int) -> tuple[str, ...]:
        """The tiers in which a node (position among the n) may send any of the lines."""
        return tuple(
            name for name, first in zip(self.tiers, self.first, strict=True) if bool((first[:, node] == OPEN).any())
        )

    def bars_of(self, node: int, tiers: Sequence[str]) -> tuple[Bar, ...]:
        """What bars a node from these tiers, each rule once, those of all tiers first."""
        found: set[int] = set()
        for name, first in zip(self.tiers, self.first, strict=True):
            if name in tiers:
                found.update(first[:, node].tolist())
        return tuple(self.bars[at] for at in sorted(found) if at != OPEN)

    def rank_of(self, node: int, tier: str) -> float | None:
        """What the order of a tier makes of a node; None where it has none."""
        ranks = self.ranks[self.tiers.index(tier)]
        return None if ranks is None else float(ranks[node])


def find_verdicts(routing: Routing, ground: Ground, at: NDArray[np.intp], *, with_ranks: bool = False) -> Verdicts:
    """What the rules of all tiers, and those of each tier that applies, leave of the nodes at these positions (n).

    What may not be evaluated bars, as it does where candidates are chosen.
    """
    compiled = compiled_routing(routing)
    count = len(ground.demand.lines)
    bars: list[Bar] = []
    with np.errstate(all="ignore"):
        nobody = np.full((count, at.size), OPEN, dtype=np.int16)
        everywhere = _first_bars(compiled.rules, ground, at, nobody, bars, "")
        applying = [tier for tier in compiled.tiers if applies(tier.when, ground)]
        if not applying:
            return Verdicts(tuple(bars), ("",), (everywhere,), (None,))
        first = tuple(_first_bars(tier.filters, ground, at, everywhere, bars, tier.tier.name) for tier in applying)
        ranks = tuple(_ranks(tier, ground, at) if with_ranks else None for tier in applying)
    return Verdicts(tuple(bars), tuple(tier.tier.name for tier in applying), first, ranks)


def tiers_of(label: str, tiers: Iterable[str]) -> tuple[str, ...]:
    """The tiers that a trace names as those which answered: one, or several that answered together.

    >>> tiers_of("near + rest", ("near", "far", "rest")), tiers_of("a + b", ("a + b", "a")), tiers_of("", ("",))
    (('near', 'rest'), ('a + b',), ('',))
    """
    known = tuple(tiers)
    if label in known:
        return (label,)
    named = label.replace(" + ", ", ").split(", ")
    return tuple(name for name in known if name in named)


def tell_bar(bar: Bar) -> str:
    """A rule by its kind, its name, its expression and its tier.

    >>> tell_bar(Bar("exclusion", "far", "lane.miles > 1500.0"))
    'exclusion “far” (lane.miles > 1500.0)'
    >>> tell_bar(Bar("filter", "stores", 'node.type == "store"', "near"))
    'filter “stores” (node.type == "store") of tier near'
    """
    return f"{bar.kind} “{bar.name}” ({bar.expression})" + (f" of tier {bar.tier}" if bar.tier else "")


def _first_bars(
    rules: Sequence[CompiledRule],
    ground: Ground,
    at: NDArray[np.intp],
    before: NDArray[np.int16],
    bars: list[Bar],
    tier: str,
) -> NDArray[np.int16]:
    """The first bar of each line at each node (K, n): those found before, then these rules'."""
    found = before.copy()
    for rule in rules:
        keep = kept_by(rule, ground)
        if keep is True:
            continue
        number = len(bars)
        kind: Kind = "exclusion" if rule.is_exclusion else "filter" if tier else "eligibility"
        bars.append(Bar(kind, rule.rule.name, rule.rule.expression, tier))
        grid = np.asarray(keep, dtype=np.bool_)
        if grid.ndim and grid.shape[-1] > 1:
            grid = grid[..., at]
        found[(found == OPEN) & ~np.broadcast_to(grid, found.shape)] = number
    return found


def _ranks(tier: CompiledTier, ground: Ground, at: NDArray[np.intp]) -> NDArray[np.float64] | None:
    if not tier.sorts:
        return None
    is_open = np.ones((1, ground.network.positions.size), dtype=np.bool_)
    summed: NDArray[np.float64] = rank_nodes(tier.sorts, ground, is_open).sum(axis=0)[at]
    return summed
