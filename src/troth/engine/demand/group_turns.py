"""Ship groups that want the same scarce stock are planned one after the other, in every order of them where they are
few: an order is given up as soon as the best that its other groups could do, with all the stock to themselves, makes it
no better than one already known.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from types import MappingProxyType
from typing import Final

import numpy as np

from troth.engine.carriage.network import Network
from troth.engine.demand.budget import Budget
from troth.engine.supply.kits import components_of
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import Source
from troth.model.plan import Demand, Plan, Trace, Uncovered

Ask = Callable[[Demand, Mapping[Sku, SupplyRows]], Plan]
"""The plan of a demand whose lines all go one way."""

_Supply = tuple[Sku, NodeId, Source]

Taken = Mapping[_Supply, int]
"""Units by supply."""

Goal = tuple[int, int, int]
"""Units uncovered, lines divided, cost (minor units): what a plan minimizes, first things first."""

ORDERS_MAX: Final = 24
"""So many orders of groups that compete for stock are tried."""


def plan_in_turn(
    groups: Sequence[Demand],
    alone: Sequence[Plan],
    supply: Mapping[Sku, SupplyRows],
    network: Network,
    most: int,
    ask: Ask,
    budget: Budget,
    *,
    has_keep: bool = False,
) -> list[Plan]:
    """The best of planning the groups one after the other, each from what the earlier ones left.

    `alone` are their plans with all of it; where the budget leaves no further question, they stand where they still
    can.
    """
    numbers = range(len(groups))
    turns: Iterable[Sequence[int]] = permutations(numbers) if len(groups) <= 4 else [numbers, numbers[::-1]]
    skus = [{sku for line in group.lines for sku, _units in components_of(line)} for group in groups]
    least = [goals_of(plan) for plan in alone]
    uncovered, divided, cost = map(sum, zip(*least, strict=True))
    all_least = (uncovered, divided, cost)
    known = {(number, most, frozenset[tuple[_Supply, int]]()): plan for number, plan in enumerate(alone)}

    def plan_next(number: int, left: int, taken: Taken) -> Plan:
        """The plan of a group from what is left; asked once for what is the same for it."""
        key = (number, left, frozenset((of, units) for of, units in taken.items() if of[0] in skus[number]))
        if key not in known:
            known[key] = ask(replace(groups[number], shipments_max=left), less_taken(supply, taken, network))
        return known[key]

    best: list[Plan] = []
    best_goal: Goal | None = None
    for turn in list(turns)[:ORDERS_MAX]:
        if best_goal is not None and not budget.has_search():
            break
        found: dict[int, Plan] = {}
        taken: dict[_Supply, int] = {}
        left, goal = most, all_least
        for number in turn:
            if left <= 0:
                plan = plan_nothing(groups[number])
            elif best_goal is not None or budget.has_question():
                plan = plan_next(number, left, taken)
            else:
                plan = alone[number]
                if len(plan.shipments) > left or not is_within((plan,), supply, network, taken, has_keep=has_keep):
                    plan = plan_nothing(groups[number])
            found[number] = plan
            left -= len(plan.shipments)
            for of, units in taken_by((plan,)).items():
                taken[of] = taken.get(of, 0) + units
            goal = _changed(goal, least[number], goals_of(plan))
            if best_goal is not None and goal >= best_goal:
                break
        if best_goal is None or goal < best_goal:
            best, best_goal = [found[number] for number in numbers], goal
    return best


def _changed(total: Goal, before: Goal, after: Goal) -> Goal:
    return total[0] - before[0] + after[0], total[1] - before[1] + after[1], total[2] - before[2] + after[2]


def plan_nothing(group: Demand) -> Plan:
    """The plan of a group for which no shipment is left."""
    return Plan(
        (),
        tuple(
            Uncovered(line.line_id, line.sku, line.quantity, "too_many_shipments")
            for line in group.lines
            if line.quantity > 0
        ),
        Trace("none", 0),
    )


def goals_of(plan: Plan) -> Goal:
    """What a plan minimizes, first things first: units uncovered, lines divided, cost (minor units)."""
    parts: dict[LineId, int] = {}
    for shipment in plan.shipments:
        for line_id in {peg.line_id for peg in shipment.pegs}:
            parts[line_id] = parts.get(line_id, 0) + 1
    return (
        sum(gap.quantity for gap in plan.uncovered),
        sum(count > 1 for count in parts.values()),
        plan.cost_minor,
    )


def is_within(
    plans: Sequence[Plan],
    supply: Mapping[Sku, SupplyRows],
    network: Network,
    before: Taken = MappingProxyType({}),
    *,
    has_keep: bool = False,
) -> bool:
    """Whether the plans together take no more than there is, besides what was taken before.

    Where units have to stay (`has_keep`) each plan left enough of what it saw, so no two may take of one SKU at one
    node unless the later one saw what the earlier one had left.
    """
    if has_keep and not _are_apart(plans, before):
        return False
    taken = taken_by(plans)
    for sku in {key[0] for key in taken}:
        rows = supply[sku]
        for at, source in enumerate(rows.sources):
            key = (sku, network.nodes[rows.node_index[at]].node, source)
            if key in taken and taken[key] + before.get(key, 0) > rows.available[at]:
                return False
    return True


def _are_apart(plans: Sequence[Plan], before: Taken) -> bool:
    taken = {(sku, node) for sku, node, _source in before}
    for plan in plans:
        own = {(peg.sku, shipment.node) for shipment in plan.shipments for peg in shipment.pegs}
        if taken & own:
            return False
        taken |= own
    return True


def less_taken(supply: Mapping[Sku, SupplyRows], taken: Taken, network: Network) -> dict[Sku, SupplyRows]:
    """The supply without what was taken."""
    left = dict(supply)
    for sku in {key[0] for key in taken}:
        rows = left.get(sku)
        if rows is None:
            continue
        units = rows.available.copy()
        for at, source in enumerate(rows.sources):
            units[at] -= taken.get((sku, network.nodes[rows.node_index[at]].node, source), 0)
        left[sku] = replace(rows, available=np.maximum(units, 0))
    return left


def taken_by(plans: Iterable[Plan]) -> Taken:
    """The units that plans take of each supply."""
    taken: dict[_Supply, int] = {}
    for plan in plans:
        for shipment in plan.shipments:
            for peg in shipment.pegs:
                key = (peg.sku, shipment.node, peg.source)
                taken[key] = taken.get(key, 0) + peg.quantity
    return taken
