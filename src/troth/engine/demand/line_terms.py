"""The terms of an order's lines as they are settled at capture: what a kit is made of and what a substitute costs are
those of the catalog at that moment.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.order import Consent, Line, Terms
from troth.model.plan import DemandLine
from troth.model.refusals import FieldFlaw

COMPONENTS_MAX: Final = 100
SUBSTITUTES_MAX: Final = 10
DEPTH_MAX: Final = 5
_UNITS_MAX: Final = 1_000_000

NO_TERMS: Final = Terms()


def settle_lines(lines: tuple[Line, ...], items: Mapping[Sku, Item]) -> tuple[Line, ...]:
    """The lines with kits, substitutes and how long goods must keep in their terms; the same ones where none has any.

    All items that are named must be among `items`. What was settled before stays.
    """
    if not any([line.terms is not None or has_terms(items[line.sku]) for line in lines]):  # noqa: C419 - quicker
        return lines
    return tuple(_settle(line, items) for line in lines)


def has_terms(item: Item) -> bool:
    """Whether lines of an item have terms that they did not ask for."""
    return bool(item.kit) or item.min_remaining_days > 0 or item.decimals > 0


def related_skus(lines: Iterable[Line], items: Mapping[Sku, Item]) -> set[Sku]:
    """The further SKUs that a plan of these lines looks at, as far as items are known: components and substitutes."""
    found: set[Sku] = set()
    for line in lines:
        item = items.get(line.sku)
        if item is None or not (item.kit or item.substitutes):
            continue
        found |= components(item.sku, items)
        if line.terms is not None and line.terms.substitutes is not Consent.NONE:
            for substitute in item.substitutes[:SUBSTITUTES_MAX]:
                found |= {substitute.sku} | components(substitute.sku, items)
    return found


def named_skus(lines: Iterable[Line]) -> list[Sku]:
    """The further SKUs that settled lines name, sorted: components of kits, and substitutes."""
    found: set[Sku] = set()
    for line in lines:
        if line.terms is not None:
            found |= {sku for sku, _units in line.terms.kit} | {sku for sku, _delta in line.terms.substituted}
    return sorted(found)


def on_terms(line: DemandLine, terms: Terms, items: Mapping[Sku, Item]) -> DemandLine:
    """The line with what its terms name: a kit's weight where the kit has none of its own, and its substitutes."""
    if terms.kit and line.item is not None:
        parts = [(items[sku], units) for sku, units in terms.kit if sku in items]
        if line.weight_grams == 0:
            line = replace(line, weight_grams=sum(item.weight_grams * units for item, units in parts))
        if line.volume_cm3 == 0:
            line = replace(line, volume_cm3=sum(_volume_cm3(item) * units for item, units in parts))
    instead = tuple(
        replace(
            line,
            sku=sku,
            quantity=1,
            weight_grams=items[sku].weight_grams,
            volume_cm3=_volume_cm3(items[sku]),
            item=items[sku],
            unit_price_minor=line.unit_price_minor + delta,
            terms=replace(
                terms,
                substitutes=Consent.NONE,
                substituted=(),
                min_remaining_days=max(terms.min_remaining_days, items[sku].min_remaining_days),
            ),
        )
        for sku, delta in terms.substituted
        if sku in items
    )
    return replace(line, instead=instead) if instead else line


def _volume_cm3(item: Item) -> int:
    length, width, height = item.dimensions_mm
    return length * width * height // 1000


def find_kit_flaws(lines: Iterable[Line], items: Mapping[Sku, Item]) -> Iterator[FieldFlaw]:
    """The lines of kits that cannot be made: a component that is not there, or that holds the kit itself."""
    for position, line in enumerate(lines):
        item = items.get(line.sku)
        if item is None or not item.kit:
            continue
        unknown = sorted(sku for sku in components(line.sku, items) if sku not in items)
        if unknown:
            yield FieldFlaw(f"/lines/{position}/sku", f"there is no item {unknown[0]}, which the kit {line.sku} needs")
        elif explode(line.sku, items) is None:
            yield FieldFlaw(f"/lines/{position}/sku", f"the kit {line.sku} holds itself, or too many components")


def explode(sku: Sku, items: Mapping[Sku, Item]) -> tuple[tuple[Sku, int], ...] | None:
    """The components of one unit of a kit down to what is no kit, by SKU; None where that has no end, or is too much.

    >>> kit = Item(Sku("K"), kit=((Sku("A"), 2), (Sku("L"), 1)))
    >>> inner = Item(Sku("L"), kit=((Sku("A"), 1), (Sku("B"), 3)))
    >>> explode(Sku("K"), {item.sku: item for item in (kit, inner, Item(Sku("A")), Item(Sku("B")))})
    (('A', 3), ('B', 3))
    """
    made = {sku: 1}
    for _ in range(DEPTH_MAX):
        if not any(items[one].kit for one in made):
            return tuple(sorted(made.items()))
        deeper: dict[Sku, int] = {}
        for one, units in made.items():
            for other, each in items[one].kit or ((one, 1),):
                deeper[other] = deeper.get(other, 0) + units * each
        if len(deeper) > COMPONENTS_MAX or max(deeper.values()) > _UNITS_MAX:
            return None
        made = deeper
    return None


def is_whole(sku: Sku, items: Mapping[Sku, Item]) -> bool:
    """Whether all that a kit is made of, of whatever depth, is known and comes to an end."""
    return components(sku, items) <= items.keys() and explode(sku, items) is not None


def _settle(line: Line, items: Mapping[Sku, Item]) -> Line:
    item = items[line.sku]
    terms = line.terms or NO_TERMS
    if item.kit:  # it takes no substitutes, for the same reason as it is none
        terms = terms if terms.kit else replace(terms, kit=explode(line.sku, items) or ())
    elif terms.substitutes is not Consent.NONE and not terms.substituted:
        usable = [one for one in item.substitutes[:SUBSTITUTES_MAX] if _can_stand_in(one.sku, line.sku, items)]
        terms = replace(terms, substituted=tuple((one.sku, one.price_delta_minor) for one in usable))
    longest = max(items[sku].min_remaining_days for sku in (line.sku, *(sku for sku, _ in terms.kit)) if sku in items)
    if longest > terms.min_remaining_days:
        terms = replace(terms, min_remaining_days=longest)
    if item.decimals and not terms.decimals:
        terms = replace(terms, decimals=item.decimals)
    return line if terms == NO_TERMS else replace(line, terms=terms)


def _can_stand_in(sku: Sku, asked: Sku, items: Mapping[Sku, Item]) -> bool:
    """Whether it is there, measured alike, and no kit, whose parts could not be told apart from those of an item."""
    return sku != asked and sku in items and not items[sku].kit and items[sku].decimals == items[asked].decimals


def components(sku: Sku, items: Mapping[Sku, Item]) -> set[Sku]:
    """All components of a kit, of whatever depth, as far as they are known; of anything else, none."""
    found: set[Sku] = set()
    open_skus = [sku]
    for _ in range(DEPTH_MAX):
        deeper = [other for one in open_skus if one in items for other, _units in items[one].kit if other not in found]
        if not deeper or len(found) > COMPONENTS_MAX:
            break
        found |= set(deeper)
        open_skus = deeper
    return found
