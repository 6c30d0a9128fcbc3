"""Steps of a node that are taken back, as long as nothing has left the building by them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, assert_never

from troth.model.commands import UnacceptWork, UndoCommand, UnpackWork, UnpickWork, UnstageWork
from troth.model.events import (
    FulfillmentUnaccepted,
    FulfillmentUnpacked,
    FulfillmentUnpicked,
    FulfillmentUnstaged,
    OrderEvent,
    PartMove,
    PartsChange,
)
from troth.model.lifecycle import AllocationEvent, is_possible
from troth.model.order import Allocation, Fulfillment

UNDONE: Final[Mapping[type[UndoCommand], AllocationEvent]] = {
    UnacceptWork: AllocationEvent.UNACCEPT,
    UnpickWork: AllocationEvent.UNPICK,
    UnpackWork: AllocationEvent.UNPACK,
    UnstageWork: AllocationEvent.UNSTAGE,
}
"""What taking a step back does to each part that has taken it."""


def undo(
    command: UndoCommand, work: Fulfillment, parts: tuple[Allocation, ...], at: datetime
) -> tuple[OrderEvent, ...]:
    """The event that a step was taken back by all `parts` that stand right after it; nothing where none does.

    Units stay reserved throughout: they were in the building, and still are. What was not found stays sourced again.
    """
    event = UNDONE[type(command)]
    moves = tuple(PartMove(part.allocation, event) for part in parts if is_possible(part.state, event))
    if not moves:
        return ()
    change = PartsChange(moves=moves)
    match command:
        case UnacceptWork():
            return (FulfillmentUnaccepted(work.fulfillment_id, command.reason, at, change),)
        case UnpickWork():
            return (FulfillmentUnpicked(work.fulfillment_id, command.reason, at, change),)
        case UnpackWork():
            return (FulfillmentUnpacked(work.fulfillment_id, command.reason, at, change),)
        case UnstageWork():
            return (FulfillmentUnstaged(work.fulfillment_id, command.reason, at, change),)
        case _:
            assert_never(command)
