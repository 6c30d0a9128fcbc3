"""Every plan of whole lines that none other beats in money, days and shipments at once, by the method of subsets.

A set of lines as one shipment has a price for each pattern of days on which candidates deliver; a set as several
shipments has states (money, days, shipments) of which none is beaten. The states of S are those of its parts: for each
T in S that holds S's lowest line, a shipment of T and a state of S - T. So nothing is lost: what can be added to a
state that is beaten can be added to the one that beats it.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.transit import NEVER
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Shipped:
    """What candidates with one pattern of days make of each set of lines (2^K) as one shipment: its money (NEVER or
    more: not possible) and its days.
    """

    money: NDArray[np.float64]
    days: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class State:
    """A plan of all lines: its money, its days, and its shipments as (set of lines, which of the patterns)."""

    money: float
    days: float
    parts: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """States (n) of some sets, one set after the other: those of set S begin at `start[S]`, `size[S]` of them. `part`
    and `by` are the shipment of the lowest line, `rest` the state of all others (-1: there are none).
    """

    money: NDArray[np.float64]
    days: NDArray[np.float64]
    count: NDArray[np.intp]
    part: NDArray[np.intp]
    by: NDArray[np.intp]
    rest: NDArray[np.intp]

    def take(self, at: NDArray[np.intp]) -> "_Table":
        """Some of them."""
        return _Table(*[getattr(self, name)[at] for name in self.__slots__])

    def join(self, other: "_Table") -> "_Table":
        """These, then those."""
        return _Table(*[np.concatenate((getattr(self, name), getattr(other, name))) for name in self.__slots__])


def find_states(
    shipped: Sequence[Shipped], count: int, *, shipments_max: int, may_go_on: Callable[[], bool]
) -> list[State] | None:
    """The unbeaten plans of all `count` lines by money, one of equals; None where it was not let go on to the end.

    >>> apart = Shipped(np.array([0.0, 3.0, 4.0, 9.0]), np.zeros(4))
    >>> late = Shipped(np.array([0.0, 9.0, 9.0, 5.0]), np.array([0.0, 2.0, 2.0, 4.0]))
    >>> [(state.money, state.days, state.parts) for state in find_states(
    ...     [apart, late], 2, shipments_max=2, may_go_on=lambda: True)]
    [(5.0, 4.0, ((3, 1),)), (7.0, 0.0, ((1, 0), (2, 0))), (9.0, 0.0, ((3, 0),))]
    """
    full = (1 << count) - 1
    singles, first = _list_singles(shipped, full + 1)
    size = np.diff(first)
    start, sizes = np.zeros(full + 1, dtype=np.intp), np.zeros(full + 1, dtype=np.intp)
    states = _Table(*[np.array([value]) for value in (0.0, 0.0, 0, 0, 0, -1)])
    sizes[0] = 1
    # Only sets without the first line are what is left of all, or of what is left.
    for lines in (*range(2, full + 1, 2), full):
        if not may_go_on():
            return None
        parts = _parts_with_lowest(lines)
        rests = lines ^ parts
        pairs = size[parts] * sizes[rests]
        which = np.repeat(np.arange(parts.size), pairs)
        at = np.arange(which.size) - np.repeat(np.cumsum(pairs) - pairs, pairs)
        single = first[parts[which]] + at // np.maximum(sizes[rests[which]], 1)
        rest = start[rests[which]] + at % np.maximum(sizes[rests[which]], 1)
        found = _Table(
            singles.money[single] + states.money[rest],
            singles.days[single] + states.days[rest],
            states.count[rest] + 1,
            singles.part[single],
            singles.by[single],
            rest,
        )
        kept = found.take(_unbeaten(found, shipments_max))
        start[lines], sizes[lines] = states.money.size, kept.money.size
        states = states.join(kept)
    return [_trace(states, int(at)) for at in range(start[full], states.money.size)]


def _list_singles(shipped: Sequence[Shipped], sets: int) -> tuple[_Table, NDArray[np.intp]]:
    """The unbeaten ways to send each set as one shipment, set by set, and where those of each begin (sets + 1)."""
    money = np.array([one.money for one in shipped]).T
    days = np.array([one.days for one in shipped]).T
    order = np.lexsort((days, money), axis=1)
    money, days = np.take_along_axis(money, order, axis=1), np.take_along_axis(days, order, axis=1)
    before = np.minimum.accumulate(np.where(money < NEVER, days, np.inf), axis=1)
    is_kept = money < NEVER
    is_kept[:, 1:] &= days[:, 1:] < before[:, :-1]
    is_kept[0] = False
    part, at = np.nonzero(is_kept)
    first = np.concatenate(([0], np.cumsum(is_kept.sum(axis=1))))
    one = np.ones(part.size, dtype=np.intp)
    return _Table(money[part, at], days[part, at], one, part, order[part, at], -one), first


def _unbeaten(states: _Table, shipments_max: int) -> NDArray[np.intp]:
    """The states that none other beats, by money; of equals the first."""
    order = np.lexsort((states.count, states.days, states.money))
    order = order[states.count[order] <= shipments_max]
    days, count = states.days[order], states.count[order]
    is_kept = np.zeros(order.size, dtype=np.bool_)
    for most in range(1, int(count.max(initial=0)) + 1):
        least = np.minimum.accumulate(np.where(count <= most, days, np.inf))
        before = np.concatenate(([np.inf], least[:-1]))
        is_kept |= (count == most) & (days < before)
    kept: NDArray[np.intp] = order[is_kept]
    return kept


def _parts_with_lowest(lines: int) -> NDArray[np.intp]:
    """The subsets of a set that hold its lowest line."""
    low = lines & -lines
    parts = np.array([low], dtype=np.intp)
    others = lines ^ low
    while others:
        bit = others & -others
        others ^= bit
        parts = np.concatenate((parts, parts | bit))
    return parts


def _trace(states: _Table, at: int) -> State:
    """The plan behind a state."""
    parts, rest = [], at
    while states.rest[rest] >= 0:
        parts.append((int(states.part[rest]), int(states.by[rest])))
        rest = int(states.rest[rest])
    return State(float(states.money[at]), float(states.days[at]), tuple(parts))
