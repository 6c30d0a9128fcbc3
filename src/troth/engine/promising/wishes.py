"""What an order's own wishes keep from being promised: planned again without each of them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from troth.engine.promising.case import Case
from troth.model.ids import LineId, Sku
from troth.model.order import Fill, Terms
from troth.model.plan import Demand, Plan, Separately


def with_wishes_given_up(case: Case, answer: Plan) -> Plan:
    """The plan whose gaps say what could be promised without a wish of the order, or, where no single one helps,
    without all of them: planned, so that whoever then orders it gets it by then.
    """
    demand = case.demand
    wished = [name for name, give_up in _WISHES.items() if give_up(demand) != demand]
    if not answer.uncovered or not wished:
        return answer
    found = _gains(case, answer, {(name,): _WISHES[name](demand) for name in wished})
    if not found and len(wished) > 1:
        for name in wished:
            demand = _WISHES[name](demand)
        found = _gains(case, answer, {tuple(wished): demand})
    return replace(
        answer,
        uncovered=tuple(
            replace(gap, separately=tuple(found.get((gap.line_id, gap.sku), ()))) for gap in answer.uncovered
        ),
    )


def _gains(
    case: Case, answer: Plan, asks: Mapping[tuple[str, ...], Demand]
) -> dict[tuple[LineId, Sku], list[Separately]]:
    """By gap, each of these demands that covers more of it."""
    found: dict[tuple[LineId, Sku], list[Separately]] = {}
    asked = {line.line_id: line.quantity for line in case.demand.lines}
    for names, demand in asks.items():
        other = replace(case, demand=demand).plan()
        short = {(gap.line_id, gap.sku): gap.quantity for gap in other.uncovered}
        for gap in answer.uncovered:
            left = short.get((gap.line_id, gap.sku), 0)
            sent = [one for one in other.shipments if any(peg.line_id == gap.line_id for peg in one.pegs)]
            if left < gap.quantity and sent:
                promised_at = max(shipment.promised_at for shipment in sent)
                gain = Separately(names, asked[gap.line_id] - left, len(other.shipments), promised_at)
                found.setdefault((gap.line_id, gap.sku), []).append(gain)
    return found


def _of_terms(change: Callable[[Terms], Terms]) -> Callable[[Demand], Demand]:
    """The demand with the terms of its lines changed."""

    def give_up(demand: Demand) -> Demand:
        lines = tuple(line if line.terms is None else replace(line, terms=change(line.terms)) for line in demand.lines)
        return replace(demand, lines=lines)

    return give_up


_WISHES: Final[Mapping[str, Callable[[Demand], Demand]]] = {
    "ship_together": _of_terms(lambda terms: replace(terms, ship_together="", together_minor=None)),
    "line_complete": _of_terms(lambda terms: replace(terms, line_complete=False)),
    "shipments_max": lambda demand: replace(demand, shipments_max=None),
    "shipment_value_min": lambda demand: replace(demand, shipment_value_min_minor=None),
    "need_by_firm": _of_terms(lambda terms: replace(terms, need_by_firm=False)),
    "cancel_after": _of_terms(lambda terms: replace(terms, cancel_after=None)),
    "backorder": _of_terms(lambda terms: replace(terms, backorder=True, fill=Fill.ALL)),
    "ship_complete": lambda demand: replace(demand, ship_complete=False),
}
"""How a demand looks without each wish, in the order in which they are tried."""
