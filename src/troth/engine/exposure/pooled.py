"""Pooled protections: units that lower classes leave over several nodes together, wherever they lie.

Of what the nodes could give the asker by a time, T(t), no more than the least of T(s) - R(s) over all s from t on may
be taken by t, R being what is kept then. Where pools overlap this holds of each, and of the union of every chain of
overlapping ones with the sum of what the pools within it keep: by Hall's theorem that is what it takes for each pool to
find its units in rows that no other one counts on. Any plan within that leaves enough somewhere; which nodes it leaves
it at is known once the plan is made. These, its *witnesses*, are locked and looked at with what it takes: as few as
together hold what is kept, so that two orders at once cannot each count on the units that the other takes.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from troth.engine.carriage.network import Network
from troth.engine.exposure.amounts import Units
from troth.engine.exposure.asker import Asker
from troth.engine.exposure.floors import kept_share, remaining_pool, shared, window_of
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.item_rules import ItemRules, Mask
from troth.engine.supply.pooled import Bound, Pooled, Rows
from troth.engine.supply.supply import SupplyRows
from troth.model.item import Item
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """`units` that one rule keeps of some rows (`of`, R) together, from `starts` until `ends` (POSIX)."""

    label: str
    units: int
    of: Rows
    starts: float = 0.0
    ends: float = np.inf


def find_pools(
    exposure: Exposure,
    rules: ItemRules,
    item: Item,
    rows: SupplyRows,
    give: Units,
    on_hand: Units,
    asker: Asker,
    network: Network,
    *,
    counted: int = 1,
) -> tuple[Pooled, ...]:
    """The pooled protections that an asker has to leave, of rows that could `give` (R) them so much."""
    found: list[Kept] = []
    for ready, mask in rules.protections:
        share = kept_share(ready.rule, exposure.rules, asker) if ready.rule.is_pooled else 0.0
        if share <= 0.0:
            continue
        here = np.where(mask, on_hand, 0)
        kept = remaining_pool(exposure, ready, item.sku, here, asker, counted=counted)
        units = shared(np.array([kept]), share)
        window = window_of(ready.rule, units)
        if units.any():
            found.append(Kept(ready.label, int(units[0]), _at_rows(mask, rows), window.starts, window.ends))
    return pools_of(rows, give, found)


def pools_of(rows: SupplyRows, give: Units, kept: Iterable[Kept]) -> tuple[Pooled, ...]:
    """The pools of what rules keep of rows that could `give` (R) so much: the narrowest first, whatever order the rules
    have. What is kept adds up; what the rows of a rule do not have beside what others keep of them is kept nowhere.
    """
    wanted = sorted((one for one in kept if one.of.any()), key=lambda one: (np.count_nonzero(one.of), one.label))
    if not wanted:
        return ()
    ends = [at for one in wanted for at in (one.starts, one.ends)]
    dates = np.unique(np.concatenate([(0.0,), rows.available_from, ends]))
    dates = dates[(dates >= 0.0) & np.isfinite(dates)]
    at = np.searchsorted(dates, rows.available_from)
    known: dict[bytes, Rows] = {}
    stays: list[tuple[Rows, Units]] = []
    pools: list[Pooled] = []
    for one in wanted:
        unions = _unions(one.of, list(known.values()))
        there = [np.bincount(at[of], give[of], dates.size)[: dates.size].astype(np.int64).cumsum() for of in unions]
        before = [_within(of, stays, dates.size) for of in unions]
        room: Units = np.min([has - left for has, left in zip(there, before, strict=True)], axis=0)
        is_kept = (dates >= max(0.0, one.starts)) & (dates < one.ends)
        units = np.where(is_kept, np.clip(room, 0, one.units), 0)
        stays.append((one.of, units))
        bounds = (
            Bound(of, left + units, np.maximum(np.minimum.accumulate((has - left - units)[::-1])[::-1], 0))
            for of, has, left in zip(unions, there, before, strict=True)
        )
        pools.append(Pooled(one.label, one.units, give, dates, tuple(bounds)))
        known |= {of.tobytes(): of for of in unions}
    return tuple(pools)


def _unions(of: Rows, known: Sequence[Rows]) -> list[Rows]:
    """Some rows, and their unions with all that they overlap, directly or through others."""
    found = {of.tobytes(): of}
    for other in known:
        for one in list(found.values()):
            if bool((one & other).any()):
                union = one | other
                found[union.tobytes()] = union
    return list(found.values())


def _within(of: Rows, stays: Iterable[tuple[Rows, Units]], dates: int) -> Units:
    """What stays (D) for all whose rows lie within these."""
    total = np.zeros(dates, dtype=np.int64)
    for other, units in stays:
        if not bool((other & ~of).any()):
            total += units
    return total


def _at_rows(mask: Mask, rows: SupplyRows) -> Rows:
    return np.full(rows.node_index.size, mask) if isinstance(mask, bool) else mask[rows.node_index]
