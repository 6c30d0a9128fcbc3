"""What lies in a shipment, in words: items by name with their units, of a kit the kit."""

from collections.abc import Iterable, Mapping
from typing import Final

from troth.flows.wording.wording import Voice
from troth.model.ids import LineId, Sku
from troth.model.item import Item
from troth.model.kits import Kit, Units, begun_units
from troth.model.measure import shown
from troth.model.order import Order
from troth.model.value import dataclass

NAMED_MAX: Final = 3
"""So many items of a shipment are named; of the others it is said how many there are."""


@dataclass(frozen=True, slots=True)
class Content:
    """Units of an item, in its measure, by the name that customers know."""

    name: str
    units: int | float


def contents_of(parts: Iterable[Units], items: Mapping[Sku, Item], kits: Mapping[LineId, Kit]) -> tuple[Content, ...]:
    """What some parts are, in the order of their lines; `kits` are the lines that are asked for as kits."""
    there = sorted(parts, key=lambda part: (part.line_id, part.sku))
    plain: dict[Sku, int] = {}
    for part in there:
        if part.line_id not in kits:
            plain[part.sku] = plain.get(part.sku, 0) + part.quantity
    of_kits = [part for part in there if part.line_id in kits]
    begun = begun_units(of_kits, {line_id: kit.components for line_id, kit in kits.items()}) if of_kits else {}
    for line_id, units in begun.items():
        plain[kits[line_id].sku] = plain.get(kits[line_id].sku, 0) + units
    return tuple(_content(sku, units, items.get(sku)) for sku, units in plain.items())


def kits_asked(order: Order) -> dict[LineId, Kit]:
    """The lines of an order that are asked for as kits."""
    return {
        line.line_id: Kit(line.sku, line.terms.kit) for line in order.lines if line.terms is not None and line.terms.kit
    }


def _content(sku: Sku, units: int, item: Item | None) -> Content:
    return Content(sku, units) if item is None else Content(item.name or sku, shown(units, item.decimals))


def say_contents(contents: Iterable[Content], voice: Voice, brand: str) -> str:
    """What is in a shipment, before what becomes of it; nothing where that is not known.

    >>> from troth.flows.wording.wording import NO_WORDING
    >>> say_contents([Content("Tea pot", 1), Content("Cup", 6)], NO_WORDING.voice(), "")
    '1 × Tea pot, 6 × Cup:'
    >>> say_contents([Content(name, 1) for name in "ABCDE"], NO_WORDING.voice("", ["es"]), "")
    '1 × A, 1 × B, 1 × C, 2 artículos más:'
    """
    found = tuple(contents)
    if not found:
        return ""
    named = [
        voice.say("line", {"quantity": voice.number(one.units), "item": one.name}, brand=brand)
        for one in found[:NAMED_MAX]
    ]
    if len(found) > NAMED_MAX:
        named.append(voice.count("more_items", len(found) - NAMED_MAX, brand=brand))
    return voice.say("shipment_of", {"lines": ", ".join(named)}, brand=brand)
