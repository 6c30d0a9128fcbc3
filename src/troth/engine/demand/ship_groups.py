"""Ship groups: lines of one order that go to one place by one method and service are planned together, and the groups'
plans are one plan, within the limits of the whole order.

A group's best plan under each number of shipments is one row of a table; the table of all groups is walked by a dynamic
program over the shipments that are left, so the limit is shared out exactly. Groups that want more of a supply than
there is are planned one after the other, in every order of them where they are few.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from troth.engine.carriage.network import Network
from troth.engine.demand.budget import Budget
from troth.engine.demand.group_turns import (
    Ask,
    Goal,
    goals_of,
    is_within,
    less_taken,
    plan_in_turn,
    plan_nothing,
    taken_by,
)
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import NodeId, Sku
from troth.model.network import Address
from troth.model.order import Method, Terms
from troth.model.plan import Demand, DemandLine, Plan, Trace, Uncovered
from troth.model.policy import Policy
from troth.model.value import dataclass

HANDED_OVER: Final = frozenset({Method.PICKUP, Method.CURBSIDE})


@dataclass(frozen=True, slots=True)
class Way:
    """How goods reach the customer: what the lines of a ship group have in common."""

    destination: Address | None
    method: Method
    service: str
    pickup_node: NodeId | None


def way_of(demand: Demand, terms: Terms | None) -> Way:
    """The way of a line on these terms, in which what is left out is the order's.

    A line with a method of its own has the order's service only if it names it.
    """
    if terms is None:
        return Way(demand.destination, demand.method, demand.service, demand.pickup_node)
    method = demand.method if terms.method is None else terms.method
    service = terms.service
    if service is None:
        service = demand.service if method is demand.method else ""
    if method in HANDED_OVER:
        return Way(demand.destination, method, "", terms.pickup_node or demand.pickup_node)
    return Way(terms.ship_to or demand.destination, method, service, None)


def split_into_groups(demand: Demand) -> tuple[Demand, ...]:
    """The demand of each ship group, by first line."""
    groups: dict[Way, list[DemandLine]] = {}
    for line in demand.lines:
        groups.setdefault(way_of(demand, line.terms), []).append(line)
    return tuple(
        replace(
            demand,
            lines=tuple(lines),
            destination=way.destination,
            method=way.method,
            service=way.service,
            pickup_node=way.pickup_node,
        )
        for way, lines in groups.items()
    )


def plan_groups(
    demand: Demand, supply: Mapping[Sku, SupplyRows], network: Network, policy: Policy, ask: Ask, budget: Budget
) -> Plan:
    """The plan of all ship groups of a demand; a demand of one group is asked about as it is.

    Where the budget leaves no further question, the groups that are left get nothing; where it leaves no search, the
    first order of groups that compete is the one.
    """
    groups = split_into_groups(demand)
    if len(groups) == 1:
        return ask(groups[0], supply)
    groups, apart = _drop_divided_bonds(groups)
    most = max(1, policy.shipments_max)
    most = most if demand.shipments_max is None else max(1, min(most, demand.shipments_max))
    loose = [replace(group, ship_complete=False) for group in groups]
    budget.parts = max(budget.parts, len(groups))
    alone = [
        ask(replace(group, shipments_max=most), supply) if not at or budget.has_question() else plan_nothing(group)
        for at, group in enumerate(loose)
    ]
    plans = _plan_within(loose, alone, supply, most, ask, budget)
    notes: tuple[str, ...] = ()
    has_keep = policy.routing is not None and policy.routing.has_keep
    if not is_within(plans, supply, network, has_keep=has_keep):
        plans = plan_in_turn(loose, alone, supply, network, most, ask, budget, has_keep=has_keep)
        notes = ("ship groups want the same scarce stock: they were planned one after the other",)
    found = _merge(plans, apart, notes)
    if not demand.ship_complete:
        return found
    if found.uncovered:
        return replace(found, shipments=(), uncovered=_refuse_all(demand, found.uncovered))
    return _merge(_hold(loose, plans, supply, network, ask), apart, notes)


def _plan_within(
    groups: Sequence[Demand],
    alone: Sequence[Plan],
    supply: Mapping[Sku, SupplyRows],
    most: int,
    ask: Ask,
    budget: Budget,
) -> list[Plan]:
    """The plans of the groups that together have at most so many shipments and are best; `alone` are those that each
    would have with all of them.
    """
    if sum(len(plan.shipments) for plan in alone) <= most:
        return list(alone)
    tables = [
        [plan_nothing(group)]
        + [
            ask(replace(group, shipments_max=count), supply)
            for count in range(1, min(most + 1, len(plan.shipments)))
            if budget.has_question()
        ]
        + [plan]
        for group, plan in zip(groups, alone, strict=True)
    ]
    return share_shipments(tables, most)


def share_shipments(tables: Sequence[Sequence[Plan]], most: int) -> list[Plan]:
    """One plan of each table so that together they have at most so many shipments and the least of what a plan
    minimizes; the first found of equals.
    """
    best: dict[int, Goal] = {0: (0, 0, 0)}
    steps: list[dict[int, tuple[int, Plan]]] = []
    for table in tables:
        rows = [(len(plan.shipments), goals_of(plan), plan) for plan in table]
        after: dict[int, Goal] = {}
        step: dict[int, tuple[int, Plan]] = {}
        for used, (uncovered, divided, cost) in sorted(best.items()):
            for count, goal, plan in rows:
                total = used + count
                if total > most:
                    continue
                reached = (uncovered + goal[0], divided + goal[1], cost + goal[2])
                if total not in after or reached < after[total]:
                    after[total], step[total] = reached, (used, plan)
        best = after
        steps.append(step)
    used = min(sorted(best), key=best.__getitem__)
    chosen: list[Plan] = []
    for step in reversed(steps):
        used, plan = step[used]
        chosen.append(plan)
    return chosen[::-1]


def _drop_divided_bonds(groups: Sequence[Demand]) -> tuple[tuple[Demand, ...], tuple[Uncovered, ...]]:
    """The groups without lines that must leave together and go different ways, and those as uncovered."""
    ways: dict[str, set[int]] = {}
    priced: set[str] = set()
    for number, group in enumerate(groups):
        for line in group.lines:
            if line.terms is not None and line.terms.ship_together:
                ways.setdefault(line.terms.ship_together, set()).add(number)
                if line.terms.together_minor is not None:  # the price that one line names is that of its whole group
                    priced.add(line.terms.ship_together)
    torn = {name for name, numbers in ways.items() if len(numbers) > 1 and name not in priced}
    if not torn:
        return tuple(groups), ()
    detail = "its lines go to different places or by different methods"
    apart = tuple(
        Uncovered(line.line_id, line.sku, line.quantity, "ship_together", detail=detail)
        for group in groups
        for line in group.lines
        if _is_torn(line, torn) and line.quantity > 0
    )
    kept = [replace(group, lines=tuple(line for line in group.lines if not _is_torn(line, torn))) for group in groups]
    return tuple(group for group in kept if group.lines), apart


def _is_torn(line: DemandLine, torn: set[str]) -> bool:
    return line.terms is not None and line.terms.ship_together in torn


def _refuse_all(demand: Demand, short: Sequence[Uncovered]) -> tuple[Uncovered, ...]:
    """Every line uncovered as a whole; those that are short keep their reasons."""
    known = {(gap.line_id, gap.sku): gap for gap in short}
    return tuple(
        replace(known[line.line_id, line.sku], quantity=line.quantity)
        if (line.line_id, line.sku) in known
        else Uncovered(line.line_id, line.sku, line.quantity, "ship_complete", line.quantity)
        for line in demand.lines
        if line.quantity > 0
    )


def _hold(
    groups: Sequence[Demand], plans: Sequence[Plan], supply: Mapping[Sku, SupplyRows], network: Network, ask: Ask
) -> list[Plan]:
    """The plans of an order that ships complete: no group leaves before the day on which the last one can."""
    days = [day for plan in plans for day in _ship_days(plan, network)]
    if not days:
        return list(plans)
    last = max(days)
    held: list[Plan] = []
    for group, plan in zip(groups, plans, strict=True):
        left = less_taken(supply, taken_by(held), network)
        later = replace(_not_before(group, last, network), shipments_max=max(1, len(plan.shipments)))
        again = ask(later, left) if any(day < last for day in _ship_days(plan, network)) else plan
        held.append(plan if again.uncovered else again)
    return held


def _not_before(group: Demand, day: date, network: Network) -> Demand:
    """The group as it is asked about when nothing of it may leave, or be handed over, before a day."""
    if group.method not in HANDED_OVER:
        return replace(group, ship_from=day)
    at = network.index.get(group.pickup_node, -1) if group.pickup_node is not None else -1
    zone = network.nodes[at].time_zone if at >= 0 else "UTC"
    opens = datetime.combine(day, time(), ZoneInfo(zone))
    return replace(
        group, lines=tuple(replace(line, not_before=max(line.not_before or opens, opens)) for line in group.lines)
    )


def _ship_days(plan: Plan, network: Network) -> list[date]:
    return [
        shipment.ship_by.astimezone(ZoneInfo(network.nodes[network.index[shipment.node]].time_zone)).date()
        for shipment in plan.shipments
    ]


def _merge(plans: Sequence[Plan], apart: Sequence[Uncovered], notes: tuple[str, ...]) -> Plan:
    traces = [plan.trace for plan in plans]
    removed: dict[str, int] = {}
    for trace in traces:
        for reason, count in trace.removed.items():
            removed[reason] = removed.get(reason, 0) + count
    gaps = [trace.gap for trace in traces]
    known = [gap for gap in gaps if gap is not None]
    return Plan(
        tuple(shipment for plan in plans for shipment in plan.shipments),
        (*(gap for plan in plans for gap in plan.uncovered), *apart),
        Trace(
            method=", ".join(dict.fromkeys(trace.method for trace in traces)) or "none",
            candidates=sum(trace.candidates for trace in traces),
            removed=removed,
            gap=None if notes or len(known) < len(gaps) else max(known, default=0.0),
            policy_version=next((trace.policy_version for trace in traces), ""),
            notes=tuple(dict.fromkeys((*(note for trace in traces for note in trace.notes), *notes))),
            tier=", ".join(dict.fromkeys(trace.tier for trace in traces if trace.tier)),
            prices_version=next((trace.prices_version for trace in traces if trace.prices_version), ""),
        ),
        next((plan.disposition for plan in plans if plan.disposition is not None), None),
    )
