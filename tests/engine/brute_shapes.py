"""The optimum of orders with a shape by trying everything, written apart from the engine.

Worlds have stock on hand only, and cards on which one parcel never costs more than the same goods in two.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.engine.brute_force import Way, World, find_ways, first_day_out, price, spread

Parcels = list[tuple[Way, dict[int, int]]]


@dataclass(frozen=True)
class Wanted:
    """What the order asks of its shipments: groups of lines with a price for each shipment more (None: must), lines
    never with others, lines never divided, the least worth of a shipment with the price of less (None: must), and how
    many there may be.
    """

    groups: tuple[tuple[frozenset[int], int | None], ...] = ()
    alone: frozenset[int] = frozenset()
    whole: frozenset[int] = frozenset()
    worth: int = 0
    worth_price: int | None = None
    shipments_max: int = 8


def best_shaped(world: World, wanted: Wanted) -> tuple[int, int, float]:
    """The least (uncovered units, lines split, cost) over all ways to spread all units."""
    leaves = first_day_out(world.now)
    ways = [way for way in find_ways(world) if way.leaves == leaves]
    earliest = min(way.arrives for way in ways)
    ways = [way for way in ways if not world.service or way.card.service == world.service]
    best = (10**9, 0, 0.0)
    for choice in itertools.product(*(list(spread(line.quantity, len(ways))) for line in world.lines)):
        if not _is_there(world, ways, choice):
            continue
        parcels = _parcels(ways, choice, wanted.alone)
        extra = _shape_cost(world, parcels, wanted)
        if extra is None or len(parcels) > min(wanted.shipments_max, world.policy.shipments_max):
            continue
        uncovered = sum(line.quantity - sum(amounts) for line, amounts in zip(world.lines, choice, strict=True))
        split = sum(sum(amount > 0 for amount in amounts) > 1 for amounts in choice)
        cost = extra + sum(price(world, way, units, earliest) for way, units in parcels)
        best = min(best, (uncovered, split, cost - (world.policy.split_minor if parcels else 0)))
    return best


def _parcels(ways: Sequence[Way], choice: Sequence[tuple[int, ...]], alone: frozenset[int]) -> Parcels:
    found: Parcels = []
    for at, way in enumerate(ways):
        sent = {k: amounts[at] for k, amounts in enumerate(choice) if amounts[at] > 0}
        found += [(way, {k: units}) for k, units in sent.items() if k in alone]
        others = {k: units for k, units in sent.items() if k not in alone}
        if others:
            found.append((way, others))
    return found


def _shape_cost(world: World, parcels: Parcels, wanted: Wanted) -> float | None:
    """What the shape costs, None where it forbids."""
    cost = 0.0
    for line in wanted.whole:
        if not _is_whole(world, parcels, line):
            return None
    for members, minor in wanted.groups:
        holding = [units for _way, units in parcels if members & units.keys()]
        if minor is not None:
            cost += minor * max(0, len(holding) - 1)
        elif not all(_is_whole(world, parcels, line) for line in members) or any(
            not members <= units.keys() for units in holding
        ):
            return None
    if len(parcels) > 1:
        for _way, units in parcels:
            if sum(world.lines[k].unit_price_minor * amount for k, amount in units.items()) < wanted.worth:
                if wanted.worth_price is None:
                    return None
                cost += wanted.worth_price
    return cost


def _is_whole(world: World, parcels: Parcels, line: int) -> bool:
    amounts = [units[line] for _way, units in parcels if line in units]
    return amounts in ([], [world.lines[line].quantity])


def _is_there(world: World, ways: Sequence[Way], choice: Sequence[tuple[int, ...]]) -> bool:
    taken: dict[tuple[str, str], int] = {}
    for k, amounts in enumerate(choice):
        for way, units in zip(ways, amounts, strict=True):
            key = (str(way.node.node), str(world.lines[k].sku))
            taken[key] = taken.get(key, 0) + units
    return all(units <= _units_at(world.stock, sku, node) for (node, sku), units in taken.items() if units)


def _units_at(stock: Mapping[str, Sequence[tuple[str, int, object]]], sku: str, node: str) -> int:
    return sum(units for name, units, _at in stock[sku] if name == node)
