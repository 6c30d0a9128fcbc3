"""Items that an item names: what it is made of, and what may stand in for it."""

from collections.abc import Iterator

from troth.engine.demand.line_terms import components
from troth.flows.memory.reference import Reference
from troth.model.item import Item
from troth.model.refusals import FieldFlaw


async def find_part_flaws(reference: Reference, item: Item) -> tuple[FieldFlaw, ...]:
    """What is wrong with the items that an item names: there is no such one, or no kit can be made of it."""
    named = [(f"/kit/{position}/sku", sku) for position, (sku, _) in enumerate(item.kit)]
    named += [(f"/substitutes/{position}/sku", one.sku) for position, one in enumerate(item.substitutes)]
    await reference.need_items(sku for _, sku in named)
    unknown = [FieldFlaw(pointer, f"there is no item {sku}") for pointer, sku in named if sku not in reference.items]
    await reference.need_kits([sku for sku, _ in item.kit])
    return (*unknown, *_kit_flaws(reference, item))


def _kit_flaws(reference: Reference, item: Item) -> Iterator[FieldFlaw]:
    for position, (sku, _) in enumerate(item.kit):
        pointer = f"/kit/{position}/sku"
        if sku in reference.items and reference.items[sku].decimals:
            yield FieldFlaw(pointer, f"{sku} is sold by measure; a kit is made of pieces")
        if item.sku in components(sku, reference.items):
            yield FieldFlaw(pointer, f"{sku} is made of {item.sku}; a kit does not contain itself")
