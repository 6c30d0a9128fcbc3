"""Notices of carriers: what one signs is recorded as if it was reported, each checkpoint for itself, and once."""

from collections.abc import Mapping

from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System
from troth.flows.orders.fulfill import find_tracked
from troth.model.commands import RecordTracking
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class TakenNotice:
    """How many checkpoints of a notice were recorded, and how many are of parcels that are not known here."""

    recorded: int
    unknown: int


async def take_carrier_notice(
    system: System, carrier: str, body: bytes, headers: Mapping[str, str]
) -> TakenNotice | NotFound | Invalid:
    """Record what a carrier tells. A checkpoint that lies in the future counts as of now: clocks and time zones of
    carriers are what they are, and nobody there reads a refusal.
    """
    tracker = system.trackers.get(carrier)
    if tracker is None:
        return NotFound("carrier", carrier)
    told = tracker.read_notice(body, headers)
    if told is None:
        return Invalid((FieldFlaw("", f"the notice is not signed as {carrier} signs it, or not in time"),))
    if isinstance(told, Invalid):
        return told
    found = await find_tracked(system.pool, [one.tracking_number for one in told])
    now = system.door.now()
    commands = tuple(
        RecordTracking(
            found[one.tracking_number],
            carrier,
            one.tracking_number,
            one.status,
            now if one.at is None else min(one.at, now),
            one.place,
            one.estimated_delivery_at,
            one.told,
            one.proof,
        )
        for one in told
        if one.tracking_number in found
    )
    if not commands:
        return TakenNotice(0, len(told))
    outcomes = (await system.door.submit(Request(commands, f"carrier/{carrier}", "carrier notice"))).outcomes
    recorded = sum(isinstance(outcome, Accepted) for outcome in outcomes)
    return TakenNotice(recorded, len(told) - len(commands))
