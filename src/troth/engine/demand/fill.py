"""What becomes of a demand whose lines cannot all be had in full, where they say themselves what then.

A line that is had whole or not at all is left out and the others are planned without it; of a line that may be partial
the rest is given up.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from troth.model.commands import LineQuantity
from troth.model.ids import LineId
from troth.model.order import Fill, Line, Terms
from troth.model.plan import Demand, DemandLine, Plan, Uncovered

NOT_FILLED: Final = "could not be promised, and is not to wait"
"""Why units are canceled at capture whose line says that they may be."""


def plan_fills(demand: Demand, ask: Callable[[Demand], Plan]) -> Plan:
    """The plan of a demand without the lines that can be had in a smaller share than they must; those are uncovered."""
    gone: list[Uncovered] = []
    found = ask(demand)
    for _ in demand.lines if not demand.ship_complete else ():
        killed = {gap.line_id: gap for gap in found.uncovered if _is_too_little(gap, demand.lines, found)}
        if not killed:
            break
        gone += [
            replace(killed[line.line_id], sku=line.sku, quantity=line.quantity)
            for line in demand.lines
            if line.line_id in killed
        ]
        demand = replace(demand, lines=tuple(line for line in demand.lines if line.line_id not in killed))
        found = ask(demand)
    return replace(found, uncovered=(*found.uncovered, *gone)) if gone else found


def _is_too_little(gap: Uncovered, lines: Iterable[DemandLine], found: Plan) -> bool:
    """Whether of a line that is not covered in full so little is that it is not to be had at all."""
    line = next(line for line in lines if line.line_id == gap.line_id)
    if line.terms is None or line.terms.fill is Fill.ALL:
        return False
    missing = sum(other.quantity for other in found.uncovered if other.line_id == gap.line_id)
    covered = line.quantity - missing
    return covered == 0 or 0 < covered * 100 < line.quantity * share_least(line.terms)


def share_least(terms: Terms | None) -> int:
    """The share of a line (percent) below which nothing of it is to be had; 0: any share is, however small.

    >>> share_least(Terms(fill=Fill.OR_KILL)), share_least(Terms(fill=Fill.PARTIAL, min_fill_percent=40))
    (100, 40)
    """
    if terms is None or terms.fill is Fill.ALL:
        return 0
    return 100 if terms.fill is Fill.OR_KILL else terms.min_fill_percent


def given_up(answer: Plan, lines: Iterable[Line]) -> tuple[tuple[LineQuantity, ...], Plan]:
    """The units that a plan does not cover and whose line says that they are then canceled; and the plan without."""
    if not answer.uncovered:
        return (), answer
    may_go = {line.line_id for line in lines if line.terms is not None and line.terms.fill is not Fill.ALL}
    units: dict[LineId, int] = {}
    for gap in answer.uncovered:
        if gap.line_id in may_go:
            units[gap.line_id] = units.get(gap.line_id, 0) + gap.quantity
    if not units:
        return (), answer
    left = replace(answer, uncovered=tuple(gap for gap in answer.uncovered if gap.line_id not in units))
    return tuple(LineQuantity(line_id, quantity, NOT_FILLED) for line_id, quantity in units.items()), left


def as_promised(terms: Terms | None) -> Terms | None:
    """The terms of units that were promised once: their line was filled, so that no share counts any more, and what may
    not be backordered still may not.
    """
    if terms is None or terms.fill is Fill.ALL:
        return terms
    return replace(terms, fill=Fill.ALL, min_fill_percent=0, backorder=not terms.is_on_hand_only)
