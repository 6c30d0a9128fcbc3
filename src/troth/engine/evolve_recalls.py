"""The recalls of an order after a node has answered, or after there is nothing to answer any more."""

from dataclasses import replace

from troth.model.events import RecallAnswered, RecallEnded
from troth.model.lifecycle import RECALL, AllocationEvent, AllocationState, RecallEvent
from troth.model.order import Order


def evolve_answer(before: Order, after: Order, event: RecallAnswered) -> Order:
    """The order with the answer. What is given back out of packages is in none any more: the rest is packed anew, or
    leaves in one.
    """
    happened = RecallEvent.ACCEPT if event.is_given_back else RecallEvent.REFUSE
    recalls = tuple(
        replace(
            one,
            state=RECALL[one.state, happened],
            answered_at=event.at,
            answered_by=event.by,
            answer=event.reason,
            given=event.given,
            outcome=event.outcome,
        )
        if one.recall_id == event.recall_id
        else one
        for one in after.recalls
    )
    after = replace(after, recalls=recalls)
    states = {part.allocation: part.state for part in before.allocations}
    states |= {part.allocation: part.state for split in event.parts.splits for part in split.parts}
    given = {states[move.allocation] for move in event.parts.moves if move.event is AllocationEvent.RECALL}
    if not given & {AllocationState.PACKED, AllocationState.READY}:
        return after
    works = (
        replace(work, packages=()) if work.fulfillment_id == event.fulfillment_id else work
        for work in after.fulfillments
    )
    return replace(after, fulfillments=tuple(works))


def evolve_recall_end(after: Order, event: RecallEnded) -> Order:
    """The order with a recall that is over."""
    recalls = (
        replace(one, state=RECALL[one.state, RecallEvent.END], outcome=event.reason)
        if one.recall_id == event.recall_id
        else one
        for one in after.recalls
    )
    return replace(after, recalls=tuple(recalls))
