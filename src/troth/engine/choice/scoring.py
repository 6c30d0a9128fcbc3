"""What it costs to send a set of lines from a candidate, as arrays; and the named parts of one shipment's cost, as
exact integers.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import DAY_SECONDS, first_arrival_day
from troth.engine.carriage.offers import Offer
from troth.engine.carriage.rate_cards import billable_grams, parcel_rate_minor
from troth.engine.carriage.surcharges import add_subset_charges
from troth.engine.carriage.timetable import find_wanted_days
from troth.engine.carriage.transit import NEVER
from troth.engine.choice.cost_parts import carriage_parts, term_parts
from troth.engine.choice.ranking import rank_columns, rank_parts
from troth.engine.choice.term_columns import add_line_costs, fixed_costs, quantity_costs, unit_costs
from troth.engine.demand.candidates import Block
from troth.engine.demand.problem import Columns, Place, Problem, SplitColumns
from troth.engine.demand.time_limits import deadline_of
from troth.model.measure import half_up
from troth.model.plan import DemandLine

_COLUMNS_AT_ONCE: Final = 64
"""The rates of so few candidates, such as the one node of a pickup, are looked up for all subsets together."""


def build_columns(problem: Problem) -> Columns:
    """The candidates of all blocks as columns: what each adds per line (K, C) and per shipment (C)."""
    penalties, fixed, rate_lanes, starts, start = [], [], [], [], 0
    for block in problem.blocks:
        starts.append(start)
        start += block.size
        penalties.append(_penalty(problem, block))
        fixed.append(_fixed(problem, block))
        rate_lanes.append(block.rate_lane.reshape(-1))
    if len(penalties) == 1:
        columns = Columns(tuple(starts), penalties[0], fixed[0], rate_lanes[0])
    else:
        columns = Columns(
            tuple(starts), np.concatenate(penalties, axis=1), np.concatenate(fixed), np.concatenate(rate_lanes)
        )
    return columns if problem.ranks is None else rank_columns(problem, columns)


def split_columns(problem: Problem) -> SplitColumns:
    """What the same columns can send of each line in parts."""
    available, come, dates, unit, node, ready = [], [], [], [], [], []
    count = len(problem.lines)
    for block in problem.blocks:
        services = block.lane.shape[0]
        available.append(np.tile(block.available, services))
        come.append(available[-1] if block.come is None else np.tile(block.come, services))
        costs, units = _parts(problem, block)
        dates.append(np.broadcast_to(costs, (count, *block.lane.shape)).reshape(count, -1))
        unit.append(np.broadcast_to(units, (count, *block.lane.shape)).reshape(count, -1))
        node.append(np.tile(block.nodes, services))
        ready.append(np.full(block.size, 0.0 if block.is_on_hand else block.ready))
    parts = SplitColumns(
        np.concatenate(available, axis=1),
        np.concatenate(dates, axis=1),
        np.concatenate(unit, axis=1),
        np.concatenate(node),
        np.concatenate(ready),
        np.concatenate(come, axis=1),
    )
    return parts if problem.ranks is None else rank_parts(problem, parts)


def date_costs(problem: Problem, block: Block) -> NDArray[np.float64]:
    """Delay and lateness (K or 1, services, n) of each line at each candidate, NEVER or more where it is not possible.

    One row stands for all lines where all have the same dates, or none. A service that may not carry a line is not
    possible.
    """
    costs = _date_costs(problem, block)
    if problem.allowed is None:
        return costs
    barred: NDArray[np.float64] = np.where(problem.allowed[:, :, np.newaxis], costs, NEVER)
    return barred


def _date_costs(problem: Problem, block: Block) -> NDArray[np.float64]:
    delay_rate, late_rate = _date_rates(problem)
    arrival = block.timetable.arrival_day.take(block.lane)
    wishes = [_dates_of(line) for line in problem.lines]
    distinct = list(dict.fromkeys(wishes))  # of many lines there are few
    if distinct == [_NO_DATES]:
        return delay_costs(arrival, problem.earliest_day, delay_rate)[np.newaxis]
    wished = np.full((len(distinct), *arrival.shape), -NEVER)
    for row, (not_before, _needed, _until) in enumerate(distinct):
        if not_before is not None:
            wished[row] = _wanted_days(problem, block, not_before)
    needed, until = np.array([dates[1:] for dates in distinct]).T[..., np.newaxis, np.newaxis]
    costs = np.maximum(arrival - np.maximum(wished, problem.earliest_day), 0.0) * delay_rate
    promised = block.timetable.promised_at.take(block.lane)
    costs += np.maximum(np.ceil((promised - needed) / DAY_SECONDS), 0.0) * late_rate
    costs[(arrival < wished) | (arrival >= NEVER)] = NEVER
    if until.min() < np.inf:
        costs[promised > until] = NEVER
    if len(distinct) in (1, len(wishes)):
        return costs
    rows = {dates: row for row, dates in enumerate(distinct)}
    return costs[[rows[dates] for dates in wishes]]


def delay_costs(arrival: NDArray[np.float64], earliest_day: float, rate: float) -> NDArray[np.float64]:
    """What it costs to arrive on these days instead of the earliest, NEVER or more where nothing arrives."""
    delay: NDArray[np.float64] = np.maximum(arrival - earliest_day, 0.0) * rate
    if rate == 0.0:  # then it is nothing for a lane that does not exist, too
        delay[arrival >= NEVER] = NEVER
    return delay


def has_dates(line: DemandLine) -> bool:
    """Whether a line is not wanted yet, or has a date by which it is needed or wanted at all."""
    return _dates_of(line) != _NO_DATES


_NO_DATES: Final = (None, math.inf, math.inf)


def _dates_of(line: DemandLine) -> tuple[float | None, float, float]:
    """When a line is not wanted yet, by when it is needed, and the last instant that it may come (POSIX)."""
    not_before, need_by = line.not_before, line.need_by
    return (
        None if not_before is None else not_before.timestamp(),
        math.inf if need_by is None else need_by.timestamp(),
        deadline_of(line),
    )


def _date_rates(problem: Problem) -> tuple[float, float]:
    """What a line's day of delay and of lateness count."""
    policy, terms = problem.policy, problem.terms
    if terms is None:
        return float(policy.delay_minor_per_day), float(policy.late_minor_per_day)
    parts = terms.weights.parts
    return (
        float(policy.delay_minor_per_day * parts["delay"] + terms.weights.days),
        float(policy.late_minor_per_day * parts["late"]),
    )


def subset_rates(offer: Offer, lines: Sequence[DemandLine], quantities: Sequence[int]) -> NDArray[np.float64]:
    """The rate (2^K, cards * zones) of a parcel with each subset of the lines; bit k of a row's number is line k."""
    weights = subset_sums([line.grams(units) for line, units in zip(lines, quantities, strict=True)])
    volumes = subset_sums([line.volume(units) for line, units in zip(lines, quantities, strict=True)])
    return parcel_rates(offer, weights, volumes)


def parcel_rates(offer: Offer, weights: NDArray[np.float64], volumes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rate (P, cards * zones) of parcels with these weights (grams, P) and volumes (cm3, P); NEVER where a parcel
    is too heavy for the card.
    """
    rates = _parcel_rates(offer, weights, volumes)
    if offer.grams_max is None:
        return rates
    limited: NDArray[np.float64] = np.where(weights[:, np.newaxis] > offer.grams_max, NEVER, rates)
    return limited


def _parcel_rates(offer: Offer, weights: NDArray[np.float64], volumes: NDArray[np.float64]) -> NDArray[np.float64]:
    rates = np.empty((weights.size, len(offer.cards) * offer.zones)) if len(offer.groups) > 1 else None
    has_volume = bool(volumes.any())
    for group in offer.groups:
        billable = weights
        if has_volume and group.divisor > 0:
            billable = np.maximum(weights, np.ceil(volumes * 1000.0 / group.divisor))
        bracket = group.brackets.searchsorted(billable)
        last = group.brackets.size - 1
        if bracket.max() <= last:
            priced = group.rates.take(bracket, axis=0)
        else:
            kilograms = np.ceil(np.maximum(billable - group.brackets[last], 0.0) / 1000.0)
            over = kilograms[:, np.newaxis, np.newaxis] * group.over
            priced = group.rates.take(np.minimum(bracket, last), axis=0) + over
        if rates is None:
            return priced.reshape(weights.size, -1)
        rates[:, group.lanes] = priced.reshape(weights.size, -1)
    return np.zeros((weights.size, 0)) if rates is None else rates


def subset_sums(values: Sequence[int]) -> NDArray[np.float64]:
    """The sum (2^K) of each subset of the values.

    >>> subset_sums([1, 2, 4]).tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    """
    sums = np.zeros(1 << len(values))
    for line, value in enumerate(values):
        np.add(sums[: 1 << line], value, out=sums[1 << line : 2 << line])
    return sums


def subset_costs(problem: Problem, columns: Columns) -> NDArray[np.float64]:
    """The cost (2^K, C) of each subset of lines as one shipment of each candidate, NEVER or more where it cannot; row 0
    is no lines.
    """
    count = len(problem.lines)
    costs = np.empty((1 << count, columns.fixed.size))
    costs[0] = columns.fixed
    for line in range(count):
        np.add(costs[: 1 << line], columns.penalty[line], out=costs[1 << line : 2 << line])
    prices = price_subsets(problem)
    if columns.fixed.size <= _COLUMNS_AT_ONCE:
        costs += prices.take(columns.rate_lane, axis=1, mode="clip")
        return costs
    rate = np.empty(columns.fixed.size)
    for subset, rates in enumerate(prices):  # one by one, which stays in the cache
        rates.take(columns.rate_lane, out=rate, mode="clip")
        costs[subset] += rate
    return costs


def price_subsets(problem: Problem) -> NDArray[np.float64]:
    """The rate (2^K, rate lanes) of a parcel with each subset of the lines, with what carriers charge on top."""
    rates = subset_rates(problem.offer, problem.lines, problem.quantities)
    if problem.terms is not None and problem.terms.charges is not None:
        weights = [line.grams(units) for line, units in zip(problem.lines, problem.quantities, strict=True)]
        add_subset_charges(rates, problem.terms.charges.parcel, subset_sums(weights))
    return rates


def shipment_cost(problem: Problem, place: Place, quantities: Mapping[int, int], *, is_first: bool) -> dict[str, int]:
    """The parts of one shipment's cost in minor units: the plain ones, also when they are zero, and those of the terms
    in use.
    """
    network, policy = problem.network, problem.policy
    position = problem.lanes.services[place.service_row]
    card = problem.offer.cards[position]
    node = network.nodes[place.node]
    lines = problem.lines
    grams = billable_grams(
        card,
        weight_grams=sum(lines[line].grams(units) for line, units in quantities.items()),
        volume_cm3=sum(lines[line].volume(units) for line, units in quantities.items()),
    )
    delay, late = _date_parts(problem, place, quantities)
    zone = problem.lanes.zone_of(place.service_row, place.node)
    parts = {
        "shipping": parcel_rate_minor(card, zone=zone, grams=grams),
        "handling": sum(
            [half_up(units * node.handling_minor, lines[line].scale) for line, units in quantities.items()]
        ),
        "packaging": node.shipment_minor,
        "split": 0 if is_first else policy.split_minor,
        "delay": delay,
        "late": late,
    }
    if card.fuel_basis_points or card.surcharges:
        parts |= carriage_parts(problem, card, zone=zone, billable=grams, quantities=quantities)
    if problem.terms is not None:
        parts |= term_parts(problem, problem.terms, place, quantities, is_first=is_first)
    return parts


def _date_parts(problem: Problem, place: Place, quantities: Mapping[int, int]) -> tuple[int, int]:
    """Delay and lateness of a shipment in minor units, summed over its lines."""
    timetable, policy = place.block.timetable, problem.policy
    arrival = int(timetable.arrival_day[place.lane])
    delay = late = 0
    for number in quantities:
        line = problem.lines[number]
        reference = int(problem.earliest_day)
        if line.not_before is not None:
            zone = problem.lanes.destination.time_zone or problem.network.nodes[place.node].time_zone
            closes = problem.offer.carriers[problem.lanes.services[place.service_row]].closes
            reference = max(reference, first_arrival_day(zone, line.not_before.timestamp(), closes))
        delay += max(0, arrival - reference) * policy.delay_minor_per_day
        if line.need_by is not None:
            over = float(timetable.promised_at[place.lane]) - line.need_by.timestamp()
            late += max(0, math.ceil(over / DAY_SECONDS)) * policy.late_minor_per_day
    return delay, late


def _wanted_days(problem: Problem, block: Block, not_before: float) -> NDArray[np.float64]:
    return find_wanted_days(problem.network, problem.lanes, not_before)[:, block.nodes]


def _penalty(problem: Problem, block: Block) -> NDArray[np.float64]:
    """What each line adds (K, candidates of the block) as a whole, NEVER or more where the candidate cannot send all of
    it.
    """
    terms = problem.terms
    quantities = np.array(problem.quantities, dtype=np.float64)[:, np.newaxis]
    unit = _handling(problem, block) if terms is None else unit_costs(terms, block)
    units = np.where(block.available >= quantities, quantities * unit, NEVER)
    costs = units[:, np.newaxis] + date_costs(problem, block)
    if terms is not None:
        costs = add_line_costs(costs, terms, block)
        whole = quantity_costs(problem, terms, block)
        costs = costs if whole is None else costs + whole
    return costs.reshape(len(problem.lines), -1)


def _parts(problem: Problem, block: Block) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a line costs once in a parcel, and by unit (K or 1, services or 1, n)."""
    terms, once = problem.terms, date_costs(problem, block)
    if terms is None:
        return once, _handling(problem, block)[..., np.newaxis, :] + np.zeros((1, 1, 1))
    unit, whole = unit_costs(terms, block)[:, np.newaxis], quantity_costs(problem, terms, block)
    if whole is not None:
        unit = unit + whole / np.array(problem.quantities, dtype=np.float64)[:, np.newaxis, np.newaxis]
    return add_line_costs(once, terms, block), unit


def _fixed(problem: Problem, block: Block) -> NDArray[np.float64]:
    if problem.terms is not None:
        return fixed_costs(problem, problem.terms, block).reshape(-1)
    fixed = np.empty(block.lane.shape)
    fixed[:] = _of(block, problem.network.shipment) + problem.policy.split_minor
    return fixed.reshape(-1)


def _handling(problem: Problem, block: Block) -> NDArray[np.float64]:
    """What handling one unit of each line (1 or K, n) costs."""
    handling = _of(block, problem.network.handling)[np.newaxis]
    return handling if problem.scales is None else handling / problem.scales[:, np.newaxis]


def _of(block: Block, facts: NDArray[np.float64]) -> NDArray[np.float64]:
    return facts if block.nodes.size == facts.size else facts[block.nodes]
