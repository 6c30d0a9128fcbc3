"""Taking exposed stock: the supply that a demand may be planned from, and what its parts are then counted against."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

import numpy as np

from troth.engine.carriage.network import Network
from troth.engine.demand.line_terms import components, explode
from troth.engine.demand.shelf_life import fresh_rows
from troth.engine.exposure.asker import Asker, asker_of
from troth.engine.exposure.compiled import NO_CLASS
from troth.engine.exposure.expose import expose, free_units
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.item_rules import ItemRules, holds_at
from troth.engine.exposure.kit_limits import KitRules, find_kit_rules_of, joined, kit_floors, limit_kit
from troth.engine.exposure.lasting import lasting_rows, spoils_soon
from troth.engine.exposure.quotas import quotas_of
from troth.engine.supply.feed_age import fed_rows
from troth.engine.supply.kits import counted_component, has_kits, wanted_units
from troth.engine.supply.overdue import timely_rows
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.model.exposure import Draw
from troth.model.ids import NodeId, Sku
from troth.model.inventory import Entry, SupplyKey, witness_entry
from troth.model.item import Item
from troth.model.measure import scale_of
from troth.model.order import Allocation
from troth.model.plan import Demand
from troth.model.value import dataclass

Supply = Mapping[Sku, SupplyRows]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The one pool as a decision sees it: items, nodes, and the rules of exposure at an instant (None: no rules).

    `ready_hours` is the least work that a pickup takes.
    """

    items: Mapping[Sku, Item]
    network: Network
    exposure: Exposure | None
    currency: str
    now: datetime
    ready_hours: float = 0.0

    def asker(self, demand: Demand) -> Asker | None:
        """Whoever asks for a demand, as the rules see them; None where there are no rules."""
        if self.exposure is None:
            return None
        return asker_of(self.exposure.rules, demand, self.network, self.currency, self.now)

    def usable(self, demand: Demand, sku: Sku, rows: SupplyRows) -> SupplyRows:
        """The rows of a SKU that are `there`, without what would not last on its way to who asks."""
        rows = self.there(sku, rows)
        if rows.good_until is None:
            return rows
        return lasting_rows(rows, sku, demand, self.network, self.now, ready_hours=self.ready_hours)

    def there(self, sku: Sku, rows: SupplyRows) -> SupplyRows:
        """The rows of a SKU without what has expired, without what lies where the stock feed is late, and with what is
        overdue when it is counted on, if it still is.
        """
        now, item = self.now.timestamp(), self.items.get(sku)
        return fed_rows(
            timely_rows(fresh_rows(rows, now), now), self.network, now, decimals=0 if item is None else item.decimals
        )


def exposed_supply(
    pool: Pool,
    demand: Demand,
    skus: Iterable[Sku],
    read: Callable[[Sku], SupplyRows],
    *,
    asked: int | None = None,
) -> dict[Sku, SupplyRows]:
    """The supply of each SKU that a demand may be planned from; `read` gives what there is of it.

    `asked` is how many units of each line are asked for, where that is not what the demand says.
    """
    asker = pool.asker(demand)
    rows = {sku: pool.usable(demand, sku, read(sku)) for sku in skus}
    if asker is None or pool.exposure is None:
        return {sku: expose(None, None, of_sku, None, pool.network) for sku, of_sku in rows.items()}
    if asked is not None:
        demand = replace(demand, lines=tuple(replace(line, quantity=asked) for line in demand.lines))
    wanted, spent, kits = wanted_units(demand), dict[Draw, int](), tuple[KitRules, ...]()
    if has_kits(demand.lines):
        kits = find_kit_rules_of(pool.exposure, demand, pool.items, pool.network, asker)
        kits = tuple(kit for kit in kits if all(sku in rows for sku, _units in kit.parts))
    kept = joined([kit_floors(pool.exposure, kit, rows, asker, pool.network) for kit in kits])
    supply = {
        sku: expose(
            pool.exposure,
            pool.items.get(sku),
            of_sku,
            asker,
            pool.network,
            asked=wanted.get(sku, 0),
            spent=spent,
            kept=kept.get(sku, ()),
        )
        for sku, of_sku in rows.items()
    }
    for kit in kits:
        units = sum(line.quantity for line in demand.lines if line.sku == kit.kit.sku and line.quantity > 0)
        left, note = limit_kit(pool.exposure, kit, rows, supply, asker, pool.network, asked=units, spent=spent)
        supply |= left
        if note is not None:
            supply[kit.kit.sku] = replace(supply.get(kit.kit.sku, NO_SUPPLY), note=note)
    return supply


def supply_reader(
    pool: Pool, skus: Iterable[Sku], read: Callable[[Sku], SupplyRows]
) -> Callable[[Demand], Mapping[Sku, SupplyRows]]:
    """The supply of some SKUs for any demand: where there are no rules, nor lots that spoil, it is the same for all."""
    wanted = tuple(skus)
    if pool.exposure is not None or spoils_soon({sku: read(sku) for sku in wanted}):
        return lambda demand: exposed_supply(pool, demand, wanted, read)
    found = {sku: expose(None, None, pool.there(sku, read(sku)), None, pool.network) for sku in wanted}
    return lambda _: found


def with_freed(supply: Supply, sku: Sku, whole: SupplyRows, freed: SupplyRows) -> SupplyRows:
    """The exposed rows of a SKU when units that are reserved for the asker already are free for them besides.

    `whole` are its rows as they are and `freed` as they would be; no rule takes back what is held for somebody.
    """
    exposed = supply[sku]
    return replace(exposed, available=exposed.available + (freed.available - whole.available))


def keeping(entries: Iterable[Entry], supply: Supply, network: Network) -> tuple[Entry, ...]:
    """Entries that reserve what was planned from a supply, each with what has to stay free beside it; where units have
    to stay over several nodes together, an entry that moves nothing for each other supply that holds them.
    """
    found = tuple(
        replace(entry, keeps=_withheld(supply[entry.key.sku], network, entry)) if entry.reserved_delta > 0 else entry
        for entry in entries
    )
    if not any(rows.pools for rows in supply.values()):
        return found
    planned = {entry.key.sku for entry in found if entry.reserved_delta > 0}
    return _witnessed(found, {sku: supply[sku] for sku in sorted(planned) if supply[sku].pools}, network)


def draw_parts(
    pool: Pool, demand: Demand, parts: Iterable[Allocation]
) -> tuple[tuple[Allocation, ...], dict[Draw, int]]:
    """New parts with what they are counted against, and the counts of what higher classes have taken on which they
    rely: if less of that has been taken, more has to be kept.
    """
    asker = pool.asker(demand)
    if asker is None or pool.exposure is None or not pool.exposure.rules.counts_draws:
        return tuple(parts), {}
    relies: dict[Draw, int] = {}
    drawn = []
    kits = {}
    if has_kits(demand.lines):
        kits = {kit.kit.sku: kit for kit in find_kit_rules_of(pool.exposure, demand, pool.items, pool.network, asker)}
    kit_of = {line.line_id: kits[line.sku] for line in demand.lines if line.sku in kits}
    for part in parts:
        named = [(part.sku, pool.exposure.of_item(pool.items[part.sku], pool.network, asker))]
        kit = kit_of.get(part.line_id)
        if kit is not None and part.sku == counted_component(kit.parts)[0]:
            named.append((kit.kit.sku, kit.rules))
        draws: list[Draw] = []
        for sku, rules in named:
            quotas = quotas_of(pool.exposure.consumed, rules, asker, sku)
            draws += [quota.draw for quota in quotas if quota.draw.holder]
            for draw, is_own in _protections(pool, pool.exposure, rules, asker, sku, part.node):
                if is_own:
                    draws.append(draw)
                else:
                    relies[draw] = pool.exposure.consumed.used(draw)
        drawn.append(replace(part, draws=tuple(draws)) if draws else part)
    return tuple(drawn), relies


def most_of(exposure: Exposure | None, draw: Draw, items: Mapping[Sku, Item]) -> int | None:
    """The most that a count may come to by the rules that count now, in the units in which it is counted; None: it has
    no limit.
    """
    for ready in () if exposure is None else exposure.rules.allocations:
        if ready.label == draw.rule:
            most = ready.rule.holders.get(draw.holder, ready.rule.units)
            return None if most is None else most * _counted_units(items.get(draw.sku), items)
    return None


def _counted_units(item: Item | None, items: Mapping[Sku, Item]) -> int:
    """How many units are counted for one of an item: of a kit, units of the component that stands for it."""
    if item is None:
        return 1
    parts = explode(item.sku, items) if item.kit and components(item.sku, items) <= items.keys() else None
    return scale_of(item.decimals) if parts is None else counted_component(parts)[1]


def _protections(
    pool: Pool, exposure: Exposure, rules: ItemRules, asker: Asker, sku: Sku, node: NodeId
) -> Iterable[tuple[Draw, bool]]:
    """The protections at a node that are counted, each with whether the asker's units are those it is for."""
    wish = asker.wished_at.get(sku, asker.now)
    for ready, mask in rules.protections:
        rule = ready.rule
        if rule.needed_until is None or not holds_at(mask, pool.network.index[node]):
            continue
        draw = Draw(ready.label, sku, NodeId("") if rule.is_pooled else node)
        if asker.class_name == rule.demand_class:
            if wish <= rule.needed_until and (rule.needed_from is None or wish >= rule.needed_from):
                yield draw, True
        elif asker.rank > exposure.rules.ranks.get(rule.demand_class, NO_CLASS):
            yield draw, False


def _withheld(rows: SupplyRows, network: Network, entry: Entry) -> int:
    row = _row_of(rows, network, entry.key)
    return 0 if rows.withheld is None or row < 0 else int(rows.withheld[row])


def _row_of(rows: SupplyRows, network: Network, key: SupplyKey) -> int:
    """The row of a supply, -1 where it is not there."""
    node = network.index[key.node]
    for row in (rows.node_index == node).nonzero()[0].tolist():
        if rows.sources[row] == key.source:
            return int(row)
    return -1


def _witnessed(entries: tuple[Entry, ...], supply: Supply, network: Network) -> tuple[Entry, ...]:
    """The entries, and what has to stay where units are kept over several nodes together."""
    keeps: dict[SupplyKey, int] = {}
    for sku, rows in supply.items():
        planned = np.zeros(len(rows.sources), dtype=np.int64)
        for entry in entries:
            if entry.key.sku == sku and entry.reserved_delta > 0:
                row = _row_of(rows, network, entry.key)
                if row >= 0:
                    planned[row] += entry.reserved_delta
        for pool in rows.pools:
            units = pool.witnesses(rows, planned)
            beside = np.maximum(free_units(rows), 0) - pool.give
            for row in np.flatnonzero(units).tolist():
                key = SupplyKey(sku, network.nodes[rows.node_index[row]].node, rows.sources[row])
                keeps[key] = max(keeps.get(key, 0), int(units[row] + beside[row]))
    taken = {entry.key for entry in entries if entry.reserved_delta > 0}
    return (
        *(
            replace(entry, keeps=max(entry.keeps, keeps.get(entry.key, 0))) if entry.reserved_delta > 0 else entry
            for entry in entries
        ),
        *(witness_entry(key, keeps[key]) for key in sorted(keeps) if key not in taken),
    )
