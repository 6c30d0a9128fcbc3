"""What of a SKU's supply somebody may take: what is free, less what rules keep back there, for others, or for later."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from troth.engine.exposure.amounts import Units, protected_units, safety_units, sales_of, share_units
from troth.engine.exposure.asker import Asker
from troth.engine.exposure.compiled import NO_CLASS, CompiledExposure, Ready
from troth.engine.exposure.consumed import Consumed
from troth.engine.exposure.item_rules import ItemRules, Mask, find_item_rules
from troth.engine.exposure.look_ahead import Floor, is_plain, take_ahead
from troth.engine.exposure.quotas import quotas_of
from troth.engine.network import Network
from troth.engine.supply import BookUnits, SupplyRows
from troth.model.exposure import Draw, Protection, SalesRate
from troth.model.ids import NodeId, Sku
from troth.model.item import Item

Rates = Mapping[Sku, Mapping[NodeId, SalesRate]]
Findable = Callable[[Item, Units, float], Units]
"""The units (N) of an item that are found with a given confidence where the books say that there are so many (N)."""


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """The rules that count now, with what is counted against them, what nodes sell, and how surely units are found.

    What is looked up of an item is remembered in `looked_up`; it never changes an answer.
    """

    rules: CompiledExposure
    consumed: Consumed = field(default_factory=Consumed)
    rates: Rates = field(default_factory=dict)
    findable: Findable | None = None
    looked_up: dict[Sku, tuple[Item, Network, ItemRules]] = field(default_factory=dict, repr=False)

    def of_item(self, item: Item, network: Network, asker: Asker) -> ItemRules:
        """The rules that speak of an item."""
        if self.rules.looks_at_feeds:
            return find_item_rules(self.rules, item, network, asker.now)
        known = self.looked_up.get(item.sku)
        if known is not None and known[0] is item and known[1] is network:
            return known[2]
        found = find_item_rules(self.rules, item, network, asker.now)
        self.looked_up[item.sku] = (item, network, found)
        return found


@dataclass(frozen=True, slots=True)
class Step:
    """What one rule, or kind of reason, took of what is on hand at each node (N)."""

    kind: str
    rule: str
    units: Units


def free_units(rows: SupplyRows) -> Units:
    """What is there of each row (R) less what is promised of it: below zero where more is promised than is there."""
    if rows.on_hand is None or rows.reserved is None:
        return rows.available
    return np.where(rows.available > 0, rows.available, np.minimum(rows.on_hand - rows.reserved, 0))


def expose(
    exposure: Exposure | None,
    item: Item | None,
    rows: SupplyRows,
    asker: Asker | None,
    network: Network,
    *,
    asked: int = 0,
    spent: dict[Draw, int] | None = None,
    steps: list[Step] | None = None,
) -> SupplyRows:
    """The rows with no more `available` than the asker may take, so many `asked` of them.

    Buffers and quotas limit the sum over all nodes: where more is asked than it allows, nodes with much keep theirs
    first. `spent` is what other items of the same demand draw from quotas that they share, and grows by this one's;
    `steps` gets what each rule took, in order.
    """
    if exposure is None or asker is None or item is None:
        return _ahead(rows)
    rules = exposure.of_item(item, network, asker)
    if rules.is_empty and steps is None:
        return _ahead(rows)
    count = len(network.nodes)
    free = free_units(rows)
    on_hand = _sum_here(rows, free if rows.on_hand is None else rows.on_hand, count)
    taken = take_ahead(rows, free, (), count)
    _step(steps, "look_ahead", "", rows, np.maximum(free, 0), taken, count)
    if rules.finding and exposure.findable is not None:
        found = _found(exposure.findable, rules, item, on_hand)
        free = _less(rows, free, on_hand - found)
        taken = _step(steps, "unfindable", "", rows, taken, take_ahead(rows, free, (), count), count)
    floors: list[Floor] = []
    for kind, label, floor in _floors(exposure, rules, item, on_hand, asker, network):
        floors.append(floor)
        if steps is not None:
            taken = _step(steps, kind, label, rows, taken, take_ahead(rows, free, floors, count), count)
    if steps is None and floors:
        taken = take_ahead(rows, free, floors, count)
    for kind, label, closed in _closed(rules, rows, taken, asker, count):
        taken = _step(steps, kind, label, rows, taken, np.where(_at_rows(closed, rows), 0, taken), count)
    taken, note = _capped(exposure, rules, rows, taken, asker, item.sku, asked, {} if spent is None else spent)
    kept = np.maximum(free_units(rows), 0) - taken
    if not kept.any():
        return rows
    return replace(rows, available=taken, withheld=kept, note=note or _note(kept, asked, taken))


def _ahead(rows: SupplyRows) -> SupplyRows:
    """The rows with look-ahead only: what is promised of a supply that falls short is left to those who wait for it."""
    if rows.is_plain or rows.on_hand is None or rows.reserved is None:
        return rows
    if is_plain(rows) or not bool((rows.reserved > rows.on_hand).any()):
        return rows
    free = free_units(rows)
    taken = take_ahead(rows, free, (), int(rows.node_index.max()) + 1)
    kept = np.maximum(free, 0) - taken
    return replace(rows, available=taken, withheld=kept, note=None) if kept.any() else rows


def _floors(
    exposure: Exposure, rules: ItemRules, item: Item, on_hand: Units, asker: Asker, network: Network
) -> list[tuple[str, str, Floor]]:
    """What has to stay at each node, by the rule that says so."""
    found: list[tuple[str, str, Floor]] = []
    sales = None
    if exposure.rules.looks_at_sales:
        sales = sales_of(item, network, exposure.rates.get(item.sku, {}))
    for ready, mask in rules.safety_stock:
        units = np.where(mask, safety_units(ready.rule, on_hand, sales), 0)
        found.append(("safety_stock", ready.label, Floor(units)))
    for protection, mask in rules.protections:
        share = _kept_from(protection.rule, exposure.rules, asker)
        if share <= 0.0:
            continue
        units = np.where(mask, remaining_units(exposure, protection, item.sku, on_hand, asker, network), 0)
        if share < 1.0:
            units = np.ceil(units * share - 1e-9).astype(np.int64)
        rule = protection.rule
        starts = 0.0 if rule.needed_from is None else rule.needed_from.timestamp()
        ends = np.inf if rule.needed_until is None else rule.needed_until.timestamp()
        found.append(("protected", protection.label, Floor(units, starts, float(ends))))
    return found


def remaining_units(
    exposure: Exposure, ready: Ready[Protection], sku: Sku, on_hand: Units, asker: Asker, network: Network
) -> Units:
    """What a protection still keeps at each node: its amount less what its class has ordered for its time."""
    kept = protected_units(ready.rule, on_hand, asker.now)
    if ready.rule.is_consumed:
        for node, used in exposure.consumed.at_nodes(ready.label, sku).items():
            at = network.index.get(node)
            if at is not None:
                kept[at] = max(0, int(kept[at]) - used)
    return kept


def _kept_from(rule: Protection, rules: CompiledExposure, asker: Asker) -> float:
    """The share of a protection that an asker has to leave: all if they rank below, less what is lent to them."""
    if asker.rank <= rules.ranks.get(rule.demand_class, NO_CLASS):
        return 0.0
    if rule.needed_until is not None and rule.needed_until <= asker.now:
        return 0.0
    lending = rule.lending
    if lending is None or asker.class_name not in lending.to:
        return 1.0
    if rule.needed_from is not None and asker.now >= rule.needed_from - timedelta(days=lending.locked_days):
        return 1.0
    return 1.0 - lending.percent / 100.0


def _closed(rules: ItemRules, rows: SupplyRows, taken: Units, asker: Asker, count: int) -> list[tuple[str, str, Mask]]:
    """The nodes that are not used for the item, by the rule that says so."""
    closed: list[tuple[str, str, Mask]] = []
    for threshold, mask in rules.thresholds:
        rule = threshold.rule
        if rule.channels and asker.channel not in rule.channels:
            continue
        is_low = _sum_here(rows, taken, count) < rule.below_units
        used = asker.uses(rule.methods, count)
        closed.append(("threshold", threshold.label, np.logical_and(np.logical_and(mask, used), is_low)))
    for exclusion, mask in rules.exclusions:
        if exclusion.label not in asker.spared:
            used = asker.uses(exclusion.rule.methods, count)
            both = np.logical_and(mask, used)
            closed.append(("excluded", exclusion.label, bool(both) if both.ndim == 0 else both))
    return closed


def _capped(
    exposure: Exposure,
    rules: ItemRules,
    rows: SupplyRows,
    taken: Units,
    asker: Asker,
    sku: Sku,
    asked: int,
    spent: dict[Draw, int],
) -> tuple[Units, tuple[str, str] | None]:
    """What the sums over all nodes leave, and why where that is less than what is asked."""
    note = None
    is_here = rows.available_from == 0.0
    here = int(taken[is_here].sum())
    kept = buffer_units(rules, asker, here)
    if kept and asked > here - kept:
        taken = _trimmed(rows, taken, is_here, max(0, here - kept))
        note = ("channel_buffer", f"channel {asker.channel} leaves the last {kept} units")
    for quota in quotas_of(exposure.consumed, rules, asker, sku):
        left = max(0, quota.left - spent.get(quota.draw, 0))
        spent[quota.draw] = spent.get(quota.draw, 0) + min(asked, left)
        if asked > left:
            taken = _trimmed(rows, taken, np.ones_like(is_here), left)
            note = ("product_allocation", quota.sentence)
    return taken, note


def buffer_units(rules: ItemRules, asker: Asker, here: int) -> int:
    """What the asker's channel leaves of what all nodes could give it now."""
    for ready in rules.buffers:
        if not ready.rule.channels or asker.channel in ready.rule.channels:
            return min(here, max(ready.rule.units or 0, share_units(here, ready.rule.percent)))
    return 0


def _trimmed(rows: SupplyRows, taken: Units, among: NDArray[np.bool_], most: int) -> Units:
    """No more than `most` units of some rows: what is there now before what comes, of one time the largest first."""
    at = np.flatnonzero(among & (taken > 0))
    order = at[np.lexsort((rows.node_index[at], -taken[at], rows.available_from[at]))]
    units = taken[order]
    trimmed = taken.copy()
    trimmed[order] = np.clip(most - (units.cumsum() - units), 0, units)
    return trimmed


def _found(findable: Findable, rules: ItemRules, item: Item, on_hand: Units) -> Units:
    found = on_hand
    for ready, mask in rules.finding:
        found = np.where(mask, np.minimum(found, findable(item, on_hand, ready.rule.confidence)), found)
    return found


def _less(rows: SupplyRows, free: Units, lost: Units) -> Units:
    """What is free of each row when so much (N) of what is on hand is lost at each node; the last rows lose first."""
    if not lost.any():
        return free
    here = np.flatnonzero(rows.available_from == 0.0)[::-1]
    left = lost.copy()
    less = free.copy()
    for row in here.tolist():
        node = int(rows.node_index[row])
        if left[node] > 0:
            part = min(int(left[node]), max(0, int(rows.on_hand[row] if rows.on_hand is not None else free[row])))
            less[row] -= part
            left[node] -= part
    return less


def _sum_here(rows: SupplyRows, units: BookUnits, count: int) -> Units:
    """The units (N) that nodes have now of rows (R)."""
    here = rows.available_from == 0.0
    return np.bincount(rows.node_index[here], units[here], count)[:count].astype(np.int64)


def _at_rows(mask: Mask, rows: SupplyRows) -> Mask:
    return mask if isinstance(mask, bool) else mask[rows.node_index]


def _step(
    steps: list[Step] | None, kind: str, label: str, rows: SupplyRows, before: Units, after: Units, count: int
) -> Units:
    if steps is not None:
        steps.append(Step(kind, label, _sum_here(rows, before - after, count)))
    return after


def _note(kept: Units, asked: int, taken: Units) -> tuple[str, str] | None:
    if asked <= int(taken.sum()):
        return None
    return ("withheld", f"{int(kept.sum())} units are kept back by rules of exposure")
