"""What a customer is offered with a worse promise: only what could be had at this moment, each planned as it would be.

Keeping it and canceling need no plan. A pickup and a substitute are offered for whole lines that nobody works on yet,
and only where all of it is there sooner than now promised.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np

from troth.engine.asked import demand_for, demand_line
from troth.engine.cancel import decide_cancel
from troth.engine.carriage.transit import compute_miles, find_coordinates
from troth.engine.demand.line_terms import NO_TERMS
from troth.engine.demand.substitution import consent_of, with_offers
from troth.engine.order_supply import supply_again
from troth.engine.promising.case import case_of
from troth.engine.promising.context import Facts, State
from troth.engine.reserve import reserve_entries
from troth.engine.supply.supply import SupplyRows
from troth.model.choice import OPERATIONS, Choice, ChoiceKind, ChoiceLine
from troth.model.commands import CancelOrder, LineQuantity
from troth.model.events import PromiseChanged, PromiseMove
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.lifecycle import UNLOCKED
from troth.model.order import Consent, Line, Method, Order
from troth.model.plan import Demand, Plan, Uncovered
from troth.model.refusals import Refusal
from troth.model.status import live_allocations

_PICKUPS_MAX: Final = 2
_SUBSTITUTES_MAX: Final = 2
_LINES_MAX: Final = 20
"""For so many lines that are worse off are substitutes sought."""


def with_choices(
    told: Iterable[PromiseChanged], before: Order, after: Order, state: State, facts: Facts
) -> tuple[PromiseChanged, ...]:
    """What the customer is told with what they may choose; `before` and `after` are the order around this decision."""
    return tuple(replace(event, choices=find_choices(event.lines, before, after, state, facts)) for event in told)


def find_choices(
    moves: Sequence[PromiseMove], before: Order, after: Order, state: State, facts: Facts
) -> tuple[Choice, ...]:
    """What may be chosen where any line is promised later than it was, or no longer; nothing where none is."""
    units: dict[LineId, int] = {}
    for move in moves:
        if move.before is not None and (move.after is None or move.after > move.before):
            units[move.line_id] = units.get(move.line_id, 0) + move.quantity
    if not units:
        return ()
    dates = [move.after for move in moves if move.line_id in units]
    known = [at for at in dates if at is not None]
    promised_at = max(known) if len(known) == len(dates) else None
    lines = tuple(ChoiceLine(line_id, count) for line_id, count in units.items())
    found = [Choice(ChoiceKind.KEEP, lines, promised_at)]
    wanted = tuple(LineQuantity(one.line_id, one.quantity) for one in lines)
    if not isinstance(decide_cancel(CancelOrder(after.order_id, "asked for", wanted), after, facts), Refusal):
        found.append(_choice(ChoiceKind.CANCEL, lines))
    whole = [line for line in after.lines if line.line_id in units and _is_unlocked(line, after)]
    if len(whole) == len(units):
        found += _pickups(whole, promised_at, before, after, state, facts)
    for line in whole[:_LINES_MAX]:
        found += _substitutes(line, promised_at, before, after, state, facts)
    return tuple(found)


def _pickups(
    lines: Sequence[Line], promised_at: datetime | None, before: Order, after: Order, state: State, facts: Facts
) -> list[Choice]:
    """The nearest nodes that hand these lines, or the whole order where these are all of it, over sooner than they are
    promised; asked for as the change will be that takes it.
    """
    own_way = any(line.terms is not None and line.terms.method is not None for line in lines)
    if own_way or after.method not in (Method.SHIP, Method.DELIVERY):
        return []
    is_whole = len(lines) == sum(_open_units(line) > 0 for line in after.lines)
    supply = _supply(_pickup(lines, after, None, facts, is_whole=is_whole), lines, before, after, state, facts)
    wanted = _whole(lines)
    found = []
    for node in _nodes_that_have_all(lines, after, supply, facts):
        answer = case_of(_pickup(lines, after, node, facts, is_whole=is_whole), supply, facts).plan()
        if _is_sooner(answer, promised_at):
            choice = _choice(ChoiceKind.PICKUP, () if is_whole else wanted)
            found.append(replace(choice, promised_at=answer.promised_at, node=node))
    return found


def _pickup(lines: Sequence[Line], order: Order, node: NodeId | None, facts: Facts, *, is_whole: bool) -> Demand:
    """The demand of lines at the node where they are picked up: of the whole order, or each with a method of its own,
    by which rules see how the rest of the order goes.
    """
    asked = [demand_line(line, _open_units(line), facts) for line in lines]
    if is_whole:
        return replace(
            demand_for(order, asked, guides=facts.guides), method=Method.PICKUP, service="", pickup_node=node
        )
    own = [
        replace(one, terms=replace(one.terms or NO_TERMS, method=Method.PICKUP, pickup_node=node, service=""))
        for one in asked
    ]
    return demand_for(order, own, guides=facts.guides)


def _substitutes(
    line: Line, promised_at: datetime | None, before: Order, after: Order, state: State, facts: Facts
) -> list[Choice]:
    """What may stand in for a line whose customer has agreed to that, or wants to be asked."""
    asked = demand_line(line, _open_units(line), facts)
    if consent_of(asked) is Consent.NONE:
        return []
    demand = demand_for(after, (asked,), guides=facts.guides)
    supply = _supply(demand, (line,), before, after, state, facts)
    gap = Uncovered(line.line_id, line.sku, asked.quantity, "no_stock")
    offers = with_offers(demand, gap, supply, lambda wish, rows: case_of(wish, rows, facts).plan()).instead
    sooner = [
        offer
        for offer in offers
        if offer.quantity == asked.quantity
        and offer.available_at is not None
        and (promised_at is None or offer.available_at < promised_at)
    ]
    return [
        replace(
            _choice(ChoiceKind.SUBSTITUTE, _whole((line,))),
            promised_at=offer.available_at,
            sku=offer.sku,
            price_delta_minor=offer.price_delta_minor,
        )
        for offer in sooner[:_SUBSTITUTES_MAX]
    ]


def _supply(
    demand: Demand, lines: Sequence[Line], before: Order, after: Order, state: State, facts: Facts
) -> Mapping[Sku, SupplyRows]:
    """What the lines may take once this decision is written, with what they hold by then free for them."""
    freed: dict[SupplyKey, int] = {}
    for entry in reserve_entries(before, after):
        freed[entry.key] = freed.get(entry.key, 0) - entry.reserved_delta
    named = {line.line_id for line in lines}
    for part in live_allocations(after):
        if part.line_id in named:
            freed[part.key] = freed.get(part.key, 0) + part.quantity
    rows = supply_again(demand, state, facts, freed)
    return {sku: replace(found, available=np.maximum(found.available, 0)) for sku, found in rows.items()}


def _nodes_that_have_all(
    lines: Sequence[Line], order: Order, supply: Mapping[Sku, SupplyRows], facts: Facts
) -> list[NodeId]:
    """The nearest few nodes that hand over to customers and have enough of every line on hand."""
    network = facts.network
    latitude, longitude = find_coordinates(order.ship_to)
    if latitude is None or longitude is None:
        return []
    able = network.is_pickup & network.is_active
    for line in lines:
        rows = supply[line.sku]
        here = rows.available_from == 0.0
        held = np.bincount(rows.node_index[here], rows.available[here], len(network.nodes))[: len(network.nodes)]
        able &= held >= _open_units(line)
    miles = compute_miles(network, latitude, longitude)
    nearest = np.argsort(miles, kind="stable")
    nearest = nearest[(miles <= facts.policy.pickup_miles_max)[nearest] & able[nearest]]
    return [network.nodes[position].node for position in nearest[:_PICKUPS_MAX].tolist()]


def _is_sooner(answer: Plan, promised_at: datetime | None) -> bool:
    at = answer.promised_at
    return not answer.uncovered and at is not None and (promised_at is None or at < promised_at)


def _is_unlocked(line: Line, order: Order) -> bool:
    """Whether no unit of a line has been handed over to a node."""
    parts = [part for part in live_allocations(order) if part.line_id == line.line_id]
    return all(part.state in UNLOCKED for part in parts) and _open_units(line) > 0


def _open_units(line: Line) -> int:
    return line.quantity - line.canceled_quantity


def _whole(lines: Iterable[Line]) -> tuple[ChoiceLine, ...]:
    return tuple(ChoiceLine(line.line_id, _open_units(line)) for line in lines)


def _choice(kind: ChoiceKind, lines: tuple[ChoiceLine, ...]) -> Choice:
    return Choice(kind, lines, operation=OPERATIONS[kind])
