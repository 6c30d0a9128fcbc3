"""Changing and canceling what nodes have to give back first: at once where they do so by rule, else they are asked."""

from collections.abc import Sequence
from dataclasses import replace

from troth.engine.cancel import decide_cancel
from troth.engine.change import Changed, decide_change
from troth.engine.change_wish import lines_of
from troth.engine.evolve import evolve
from troth.engine.parts import Chosen, choose_units, moves_through, next_allocation
from troth.engine.policies.release_rules import BUILT_IN
from troth.engine.promising.context import Facts, State
from troth.engine.recall_terms import (
    ask,
    end_recall,
    give_back,
    open_recall,
    recallable_parts,
    rule_of,
    units_of,
)
from troth.model.change import ACTION_OF, ChangeAction
from troth.model.commands import CancelOrder, ChangeOrder, LineQuantity
from troth.model.events import OrderCanceled, OrderEvent, PartsChange, RecallAnswered
from troth.model.ids import LineId
from troth.model.kept_actions import BY_RECALL, KEPT, keep_action
from troth.model.kits import kits_of
from troth.model.lifecycle import UNLOCKED, AllocationEvent, AllocationState
from troth.model.order import Allocation, Fulfillment, Order
from troth.model.permissions import By
from troth.model.recall import RECALLABLE, Recall, RecallKind
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow, Refusal, VersionConflict
from troth.model.status import live_allocations, order_status, uncovered_quantities

_RANK = {state: rank for rank, state in enumerate(AllocationState)}


def may_recall(command: CancelOrder | ChangeOrder, facts: Facts) -> bool:
    """Whether nodes are asked for what a command is about: because it says so, or the rules do."""
    return command.may_recall or (facts.release or BUILT_IN).rules.recalls_by_change


def find_unkept(actions: Sequence[ChangeAction]) -> tuple[FieldFlaw, ...]:
    """The actions for which no node has to give anything back."""
    return tuple(
        FieldFlaw(f"/actions/{position}/action", f"{name} needs no recall, and is asked for by itself")
        for position, action in enumerate(actions)
        if (name := ACTION_OF[type(action)].value) not in BY_RECALL
    )


def decide_change_or_ask(command: ChangeOrder, order: Order, state: State, facts: Facts) -> Changed | Refusal:
    """The change; where nodes have work for it, what they give back by rule is given back, and one that does not is
    asked first. The others are not touched before it has answered.
    """
    found = decide_change(command, order, state, facts)
    if isinstance(found, Changed | VersionConflict) or not may_recall(command, facts):
        return found
    works = _works_of(command.actions, order)
    if not works or any(ACTION_OF[type(action)].value not in KEPT for action in command.actions):
        return found
    if any(open_recall(order, work.fulfillment_id) is not None for work, _ in works):
        return NotPossibleNow("recall", "recall requested")
    kept = tuple(map(keep_action, command.actions))
    after, events = order, list[OrderEvent]()
    for work, parts in works:
        asked = ask(after, work, RecallKind.CHANGE, units_of(order, parts), command.reason, facts, kept)
        after = evolve(after, asked)
        answered = give_back(after, asked.recall, Chosen(tuple(parts), (), {}), facts)
        after = evolve(after, answered)
        events += (asked, answered)
    changed = decide_change(replace(command, version=None), after, state, facts)
    if not isinstance(changed, Changed):
        return changed
    waiting = [(work, parts) for work, parts in works if not _gives_back(order, work, parts, facts)]
    if not waiting:
        return replace(changed, events=(*events, *changed.events))
    if len(waiting) > 1:
        nodes = " and ".join(work.node for work, _ in waiting)
        return Invalid((FieldFlaw("/actions", f"{nodes} work on it; change what is at one of them at a time"),))
    ((work, parts),) = waiting
    return Changed((ask(order, work, RecallKind.CHANGE, units_of(order, parts), command.reason, facts, kept),))


def change_given_back(
    order: Order,
    recall: Recall,
    answered: RecallAnswered,
    actions: tuple[ChangeAction, ...],
    state: State,
    facts: Facts,
) -> Changed:
    """The change for which a node gave work back, with what other nodes give back by rule. Where it can no longer be
    made the recall is over, and the node goes on with its work.
    """
    after, events = evolve(order, answered), [answered, *list[OrderEvent]()]
    for work, parts in _works_of(actions, after):
        if not _gives_back(after, work, parts, facts):
            return Changed((end_recall(order, recall, facts, f"{work.node} works on it as well"),))
        asked = ask(after, work, RecallKind.CHANGE, units_of(after, parts), recall.reason, facts, recall.actions)
        after = evolve(after, asked)
        given = give_back(after, asked.recall, Chosen(tuple(parts), (), {}), facts)
        after = evolve(after, given)
        events += (asked, given)
    changed = decide_change(ChangeOrder(order.order_id, actions, recall.reason), after, state, facts)
    if not isinstance(changed, Changed):
        return Changed((end_recall(order, recall, facts, f"it can no longer be done ({changed.code})"),))
    if not changed.events:
        return Changed((end_recall(order, recall, facts, "it is done already"),))
    return replace(changed, events=(*events, *changed.events))


def decide_cancel_or_ask(command: CancelOrder, order: Order, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    """The cancelation: at once of what is at no node, or is given back by rule; of the rest each node is asked."""
    if not may_recall(command, facts):
        return decide_cancel(command, order, facts)
    # Whether it may be canceled is for the nodes to say then, also where a customer asks.
    reason = command.reason or f"asked for by the {command.by}"
    found = decide_cancel(replace(command, reason=reason), order, facts, allowed=By.OPERATOR)
    if not isinstance(found, tuple):
        return found
    canceled = [event for event in found if isinstance(event, OrderCanceled)]
    wanted = {line.line_id: line.quantity for event in canceled for line in event.lines}
    nowhere = uncovered_quantities(order)
    left = {line_id: units - min(units, nowhere.get(line_id, 0)) for line_id, units in wanted.items()}
    live = sorted(live_allocations(order), key=lambda part: (_RANK[part.state], part.allocation))
    works = {work.fulfillment_id: work for work in order.fulfillments}
    free = [part for part in live if part.state in UNLOCKED or _is_free(part, order, works[part.fulfillment_id], facts)]
    at_once = choose_units(free, left, first_number=next_allocation(order), kits=kits_of(order))
    busy = [part for part in live if part.state in RECALLABLE and part not in free]
    if not at_once.missing:
        return found
    asked_of = choose_units(busy, at_once.missing, first_number=next_allocation(order), kits=kits_of(order))
    if asked_of.missing:
        return NotPossibleNow("cancel", order_status(order))
    ids = sorted({part.fulfillment_id for part in asked_of.parts})
    if any(open_recall(order, name) is not None for name in ids):
        return NotPossibleNow("recall", "recall requested")
    events: list[OrderEvent] = []
    done = {line_id: units - at_once.missing.get(line_id, 0) for line_id, units in wanted.items()}
    if any(done.values()):
        moves = tuple(move for part in at_once.parts for move in moves_through(part, (AllocationEvent.CANCEL,)))
        lines = tuple(LineQuantity(line_id, units, reason) for line_id, units in done.items() if units)
        change = PartsChange(splits=at_once.splits, moves=moves)
        events.append(OrderCanceled(lines, reason, facts.now, change, short=canceled[0].short))
    after = order
    for name in ids:
        units = units_of(order, [part for part in asked_of.parts if part.fulfillment_id == name])
        asked = ask(after, works[name], RecallKind.CANCEL, units, reason, facts)
        after = evolve(after, asked)
        events.append(asked)
    return tuple(events)


def _works_of(actions: Sequence[ChangeAction], order: Order) -> list[tuple[Fulfillment, list[Allocation]]]:
    """The work that nodes have for the lines that actions are about, with the parts that they would give back."""
    lines: set[LineId] = set()
    for action in actions:
        if ACTION_OF[type(action)].value in BY_RECALL:
            lines |= {line.line_id for line in lines_of(action, order)}
    found = []
    for work in order.fulfillments:
        parts = [part for part in recallable_parts(order, work.fulfillment_id) if part.line_id in lines]
        if parts:
            found.append((work, parts))
    return found


def _gives_back(order: Order, work: Fulfillment, parts: Sequence[Allocation], facts: Facts) -> bool:
    states = rule_of(order, work, facts).given_back
    return all(part.state in states for part in parts)


def _is_free(part: Allocation, order: Order, work: Fulfillment, facts: Facts) -> bool:
    return part.state in RECALLABLE and part.state in rule_of(order, work, facts).given_back
