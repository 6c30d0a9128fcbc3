"""Asking a node to give released work back, and what becomes of the order with its answer."""

from collections.abc import Mapping
from dataclasses import replace

from troth.engine.change import Changed
from troth.engine.evolve import evolve
from troth.engine.promising.context import Facts, State
from troth.engine.recall_change import change_given_back, find_unkept
from troth.engine.recall_terms import (
    ask,
    choose_recalled,
    end_recall,
    give_back,
    keep_work,
    open_recall,
    recallable_parts,
    rule_of,
    units_of,
)
from troth.model.commands import AcceptRecall, LineQuantity, RecallCommand, RecallWork, RefuseRecall
from troth.model.events import (
    FulfillmentRejected,
    OrderCanceled,
    OrderEvent,
    PartMove,
    PartsChange,
    RecallAnswered,
)
from troth.model.hold_terms import Block
from troth.model.ids import LineId
from troth.model.kept_actions import keep_action, kept_action
from troth.model.kits import begun_units, kits_of
from troth.model.lifecycle import AllocationEvent, RecallEvent, RecallState
from troth.model.measure import counted
from troth.model.order import Allocation, Fulfillment, Order
from troth.model.recall import Recall, RecallKind
from troth.model.refusals import FieldFlaw, Held, Invalid, NotFound, NotPossibleNow, Refusal
from troth.model.release_rules import Lapse
from troth.model.status import blocking_holds, fulfillment_status

NO_ANSWER = "did not answer in time"
BY_RULE = "not begun, given back by rule"

Found = Changed | tuple[OrderEvent, ...] | Refusal


def decide_recall(command: RecallCommand, order: Order, state: State, facts: Facts, *, has_lapsed: bool) -> Found:
    """A request to a node, or its answer with all that follows from it."""
    work = next((work for work in order.fulfillments if work.fulfillment_id == command.fulfillment_id), None)
    if work is None:
        return NotFound("fulfillment", command.fulfillment_id)
    recall = open_recall(order, work.fulfillment_id)
    match command:
        case RecallWork():
            return _ask(command, order, work, recall, state, facts)
        case AcceptRecall():
            if recall is None:
                return _not_open("accept-recall", order, work)
            found = _accept(command, order, recall, state, facts)
            return _by_silence(found, order, recall, facts) if has_lapsed else found
        case RefuseRecall():
            if recall is None:
                return _not_open("refuse-recall", order, work)
            if not command.reason.strip():
                return Invalid((FieldFlaw("/reason", "is required: the customer is told"),))
            refused = keep_work(order, recall, facts, command.reason)
            return (replace(refused, has_lapsed=has_lapsed),)


def find_lapsed(order: Order, facts: Facts) -> AcceptRecall | RefuseRecall | None:
    """What the silence of a node counts for, where its time is over."""
    for recall in order.recalls:
        if recall.state is RecallState.REQUESTED and recall.answer_by <= facts.now:
            if recall.lapses is Lapse.ACCEPTED:
                return AcceptRecall(recall.fulfillment_id, NO_ANSWER)
            return RefuseRecall(recall.fulfillment_id, NO_ANSWER)
    return None


def _not_open(what: str, order: Order, work: Fulfillment) -> NotPossibleNow:
    last = next((one for one in reversed(order.recalls) if one.fulfillment_id == work.fulfillment_id), None)
    return NotPossibleNow(what, "not recalled" if last is None else f"recall {last.state}")


def _by_silence(found: Found, order: Order, recall: Recall, facts: Facts) -> Found:
    """What the silence of a node comes to. What is refused then is over: asked again it would be refused for ever."""
    if isinstance(found, Changed):
        return replace(found, events=_marked(found.events))
    if isinstance(found, tuple):
        return _marked(found)
    return (end_recall(order, recall, facts, f"it could not be done ({found.code})"),)


def _marked(events: tuple[OrderEvent, ...]) -> tuple[OrderEvent, ...]:
    return tuple(replace(event, has_lapsed=True) if isinstance(event, RecallAnswered) else event for event in events)


def _ask(
    command: RecallWork, order: Order, work: Fulfillment, recall: Recall | None, state: State, facts: Facts
) -> Found:
    if recall is not None:
        return NotPossibleNow("recall", f"recall {recall.state}", (RecallEvent.ACCEPT, RecallEvent.REFUSE))
    parts = recallable_parts(order, work.fulfillment_id)
    if not parts:
        return NotPossibleNow("recall", fulfillment_status(order, work.fulfillment_id))
    if not command.reason.strip():
        return Invalid((FieldFlaw("/reason", "is required: the node reads it"),))
    actions = tuple(keep_action(action) for action in command.actions if not find_unkept((action,)))
    if command.kind is RecallKind.CHANGE:
        flaws = find_unkept(command.actions) or _lines_flaws(command.lines)
        if not command.actions:
            flaws = (FieldFlaw("/actions", "is required: what the order is changed by"),)
    else:
        flaws = (FieldFlaw("/actions", "is only for kind change"),) if command.actions else ()
        flaws = flaws or _unit_flaws(command.lines, begun_units(parts, kits_of(order)))
    if flaws:
        return Invalid(flaws)
    holds = blocking_holds(order, Block.CANCEL) if command.kind is RecallKind.CANCEL else ()
    if holds:
        return Held(tuple(hold.hold_id for hold in holds))
    chosen = choose_recalled(order, parts, _named(command.lines) or begun_units(parts, kits_of(order)))
    asked = ask(order, work, command.kind, units_of(order, chosen.parts), command.reason, facts, actions)
    after = evolve(order, asked)
    given = _accept(AcceptRecall(work.fulfillment_id, BY_RULE), after, asked.recall, state, facts)
    if isinstance(given, Refusal) and command.kind is RecallKind.CHANGE:
        return given  # what could not be done now is not asked for
    if not _is_given_back(chosen.parts, order, work, facts):
        return (asked,)
    if isinstance(given, Changed):
        return replace(given, events=(asked, *given.events))
    return (asked, *given) if isinstance(given, tuple) else given


def _is_given_back(parts: tuple[Allocation, ...], order: Order, work: Fulfillment, facts: Facts) -> bool:
    """Whether a node gives parts back without being asked."""
    states = rule_of(order, work, facts).given_back
    return all(part.state in states for part in parts)


def _accept(command: AcceptRecall, order: Order, recall: Recall, state: State, facts: Facts) -> Found:
    asked = {one.line_id: one.quantity for one in recall.units}
    parts = recallable_parts(order, recall.fulfillment_id)
    there = begun_units(parts, kits_of(order))
    if command.lines and recall.kind is RecallKind.CHANGE:
        return Invalid((FieldFlaw("/lines", "a change needs all that was asked for"),))
    most = {line_id: min(count, there.get(line_id, 0)) for line_id, count in asked.items()}
    flaws = _unit_flaws(command.lines, most)
    if flaws:
        return Invalid(flaws)
    chosen = choose_recalled(order, parts, _named(command.lines) or most)
    answered = give_back(order, recall, chosen, facts, reason=command.reason)
    if recall.kind is RecallKind.CHANGE:
        actions = tuple(map(kept_action, recall.actions))
        return change_given_back(order, recall, answered, actions, state, facts)
    holds = blocking_holds(order, Block.CANCEL) if recall.kind is RecallKind.CANCEL else ()
    if holds:
        return Held(tuple(hold.hold_id for hold in holds))
    if recall.kind is RecallKind.CANCEL:
        moves = tuple(PartMove(part.allocation, AllocationEvent.CANCEL) for part in chosen.parts)
        lines = tuple(LineQuantity(one.line_id, one.quantity, recall.reason) for one in answered.given)
        return (answered, OrderCanceled(lines, recall.reason, facts.now, PartsChange(moves=moves)))
    steps = (AllocationEvent.RELEASE, AllocationEvent.REJECT)
    moves = tuple(PartMove(part.allocation, step) for part in chosen.parts for step in steps)
    return (
        answered,
        FulfillmentRejected(recall.fulfillment_id, recall.reason, facts.now, PartsChange(moves=moves)),
    )


def _named(lines: tuple[LineQuantity, ...]) -> dict[LineId, int]:
    named: dict[LineId, int] = {}
    for line in lines:
        named[line.line_id] = named.get(line.line_id, 0) + line.quantity
    return named


def _unit_flaws(lines: tuple[LineQuantity, ...], most: Mapping[LineId, int]) -> tuple[FieldFlaw, ...]:
    named = _named(lines)
    units = {line.line_id: counted(most.get(line.line_id, 0)) for line in lines}
    return tuple(
        FieldFlaw(f"/lines/{position}", f"{units[line.line_id]} of line {line.line_id} can be given back")
        for position, line in enumerate(lines)
        if named[line.line_id] > most.get(line.line_id, 0)
    )


def _lines_flaws(lines: tuple[LineQuantity, ...]) -> tuple[FieldFlaw, ...]:
    return (FieldFlaw("/lines", "the actions say what a change is about"),) if lines else ()
