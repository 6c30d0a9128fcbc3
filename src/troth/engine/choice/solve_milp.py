"""The exact choice as a mixed-integer model on HiGHS: for lines that must be split, and for more lines than subsets can
be listed.

A parcel is a candidate that may be used once (more often only where its rate card makes two parcels cheaper than one).
Its price is exact: a binary for each bracket and a count of the kilograms above the last. Lines that some candidate can
send whole stay whole; if that leaves units uncovered that could be covered (lines that share a SKU, a limit of
shipments), the order of goals is: most units covered, fewest lines split, least cost. Parallel work and time change
nothing: one thread, a fixed seed, a limit of nodes; the time limit is the last wall only.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.rate_cards import is_merging_cheaper
from troth.engine.carriage.transit import NEVER
from troth.engine.choice.mixed_charges import add_charges, may_part
from troth.engine.choice.mixed_model import MixedModel, Term
from troth.engine.choice.prune import undominated
from troth.engine.choice.shape_rows import Sending, add_shape
from troth.engine.demand.problem import Columns, Parcel, Problem, Solution, SplitColumns, find_shared
from troth.model.ids import Sku
from troth.model.network import RateCard
from troth.model.value import dataclass

CANDIDATES_MAX: Final = 120
NODES_MAX: Final = 20_000
TERMS_MAX: Final = 5_000
"""A model of more places for lines in parcels would take longer to write down than an order may wait: there is none."""

_COPIES_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class _Slot:
    """One possible parcel in the model: its column, its usage as a sum of variables, and what it sends of each line.

    `units` maps a line to the terms that add up to its units, `used` a line to the binary that says whether it is in
    the parcel.
    """

    column: int
    usage: tuple[Term, ...]
    units: dict[int, Term]
    used: dict[int, int]


def solve_mixed(
    problem: Problem,
    columns: Columns,
    parts: SplitColumns,
    *,
    may_split: NDArray[np.bool_] | None = None,
    time_limit_seconds: float | None = None,
) -> Solution | None:
    """The best plan of the model, or None where the solver found none in its limits. Lines (K) that `may_split` are
    split where that is cheaper; the others only where they must be.

    The time limit is the policy's `decision_seconds_max` where none is given. What is not proven says so in its method
    and gap.
    """
    seconds = problem.policy.decision_seconds_max if time_limit_seconds is None else time_limit_seconds
    is_whole_possible = columns.penalty < NEVER
    splits: NDArray[np.bool_] = ~np.any(is_whole_possible, axis=1)
    if may_split is not None:
        splits |= may_split
    kept, is_cut = choose_candidates(problem, columns, parts, splits)
    if _count_terms(problem, columns, parts, kept, splits) > TERMS_MAX:
        return None
    model = MixedModel(seconds)
    solution = _solve_stage(model, problem, columns, parts, kept, splits)
    if solution is None:
        everything = np.ones_like(splits)
        kept, is_cut = choose_candidates(problem, columns, parts, everything)
        if _count_terms(problem, columns, parts, kept, everything) > TERMS_MAX:
            return None
        model = MixedModel(model.seconds_left)
        solution = _solve_goals(model, problem, columns, parts, kept)
    if solution is None:
        return None
    if not model.is_proven:
        solution = replace(solution, method="milp, stopped", gap=solution.gap or float("nan"))
    return replace(solution, method="milp, candidates cut", gap=float("nan")) if is_cut else solution


def choose_candidates(
    problem: Problem, columns: Columns, parts: SplitColumns, splits: NDArray[np.bool_]
) -> tuple[list[int], bool]:
    """The columns that the model looks at, and whether any that might matter was left out.

    What a column that beats them all can do is dropped without loss, unless it holds stock of a line that may be split
    or that shares its SKU: there two candidates can be needed though one is better. Only if more than CANDIDATES_MAX
    are left, the rest is cut by merit, and said so.
    """
    is_scarce = splits | np.array(find_shared(problem))
    can_send = (parts.available > 0.0) & (parts.dates < NEVER)
    protected = can_send[is_scarce].any(axis=0) if is_scarce.any() else None
    kept = undominated(problem, columns, protected)
    if kept.size <= CANDIDATES_MAX:
        return kept.tolist(), False
    units = np.where(can_send[:, kept], np.minimum(parts.available[:, kept], _quantities(problem)), 0.0)
    merit = units.sum(axis=0) / (columns.fixed[kept] + problem.offer.lane_scores[columns.rate_lane[kept]] + 1.0)
    must = set(units.argmax(axis=1).tolist())
    ranked = [*sorted(must), *(at for at in np.argsort(-merit, kind="stable").tolist() if at not in must)]
    return sorted(kept[ranked[: max(CANDIDATES_MAX, len(must))]].tolist()), True


def _count_terms(
    problem: Problem, columns: Columns, parts: SplitColumns, kept: list[int], splits: NDArray[np.bool_]
) -> int:
    """How many places for a line in a parcel the model of these columns has."""
    there = np.minimum(parts.available[:, kept], _quantities(problem))
    is_sent = (there > 0.0) & (parts.dates[:, kept] < NEVER) & (splits[:, np.newaxis] | (there >= _quantities(problem)))
    copies = [_copies(problem, columns, parts, column) for column in kept]
    return int(is_sent.sum(axis=0) @ np.array(copies))


def _quantities(problem: Problem) -> NDArray[np.float64]:
    return np.array(problem.quantities, dtype=np.float64)[:, np.newaxis]


def _solve_stage(
    model: MixedModel,
    problem: Problem,
    columns: Columns,
    parts: SplitColumns,
    kept: list[int],
    splits: NDArray[np.bool_],
) -> Solution | None:
    """The cheapest plan that covers everything and splits only the lines that must be."""
    slots = _add_slots(model, problem, columns, parts, kept, splits)
    for line, quantity in enumerate(problem.quantities):
        model.add_row([slot.units[line] for slot in slots if line in slot.units], float(quantity), float(quantity))
    return _read(model, slots)


def _solve_goals(
    model: MixedModel, problem: Problem, columns: Columns, parts: SplitColumns, kept: list[int]
) -> Solution | None:
    """The plan that covers most, then splits fewest lines, then costs least: three solutions of one model."""
    slots = _add_slots(model, problem, columns, parts, kept, np.ones(len(problem.lines), dtype=np.bool_))
    shorts, divided = [], []
    for line, quantity in enumerate(problem.quantities):
        short = model.add_integer(0.0, float(quantity))
        is_split = model.add_integer(0.0, 1.0)
        shorts.append((short, 1.0))
        divided.append((is_split, 1.0))
        sending = [slot for slot in slots if line in slot.units]
        model.add_row([*(slot.units[line] for slot in sending), (short, 1.0)], float(quantity), float(quantity))
        model.add_row(
            [*((slot.used[line], 1.0) for slot in sending), (is_split, -float(min(len(sending), quantity)))],
            -np.inf,
            1.0,
        )
    for goal in (shorts, divided):
        if not model.fix_minimum(goal, NODES_MAX):
            return None
    return _read(model, slots)


def _add_slots(
    model: MixedModel,
    problem: Problem,
    columns: Columns,
    parts: SplitColumns,
    kept: list[int],
    splits: NDArray[np.bool_],
) -> list[_Slot]:
    slots: list[_Slot] = []
    alone = () if problem.shape is None else problem.shape.alone
    together = [line for line in range(len(problem.lines)) if line not in alone]
    for column in kept:
        copies = _copies(problem, columns, parts, column)
        earlier: _Slot | None = None
        for _ in range(copies):
            slot = _add_slot(model, problem, columns, parts, column, splits, together)
            if slot is None:
                break
            if earlier is not None:
                model.add_row([*earlier.usage, *((at, -1.0) for at, _one in slot.usage)], 0.0, np.inf)
            slots.append(slot)
            earlier = slot
        own = [_add_slot(model, problem, columns, parts, column, splits, [line]) for line in alone]
        slots += [slot for slot in own if slot is not None]
    if len(slots) > problem.shipments_max:
        model.add_row([term for slot in slots for term in slot.usage], -np.inf, float(problem.shipments_max))
    _share_supply(model, problem, parts, slots)
    if problem.shape is not None:
        sendings = [Sending(slot.usage, slot.units, slot.used) for slot in slots]
        add_shape(model, problem.shape, problem.quantities, sendings)
    return slots


def _copies(problem: Problem, columns: Columns, parts: SplitColumns, column: int) -> int:
    """How many parcels of a candidate a plan may want: one, unless its card prices some parcel above the two it could
    be parted into.
    """
    position, zone = divmod(int(columns.rate_lane[column]), problem.offer.zones)
    card: RateCard = problem.offer.priced[position]
    charges = () if problem.terms is None or problem.terms.charges is None else problem.terms.charges.parcel
    is_parting = may_part(charges, int(columns.rate_lane[column]))
    if card.grams_max is not None:
        there = np.minimum(parts.available[:, column], problem.quantities).tolist()
        grams = sum(line.grams(int(units)) for line, units in zip(problem.lines, there, strict=True))
        if grams > card.grams_max:  # goods of irregular weights fill at least every second parcel by half
            return max(1, min(2 * -(-grams // card.grams_max), problem.shipments_max, sum(problem.quantities)))
    if not is_parting and is_merging_cheaper(card, zone=zone, parcel_minor=int(columns.fixed[column])):
        return 1
    return max(1, min(_COPIES_MAX, problem.shipments_max, sum(problem.quantities)))


def _add_slot(
    model: MixedModel,
    problem: Problem,
    columns: Columns,
    parts: SplitColumns,
    column: int,
    splits: NDArray[np.bool_],
    lines: Sequence[int],
) -> _Slot | None:
    units: dict[int, Term] = {}
    used: dict[int, int] = {}
    bounds: list[tuple[int, int, float]] = []
    for line in lines:
        quantity = problem.quantities[line]
        there = min(float(quantity), float(parts.available[line, column]))
        date_cost, unit = float(parts.dates[line, column]), float(parts.unit[line, column])
        if date_cost >= NEVER or there <= 0.0 or (not splits[line] and there < quantity):
            continue
        if splits[line]:
            amount = model.add_integer(0.0, there, unit)
            used[line] = model.add_integer(0.0, 1.0, date_cost)
            units[line] = (amount, 1.0)
            bounds.append((amount, used[line], there))
        else:
            used[line] = model.add_integer(0.0, 1.0, date_cost + unit * quantity)
            units[line] = (used[line], float(quantity))
    if not units:
        return None
    usage = _add_price(model, problem, columns, column, units, used)
    for amount, is_used, most in bounds:
        model.add_row([(amount, 1.0), (is_used, -most)], -np.inf, 0.0)
        model.add_row([(amount, 1.0), (is_used, -1.0)], 0.0, np.inf)
    for is_used in used.values():
        model.add_row([(is_used, 1.0), *((at, -1.0) for at, _one in usage)], -np.inf, 0.0)
    return _Slot(column, usage, units, used)


def _add_price(
    model: MixedModel, problem: Problem, columns: Columns, column: int, units: dict[int, Term], used: dict[int, int]
) -> tuple[Term, ...]:
    """Adds the parcel's rate: one bracket if it is used, kilograms above the last, and surcharges. Returns the terms
    that add up to its use (0 or 1).
    """
    position, zone = divmod(int(columns.rate_lane[column]), problem.offer.zones)
    card, fixed = problem.offer.priced[position], float(columns.fixed[column])
    divisor = card.dimensional_divisor_cm3_per_kg
    lines = problem.lines
    heavy = [(at, factor * lines[line].weight_grams / lines[line].scale) for line, (at, factor) in units.items()]
    bulky = (
        [
            (at, factor * lines[line].volume_cm3 * 1000.0 / (divisor * lines[line].scale))
            for line, (at, factor) in units.items()
        ]
        if divisor > 0
        else []
    )
    most = max(_most(problem, units, heavy), _most(problem, units, bulky))
    rates = card.rates_minor[zone]
    enough = next((at for at, grams in enumerate(card.brackets_grams) if grams >= most), None)
    last = len(rates) - 1 if enough is None else enough
    usage, capacity = [], []
    for bracket in range(last + 1):
        if bracket < last and rates[bracket] >= rates[bracket + 1]:
            continue
        at = model.add_integer(0.0, 1.0, rates[bracket] + fixed)
        usage.append((at, 1.0))
        capacity.append((at, -float(card.brackets_grams[bracket])))
    if enough is None:
        kilograms = float(np.ceil((most - card.brackets_grams[-1]) / 1000.0))
        over = model.add_integer(0.0, kilograms, float(card.over_minor[zone]))
        capacity.append((over, -1000.0))
        model.add_row([(over, 1.0), (usage[-1][0], -kilograms)], -np.inf, 0.0)
    model.add_row(usage, 0.0, 1.0)
    if card.grams_max is not None and _most(problem, units, heavy) > card.grams_max:
        model.add_row([*heavy, *((at, -float(card.grams_max)) for at, _one in usage)], -np.inf, 0.0)
    for load in (heavy, bulky):
        if any(grams > 0.0 for _at, grams in load):
            model.add_row([*load, *capacity], -np.inf, 0.0)
    if problem.terms is not None and problem.terms.charges is not None:
        add_charges(
            model,
            problem.terms.charges.parcel,
            rate_lane=int(columns.rate_lane[column]),
            used=used,
            load=heavy,
            grams_max=_most(problem, units, heavy),
        )
    return tuple(usage)


def _most(problem: Problem, units: dict[int, Term], load: list[Term]) -> float:
    """The most that a parcel can weigh (grams): all of every line that it may hold."""
    return sum(
        grams / factor * problem.quantities[line]
        for (line, (_at, factor)), (_same, grams) in zip(units.items(), load, strict=False)
    )


def _share_supply(model: MixedModel, problem: Problem, parts: SplitColumns, slots: list[_Slot]) -> None:
    """At each node and date, what all parcels sent by then take of a SKU is at most what has come by then."""
    sending: dict[tuple[int, Sku], list[tuple[float, float, Term]]] = {}
    for slot in slots:
        for line, term in slot.units.items():
            node, ready = int(parts.node[slot.column]), float(parts.ready[slot.column])
            if problem.kits is None:
                entry = (ready, float(parts.come[line, slot.column]), term)
                sending.setdefault((node, problem.lines[line].sku), []).append(entry)
                continue
            for sku, each in problem.kits.components[line]:
                there = float(problem.kits.there(sku, node, ready))
                sending.setdefault((node, sku), []).append((ready, there, (term[0], term[1] * each)))
    for entries in sending.values():
        if len(entries) == 1:
            continue
        for ready, there in sorted({(ready, there) for ready, there, _term in entries}):
            # A line that may take fewer units than another one takes them out of the same.
            model.add_row([term for at, least, term in entries if at <= ready and least <= there], -np.inf, there)


def _read(model: MixedModel, slots: list[_Slot]) -> Solution | None:
    found = model.solve(NODES_MAX)
    if found is None:
        return None
    values, gap = found
    parcels = []
    for slot in slots:
        sent = {line: round(values[at] * factor) for line, (at, factor) in slot.units.items()}
        sent = {line: units for line, units in sent.items() if units > 0}
        if sent:
            parcels.append(Parcel(slot.column, sent))
    return Solution(tuple(parcels), "milp", gap)
