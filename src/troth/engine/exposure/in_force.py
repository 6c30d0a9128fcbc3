"""The exposure rules in force, with what they look at besides an item's supply."""

from collections.abc import Callable, Mapping
from dataclasses import field

from troth.engine.carriage.network import Network
from troth.engine.exposure.amounts import Units
from troth.engine.exposure.asker import Asker
from troth.engine.exposure.compiled import CompiledExposure
from troth.engine.exposure.consumed import Consumed
from troth.engine.exposure.item_rules import ItemRules, find_item_rules, find_kit_rules
from troth.model.exposure import SalesRate
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.value import dataclass

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
    looked_up_kits: dict[Sku, tuple[tuple[Item, ...], Network, ItemRules]] = field(default_factory=dict, repr=False)

    def of_item(self, item: Item, network: Network, asker: Asker) -> ItemRules:
        """The rules that speak of an item."""
        if self.rules.looks_at_moment:  # what they name changes by itself
            return find_item_rules(self.rules, item, network, asker.now)
        known = self.looked_up.get(item.sku)
        if known is not None and known[0] is item and known[1] is network:
            return known[2]
        found = find_item_rules(self.rules, item, network, asker.now)
        self.looked_up[item.sku] = (item, network, found)
        return found

    def of_kit(self, kit: Item, parts: tuple[Item, ...], network: Network, asker: Asker, *, counted: int) -> ItemRules:
        """The rules that speak of a kit itself, and of none of its parts; `counted` is how many units stand for one kit
        where what orders take is counted.
        """
        if self.rules.looks_at_moment:
            return find_kit_rules(self.rules, kit, parts, network, asker.now, counted=counted)
        known = self.looked_up_kits.get(kit.sku)
        named = (kit, *parts)
        if known is not None and known[1] is network and all(map(_is, known[0], named)) and len(named) == len(known[0]):
            return known[2]
        found = find_kit_rules(self.rules, kit, parts, network, asker.now, counted=counted)
        self.looked_up_kits[kit.sku] = (named, network, found)
        return found


def _is(one: Item, other: Item) -> bool:
    return one is other
