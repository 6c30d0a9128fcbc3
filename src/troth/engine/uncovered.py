"""What a plan leaves uncovered, why, and what could be had instead."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from troth.engine.availability import Question
from troth.engine.calendars import instant
from troth.engine.problem import Problem
from troth.engine.transit import NEVER
from troth.model.plan import DemandLine, Uncovered


def find_uncovered(question: Question, covered: Mapping[int, int]) -> tuple[Uncovered, ...]:
    """The uncovered quantity of each asked line, in the order asked; `covered` is units by position in the problem's
    lines.
    """
    found = []
    for line, coverable, position in _positions(question):
        units = 0 if position is None else covered.get(position, 0)
        if units < line.quantity:
            if question.refusal or units == coverable:
                reason, could_be, when = question.refusal or "no_stock", coverable, _when(question, position)
            else:  # there is more, but not within the shipments that one order may have
                reason, could_be, when = "too_many_shipments", units, None
            found.append(Uncovered(line.line_id, line.sku, line.quantity - units, reason, could_be, when))
    return tuple(found)


def refuse_all(question: Question, short: Sequence[Uncovered]) -> tuple[Uncovered, ...]:
    """Every asked line uncovered as a whole, because the order ships complete or not at all; the short ones keep their
    reasons.
    """
    reasons = {(item.line_id, item.sku): item.reason for item in short}
    return tuple(
        Uncovered(
            line.line_id,
            line.sku,
            line.quantity,
            reasons.get((line.line_id, line.sku), "ship_complete"),
            coverable,
            _when(question, position),
        )
        for line, coverable, position in _positions(question)
    )


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
