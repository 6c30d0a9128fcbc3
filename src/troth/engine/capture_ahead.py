"""The new orders of a batch planned together, each ahead of its turn."""

from collections.abc import Iterable

from troth.engine.asked import demand_of_settled, settled, supply_of
from troth.engine.promising.ahead import Ahead, units_of
from troth.engine.promising.case import case_of
from troth.engine.promising.context import Facts, State
from troth.engine.promising.together import LINES_MAX, answer_together
from troth.model.capture_order import CaptureOrder
from troth.model.ids import OrderId


def plan_ahead(asked: Iterable[tuple[CaptureOrder, Facts]], state: State) -> dict[OrderId, Ahead]:
    """The plans of those orders that are plain, with all they need on hand; the others wait for their turn."""
    posed = []
    for sent, facts in asked:
        if _is_plain(sent, facts) and sent.order_id not in state.orders:
            command = settled(sent, facts)
            demand = demand_of_settled(command, facts)
            supply = supply_of(command, demand, state, facts)
            posed.append((sent, command, case_of(demand, supply, facts)))
    plans = answer_together([case for _, _, case in posed])
    return {
        sent.order_id: Ahead(sent, command, case.demand, units_of(case.demand, case.supply), plan)
        for (sent, command, case), plan in zip(posed, plans, strict=True)
        if plan is not None
    }


def _is_plain(command: CaptureOrder, facts: Facts) -> bool:
    lines = command.lines
    if len(lines) > LINES_MAX or command.plan_id or command.cart_hold is not None:
        return False
    return all([line.terms is None and line.sku in facts.items for line in lines])  # noqa: C419 - quicker, for every order
