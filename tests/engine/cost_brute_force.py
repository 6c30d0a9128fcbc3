"""What a parcel costs with every term, in plain Python and apart from the engine; and the best plan by trying all."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from tests.engine.brute_force import Way, World, find_ways, first_day_out, is_there, partitions, spreads_of, there
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.cost_rates import PARTS, PENALTIES, Objective
from troth.model.ids import NodeId
from troth.model.network import Address, Surcharge
from troth.model.plan import Demand, DemandLine, Plan
from troth.model.routing_guide import RoutingGuide
from troth.model.work_times import WorkRates

KM_PER_MILE = 1.609344
EARTH_RADIUS_MILES = 3958.8


@dataclass(frozen=True)
class Costs:
    """What costs depend on besides the world."""

    world: World
    destination: Address
    tender: str
    prices: UnitPrices
    loads: Mapping[NodeId, float]
    guide: RoutingGuide | None = None
    work: Mapping[NodeId, WorkRates] = field(default_factory=dict)


def parcel_parts(asked: Costs, way: Way, units: Mapping[int, int], earliest: date, *, is_dated: bool) -> dict[str, int]:
    """Every part of one parcel's cost, split penalty included."""
    world, rates, node, card = asked.world, asked.world.policy.cost_rates, way.node, way.card
    lines = {k: world.lines[k] for k in units}
    weight = sum(line.weight_grams * units[k] for k, line in lines.items())
    volume = sum(line.volume_cm3 * units[k] for k, line in lines.items())
    billable = max(weight, math.ceil(volume * 1000 / card.dimensional_divisor_cm3_per_kg))
    brackets = card.brackets_grams
    entry = card.rates_minor[way.zone][next((b for b, g in enumerate(brackets) if billable <= g), -1)]
    more = max(0, math.ceil((billable - brackets[-1]) / 1000))
    over = card.over_minor[way.zone]
    met = [s for s in card.surcharges if is_met(s, asked.destination, way.zone, weight, list(lines.values()))]

    def fuel(minor: int) -> int:
        return half_up(minor * card.fuel_basis_points / 10_000)

    parts = dict.fromkeys(PARTS, 0)
    parts["shipping"] = entry + more * over
    parts["fuel"] = fuel(entry) + more * fuel(over) + sum(fuel(s.minor) for s in met if s.is_fuelable)
    parts["surcharges"] = sum(s.minor for s in met)
    parts["handling"] = sum(units.values()) * node.handling_minor
    parts["labor"] = len(units) * node.labor_minor
    parts["packaging"] = node.shipment_minor
    parts["split"] = world.policy.split_minor
    share = asked.loads.get(node.node, 0.0)
    free = rates.load_free_percent / 100
    parts["load"] = len(units) * half_up(rates.load_minor * min(1.0, max(0.0, (share - free) / (1 - free))))
    if node.node in asked.work:
        done = asked.work[node.node]
        failing = 1.0 - done.accept * (1.0 - done.short)
        parts["failure"] = len(units) * half_up(rates.failure_minor * failing)
        parts["overdue"] = len(units) * half_up(rates.overdue_minor * (1.0 - done.on_time))
    fee = rates.payment_fees.get(asked.tender, rates.payment_fees.get(""))
    if fee is not None:
        parts["payment"] = fee.minor + sum(
            half_up(line.unit_price_minor * units[k] * fee.basis_points / 10_000) for k, line in lines.items()
        )
    if asked.guide is not None:
        parts |= chargebacks(asked.guide, way, [(line, units[k]) for k, line in lines.items()])
    grams = carbon_grams(asked, way, units)
    if grams is not None:
        parts["carbon"] = sum(half_up(gram * rates.carbon_minor_per_kg / 1000) for gram in grams)
    for k, line in lines.items():
        item = line.item
        assert item is not None
        stock = there(world, line.sku, way, is_dated=is_dated)
        late, delay = dates(world, line, way, earliest)
        parts["delay"] += delay * world.policy.delay_minor_per_day
        parts["late"] += late * world.policy.late_minor_per_day
        parts["goods"] += units[k] * half_up(item.cost_minor * (node.goods_percent - 100) / 100)
        parts["opportunity"] += units[k] * half_up(asked.prices.minor.get(line.sku, {}).get(node.node, 0.0))
        back = rates.return_basis_points.get(item.category, rates.return_basis_points.get("", 0))
        cost = rates.return_minor.get("ship", rates.return_minor.get("", 0)) + node.return_minor
        parts["returns"] += units[k] * half_up(back * cost / 10_000)
        weekly = asked.prices.weekly_units.get(line.sku, {}).get(node.node)
        if weekly is not None:
            taken = min(stock, line.quantity)
            mean = weekly * rates.stock_out_weeks
            wanted = sum((mean / (1 + mean)) ** j for j in range(stock - taken + 1, stock + 1))
            margin = max(0, line.unit_price_minor - item.cost_minor)
            parts["stock_out"] += units[k] * half_up(margin * wanted / taken)
            over_stock = min(taken, max(0.0, stock - weekly * rates.markdown_weeks))
            loss = half_up(line.unit_price_minor * rates.markdown_basis_points / 10_000)
            if rates.markdown_weeks > 0:
                parts["markdown"] -= units[k] * half_up(loss * over_stock / taken)
    return parts


def chargebacks(guide: RoutingGuide, way: Way, units: Sequence[tuple[DemandLine, int]]) -> dict[str, int]:
    """What a partner takes off for one shipment, the one for a further shipment included."""
    is_theirs = way.card.carrier in guide.carriers and (not guide.services or way.card.service in guide.services)
    promised = datetime.combine(way.arrives, time(20), UTC)
    late = [(line, count) for line, count in units if line.need_by is not None and promised > line.need_by]
    shares = [half_up(line.unit_price_minor * count * guide.late_basis_points / 10_000) for line, count in late]
    return {
        "chargeback_carrier": 0 if is_theirs else guide.carrier_minor,
        "chargeback_late": len(late) * guide.late_minor + sum(shares),
        "chargeback_split": guide.split_minor,
    }


def carbon_grams(asked: Costs, way: Way, units: Mapping[int, int]) -> list[int] | None:
    """Grams of CO2e of the parcel and of each line; None without factors."""
    rates = asked.world.policy.cost_rates
    if not rates.carbon_grams_per_tonne_km:
        return None
    factors = rates.carbon_grams_per_tonne_km
    factor = factors.get(way.card.service, factors.get("", 0.0))
    kilometers = math.radians(40.0 - way.node.latitude) * EARTH_RADIUS_MILES * KM_PER_MILE
    weights = [asked.world.lines[k].weight_grams * quantity for k, quantity in units.items()]
    return [rates.carbon_grams_per_parcel, *(half_up(kilometers * weight * factor / 1_000_000) for weight in weights)]


def dates(world: World, line: DemandLine, way: Way, earliest: date) -> tuple[int, int]:
    """Days late and days of delay of a line."""
    reference = earliest
    if line.not_before is not None:
        reference = max(reference, wanted_day(line.not_before))
    promised = datetime.combine(way.arrives, time(20), UTC)
    late = 0 if line.need_by is None else max(0, math.ceil((promised - line.need_by) / timedelta(days=1)))
    return late, max(0, (way.arrives - reference).days)


def wanted_day(moment: datetime) -> date:
    return moment.date() if moment.time() < time(20) else moment.date() + timedelta(days=1)


def is_met(surcharge: Surcharge, to: Address, zone: int, weight: int, lines: Sequence[DemandLine]) -> bool:
    """Whether a parcel pays a surcharge."""
    if surcharge.zones and zone not in surcharge.zones:
        return False
    if surcharge.residential is not None and surcharge.residential is (to.residential is False):
        return False
    if surcharge.regions and to.region not in surcharge.regions:
        return False
    if surcharge.postcode_prefixes and not any(to.postcode.startswith(p) for p in surcharge.postcode_prefixes):
        return False
    if surcharge.grams_over is not None and weight <= surcharge.grams_over:
        return False
    return any(_unit_meets(surcharge, line) for line in lines)


def _unit_meets(surcharge: Surcharge, line: DemandLine) -> bool:
    item = line.item
    assert item is not None
    sides = sorted(item.dimensions_mm, reverse=True)
    if surcharge.attribute and item.attributes.get(surcharge.attribute) != surcharge.value:
        return False
    if surcharge.length_mm_over is not None and sides[0] <= surcharge.length_mm_over:
        return False
    return surcharge.girth_mm_over is None or sides[0] + 2 * (sides[1] + sides[2]) > surcharge.girth_mm_over


def half_up(value: float) -> int:
    return math.floor(value + 0.5)


def score(asked: Costs, parts: Mapping[str, int], days: int, shipments: int) -> tuple[int, ...]:
    """What the objectives, and then the cost, say of something that costs these parts."""
    policy = asked.world.policy
    values = {
        Objective.CHEAPEST: sum(round(policy.weights.get(part, 1.0) * 100) * minor for part, minor in parts.items()),
        Objective.FASTEST: days,
        Objective.FEWEST_SHIPMENTS: shipments,
        Objective.HIGHEST_MARGIN: sum(minor for part, minor in parts.items() if part not in PENALTIES),
    }
    return tuple(values[objective] for objective in (*policy.objectives, Objective.CHEAPEST))


def best_whole(asked: Costs, *, is_dated: bool) -> tuple[int, ...] | None:
    """The best score of sending every line whole, over all partitions into parcels; None where there is none."""
    world = asked.world
    ways = find_ways(world)
    earliest = min(way.arrives for way in ways)
    usable = [way for way in ways if not world.service or way.card.service == world.service]
    best: tuple[int, ...] | None = None
    cheapest: dict[tuple[int, ...], tuple[int, ...] | None] = {}
    for parts in partitions(list(range(len(world.lines)))):
        if len(parts) > world.policy.shipments_max:
            continue
        scores = []
        for part in parts:
            key = tuple(part)
            if key not in cheapest:
                cheapest[key] = _best_parcel(asked, usable, key, earliest, is_dated=is_dated)
            found = cheapest[key]
            if found is None:
                break
            scores.append(found)
        else:
            total = tuple(sum(values) for values in zip(*scores, strict=True))
            best = total if best is None else min(best, total)
    return None if best is None else without_first_split(asked, best)


def _best_parcel(
    asked: Costs, ways: Sequence[Way], part: tuple[int, ...], earliest: date, *, is_dated: bool
) -> tuple[int, ...] | None:
    lines = asked.world.lines
    units = {k: lines[k].quantity for k in part}
    wanted = [wanted_day(at) for k in part if (at := lines[k].not_before) is not None]
    scores = [
        score(
            asked,
            parcel_parts(asked, way, units, earliest, is_dated=is_dated),
            sum(dates(asked.world, lines[k], way, earliest)[1] for k in part),
            1,
        )
        for way in ways
        if all(there(asked.world, lines[k].sku, way, is_dated=is_dated) >= q for k, q in units.items())
        and all(way.arrives >= day for day in wanted)
    ]
    return min(scores, default=None)


Score = tuple[int, ...]


def best_spreads(asked: Costs) -> tuple[Score, Score] | None:
    """The best score of the ways to cover everything from stock on hand that split fewest lines, one parcel for each
    node and card; and the same where lines that are needed by a date may be split for nothing. None where not
    everything can be covered.
    """
    world = asked.world
    leaves = first_day_out(world.now)
    ways = [way for way in find_ways(world) if way.leaves == leaves]
    earliest = min(way.arrives for way in ways)
    ways = [way for way in ways if not world.service or way.card.service == world.service]
    best: tuple[int, Score] | None = None
    freest: tuple[int, Score] | None = None
    known: dict[tuple[int, tuple[int, ...]], Score] = {}
    for choice in itertools.product(*spreads_of(world, ways, is_whole=True)):
        if not is_there(world, ways, choice):
            continue
        parcels = [(at, units) for at, units in enumerate(zip(*choice, strict=True)) if any(units)]
        if len(parcels) > world.policy.shipments_max:
            continue
        for at, amounts in parcels:
            if (at, amounts) not in known:
                units = {k: amount for k, amount in enumerate(amounts) if amount > 0}
                delay = sum(dates(world, world.lines[k], ways[at], earliest)[1] for k in units)
                parts = parcel_parts(asked, ways[at], units, earliest, is_dated=False)
                known[at, amounts] = score(asked, parts, delay, 1)
        total = tuple(sum(values) for values in zip(*(known[parcel] for parcel in parcels), strict=True))
        divided = [k for k, amounts in enumerate(choice) if sum(amount > 0 for amount in amounts) > 1]
        found = (len(divided), total)
        free = (sum(world.lines[k].need_by is None for k in divided), total)
        best = found if best is None else min(best, found)
        freest = free if freest is None else min(freest, free)
    if best is None or freest is None:
        return None
    return without_first_split(asked, best[1]), without_first_split(asked, freest[1])


def without_first_split(asked: Costs, total: tuple[int, ...]) -> tuple[int, ...]:
    further = 0 if asked.guide is None else asked.guide.split_minor
    once = score(asked, {"split": asked.world.policy.split_minor, "chargeback_split": further}, 0, 0)
    return tuple(value - less for value, less in zip(total, once, strict=True))


def score_of(asked: Costs, wish: Demand, plan: Plan) -> tuple[int, ...]:
    """The score of the engine's plan, from the parts that it names and the dates that it promises."""
    earliest = min(way.arrives for way in find_ways(asked.world))
    by_id = {line.line_id: line for line in wish.lines}
    parts: dict[str, int] = {}
    days = 0
    for shipment in plan.shipments:
        for part, minor in shipment.cost.items():
            parts[part] = parts.get(part, 0) + minor
        for name in {peg.line_id for peg in shipment.pegs}:
            line = by_id[name]
            reference = earliest if line.not_before is None else max(earliest, wanted_day(line.not_before))
            days += max(0, (shipment.promised_at.date() - reference).days)
    return score(asked, parts, days, len(plan.shipments))


def with_policy(asked: Costs, **changes: object) -> Costs:
    """The same question under another policy."""
    policy = replace(asked.world.policy, **changes)  # type: ignore[arg-type]
    return replace(asked, world=replace(asked.world, policy=policy))
