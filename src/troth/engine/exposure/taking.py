"""Taking exposed stock: the supply that a demand may be planned from, and what its parts are then counted against."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from troth.engine.exposure.asker import Asker, asker_of
from troth.engine.exposure.compiled import NO_CLASS
from troth.engine.exposure.expose import Exposure, expose
from troth.engine.exposure.item_rules import ItemRules, holds_at
from troth.engine.exposure.quotas import quotas_of
from troth.engine.feed_age import fed_rows
from troth.engine.kits import wanted_units
from troth.engine.network import Network
from troth.engine.shelf_life import fresh_rows
from troth.engine.supply import SupplyRows
from troth.model.exposure import Draw
from troth.model.ids import NodeId, Sku
from troth.model.inventory import Entry
from troth.model.item import Item
from troth.model.order import Allocation
from troth.model.plan import Demand

Supply = Mapping[Sku, SupplyRows]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """The one pool as a decision sees it: items, nodes, and the rules of exposure at an instant (None: no rules)."""

    items: Mapping[Sku, Item]
    network: Network
    exposure: Exposure | None
    currency: str
    now: datetime

    def there(self, rows: SupplyRows) -> SupplyRows:
        """The rows of a SKU without what has expired, and without what lies where the stock feed is late."""
        now = self.now.timestamp()
        return fed_rows(fresh_rows(rows, now), self.network, now)

    def asker(self, demand: Demand) -> Asker | None:
        """Whoever asks for a demand, as the rules see them; None where there are no rules."""
        if self.exposure is None:
            return None
        return asker_of(self.exposure.rules, demand, self.network, self.currency, self.now)


def exposed_supply(
    pool: Pool, demand: Demand, skus: Iterable[Sku], read: Callable[[Sku], SupplyRows]
) -> dict[Sku, SupplyRows]:
    """The supply of each SKU that a demand may be planned from; `read` gives what there is of it."""
    asker = pool.asker(demand)
    if asker is None:
        return {sku: expose(None, None, pool.there(read(sku)), None, pool.network) for sku in skus}
    wanted, spent = wanted_units(demand), dict[Draw, int]()
    return {
        sku: expose(
            pool.exposure,
            pool.items.get(sku),
            pool.there(read(sku)),
            asker,
            pool.network,
            asked=wanted.get(sku, 0),
            spent=spent,
        )
        for sku in skus
    }


def supply_reader(
    pool: Pool, skus: Iterable[Sku], read: Callable[[Sku], SupplyRows]
) -> Callable[[Demand], Mapping[Sku, SupplyRows]]:
    """The supply of some SKUs for any demand: where there are no rules it is the same for all."""
    wanted = tuple(skus)
    if pool.exposure is not None:
        return lambda demand: exposed_supply(pool, demand, wanted, read)
    found = {sku: expose(None, None, pool.there(read(sku)), None, pool.network) for sku in wanted}
    return lambda _: found


def with_freed(supply: Supply, sku: Sku, whole: SupplyRows, freed: SupplyRows) -> SupplyRows:
    """The exposed rows of a SKU when units that are reserved for the asker already are free for them besides.

    `whole` are its rows as they are and `freed` as they would be; no rule takes back what is held for somebody.
    """
    exposed = supply[sku]
    return replace(exposed, available=exposed.available + (freed.available - whole.available))


def keeping(entries: Iterable[Entry], supply: Supply, network: Network) -> tuple[Entry, ...]:
    """Entries that reserve what was planned from a supply, each with what has to stay free beside it."""
    return tuple(
        replace(entry, keeps=_withheld(supply[entry.key.sku], network, entry)) if entry.reserved_delta > 0 else entry
        for entry in entries
    )


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
    for part in parts:
        rules = pool.exposure.of_item(pool.items[part.sku], pool.network, asker)
        position = pool.network.index[part.node]
        quotas = quotas_of(pool.exposure.consumed, rules, asker, part.sku)
        draws = [quota.draw for quota in quotas if quota.draw.holder]
        for draw, is_own in _protections(pool.exposure, rules, asker, part.sku, part.node, position):
            if is_own:
                draws.append(draw)
            else:
                relies[draw] = pool.exposure.consumed.used(draw)
        drawn.append(replace(part, draws=tuple(draws)) if draws else part)
    return tuple(drawn), relies


def most_of(exposure: Exposure | None, draw: Draw) -> int | None:
    """The most that a count may come to by the rules that count now; None: it has no limit."""
    for ready in () if exposure is None else exposure.rules.allocations:
        if ready.label == draw.rule:
            return ready.rule.holders.get(draw.holder, ready.rule.units)
    return None


def _protections(
    exposure: Exposure, rules: ItemRules, asker: Asker, sku: Sku, node: NodeId, position: int
) -> Iterable[tuple[Draw, bool]]:
    """The protections at a node that are counted, each with whether the asker's units are those it is for."""
    wish = asker.wished_at.get(sku, asker.now)
    for ready, mask in rules.protections:
        rule = ready.rule
        if rule.needed_until is None or not holds_at(mask, position):
            continue
        draw = Draw(ready.label, sku, node)
        if asker.class_name == rule.demand_class:
            if wish <= rule.needed_until and (rule.needed_from is None or wish >= rule.needed_from):
                yield draw, True
        elif asker.rank > exposure.rules.ranks.get(rule.demand_class, NO_CLASS):
            yield draw, False


def _withheld(rows: SupplyRows, network: Network, entry: Entry) -> int:
    if rows.withheld is None:
        return 0
    node = network.index[entry.key.node]
    for row in (rows.node_index == node).nonzero()[0].tolist():
        if rows.sources[row] == entry.key.source:
            return int(rows.withheld[row])
    return 0
