"""Orders and items whose prices are in another currency than costs: what they would weigh is left out, not mixed in."""

from collections.abc import Iterable
from dataclasses import replace

from troth.model.item import Item
from troth.model.plan import Demand, DemandLine


def in_cost_currency(demand: Demand, currency: str) -> Demand:
    """The demand with no price that is not in the currency of costs; the same one where all of them are."""
    is_foreign = demand.currency not in ("", currency)
    if demand.guide is not None and demand.guide.currency != currency:
        demand = replace(demand, guide=None)
    if not is_foreign and not any([_is_foreign(line.item, currency) for line in demand.lines]):  # noqa: C419 - quicker
        return demand
    lines = tuple(_without(line, currency, is_foreign=is_foreign) for line in demand.lines)
    least = None if is_foreign else demand.shipment_value_min_minor
    return replace(demand, lines=lines, shipment_value_min_minor=least)


def notes_on_currency(demand: Demand, currency: str) -> Iterable[str]:
    """What is to be said about prices that nothing weighs."""
    if demand.currency not in ("", currency):
        yield f"costs are in {currency}: no rule and no cost looks at the order's prices in {demand.currency}"
    others = sorted({line.item.currency for line in demand.lines if line.item and _is_foreign(line.item, currency)})
    if others:
        yield f"costs are in {currency}: no rule and no cost looks at prices of items in {', '.join(others)}"


def _is_foreign(item: Item | None, currency: str) -> bool:
    """Whether an item has any amount that is in another currency."""
    return item is not None and item.currency != currency and bool(item.price_minor or item.cost_minor)


def _without(line: DemandLine, currency: str, *, is_foreign: bool) -> DemandLine:
    item = line.item
    if item is not None and _is_foreign(item, currency):
        item = replace(item, price_minor=0, cost_minor=0)
    return replace(line, item=item, unit_price_minor=0 if is_foreign else line.unit_price_minor)
