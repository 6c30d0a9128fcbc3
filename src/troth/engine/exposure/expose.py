"""What of a SKU's supply somebody may take: what is free, less what rules keep back there, for others, or for later."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from troth.engine.carriage.network import Network
from troth.engine.exposure.amounts import Units
from troth.engine.exposure.asker import Asker
from troth.engine.exposure.caps import Account, Step, Sums, at_rows, base_of_buffers, cap_sums, find_closed, sum_here
from troth.engine.exposure.floors import Named, find_floors
from troth.engine.exposure.in_force import Exposure, Findable
from troth.engine.exposure.item_rules import ItemRules
from troth.engine.exposure.look_ahead import Floor, is_plain, take_ahead
from troth.engine.exposure.pooled import find_pools
from troth.engine.supply.supply import SupplyRows
from troth.model.exposure import Draw
from troth.model.item import Item
from troth.model.measure import scale_of, shown


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
    kept: Sequence[Named] = (),
    account: Account | None = None,
) -> SupplyRows:
    """The rows with no more `available` than the asker may take, so many `asked` of them.

    Buffers and quotas limit the sum over all nodes: where more is asked than it allows, nodes with much keep theirs
    first. `spent` is what other items of the same demand draw from quotas that they share, and grows by this one's;
    `kept` is what has to stay for the sake of kits; `account` gets what each rule took, in order.
    """
    if exposure is None or asker is None or item is None:
        return _ahead(rows)
    rules = exposure.of_item(item, network, asker)
    if rules.is_empty and not kept and account is None:
        return _ahead(rows)
    count = len(network.nodes)
    free = free_units(rows)
    on_hand = sum_here(rows, free if rows.on_hand is None else rows.on_hand, count)
    taken = take_ahead(rows, free, (), count)
    _step(account, "look_ahead", "", np.maximum(free, 0), taken)
    if rules.finding and exposure.findable is not None:
        for label, found in _found(exposure.findable, rules, item, on_hand):
            free = _less(rows, free, on_hand - found)
            taken = _step(account, "unfindable", label, taken, take_ahead(rows, free, (), count))
    floors: list[Floor] = []
    for kind, label, floor in (*find_floors(exposure, rules, item, on_hand, asker, network), *kept):
        floors.append(floor)
        if account is not None:
            taken = _step(account, kind, label, taken, take_ahead(rows, free, floors, count))
    if account is None and floors:
        taken = take_ahead(rows, free, floors, count)
    pools = find_pools(exposure, rules, item, rows, taken, on_hand, asker, network)
    for kind, label, closed in find_closed(rules, rows, taken, asker, count):
        taken = _step(account, kind, label, taken, np.where(at_rows(closed, rows), 0, taken))
    if account is not None:
        account.exposed = taken
    sums = Sums(asker, item.sku, asked, {} if spent is None else spent, decimals=item.decimals)
    base = base_of_buffers(rules, on_hand, asker, network)
    taken, note = cap_sums(exposure, rules, rows, taken, sums, base=base, pools=pools, account=account)
    withheld = np.maximum(free_units(rows), 0) - taken
    if not withheld.any() and not pools:
        return rows
    note = note or rows.note or _note(withheld, asked, taken, item.decimals)
    return replace(rows, available=taken, withheld=_besides(rows, withheld), note=note, pools=pools)


def _ahead(rows: SupplyRows) -> SupplyRows:
    """The rows with look-ahead only: what is promised of a supply that falls short is left to those who wait for it."""
    if rows.is_plain or rows.on_hand is None or rows.reserved is None:
        return rows
    if is_plain(rows) or not bool((rows.reserved > rows.on_hand).any()):
        return rows
    free = free_units(rows)
    taken = take_ahead(rows, free, (), int(rows.node_index.max()) + 1)
    kept = np.maximum(free, 0) - taken
    return replace(rows, available=taken, withheld=_besides(rows, kept)) if kept.any() else rows


def _besides(rows: SupplyRows, withheld: Units) -> Units:
    """What is kept back with what was before any rule, where a stock feed is late."""
    return withheld if rows.withheld is None else withheld + rows.withheld


def _found(findable: Findable, rules: ItemRules, item: Item, on_hand: Units) -> list[tuple[str, Units]]:
    """The units (N) that are found by each rule where it decides; of what is sold by measure it is asked about wholes,
    because a piece of cable is found or missed as one.
    """
    scale, found = scale_of(item.decimals), []
    for ready, mask in rules.finding:
        wholes = -(-on_hand // scale)
        missed = (wholes - findable(item, wholes, ready.rule.confidence)) * scale
        found.append((ready.label, np.where(mask, np.maximum(on_hand - np.maximum(missed, 0), 0), on_hand)))
    return found


def _less(rows: SupplyRows, free: Units, lost: Units) -> Units:
    """What is free of each row when so much (N) of what is on hand is lost at each node; the last rows lose first.

    Of a row of which nothing may be taken anyway only what is promised can be lost to the others.
    """
    if not lost.any():
        return free
    here = np.flatnonzero(rows.available_from == 0.0)[::-1]
    left = lost.copy()
    less = free.copy()
    for row in here.tolist():
        node = int(rows.node_index[row])
        if left[node] > 0:
            there = int(free[row] if rows.on_hand is None else rows.on_hand[row])
            part = min(int(left[node]), max(0, there))
            open_units = int(free[row])
            if rows.on_hand is not None and rows.reserved is not None:
                open_units = max(open_units, int(rows.on_hand[row]) - int(rows.reserved[row]))
            less[row] = min(int(free[row]), open_units - part)
            left[node] -= part
    return less


def _step(account: Account | None, kind: str, label: str, before: Units, after: Units) -> Units:
    if account is not None:
        account.steps.append(Step(kind, label, before - after))
    return after


def _note(withheld: Units, asked: int, taken: Units, decimals: int) -> tuple[str, str] | None:
    if asked <= int(taken.sum()):
        return None
    return ("withheld", f"{shown(int(withheld.sum()), decimals)} units are kept back by rules of exposure")
