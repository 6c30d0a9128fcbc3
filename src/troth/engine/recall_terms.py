"""What of an order its nodes may be asked to give back, and which node gives it back without being asked."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from troth.engine.parts import Chosen, choose_units, next_allocation
from troth.engine.policies.release_rules import BUILT_IN
from troth.engine.promising.context import Facts
from troth.engine.waves.release_plan import ground_of
from troth.model.events import PartMove, PartsChange, RecallAnswered, RecallEnded, RecallRequested
from troth.model.ids import FulfillmentId, LineId
from troth.model.kits import begun_units, kits_of
from troth.model.lifecycle import GONE, AllocationEvent, AllocationState, RecallState
from troth.model.order import Allocation, Fulfillment, Order
from troth.model.recall import RECALLABLE, KeptAction, Recall, RecallKind, RecallUnits
from troth.model.release_rules import RecallRule

_RANK = {state: rank for rank, state in enumerate(AllocationState)}


def open_recall(order: Order, fulfillment: FulfillmentId) -> Recall | None:
    """The recall of a fulfillment that its node has not answered."""
    return next(
        (one for one in order.recalls if one.fulfillment_id == fulfillment and one.state is RecallState.REQUESTED), None
    )


def recallable_parts(order: Order, fulfillment: FulfillmentId) -> list[Allocation]:
    """The parts that a node may be asked for, those first that have come least far."""
    parts = (part for part in order.allocations if part.fulfillment_id == fulfillment and part.state in RECALLABLE)
    return sorted(parts, key=lambda part: (_RANK[part.state], part.allocation))


def rule_of(order: Order, work: Fulfillment, facts: Facts) -> RecallRule:
    """How the node of some work is asked to give it back."""
    release = facts.release or BUILT_IN
    return release.recall_of(ground_of(order, facts), work.node)


def choose_recalled(order: Order, parts: Iterable[Allocation], units: Mapping[LineId, int]) -> Chosen:
    """The parts that make up so many units of lines (of kits, kits)."""
    return choose_units(parts, units, first_number=next_allocation(order), kits=kits_of(order))


def units_of(order: Order, parts: Iterable[Allocation]) -> tuple[RecallUnits, ...]:
    """How many units of each line parts are (of kits, kits)."""
    return tuple(RecallUnits(line_id, count) for line_id, count in begun_units(parts, kits_of(order)).items())


def ask(
    order: Order,
    work: Fulfillment,
    kind: RecallKind,
    units: tuple[RecallUnits, ...],
    reason: str,
    facts: Facts,
    actions: tuple[KeptAction, ...] = (),
) -> RecallRequested:
    """The request to a node."""
    rule = rule_of(order, work, facts)
    recall = Recall(
        recall_id=f"R{len(order.recalls) + 1}",
        fulfillment_id=work.fulfillment_id,
        node=work.node,
        kind=kind,
        units=units,
        reason=reason,
        asked_by=facts.actor,
        asked_at=facts.now,
        answer_by=facts.now + timedelta(minutes=rule.answer_minutes),
        lapses=rule.lapses,
        actions=actions,
    )
    return RecallRequested(recall, facts.now, order.channel, order.external_id, order.customer)


def give_back(order: Order, recall: Recall, chosen: Chosen, facts: Facts, *, reason: str = "") -> RecallAnswered:
    """The answer with which a node gives parts back: they are reserved as before their release."""
    moves = tuple(PartMove(part.allocation, AllocationEvent.RECALL) for part in chosen.parts)
    return RecallAnswered(
        recall_id=recall.recall_id,
        fulfillment_id=recall.fulfillment_id,
        is_given_back=True,
        given=units_of(order, chosen.parts),
        by=facts.actor,
        reason=reason,
        at=facts.now,
        parts=PartsChange(splits=chosen.splits, moves=moves),
        channel=order.channel,
        external_id=order.external_id,
        customer=order.customer,
    )


def keep_work(order: Order, recall: Recall, facts: Facts, reason: str) -> RecallAnswered:
    """The answer with which a node refuses."""
    nothing = give_back(order, recall, Chosen((), (), {}), facts, reason=reason)
    return replace(nothing, is_given_back=False)


def end_recall(order: Order, recall: Recall, facts: Facts, reason: str) -> RecallEnded:
    """The end of a recall that nobody answers any more."""
    return RecallEnded(
        recall.recall_id,
        recall.fulfillment_id,
        reason,
        facts.now,
        order.channel,
        order.external_id,
        order.customer,
    )


def end_recalls(order: Order, facts: Facts) -> tuple[RecallEnded, ...]:
    """The end of the recalls whose units have left meanwhile, or are no longer at their node."""
    ended = []
    for recall in order.recalls:
        if recall.state is RecallState.REQUESTED and not recallable_parts(order, recall.fulfillment_id):
            has_left = any(
                part.fulfillment_id == recall.fulfillment_id and part.state in GONE for part in order.allocations
            )
            ended.append(end_recall(order, recall, facts, "it has left" if has_left else "it is no longer there"))
    return tuple(ended)


def end_overtaken(before: Order, after: Order, facts: Facts) -> tuple[RecallEnded, ...]:
    """The end of the recalls that wanted units canceled of which a change has said meanwhile how many are wanted.

    A change says how many are to be left. To cancel the recalled units on top would leave fewer than anybody asked for.
    """
    was = {line.line_id: line.quantity for line in before.lines}
    said = {line.line_id for line in after.lines if line.quantity != was.get(line.line_id, line.quantity)}
    return tuple(
        end_recall(after, recall, facts, "a change has said how many are wanted")
        for recall in before.recalls
        if recall.state is RecallState.REQUESTED
        and recall.kind is RecallKind.CANCEL
        and said & {units.line_id for units in recall.units}
    )
