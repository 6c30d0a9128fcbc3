"""Notices of carriers: what one signs is recorded as if it was reported, each checkpoint for itself, and once."""

from collections.abc import Mapping, Sequence
from enum import Enum, auto

from troth.flows.door.requests import Accepted, Outcome, Request
from troth.flows.door.system import System
from troth.flows.memory.trackers import ToldCheckpoint
from troth.flows.tracking.meant import find_meant
from troth.model.commands import RecordTracking
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.model.value import dataclass


class Recorded(Enum):
    """What became of a checkpoint: it was recorded or refused, or is of a parcel that is not known here."""

    DONE = auto()
    REFUSED = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class TakenNotice:
    """How many checkpoints of a notice were recorded, and how many are of parcels that are not known here."""

    recorded: int
    unknown: int


async def take_carrier_notice(
    system: System, carrier: str, body: bytes, headers: Mapping[str, str]
) -> TakenNotice | NotFound | Invalid:
    """Record what a carrier tells in a notice that it has signed."""
    tracker = system.trackers.get(carrier)
    if tracker is None:
        return NotFound("carrier", carrier)
    told = tracker.read_notice(body, headers)
    if told is None:
        return Invalid((FieldFlaw("", f"the notice is not signed as {carrier} signs it, or not in time"),))
    if isinstance(told, Invalid):
        return told
    fates = await record_checkpoints(system, carrier, told, actor=f"carrier/{carrier}", cause="carrier notice")
    return TakenNotice(sum(one is Recorded.DONE for one in fates), sum(one is Recorded.UNKNOWN for one in fates))


async def record_checkpoints(
    system: System, carrier: str, told: Sequence[ToldCheckpoint], *, actor: str, cause: str
) -> list[Recorded]:
    """Record where a carrier says that parcels are; what became of each checkpoint.

    One that lies in the future counts as of now: clocks and time zones of carriers are what they are, and nobody there
    reads a refusal.
    """
    meant = await find_meant(system.pool, carrier, told)
    now = system.door.now()
    places = [place for place, parcels in enumerate(meant) for _ in parcels]
    commands = tuple(
        RecordTracking(
            parcel.fulfillment_id,
            carrier,
            parcel.number,
            one.status,
            now if one.at is None else min(one.at, now),
            one.place,
            one.estimated_delivery_at,
            one.told,
            one.proof,
        )
        for one, parcels in zip(told, meant, strict=True)
        for parcel in parcels
    )
    if not commands:
        return [Recorded.UNKNOWN] * len(told)
    outcomes = (await system.door.submit(Request(commands, actor, cause))).outcomes
    fates = [Recorded.UNKNOWN] * len(told)
    for place, outcome in zip(places, outcomes, strict=True):
        fates[place] = _worse(fates[place], outcome)
    return fates


def _worse(fate: Recorded, outcome: Outcome) -> Recorded:
    """What became of a checkpoint of several parcels: it was recorded only where it was of all of them."""
    is_done = isinstance(outcome, Accepted) and fate is not Recorded.REFUSED
    return Recorded.DONE if is_done else Recorded.REFUSED
