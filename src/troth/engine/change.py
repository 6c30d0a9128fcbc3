"""Changing an order: what it asks for now, promised anew as one decision against what is on hand and what is to come.

First all that may still be promised from elsewhere is planned as a whole, with its own units free for it; where that
would keep a promise less than it was given, or not cover everything, only what was changed is. Where even that lacks
something the order stays as it was, with the promise it had, unless its routing lets units wait.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime

from troth.engine.cancel import cancel_units
from troth.engine.capture import short
from troth.engine.carriage.node_load import load_moves
from troth.engine.change_fields import ADDED, find_changes
from troth.engine.change_wish import Wish, wish_of
from troth.engine.demand.budget import Budget
from troth.engine.evolve import evolve, evolve_all
from troth.engine.exposure.taking import draw_parts
from troth.engine.give_up import bound_parts
from troth.engine.promise_change import tell_change
from troth.engine.promising.case import Case
from troth.engine.promising.context import Facts, State
from troth.engine.promising.disposition import may_wait
from troth.engine.resource import left_over, missing_trace, plan_missing, resourced
from troth.engine.supply.backorder_cap import with_cap_reasons
from troth.engine.supply.supply import SupplyRows
from troth.engine.torn import find_torn, firm_groups
from troth.model.commands import ChangeOrder
from troth.model.events import OrderChanged, OrderEvent, OrderResourced, PartMove, PartsChange
from troth.model.exposure import Draw
from troth.model.hold_terms import Block
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import SupplyKey, is_on_hand
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import UNLOCKED, AllocationEvent
from troth.model.measure import shown
from troth.model.order import Allocation, Order
from troth.model.plan import Plan, Trace
from troth.model.refusals import FieldFlaw, Held, Invalid, NotPossibleNow, Refusal, StockShort, VersionConflict
from troth.model.status import blocking_holds, live_allocations, order_status, promise_of, uncovered_quantities
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change causes: the events, and where something was promised, the reasons, the supply it was chosen from,
    and the counts that it relies on. Nothing where the order is already as it is asked to be. `after` is the order as
    the events leave it, where it was made already.
    """

    events: tuple[OrderEvent, ...] = ()
    trace: Trace | None = None
    supply: Mapping[Sku, SupplyRows] | None = None
    relies: Mapping[Draw, int] = field(default_factory=dict)
    after: Order | None = None


@dataclass(frozen=True, slots=True)
class _Tried:
    """The change with some units given up, the order `without` them, the plan of what then lies nowhere, and the order
    `after` it.
    """

    event: OrderChanged
    without: Order
    case: Case
    answer: Plan
    covered: tuple[OrderResourced, ...]
    after: Order
    facts: Facts
    freed: Mapping[SupplyKey, int]


def decide_change(command: ChangeOrder, order: Order, state: State, facts: Facts) -> Changed | Refusal:
    """The order as it is asked to be, with its promise; or why it stays as it is."""
    if command.version is not None and command.version != order.version:
        return VersionConflict(str(command.version), str(order.version))
    holds = blocking_holds(order, Block.CHANGE)
    if holds:
        return Held(tuple(hold.hold_id for hold in holds))
    wish = wish_of(order, command.actions, facts, command.by)
    if not isinstance(wish, Wish):
        return wish
    changes = find_changes(order, wish.order)
    if not changes:
        return Changed()
    canceled = cancel_units(order, wish.fewer)
    if canceled is None:
        return NotPossibleNow("change", order_status(order))
    plain = OrderChanged(
        wish.order.lines,
        wish.order.ship_to,
        wish.order.method,
        wish.order.pickup_node,
        wish.order.service,
        changes,
        command.reason,
        facts.now,
        canceled,
        tuple(line.line_id for line in wish.order.lines if line.line_id in wish.moved),
        wish.order.delivery_charge,
        wish.order.ship_complete != order.ship_complete or wish.order.shipments_max != order.shipments_max,
    )
    before = uncovered_quantities(order)
    without = evolve(order, plain)
    missing = uncovered_quantities(without)
    grown = {line_id for line_id, units in missing.items() if units > before.get(line_id, 0)}
    if not grown and not wish.moved & {*missing, *(part.line_id for part in _unlocked(without))}:
        told = tell_change(order, without, command.reason, facts.now)
        return Changed((plain, *told), after=evolve_all(without, told))
    holds = blocking_holds(order, Block.PROMISE)
    if holds:
        return Held(tuple(hold.hold_id for hold in holds))
    return _promised(command, order, plain, without, grown, state, facts)


def _promised(
    command: ChangeOrder,
    order: Order,
    plain: OrderChanged,
    unpromised: Order,
    grown: set[LineId],
    state: State,
    facts: Facts,
) -> Changed | Refusal:
    """The change with the promise of what is asked for now; `unpromised` is the order that is changed, before anything
    is promised anew.
    """
    whole = tried = None
    budget = Budget(facts.policy.decision_seconds_max, facts.clock)  # all ways are one decision
    for units in _ways(unpromised, plain, grown):
        tried = _try(order, plain, unpromised, units, state, facts, budget)
        whole = whole or tried
        if not tried.answer.uncovered and not _is_later(order, tried) and not _is_torn(order, tried):
            return _done(command, order, tried, state)
    if tried is None or whole is None:
        raise RuntimeError("a change has at least one way to be promised")
    if _is_torn(order, tried):
        if whole.answer.uncovered:
            return _short(replace(whole, answer=_with_cap_reasons(whole, state)))
        return Invalid((FieldFlaw("/actions", "all of it together would be later than a line was promised"),))
    open_lines = {gap.line_id for gap in tried.answer.uncovered}
    was_open = uncovered_quantities(order).keys() - set(plain.moved) - grown
    if open_lines <= was_open or may_wait(tried.answer):
        return _done(command, order, tried, state)
    return _short(replace(tried, answer=_with_cap_reasons(tried, state)))


def _ways(unpromised: Order, plain: OrderChanged, grown: set[LineId]) -> Iterator[set[int]]:
    """The parts (by number) that may give up their supply, the most first: all that are not locked; those that were
    changed with all that is to leave with them; and those alone whose promise is of something else.
    """
    moved = {part.allocation: part.quantity for part in _unlocked(unpromised) if part.line_id in plain.moved}
    tried: list[set[int]] = []
    for units in (
        {part.allocation for part in _unlocked(unpromised)},
        set(bound_parts(unpromised, moved, grown)),
        set(moved),
    ):
        if units not in tried:
            tried.append(units)
            yield units


def _unlocked(order: Order) -> Iterable[Allocation]:
    return (part for part in order.allocations if part.state in UNLOCKED)


def _try(
    order: Order,
    plain: OrderChanged,
    unpromised: Order,
    units: set[int],
    state: State,
    facts: Facts,
    budget: Budget,
) -> _Tried:
    parts = {part.allocation: part for part in unpromised.allocations}
    replaced = tuple(PartMove(number, AllocationEvent.REPLACE) for number in sorted(units))
    event = replace(plain, parts=PartsChange(splits=plain.parts.splits, moves=(*plain.parts.moves, *replaced)))
    without = evolve(order, event)
    freed: dict[SupplyKey, int] = {}
    for number in units:
        freed[parts[number].key] = freed.get(parts[number].key, 0) + parts[number].quantity
    days = [(slot, -amount) for slot, amount in load_moves(order, without)]
    if days:
        network = facts.network
        facts = replace(facts, network=network.with_load(network.load.without(days)))
    case, answer = plan_missing(without, state, facts, freed, allowed=asked_again(event), budget=budget)
    covered = resourced(without, case, answer, facts)
    return _Tried(event, without, case, answer, covered, evolve_all(without, covered), facts, freed)


def asked_again(event: OrderChanged) -> frozenset[NodeId]:
    """The nodes that a change asks once more although they failed the order: who names the one node of a line knows."""
    named = {*event.moved, *(change.line_id for change in event.changes if change.field == ADDED)}
    terms = [line.terms for line in event.lines if line.line_id in named and line.terms is not None]
    return frozenset(one.only_from for one in terms if one.only_from is not None)


def _is_later(order: Order, tried: _Tried) -> bool:
    """Whether of a line that still goes as it went fewer units would be there by when they were promised. What leaves
    together with a line that goes otherwise goes with it.
    """
    after = tried.after
    wanted = {line.line_id: line.quantity - line.canceled_quantity for line in after.lines}
    groups = firm_groups(after)
    going = {groups.get(line_id) for line_id in tried.event.moved} - {None}
    for line in order.lines:
        by = promise_of(order, line.line_id)
        if by is None or line.line_id in tried.event.moved or groups.get(line.line_id) in going:
            continue
        promised = min(_units_by(order, line.line_id, by), wanted[line.line_id])
        if _units_by(after, line.line_id, by) < promised:
            return True
    return False


def _is_torn(order: Order, tried: _Tried) -> bool:
    """Whether what is to stay together, or within so many shipments, would no longer, though it does now."""
    return bool(find_torn(tried.after) - find_torn(order))


def _units_by(order: Order, line_id: LineId, by: datetime) -> int:
    """The units of a line that are promised until a time."""
    promised = {work.fulfillment_id: work.promised_at for work in order.fulfillments}
    parts = (
        part for part in live_allocations(order) if part.line_id == line_id and promised[part.fulfillment_id] <= by
    )
    return whole_units(parts, kits_of(order)).get(line_id, 0)


def _with_cap_reasons(tried: _Tried, state: State) -> Plan:
    """The plan that says of what more may not be backordered; what the order gives up counts as backordered no more."""

    def backordered(sku: Sku) -> int:
        given = (units for key, units in tried.freed.items() if key.sku == sku and not is_on_hand(key.source))
        return state.backordered(sku) - sum(given)

    def supply(sku: Sku) -> SupplyRows:
        return state.supply_freed(sku, tried.freed) if tried.freed else state.supply(sku)

    return with_cap_reasons(tried.answer, supply, backordered, tried.facts.items, tried.case.demand)


def _short(tried: _Tried) -> StockShort:
    """The refusal; of a line of which units keep their supply these could be promised as well."""
    kept = whole_units(live_allocations(tried.without), kits_of(tried.without))
    decimals = {line.line_id: line.decimals for line in tried.without.lines}
    refused = short(tried.case, tried.answer, tried.without.lines)
    return StockShort(
        tuple(
            replace(
                line,
                available_quantity=line.available_quantity + shown(kept.get(line.line_id, 0), decimals[line.line_id]),
            )
            for line in refused.lines
        )
    )


def _done(command: ChangeOrder, order: Order, tried: _Tried, state: State) -> Changed:
    covered = tried.covered
    waiting = left_over(tried.answer, {gap.line_id for gap in tried.answer.uncovered}, tried.facts)
    events: tuple[OrderEvent, ...] = (tried.event, *covered, *waiting)
    after = evolve_all(tried.after, waiting)
    told = tell_change(order, after, command.reason, tried.facts.now)
    added = [part for event in covered for part in event.parts.added]
    _, relies = draw_parts(tried.facts.pool, tried.case.demand, added)
    trace = missing_trace(tried.without, tried.case, tried.answer, state, tried.facts)
    return Changed((*events, *told), trace, tried.case.supply, relies, evolve_all(after, told))
