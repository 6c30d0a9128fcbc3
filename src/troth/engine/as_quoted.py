"""Ordering what was quoted: the option that a plan's name names is found again, among the ways to have it as they are.

No date, cost or source is taken from whoever names it: a name that was made up finds nothing. The work is that of one
quote.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from troth.engine.demand.ship_groups import HANDED_OVER
from troth.engine.promising.case import Case
from troth.engine.promising.disposition import may_wait
from troth.engine.promising.options import Offered, keep_own_way, plan_options
from troth.engine.promising.plan_name import is_named, name_plan
from troth.engine.supply.supply import SupplyRows
from troth.model.capture_order import CaptureOrder
from troth.model.ids import Sku
from troth.model.plan import Demand
from troth.model.refusals import OfferedNow, QuoteOutdated


def find_quoted(
    command: CaptureOrder,
    asked: Offered | None,
    case: Case,
    supply_for: Callable[[Demand], Mapping[Sku, SupplyRows]],
) -> Offered | QuoteOutdated:
    """The option that the command names, with a note of that in its trace; or what can be had now.

    `asked` is what it would get as it was sent, None where that leaves open where it is picked up; `supply_for` gives
    what each way to have it may be planned from.
    """
    if asked is not None and is_named(asked.plan, command.plan_id):
        return _noted(asked, command.plan_id)
    ways = plan_options(
        case.demand,
        supply_for,
        case.network,
        case.policy,
        case.now,
        prices=case.prices,
        loads=case.loads,
        budget=case.budget(),
        near=command.near,
        asked=None if asked is None else asked.plan,
    )
    for way in ways:
        if is_named(way.plan, command.plan_id):
            return _noted(way, command.plan_id)
    first = () if asked is None or not (asked.plan.shipments or may_wait(asked.plan)) else (asked,)
    offered: dict[str, OfferedNow] = {}
    for way in (*first, *ways):
        offered.setdefault(name_plan(way.plan), _offer_now(way))
    return QuoteOutdated(command.plan_id, tuple(offered.values()))


def by_way(command: CaptureOrder, way: Demand) -> CaptureOrder:
    """The command as if its channel had asked for this way, so that it is decided again as any other."""
    lines = command.lines
    if (way.method in HANDED_OVER) != (command.method in HANDED_OVER):
        lines = tuple(replace(line, terms=keep_own_way(line.terms, command.method, command.service)) for line in lines)
    return replace(command, lines=lines, method=way.method, service=way.service, pickup_node=way.pickup_node)


def _offer_now(way: Offered) -> OfferedNow:
    plan, ask = way.plan, way.demand
    promised_at = None if plan.uncovered else plan.promised_at
    return OfferedNow(name_plan(plan), ask.method, ask.service, ask.pickup_node, promised_at, not plan.uncovered)


def _noted(way: Offered, plan_id: str) -> Offered:
    trace = way.plan.trace
    notes = (*trace.notes, f"ordered as it was quoted: {plan_id}")
    return replace(way, plan=replace(way.plan, trace=replace(trace, notes=notes)))
