"""What a customer has to know of a parcel beside its steps: what its carrier says of it, and what is done about it."""

from collections.abc import Iterator
from typing import Final

from troth.engine.tracking.parcels import standing_of
from troth.engine.tracking.trouble import CONTRADICTED, Trouble, find_troubles, told_troubles, units_in
from troth.model.order import Fulfillment, Order
from troth.model.returns import ReturnKind
from troth.model.tracking import TrackStatus
from troth.tracking.words import Words

_TOLD: Final = (TrackStatus.DELAYED, TrackStatus.CUSTOMS, TrackStatus.ATTEMPTED, TrackStatus.WAITING)
"""What stands of a parcel that none of its steps says."""


def parcel_notes(order: Order, work: Fulfillment, words: Words) -> tuple[str, ...]:
    """A sentence for each parcel of which there is something to say; with its number, where there are several."""
    is_one = sum(bool(package.tracking_number) for package in work.packages) == 1
    return tuple(
        note if is_one else f"{number}: {note}" for number, note in _notes(order, work, words) if number and note
    )


def _notes(order: Order, work: Fulfillment, words: Words) -> Iterator[tuple[str, str]]:
    troubles = {id(one.package): one for one in told_troubles(work) if one.kind != CONTRADICTED}
    still_open = {id(one.package) for one in find_troubles(order, work)}
    for package in work.packages:
        trouble = troubles.get(id(package))
        status = standing_of(package.checkpoints).status
        if trouble is not None and status != TrackStatus.DELIVERED:
            note = f"parcel_{trouble.kind}" if id(package) in still_open else _settled(order, work, trouble)
            yield package.tracking_number, words.say(note)
        elif status in _TOLD:
            yield package.tracking_number, words.say(f"parcel_{status}")


def _settled(order: Order, work: Fulfillment, trouble: Trouble) -> str:
    """What was done about a parcel that was claimed."""
    lines = units_in(order, work, trouble.package).keys()
    is_sent = any(
        one.kind is ReturnKind.CLAIM
        and one.opened_at >= trouble.at
        and one.exchange is not None
        and any(line.line_id in lines for line in one.lines)
        for one in order.returns
    )
    return "parcel_sent_again" if is_sent else "parcel_credited"
