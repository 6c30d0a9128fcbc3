"""Drift: where another system says something else than the books did at that time, the likely cause, and a correction.

Nothing is written. The correction is a count as of the same instant, so that applying it is an ordinary count: what
moved since is added. It leaves out what a count would book twice: a shipment or a receipt that is still to be posted,
and positions that were counted here since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from troth.flows.access import Actor
from troth.flows.stock import Counted, LineResult
from troth.flows.stock_lines import find_held_by_lot, find_line_flaws, must_name_lot, why_not_by_piece
from troth.flows.system import System
from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey, VarianceReason
from troth.model.refusals import FieldFlaw, Invalid
from troth.store.drift import (
    Evidence,
    Place,
    PositionThen,
    find_overdue_supply,
    find_unposted_work,
    read_positions_at,
)


class Cause(StrEnum):
    """Why two systems may differ."""

    UNPOSTED_SHIPMENT = "unposted_shipment"
    MISSED_RECEIPT = "missed_receipt"
    COUNT_OLDER = "count_older"
    UNKNOWN = "unknown"


class Proposal(StrEnum):
    """What to do about a difference."""

    POST_SHIPMENT = "post_shipment"
    POST_RECEIPT = "post_receipt"
    NOTHING = "nothing"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class TheirPosition:
    """How many units another system says that a node held of a SKU."""

    sku: Sku
    node: NodeId
    on_hand: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A position that is not the same: what the books said at that time, what they say, and what moved here since.

    `cost_minor` is what their units more (or less) are worth at cost; `evidence` names what the cause is told from.
    """

    sku: Sku
    node: NodeId
    ours: int
    theirs: int
    moved_since: int
    cost_minor: int
    cause: Cause
    proposal: Proposal
    evidence: tuple[str, ...] = ()

    @property
    def units(self) -> int:
        """Units more (or less) there than here."""
        return self.theirs - self.ours


@dataclass(frozen=True, slots=True)
class DriftReport:
    """How many positions were compared, those that differ by SKU and node, and the lines that could not be compared."""

    as_of: datetime
    compared: int
    differences: tuple[Difference, ...]
    refused: tuple[LineResult, ...]

    def correction(self) -> tuple[Counted, ...]:
        """The counts that would set the books to what they say, where a count is what is proposed."""
        return tuple(
            Counted(one.sku, one.theirs, one.node, VarianceReason.UNKNOWN)
            for one in self.differences
            if one.proposal is Proposal.COUNT
        )


async def find_drift(
    system: System, as_of: datetime, positions: Sequence[TheirPosition], *, actor: Actor
) -> DriftReport | Invalid:
    """Compare another system's positions as of an instant with the books of that instant."""
    if as_of > system.door.now():
        return Invalid((FieldFlaw("/as_of", "positions cannot be those of the future"),))
    flaws = await find_line_flaws(system, [(one.node, one.sku) for one in positions], actor)
    items = system.door.reference.items
    seen: dict[Place, int] = {}
    for number, one in enumerate(positions):
        first = seen.setdefault((one.sku, one.node), number)
        if first != number:
            flaws[number].append(FieldFlaw("/sku", f"{one.sku} at {one.node} is in line {first} already"))
        if one.on_hand < 0:
            flaws[number].append(FieldFlaw("/on_hand", "cannot be less than nothing"))
        if one.sku in items and (why := why_not_by_piece(items[one.sku])):
            flaws[number].append(FieldFlaw("/sku", why))
    for number in await find_held_by_lot(system, [SupplyKey(one.sku, one.node) for one in positions]):
        flaws[number].append(FieldFlaw("/sku", must_name_lot(positions[number].sku, positions[number].node)))
    kept = [one for number, one in enumerate(positions) if number not in flaws]
    differing, unposted, overdue = await _look(system, as_of, kept)
    differences = [
        _difference(one, then, as_of, unposted, overdue, items[one.sku].cost_minor) for one, then in differing
    ]
    refused = tuple(LineResult(number, Invalid.code, flaws=tuple(flaws[number])) for number in sorted(flaws))
    return DriftReport(as_of, len(kept), tuple(sorted(differences, key=lambda one: (one.sku, one.node))), refused)


async def _look(
    system: System, as_of: datetime, positions: Sequence[TheirPosition]
) -> tuple[list[tuple[TheirPosition, PositionThen]], Mapping[Place, Evidence], Mapping[Place, Evidence]]:
    """The positions that differ with ours, and what may explain fewer or more units there."""
    async with system.pool.acquire() as connection:
        then = await read_positions_at(connection, [(one.sku, one.node) for one in positions], as_of)
        differing = [(one, ours) for one, ours in zip(positions, then, strict=True) if one.on_hand != ours.on_hand]
        places = [(one.sku, one.node) for one, _ in differing]
        if not places:
            return [], {}, {}
        unposted = await find_unposted_work(connection, places, as_of)
        overdue = await find_overdue_supply(connection, places, as_of)
    return differing, unposted, overdue


def _difference(
    theirs: TheirPosition,
    ours: PositionThen,
    as_of: datetime,
    unposted: Mapping[Place, Evidence],
    overdue: Mapping[Place, Evidence],
    cost_minor: int,
) -> Difference:
    place = (theirs.sku, theirs.node)
    units = theirs.on_hand - ours.on_hand
    cause, proposal, names = Cause.UNKNOWN, Proposal.COUNT, tuple[str, ...]()
    if ours.counted_as_of is not None and ours.counted_as_of > as_of:
        cause, proposal, names = Cause.COUNT_OLDER, Proposal.NOTHING, (ours.counted_as_of.isoformat(),)
    elif units < 0 and place in unposted and unposted[place].units >= -units:
        cause, proposal, names = Cause.UNPOSTED_SHIPMENT, Proposal.POST_SHIPMENT, unposted[place].names
    elif units > 0 and place in overdue and overdue[place].units >= units:
        cause, proposal, names = Cause.MISSED_RECEIPT, Proposal.POST_RECEIPT, overdue[place].names
    return Difference(
        theirs.sku,
        theirs.node,
        ours.on_hand,
        theirs.on_hand,
        ours.moved_since,
        units * cost_minor,
        cause,
        proposal,
        names,
    )
