"""What a plan leaves uncovered, why, and what could be had instead."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from troth.engine.carriage.calendars import instant
from troth.engine.carriage.transit import NEVER
from troth.engine.demand.problem import Problem
from troth.engine.demand.question import Question
from troth.model.plan import DemandLine, Uncovered


def find_uncovered(question: Question, covered: Mapping[int, int]) -> tuple[Uncovered, ...]:
    """The uncovered quantity of each asked line, in the order asked; `covered` is units by position in the problem's
    lines.
    """
    found = []
    for at, (line, coverable, position) in enumerate(_positions(question)):
        units = 0 if position is None else covered.get(position, 0)
        if units < line.quantity:
            detail = ""
            if at in question.reasons:
                (reason, detail), could_be, when = question.reasons[at], coverable, _when(question, position)
            elif question.refusal or units == coverable:
                reason, detail = question.lacks.get(at, (question.refusal or "no_stock", question.detail))
                could_be, when = coverable, _when(question, position)
            else:  # there is more, but not within what one order, or this one's shape, may have
                reason, could_be, when = _limit_of(question.problem, position), units, None
            found.append(Uncovered(line.line_id, line.sku, line.quantity - units, reason, could_be, when, detail))
    return tuple(found)


def refuse_all(question: Question, short: Sequence[Uncovered]) -> tuple[Uncovered, ...]:
    """Every asked line uncovered as a whole, because the order ships complete or not at all; the short ones keep their
    reasons.
    """
    known = {(item.line_id, item.sku): (item.reason, item.detail) for item in short}
    found = []
    for line, coverable, position in _positions(question):
        reason, detail = known.get((line.line_id, line.sku), ("ship_complete", ""))
        when = _when(question, position)
        found.append(Uncovered(line.line_id, line.sku, line.quantity, reason, coverable, when, detail))
    return tuple(found)


def _limit_of(problem: Problem | None, line: int | None) -> str:
    """Why units of a line stay although there are enough: the condition that its shape names, or the number of
    shipments.
    """
    shape = None if problem is None else problem.shape
    if problem is not None and line is not None and problem.offer.grams_max is not None:
        heaviest = problem.offer.grams_max[problem.lanes.rate_lane].max(initial=0.0)
        if problem.lines[line].grams(1) > heaviest:
            return "too_heavy"
    if problem is None or shape is None or line is None:
        return "no_stock" if problem is not None and problem.kits is not None else "too_many_shipments"
    if any(bond.minor is None and line in bond.lines for bond in shape.bonds):
        return "ship_together"
    if line in shape.whole:
        return "line_complete"
    if shape.value_min_minor > 0 and shape.value_penalty_minor is None:
        return "below_shipment_value"
    return "too_many_shipments"


def _positions(question: Question) -> Iterator[tuple[DemandLine, int, int | None]]:
    """Each asked line with what can be covered of it and its position in the problem, None where that is nothing."""
    position = 0
    for line, coverable in zip(question.asked, question.coverable, strict=True):
        is_there = question.problem is not None and coverable > 0
        yield line, coverable, position if is_there else None
        position += is_there


def _when(question: Question, position: int | None) -> datetime | None:
    if question.problem is None or position is None:
        return None
    return _first_promise(question.problem, position)


def _first_promise(problem: Problem, line: int) -> datetime | None:
    """The earliest instant for which all that can be covered of a line could be promised, by any services and any
    nodes.
    """
    offers: list[tuple[float, int, float]] = []
    for block in problem.blocks:
        promised = block.timetable.promised_at.take(block.lane).min(axis=0, initial=NEVER)
        offers += zip(promised.tolist(), block.nodes.tolist(), block.available[line].tolist(), strict=True)
    best: dict[int, float] = {}
    total = 0.0
    for promised_at, node, units in sorted(offers):
        gained = units - best.get(node, 0.0)
        if gained > 0.0 and promised_at < NEVER:
            best[node] = units
            total += gained
            if total >= problem.quantities[line]:
                return instant(promised_at)
    return None
