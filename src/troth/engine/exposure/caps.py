"""What is not shown although it could stay free: nodes that are closed, and what sums over nodes leave."""

from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.exposure.amounts import Units, share_units
from troth.engine.exposure.asker import Asker
from troth.engine.exposure.compiled import Ready
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.item_rules import ItemRules, Mask
from troth.engine.exposure.quotas import quotas_of
from troth.engine.supply.feed_age import late_nodes
from troth.engine.supply.pooled import Pooled
from troth.engine.supply.supply import QUANTITY_MAX, BookUnits, SupplyRows
from troth.model.exposure import ChannelBuffer, Draw
from troth.model.ids import Sku
from troth.model.measure import shown
from troth.model.value import dataclass

Note = tuple[str, str]
"""A code, and a sentence."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one rule, or kind of reason, took of each row (R)."""

    kind: str
    rule: str
    units: Units


@dataclass(slots=True)
class Account:
    """Everything that is taken of rows (R), in order: `steps` at nodes, which leave what is `exposed` of each row, and
    then `over` of the sums over all nodes, which leave no more than what is shown.
    """

    steps: list[Step] = field(default_factory=list)
    over: list[Step] = field(default_factory=list)
    exposed: Units = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Sums:
    """What limits the sums over all nodes: whoever asks, of what, so many `asked` of it; what other items of the demand
    `spent` of quotas that they share, which grows by this one's; and how many units stand for one where they are
    `counted`.
    """

    asker: Asker
    sku: Sku
    asked: int
    spent: dict[Draw, int]
    counted: int = 1
    decimals: int = 0

    def told(self, units: int) -> int | float:
        """Counted units as people know them."""
        return shown(units // self.counted, self.decimals)


def find_closed(
    rules: ItemRules, rows: SupplyRows, taken: Units, asker: Asker, count: int
) -> list[tuple[str, str, Mask]]:
    """The nodes that are not used for the item, by the rule that says so; there are `count` nodes."""
    closed: list[tuple[str, str, Mask]] = []
    for threshold, mask in rules.thresholds:
        rule = threshold.rule
        if rule.channels and asker.channel not in rule.channels:
            continue
        is_low = sum_here(rows, taken, count) < rule.below_units
        used = asker.uses(rule.methods, count)
        closed.append(("threshold", threshold.label, np.logical_and(np.logical_and(mask, used), is_low)))
    for label, hidden in _hidden(rules, asker, count):
        closed.append(("excluded", label, hidden))
    return closed


def base_of_buffers(rules: ItemRules, on_hand: Units, asker: Asker, network: Network) -> int:
    """What a channel's percent is of: what is on hand (N) at the active nodes whose stock feed is not late and that no
    exclusion hides from the asker.

    It is not what is still free there: of that a percent would melt away as stock is sold.
    """
    if not rules.buffers:
        return 0
    counts, late = network.is_active, late_nodes(network, asker.now.timestamp())
    if late is not None:
        counts = counts & ~late
    for _label, hidden in _hidden(rules, asker, on_hand.size):
        counts = np.logical_and(counts, np.logical_not(hidden))
    return int(on_hand[counts].sum())


def cap_sums(
    exposure: Exposure,
    rules: ItemRules,
    rows: SupplyRows,
    taken: Units,
    sums: Sums,
    *,
    base: int,
    pools: tuple[Pooled, ...] = (),
    account: Account | None = None,
) -> tuple[Units, Note | None]:
    """What the sums over all nodes leave of each row, and why where that is less than what is asked; `base` is what a
    buffer's percent is of.
    """
    note: Note | None = None
    asker, asked, given = sums.asker, sums.asked, taken
    most, taken = _leave_pools(rows, taken, pools, asked, account)
    if taken is not given:
        units = sum(pool.units for pool in pools)
        note = ("withheld", f"{shown(units, sums.decimals)} units are kept for others over all nodes")
    is_here = rows.available_from == 0.0
    here = int(most[is_here].sum())
    kept, label = buffer_units(rules, asker, here, base=base)
    if kept and asked > here - kept:
        before, taken = taken, trim(rows, taken, is_here, max(0, here - kept))
        _tell(account, "channel_buffer", label, before, taken)
        note = ("channel_buffer", f"channel {asker.channel} leaves the last {shown(kept, sums.decimals)} units")
    for quota in quotas_of(exposure.consumed, rules, asker, sums.sku):
        left = max(0, quota.left - sums.spent.get(quota.draw, 0)) // sums.counted
        sums.spent[quota.draw] = sums.spent.get(quota.draw, 0) + min(asked, left) * sums.counted
        if asked > left:
            before, taken = taken, trim(rows, taken, np.ones_like(is_here), left)
            _tell(account, "product_allocation", quota.draw.rule, before, taken)
            note = ("product_allocation", quota.sentence(sums.told if quota.draw.sku else int))
    return taken, note


def _leave_pools(
    rows: SupplyRows, taken: Units, pools: tuple[Pooled, ...], asked: int, account: Account | None
) -> tuple[Units, Units]:
    """What pooled protections leave of each row: whatever is asked, and where so much is.

    Pools that keep units for different times may trim in each other's way; the first is within what each of them allows
    as well, so that it stands where it gives more of what is asked.
    """
    most = taken
    for pool in pools:
        most = pool.trim(rows, most, QUANTITY_MAX)
    for pool in pools:
        before, taken = taken, pool.trim(rows, taken, asked)
        if taken is not before:
            _tell(account, "protected", pool.label, before, taken)
    is_here = rows.available_from == 0.0
    total, here = int(most.sum()), int(most[is_here].sum())
    is_less = int(taken.sum()) < min(asked, total) or int(taken[is_here].sum()) < min(asked, here)
    return most, most if pools and (asked > total or is_less) else taken


def buffer_units(rules: ItemRules, asker: Asker, here: int, *, base: int) -> tuple[int, str]:
    """What the asker's channel leaves of what all nodes could give it now, and the rule that says so."""
    ready = _deciding(rules, asker)
    if ready is None:
        return 0, ""
    return min(here, max(ready.rule.units or 0, share_units(base, ready.rule.percent))), ready.label


def trim(rows: SupplyRows, taken: Units, among: NDArray[np.bool_], most: int) -> Units:
    """No more than `most` units of some rows: what is there now before what comes, of one time the largest first."""
    at = np.flatnonzero(among & (taken > 0))
    order = at[np.lexsort((rows.node_index[at], -taken[at], rows.available_from[at]))]
    units = taken[order]
    trimmed = taken.copy()
    trimmed[order] = np.clip(most - (units.cumsum() - units), 0, units)
    return trimmed


def sum_here(rows: SupplyRows, units: BookUnits, count: int) -> Units:
    """The units (N) that nodes have now of rows (R)."""
    here = rows.available_from == 0.0
    return np.bincount(rows.node_index[here], units[here], count)[:count].astype(np.int64)


def at_rows(mask: Mask, rows: SupplyRows) -> Mask:
    """A mask of nodes as one of rows."""
    return mask if isinstance(mask, bool) else mask[rows.node_index]


def _deciding(rules: ItemRules, asker: Asker) -> Ready[ChannelBuffer] | None:
    return next((one for one in rules.buffers if not one.rule.channels or asker.channel in one.rule.channels), None)


def _hidden(rules: ItemRules, asker: Asker, count: int) -> list[tuple[str, Mask]]:
    """What exclusions hide from the asker, by their names."""
    hidden: list[tuple[str, Mask]] = []
    for exclusion, mask in rules.exclusions:
        if exclusion.label not in asker.spared:
            both = np.logical_and(mask, asker.uses(exclusion.rule.methods, count))
            hidden.append((exclusion.label, bool(both) if both.ndim == 0 else both))
    return hidden


def _tell(account: Account | None, kind: str, rule: str, before: Units, after: Units) -> None:
    if account is not None:
        account.over.append(Step(kind, rule, before - after))
