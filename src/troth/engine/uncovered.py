"""What a plan leaves uncovered, why, and what could be had instead."""

from collections.abc import Mapping

from troth.engine.availability import Question
from troth.model.plan import Uncovered


def find_uncovered(question: Question, covered: Mapping[int, int]) -> tuple[Uncovered, ...]:
    """The uncovered quantity of each asked line, in the order asked; `covered` is units by position in the problem's
    lines.
    """
    found = []
    position = 0
    for line, coverable in zip(question.asked, question.coverable, strict=True):
        units = 0
        if question.problem is not None and coverable > 0:
            units = covered.get(position, 0)
            position += 1
        if units == line.quantity:
            continue
        reason = question.refusal or ("no_stock" if units == coverable else "too_many_shipments")
        found.append(Uncovered(line.line_id, line.sku, line.quantity - units, reason, coverable))
    return tuple(found)
