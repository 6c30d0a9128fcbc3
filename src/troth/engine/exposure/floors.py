"""What has to stay of an item at each node, by the rule that says so: safety stock, and what is kept for others."""

from datetime import timedelta

import numpy as np

from troth.engine.carriage.network import Network
from troth.engine.exposure.amounts import Units, protected_units, safety_units, sales_of
from troth.engine.exposure.asker import Asker
from troth.engine.exposure.compiled import NO_CLASS, CompiledExposure, Ready
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.item_rules import ItemRules
from troth.engine.exposure.look_ahead import Floor
from troth.model.exposure import Draw, Protection
from troth.model.ids import NodeId, Sku
from troth.model.item import Item

Named = tuple[str, str, Floor]
"""The kind of a rule, its name, and what it keeps."""


def find_floors(
    exposure: Exposure,
    rules: ItemRules,
    item: Item,
    on_hand: Units,
    asker: Asker,
    network: Network,
    *,
    counted: int = 1,
) -> list[Named]:
    """What has to stay at each node, in the order in which it is taken; `on_hand` (N) is what percents are of.

    `counted` is how many units stand for one where what orders take is counted, as those of a part do for a kit.
    """
    found: list[Named] = []
    sales = None
    if exposure.rules.looks_at_sales:
        sales = sales_of(item, network, exposure.rates.get(item.sku, {}))
    for ready, mask in rules.safety_stock:
        units = np.where(mask, safety_units(ready.rule, on_hand, sales), 0)
        found.append(("safety_stock", ready.label, Floor(units)))
    for protection, mask in rules.protections:
        rule = protection.rule
        share = kept_share(rule, exposure.rules, asker)
        if rule.is_pooled or share <= 0.0:
            continue
        kept = remaining_units(exposure, protection, item.sku, on_hand, asker, network, counted=counted)
        found.append(("protected", protection.label, window_of(rule, shared(np.where(mask, kept, 0), share))))
    return found


def remaining_units(
    exposure: Exposure,
    ready: Ready[Protection],
    sku: Sku,
    on_hand: Units,
    asker: Asker,
    network: Network,
    *,
    counted: int = 1,
) -> Units:
    """What a protection still keeps at each node: its amount less what its class has ordered for its time."""
    kept = protected_units(ready.rule, on_hand, asker.now)
    if ready.rule.is_consumed:
        for node, used in exposure.consumed.at_nodes(ready.label, sku).items():
            at = network.index.get(node)
            if at is not None:
                kept[at] = max(0, int(kept[at]) - used // counted)
    return kept


def remaining_pool(
    exposure: Exposure, ready: Ready[Protection], sku: Sku, on_hand: Units, asker: Asker, *, counted: int = 1
) -> int:
    """What a pooled protection still keeps over all its nodes together; `on_hand` is what they have."""
    kept = int(protected_units(ready.rule, np.array([on_hand.sum()]), asker.now)[0])
    used = exposure.consumed.used(Draw(ready.label, sku, NodeId(""))) if ready.rule.is_consumed else 0
    return max(0, kept - used // counted)


def kept_share(rule: Protection, rules: CompiledExposure, asker: Asker) -> float:
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


def shared(units: Units, share: float) -> Units:
    """A share of units (any shape), rounded up."""
    return units if share >= 1.0 else np.ceil(units * share - 1e-9).astype(np.int64)


def window_of(rule: Protection, units: Units) -> Floor:
    """Units that a protection keeps, for as long as it does."""
    starts = 0.0 if rule.needed_from is None else rule.needed_from.timestamp()
    ends = np.inf if rule.needed_until is None else rule.needed_until.timestamp()
    return Floor(units, starts, float(ends))
