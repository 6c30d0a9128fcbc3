"""Rules applied to all candidates at once: who is left, who comes first, and how many each rule removed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from troth.engine.rules.compiled import Compiled, CompiledRule, CompiledSort
from troth.engine.rules.ground import Ground
from troth.engine.rules.operators import not_of
from troth.engine.rules.values import Known, Value, is_certain
from troth.model.ids import Sku


@dataclass(slots=True)
class Tally:
    """How many nodes each rule took at least one line from, what is to be said about rules in sentences, and by SKU the
    names of what keeps units of it back.
    """

    removed: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    kept: dict[Sku, dict[str, None]] = field(default_factory=dict)


def speaks(when: Compiled | None, ground: Ground) -> bool:
    """Whether a rule speaks of this order; where that cannot be evaluated, it does."""
    if when is None or when.code is None:
        return True
    value = when.code.run(ground)
    return not (value.known is True and value.data is False)


def applies(when: Compiled | None, ground: Ground) -> bool:
    """Whether a tier applies to this order; where that cannot be evaluated, it does not."""
    if when is None:
        return True
    return when.code is not None and is_certain(when.code.run(ground)) is True


def narrow(
    rules: Iterable[CompiledRule], ground: Ground, is_open: NDArray[np.bool_], tally: Tally
) -> NDArray[np.bool_]:
    """What rules leave (K or 1, N) of what was open. A candidate for which a rule cannot be evaluated is removed."""
    left = int(np.count_nonzero(is_open))
    for rule in rules:
        if rule.when is not None and not speaks(rule.when, ground):
            continue
        name = rule.name
        if rule.condition.code is None:
            tally.notes.append(f"{name} cannot be used and removes everything: {rule.condition.flaw}")
            value = Value(False, False)
        else:
            value = rule.condition.code.run(ground)
            if value.known is not True:
                _note_unknown(name, value, is_open, tally)
        keep = is_certain(not_of(value) if rule.is_exclusion else value)
        if keep is True:
            continue
        rest: NDArray[np.bool_] = is_open & keep
        count = int(np.count_nonzero(rest))
        rows = rest.shape[0]
        if rows == 1:
            lost = left - count
        elif count * is_open.shape[0] == left * rows:  # nothing was lost, whatever number of rows it was counted in
            lost = 0
        else:
            lost = int(np.count_nonzero((is_open ^ rest).any(axis=0)))
        if lost:
            tally.removed[name] = tally.removed.get(name, 0) + lost
        is_open, left = rest, count
    return is_open


def kept_by(rule: CompiledRule, ground: Ground) -> Known:
    """What one rule leaves (K or 1, N, or one value for all). What cannot be evaluated is removed."""
    if rule.when is not None and not speaks(rule.when, ground):
        return True
    if rule.condition.code is None:
        return False
    value = rule.condition.code.run(ground)
    return is_certain(not_of(value) if rule.is_exclusion else value)


def rank_nodes(sorts: Sequence[CompiledSort], ground: Ground, is_open: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The rank (K or 1, N; 1 is the best) of each node by some criteria, the first deciding before the second.

    Equals share a rank. Values that cannot be evaluated come after all others. Nodes that are not open rank last.
    """
    open_at = np.flatnonzero(is_open.any(axis=0))
    keys = [_key(sort, ground, open_at) for sort in sorts]
    rows = max((key.shape[0] for key in keys), default=1)
    ranks = np.full((rows, is_open.shape[1]), float(open_at.size + 1))
    for row in range(rows if open_at.size else 0):
        columns = [key[row if key.shape[0] > 1 else 0] for key in keys]
        order = np.lexsort(columns[::-1])
        is_other = np.zeros(order.size, dtype=np.bool_)
        for column in columns:
            is_other[1:] |= column[order][1:] != column[order][:-1]
        ranks[row, open_at[order]] = 1.0 + np.cumsum(is_other)
    return ranks


def _key(sort: CompiledSort, ground: Ground, open_at: NDArray[np.intp]) -> NDArray[np.float64]:
    """The numbers (K or 1, open nodes) by which a criterion ranks, the least first, infinity where there is none."""
    if sort.measure is None:
        last = len(sort.ranked)
        places = [sort.ranked.get(ground.network.nodes[at].node, last) for at in open_at.tolist()]
        key = np.array(places, dtype=np.float64)[np.newaxis]
        return -key if sort.is_descending else key
    if sort.measure.code is None:
        return np.zeros((1, open_at.size))
    value = sort.measure.code.run(ground)
    key = np.atleast_2d(np.asarray(value.data, dtype=np.float64))
    if sort.is_descending:
        key = -key
    if value.known is not True:
        key = np.where(np.atleast_2d(np.asarray(value.known)), key, np.inf)
    # What is the same for all nodes has one column.
    return np.broadcast_to(key, (key.shape[0], ground.network.positions.size))[:, open_at]


def _note_unknown(name: str, value: Value, is_open: NDArray[np.bool_], tally: Tally) -> None:
    missing = np.logical_and(is_open, np.logical_not(value.known))
    count = int(np.count_nonzero(missing.any(axis=0)))
    if count and value.known is not False:
        tally.notes.append(f"{name} could not be evaluated for {count} of the nodes, which it removed")
    elif count:
        tally.notes.append(f"{name} could not be evaluated for any node, and removed all")
