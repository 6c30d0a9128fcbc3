"""The optimum by trying everything, written apart from the engine: plain Python over days, parcels and nodes.

Nodes are in UTC, open every day around the clock, with a cut-off at 14:00 and no work to do; carriers work Monday to
Friday.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from tests.engine.worlds import MILES_PER_DEGREE
from troth.model.network import Node, RateCard
from troth.model.plan import DemandLine
from troth.model.policy import Policy

DAYS = 16


@dataclass(frozen=True)
class World:
    """What both the engine and the brute force are asked. `stock` is (node, units, date or None) by SKU."""

    nodes: tuple[Node, ...]
    cards: tuple[RateCard, ...]
    lines: tuple[DemandLine, ...]
    stock: Mapping[str, Sequence[tuple[str, int, datetime | None]]]
    policy: Policy
    now: datetime
    service: str = ""


@dataclass(frozen=True)
class Way:
    """One way to send: node, card and the day the goods leave."""

    node: Node
    card: RateCard
    leaves: date
    arrives: date

    @property
    def zone(self) -> int:
        miles = (40.0 - self.node.latitude) * MILES_PER_DEGREE
        return next(
            (at for at, limit in enumerate(self.card.zone_miles[:-1]) if miles <= limit), len(self.card.zone_miles) - 1
        )


def first_day_out(begin: datetime) -> date:
    """The first working day of the carrier on which work that can begin then leaves."""
    day = begin.date() if begin.time() < time(14) else begin.date() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def arrival(leaves: date, transit: int) -> date:
    day = leaves
    while transit:
        day += timedelta(days=1)
        transit -= day.weekday() < 5
    return day


def find_ways(world: World) -> list[Way]:
    """Every node, card and working day for more than two weeks."""
    ways = []
    for node, card in itertools.product(world.nodes, world.cards):
        for number in range(DAYS):
            leaves = world.now.date() + timedelta(days=number)
            if leaves.weekday() < 5 and leaves >= first_day_out(world.now):
                way = Way(node, card, leaves, leaves)
                ways.append(Way(node, card, leaves, arrival(leaves, card.transit_days[way.zone])))
    return ways


def there(world: World, sku: str, way: Way, *, is_dated: bool) -> int:
    """The units that a node has in time for the day."""
    total = 0
    for name, units, at in world.stock[sku]:
        if name == way.node.node and (at is None or (is_dated and first_day_out(at) <= way.leaves)):
            total += units
    return total


def price(world: World, way: Way, units: Mapping[int, int], earliest: date) -> float:
    """The cost of one parcel with the split penalty in it, or infinity where a line must not arrive that early."""
    lines = world.lines
    weight = sum(lines[k].weight_grams * q for k, q in units.items())
    volume = sum(lines[k].volume_cm3 * q for k, q in units.items())
    billable = max(weight, math.ceil(volume * 1000 / way.card.dimensional_divisor_cm3_per_kg))
    brackets, rates = way.card.brackets_grams, way.card.rates_minor[way.zone]
    if billable <= brackets[-1]:
        cost = float(rates[min(b for b, limit in enumerate(brackets) if billable <= limit)])
    else:
        cost = float(rates[-1] + math.ceil((billable - brackets[-1]) / 1000) * way.card.over_minor[way.zone])
    cost += sum(units.values()) * way.node.handling_minor + way.node.shipment_minor + world.policy.split_minor
    for k in units:
        reference = earliest
        wanted = lines[k].not_before
        if wanted is not None:
            day = wanted.date() if wanted.time() < time(20) else wanted.date() + timedelta(days=1)
            if way.arrives < day:
                return math.inf
            reference = max(reference, day)
        cost += max(0, (way.arrives - reference).days) * world.policy.delay_minor_per_day
        need = lines[k].need_by
        if need is not None:
            promised = datetime.combine(way.arrives, time(20), UTC)
            cost += max(0, math.ceil((promised - need) / timedelta(days=1))) * world.policy.late_minor_per_day
    return cost


def cheapest_whole(world: World, *, is_dated: bool) -> float:
    """The least cost of sending every line whole, over all partitions into parcels; infinity where there is none."""
    ways = find_ways(world)
    earliest = min(way.arrives for way in ways)
    usable = [way for way in ways if not world.service or way.card.service == world.service]
    best = math.inf
    known: dict[tuple[int, ...], float] = {}
    for parts in partitions(list(range(len(world.lines)))):
        if len(parts) > world.policy.shipments_max:
            continue
        total = -float(world.policy.split_minor)
        for part in map(tuple, parts):
            if part not in known:
                units = {k: world.lines[k].quantity for k in part}
                known[part] = min(
                    (
                        price(world, way, units, earliest)
                        for way in usable
                        if all(there(world, world.lines[k].sku, way, is_dated=is_dated) >= q for k, q in units.items())
                    ),
                    default=math.inf,
                )
            total += known[part]
        best = min(best, total)
    return best


def partitions(items: list[int]) -> Iterator[list[list[int]]]:
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for size in range(len(rest) + 1):
        for others in itertools.combinations(rest, size):
            remaining = [item for item in rest if item not in others]
            for tail in partitions(remaining):
                yield [[first, *others], *tail]


def best_spread(world: World) -> tuple[int, int, float]:
    """The least (uncovered units, lines split, cost) over all ways to spread every unit on hand over nodes and cards.

    One parcel for each node and card, sent on the first day: for worlds of on-hand stock whose cards never make two
    parcels cheaper.
    """
    leaves = first_day_out(world.now)
    ways = [way for way in find_ways(world) if way.leaves == leaves]
    earliest = min(way.arrives for way in ways)
    ways = [way for way in ways if not world.service or way.card.service == world.service]
    best = (10**9, 0, 0.0)
    known: dict[tuple[int, tuple[int, ...]], float] = {}
    for choice in itertools.product(*spreads_of(world, ways)):
        if not is_there(world, ways, choice):
            continue
        parcels = [(at, amounts) for at, amounts in enumerate(zip(*choice, strict=True)) if any(amounts)]
        if len(parcels) > world.policy.shipments_max:
            continue
        for at, amounts in parcels:
            if (at, amounts) not in known:
                units = {k: amount for k, amount in enumerate(amounts) if amount > 0}
                known[at, amounts] = price(world, ways[at], units, earliest)
        uncovered = sum(line.quantity - sum(amounts) for line, amounts in zip(world.lines, choice, strict=True))
        split = sum(sum(amount > 0 for amount in amounts) > 1 for amounts in choice)
        cost = sum(known[parcel] for parcel in parcels)
        best = min(best, (uncovered, split, cost - (world.policy.split_minor if parcels else 0)))
    return best


def spread(quantity: int, places: int) -> Iterator[tuple[int, ...]]:
    """All ways to put at most so many units into places."""
    if places == 0:
        yield ()
        return
    for units in range(quantity + 1):
        for rest in spread(quantity - units, places - 1):
            yield (units, *rest)


def spreads_of(world: World, ways: Sequence[Way], *, is_whole: bool = False) -> list[list[tuple[int, ...]]]:
    """By line, the ways to spread it for which there is enough stock on hand; with `is_whole` all of it."""
    return [
        [
            units
            for units in spread(line.quantity, len(ways))
            if (not is_whole or sum(units) == line.quantity) and is_there(world, ways, [units], first=k)
        ]
        for k, line in enumerate(world.lines)
    ]


def is_there(world: World, ways: Sequence[Way], choice: Sequence[tuple[int, ...]], *, first: int = 0) -> bool:
    """Whether nodes have on hand what some lines, from the `first` on, are to have of them."""
    taken: dict[tuple[str, str], int] = {}
    for k, amounts in enumerate(choice, first):
        for way, units in zip(ways, amounts, strict=True):
            key = (str(way.node.node), str(world.lines[k].sku))
            taken[key] = taken.get(key, 0) + units
    return all(
        units <= sum(there for name, there, _at in world.stock[sku] if name == node)
        for (node, sku), units in taken.items()
        if units
    )
