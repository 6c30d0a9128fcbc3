"""Rules that name a kit itself: what has to stay of it, in kits, and what of it is not shown.

What has to stay are components: two kits are two of each component's units, which orders of the kit leave. What is not
shown is left of the one component that allows the fewest kits at a node, so that as many kits can be made as may be
taken and not one more, whatever lies there of the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.exposure.amounts import Units
from troth.engine.exposure.asker import Asker
from troth.engine.exposure.caps import (
    Account,
    Note,
    Step,
    Sums,
    at_rows,
    base_of_buffers,
    cap_sums,
    find_closed,
    sum_here,
)
from troth.engine.exposure.floors import Named, find_floors
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.item_rules import ItemRules
from troth.engine.exposure.look_ahead import Floor, share_rows
from troth.engine.exposure.pooled import find_pools
from troth.engine.supply.kits import components_of, counted_component, kit_rows
from troth.engine.supply.supply import SupplyRows
from troth.model.exposure import Draw
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.plan import Demand
from troth.model.value import dataclass

Rows = Mapping[Sku, SupplyRows]
Parts = tuple[tuple[Sku, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class KitRules:
    """The rules of a kit, what it is made of (SKU, units), and which of these nothing else in the demand takes."""

    kit: Item
    parts: Parts
    rules: ItemRules
    own: frozenset[Sku]

    @property
    def counted(self) -> int:
        """How many units stand for a kit where what orders take is counted."""
        return counted_component(self.parts)[1]


def find_kit_rules_of(
    exposure: Exposure, demand: Demand, items: Mapping[Sku, Item], network: Network, asker: Asker
) -> tuple[KitRules, ...]:
    """The kits of a demand that rules name themselves, by SKU."""
    kits: dict[Sku, Parts] = {}
    for line in demand.lines:
        if line.terms is not None and line.terms.kit:
            kits.setdefault(line.sku, line.terms.kit)
    found = []
    for sku in sorted(kits):
        kit, parts = items.get(sku), tuple(items[part] for part, _units in kits[sku] if part in items)
        if kit is None or len(parts) < len(kits[sku]):
            continue
        rules = exposure.of_kit(kit, parts, network, asker, counted=counted_component(kits[sku])[1])
        if not rules.is_empty:
            found.append(KitRules(kit, kits[sku], rules, _taken_by_it_alone(demand, sku, kits[sku])))
    return tuple(found)


def kit_floors(
    exposure: Exposure, named: KitRules, rows: Rows, asker: Asker, network: Network
) -> dict[Sku, list[Named]]:
    """What orders of a kit have to leave of each component for the sake of the kit's own rules."""
    on_hand = kits_on_hand(named.parts, rows, len(network.nodes))
    floors = find_floors(exposure, named.rules, named.kit, on_hand, asker, network, counted=named.counted)
    return {
        sku: [(kind, label, replace(floor, units=floor.units * each)) for kind, label, floor in floors]
        for sku, each in named.parts
    }


def limit_kit(
    exposure: Exposure,
    named: KitRules,
    read: Rows,
    exposed: Rows,
    asker: Asker,
    network: Network,
    *,
    asked: int,
    spent: dict[Draw, int],
    account: Account | None = None,
) -> tuple[dict[Sku, SupplyRows], Note | None]:
    """The components of a kit that its own rules leave less of than `exposed`, and why; so many kits are `asked`.

    `read` is all that there is of them. `account` is kept of the rows of the kit, as `kit_rows` makes them.
    """
    count = len(network.nodes)
    rows = kit_rows(named.parts, exposed)
    on_hand, taken = kits_on_hand(named.parts, read, count), rows.available
    give = taken
    pools = find_pools(exposure, named.rules, named.kit, rows, give, on_hand, asker, network, counted=named.counted)
    for kind, label, closed in find_closed(named.rules, rows, taken, asker, count):
        before, taken = taken, np.where(at_rows(closed, rows), 0, taken)
        if account is not None:
            account.steps.append(Step(kind, label, before - taken))
    if account is not None:
        account.exposed = taken
    sums = Sums(asker, named.kit.sku, asked, spent, named.counted)
    base = base_of_buffers(named.rules, on_hand, asker, network)
    taken, note = cap_sums(exposure, named.rules, rows, taken, sums, base=base, pools=pools, account=account)
    if taken is rows.available or bool((taken == rows.available).all()):
        return {}, None
    hidden = int(rows.available.sum() - taken.sum())
    note = note or ("withheld", f"{hidden} of the kit are kept back by rules of exposure")
    return _leave(named, rows, taken, exposed, count), note


def kits_on_hand(parts: Parts, rows: Rows, count: int) -> Units:
    """How many kits the books say that each node (N) holds the components of."""
    here = []
    for sku, each in parts:
        of_part = rows[sku]
        here.append(sum_here(of_part, of_part.available if of_part.on_hand is None else of_part.on_hand, count) // each)
    made: Units = np.min(here, axis=0)
    return np.maximum(made, 0)


def joined(floors: Sequence[dict[Sku, list[Named]]]) -> dict[Sku, list[Named]]:
    """What has to stay of each component for the sake of all kits; for one rule the most, because it counts once."""
    found: dict[Sku, dict[tuple[str, str], Floor]] = {}
    for of_kit in floors:
        for sku, named in of_kit.items():
            kept = found.setdefault(sku, {})
            for kind, label, floor in named:
                other = kept.get((kind, label))
                units = floor.units if other is None else np.maximum(floor.units, other.units)
                kept[kind, label] = replace(floor, units=units)
    return {sku: [(*name, floor) for name, floor in kept.items()] for sku, kept in found.items()}


def _leave(named: KitRules, rows: SupplyRows, taken: Units, exposed: Rows, count: int) -> dict[Sku, SupplyRows]:
    """The components of which less is left: at each node that of which there is least."""
    own = [(sku, each) for sku, each in named.parts if sku in named.own] or list(named.parts)
    here = np.stack([sum_here(exposed[sku], exposed[sku].available, count) // each for sku, each in own])
    least = here.argmin(axis=0)
    now, total = sum_here(rows, taken, count), _sum(rows, taken, count)
    is_cut = (sum_here(rows, rows.available, count) > now) | (_sum(rows, rows.available, count) > total)
    left: dict[Sku, SupplyRows] = {}
    for at, (sku, each) in enumerate(own):
        cut = is_cut & (least == at)
        if cut.any():
            left[sku] = _cut(exposed[sku], cut, now=now * each, total=total * each)
    return left


def _cut(rows: SupplyRows, cut: NDArray[np.bool_], *, now: Units, total: Units) -> SupplyRows:
    """The rows with no more at some nodes than `now` of what is there and `total` of all that comes."""
    dates = np.unique(np.concatenate([(0.0,), rows.available_from]))
    at = np.searchsorted(dates, rows.available_from)
    there = np.zeros((dates.size, cut.size), dtype=np.int64)
    np.add.at(there, (at, rows.node_index), rows.available)
    there[0] = np.where(cut, np.minimum(there[0], now), there[0])
    given = there.cumsum(axis=0)
    given = np.where(cut, np.minimum(given, total), given)
    taken = share_rows(rows, rows.available, at, np.diff(given, axis=0, prepend=0))
    withheld = rows.available - taken + (0 if rows.withheld is None else rows.withheld)
    return replace(rows, available=taken, withheld=withheld)


def _sum(rows: SupplyRows, units: Units, count: int) -> Units:
    return np.bincount(rows.node_index, units, count)[:count].astype(np.int64)


def _taken_by_it_alone(demand: Demand, kit: Sku, parts: Parts) -> frozenset[Sku]:
    others = {
        sku
        for line in demand.lines
        for one in (line, *line.instead)
        if one.sku != kit
        for sku, _units in components_of(one)
    }
    return frozenset(sku for sku, _units in parts if sku not in others)
