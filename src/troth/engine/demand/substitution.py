"""Substitutes: what may stand in for an item that is short, where the customer has agreed.

They are ranked after the item that was asked for: it covers what it can, also at a later date, and the best substitute
that covers more takes the rest. The engine then plans all of it at once. An item's own list is all that counts, so that
lists which name each other are harmless; its order is the rank, unless the highest margin is an objective. What a
customer pays more or less is no cost to serve: it changes the price of the goods, which is told in a note.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from troth.engine.demand.group_turns import Ask
from troth.engine.supply.supply import SupplyRows
from troth.model.cost_rates import Objective
from troth.model.ids import LineId, Sku
from troth.model.measure import shown
from troth.model.money import Money
from troth.model.order import Consent
from troth.model.plan import Demand, DemandLine, Instead, Plan, Uncovered
from troth.model.policy import Policy
from troth.model.value import dataclass

OFFERS_MAX: Final = 5
"""So many substitutes are offered for a line."""

LINES_MAX: Final = 50
"""For so many short lines of an order are substitutes offered."""


@dataclass(frozen=True, slots=True)
class _Portion:
    """Units of an asked line as one item: number 0 is the item that was asked for, n its n-th substitute."""

    line: int
    number: int
    quantity: int


def plan_substitutes(demand: Demand, found: Plan, supply: Mapping[Sku, SupplyRows], policy: Policy, ask: Ask) -> Plan:
    """The plan with substitutes for what `found` leaves short, and with offers for what is short then; `found` itself
    where nobody has agreed to any.
    """
    if not found.uncovered or all(consent_of(line) is Consent.NONE for line in demand.lines):
        return found
    if Objective.HIGHEST_MARGIN in policy.objectives:
        currency = demand.currency or policy.currency
        demand = replace(demand, lines=tuple(_by_margin(line, currency) for line in demand.lines))
    best = _fill(demand, supply, policy, ask) or found
    offered = [with_offers(demand, gap, supply, ask) for gap in best.uncovered[:LINES_MAX]]
    return replace(best, uncovered=(*offered, *best.uncovered[LINES_MAX:]))


def consent_of(line: DemandLine) -> Consent:
    """Whether something else may stand in for a line."""
    return line.terms.substitutes if line.terms is not None and line.instead else Consent.NONE


def _by_margin(line: DemandLine, currency: str) -> DemandLine:
    """The line with its substitutes by what a unit earns, the most first and equals by rank; those whose cost is not
    known in the order's currency come after the others.
    """
    if len(line.instead) < 2:
        return line
    return replace(line, instead=tuple(sorted(line.instead, key=lambda other: _margin_key(other, currency))))


def _margin_key(other: DemandLine, currency: str) -> tuple[bool, int]:
    cost = 0 if other.item is None or other.item.currency != currency else other.item.cost_minor
    return cost == 0, 0 if cost == 0 else cost - other.unit_price_minor


def _fill(demand: Demand, supply: Mapping[Sku, SupplyRows], policy: Policy, ask: Ask) -> Plan | None:
    """The plan in which substitutes cover what they can, None where they cover nothing."""
    loose = replace(demand, ship_complete=False)
    portions = [_Portion(at, 0, line.quantity) for at, line in enumerate(demand.lines) if line.quantity > 0]
    best = ask(loose, supply)
    is_filled = False
    tried: dict[int, int] = {}
    for _ in range(max(len(line.instead) for line in demand.lines)):  # each round tries the next one of every line
        short = _short_portions(demand, portions, best, tried)
        if not short:
            break
        wanted = _move(portions, short)
        rival = ask(_demand_of(loose, wanted), supply)
        tried |= {portion.line: number for portion, _units, number in short}
        if _missing(rival) < _missing(best):
            best, portions, is_filled = rival, wanted, True
    if not is_filled:
        return None
    if demand.ship_complete:
        if best.uncovered:
            return None
        best = ask(_demand_of(demand, portions), supply)
    return _named(demand, best, demand.currency or policy.currency)


def _short_portions(
    demand: Demand, portions: Sequence[_Portion], plan: Plan, tried: Mapping[int, int]
) -> list[tuple[_Portion, int, int]]:
    """For each line that is short and has a substitute left to try: its short portion, the units, the substitute."""
    gaps = {(gap.line_id, gap.sku): gap.quantity for gap in plan.uncovered}
    found: list[tuple[_Portion, int, int]] = []
    lines: set[int] = set()
    for portion in reversed(portions):
        line = demand.lines[portion.line]
        units = gaps.get((line.line_id, _item_of(line, portion.number).sku), 0)
        number = max(portion.number, tried.get(portion.line, 0)) + 1
        if (
            units > 0
            and portion.line not in lines
            and consent_of(line) is Consent.ALLOW
            and number <= len(line.instead)
        ):
            lines.add(portion.line)
            found.append((portion, units, number))
    return found


def _move(portions: Sequence[_Portion], short: Sequence[tuple[_Portion, int, int]]) -> list[_Portion]:
    """The portions with the units that are short moved to their next substitutes."""
    lost = {(portion.line, portion.number): units for portion, units, _number in short}
    kept = [
        replace(portion, quantity=portion.quantity - lost.get((portion.line, portion.number), 0))
        for portion in portions
    ]
    more = [_Portion(portion.line, number, units) for portion, units, number in short]
    return [portion for portion in kept if portion.quantity > 0] + more


def _item_of(line: DemandLine, number: int) -> DemandLine:
    return line if number == 0 else line.instead[number - 1]


def _demand_of(demand: Demand, portions: Sequence[_Portion]) -> Demand:
    """The demand of these portions, line by line, the asked item first."""
    ordered = sorted(portions, key=lambda portion: (portion.line, portion.number))
    return replace(demand, lines=tuple(_line_of(demand.lines[portion.line], portion) for portion in ordered))


def _line_of(line: DemandLine, portion: _Portion) -> DemandLine:
    other = _item_of(line, portion.number)
    return replace(
        line,
        sku=other.sku,
        quantity=portion.quantity,
        weight_grams=other.weight_grams,
        volume_cm3=other.volume_cm3,
        item=other.item,
        unit_price_minor=other.unit_price_minor,
        terms=other.terms,
        instead=(),
    )


def _named(demand: Demand, plan: Plan, currency: str) -> Plan:
    """The plan in which what is short is short of the item that was asked for, and which says what stands in for it."""
    asked = {line.line_id: line for line in demand.lines}
    gaps: dict[LineId, Uncovered] = {}
    for gap in plan.uncovered:
        known = gaps.get(gap.line_id)
        if known is not None:
            gaps[gap.line_id] = replace(known, quantity=known.quantity + gap.quantity)
        else:
            gaps[gap.line_id] = replace(gap, sku=asked[gap.line_id].sku)
    return replace(
        plan,
        uncovered=tuple(gaps.values()),
        trace=replace(plan.trace, notes=(*plan.trace.notes, *_notes(demand, plan, currency))),
    )


def _notes(demand: Demand, plan: Plan, currency: str) -> Iterable[str]:
    """What stands in for what, and what a unit of it costs the customer more or less: by line, in the order of rank."""
    taken: dict[tuple[LineId, Sku], int] = {}
    for shipment in plan.shipments:
        for peg in shipment.pegs:
            taken[peg.line_id, peg.sku] = taken.get((peg.line_id, peg.sku), 0) + peg.quantity
    for line in demand.lines:
        for other in line.instead:
            units = taken.get((line.line_id, other.sku), 0)
            if units and other.sku != line.sku:
                decimals = 0 if line.terms is None else line.terms.decimals
                yield f"{shown(units, decimals)} of {other.sku} stand in for {line.sku}{_priced(line, other, currency)}"


def _priced(line: DemandLine, other: DemandLine, currency: str) -> str:
    delta = other.unit_price_minor - line.unit_price_minor
    if not delta:
        return ""
    return f", each for {Money(abs(delta), currency).amount} {'more' if delta > 0 else 'less'}"


def with_offers(demand: Demand, gap: Uncovered, supply: Mapping[Sku, SupplyRows], ask: Ask) -> Uncovered:
    """What is short with what could be had instead: each substitute planned by itself."""
    line = next((line for line in demand.lines if (line.line_id, line.sku) == (gap.line_id, gap.sku)), None)
    if line is None or consent_of(line) is Consent.NONE:
        return gap
    offers = []
    for other in line.instead[:OFFERS_MAX]:
        wanted = replace(
            _line_of(line, _Portion(0, 0, gap.quantity)), sku=other.sku, item=other.item, terms=other.terms
        )
        rival = ask(replace(demand, lines=(wanted,), ship_complete=False), supply)
        units = gap.quantity - _missing(rival)
        if units > 0:
            delta = other.unit_price_minor - line.unit_price_minor
            offers.append(Instead(other.sku, units, delta, rival.promised_at))
    return replace(gap, instead=tuple(offers))


def _missing(plan: Plan) -> int:
    return sum(gap.quantity for gap in plan.uncovered)
