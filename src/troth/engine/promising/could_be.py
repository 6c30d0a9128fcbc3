"""What could be had of lines that a plan does not cover."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from troth.engine.demand.shelf_life import fresh_supply
from troth.engine.promising.case import Case
from troth.engine.promising.plan_name import name_plan
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import LineId, Sku
from troth.model.plan import Demand, Plan

SupplyFor = Callable[[Demand], Mapping[Sku, SupplyRows]]
"""What a demand may be planned from."""


def with_what_could_be(case: Case, answer: Plan, supply_for: SupplyFor | None = None) -> Plan:
    """The plan whose gaps say what an order for no more than could be had would be promised, and when: planned, so that
    whoever then orders that much gets it by then.

    Where less is asked for rules may leave more at nodes, or of the components of a kit; `supply_for` gives what there
    is then (None: the same).
    """
    could_be = {gap.line_id: gap.available_quantity for gap in answer.uncovered}
    if supply_for is not None:
        could_be = _most_that_could_be(case, could_be, supply_for)
    if not any(could_be.values()):
        return answer
    less = _asking(case, could_be, supply_for).plan()
    name = "" if less.uncovered else name_plan(less)
    still_short = {gap.line_id for gap in less.uncovered}
    promised = {
        peg.line_id: shipment.promised_at
        for shipment in sorted(less.shipments, key=lambda shipment: shipment.promised_at)
        for peg in shipment.pegs
    }
    return replace(
        answer,
        uncovered=tuple(
            replace(
                gap,
                available_quantity=could_be[gap.line_id],
                available_at=promised[gap.line_id],
                available_as=name,
            )
            if gap.line_id in promised and gap.line_id not in still_short
            else gap
            for gap in answer.uncovered
        ),
    )


def _most_that_could_be(case: Case, known: Mapping[LineId, int], supply_for: SupplyFor) -> dict[LineId, int]:
    """The most units of each line that is short of which an order is covered, at least those known, found by halving:
    what may be taken never grows with what is asked for.
    """
    could_be = dict(known)
    for line in case.demand.lines:
        if line.line_id not in could_be:
            continue

        def is_covered(units: int, line_id: LineId = line.line_id) -> bool:
            asking = _asking(case, could_be | {line_id: units}, supply_for)
            if not _gives_more(asking.supply, case.supply):
                return units <= known[line_id]
            return all(gap.line_id != line_id for gap in asking.plan().uncovered)

        least, most = could_be[line.line_id], line.quantity  # as many as are asked for are not covered
        if least + 1 < most and is_covered(least + 1):
            least += 1
            while most - least > 1:
                middle = (least + most) // 2
                least, most = (middle, most) if is_covered(middle) else (least, middle)
        could_be[line.line_id] = least
    return could_be


def _asking(case: Case, could_be: Mapping[LineId, int], supply_for: SupplyFor | None) -> Case:
    """The same case with other quantities of some lines."""
    lines = tuple(
        replace(line, quantity=could_be[line.line_id]) if line.line_id in could_be else line
        for line in case.demand.lines
    )
    demand = replace(case.demand, lines=lines)
    if supply_for is None:
        return replace(case, demand=demand)
    return replace(case, demand=demand, supply=fresh_supply(supply_for(demand), case.now.timestamp()))


def _gives_more(supply: Mapping[Sku, SupplyRows], other: Mapping[Sku, SupplyRows]) -> bool:
    return any(bool((rows.available > other[sku].available).any()) for sku, rows in supply.items() if sku in other)
