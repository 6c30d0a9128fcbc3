"""Drift: where another system says something else than the books did at that time, the likely cause, and a correction.

Nothing is written. The correction is a count as of the same instant, so that applying it is an ordinary count: what
moved since is added. It leaves out what a count would book twice: a shipment or a receipt that is still to be posted,
and positions that were counted here since.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.stock.stock import Counted, LineResult
from troth.flows.stock.stock_lines import KIT, find_held_by_lot, find_line_flaws, must_name_lot
from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey, VarianceReason, lot_of, lot_source
from troth.model.item import Item
from troth.model.measure import half_up, scale_of, units_in, why_not_units
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.value import dataclass
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
    """How much another system says that a node held of a SKU or of a lot of it, in the measure of the item."""

    sku: Sku
    node: NodeId
    on_hand: int | Decimal
    lot: str = ""

    @property
    def key(self) -> SupplyKey:
        """Which supply that is."""
        return SupplyKey(self.sku, self.node, lot_source(self.lot))


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
    lot: str = ""

    @property
    def units(self) -> int:
        """Units more (or less) there than here."""
        return self.theirs - self.ours


@dataclass(frozen=True, slots=True)
class DriftReport:
    """How many positions were compared, those that differ by SKU, node and lot, and the lines that could not be."""

    as_of: datetime
    compared: int
    differences: tuple[Difference, ...]
    refused: tuple[LineResult, ...]

    def correction(self) -> tuple[Counted, ...]:
        """The counts that would set the books to what they say, where a count is what is proposed."""
        return tuple(
            Counted(one.sku, one.theirs, one.node, VarianceReason.UNKNOWN, lot=one.lot)
            for one in self.differences
            if one.proposal is Proposal.COUNT
        )


async def find_drift(
    system: System, as_of: datetime, positions: Sequence[TheirPosition], *, actor: Actor, places: Sequence[int] = ()
) -> DriftReport | Invalid:
    """Compare another system's positions as of an instant with the books of that instant; `places` are those of the
    positions in the list that they are from (none: it is this one).
    """
    if as_of > system.door.now():
        return Invalid((FieldFlaw("/as_of", "positions cannot be those of the future"),))
    flaws = await find_line_flaws(system, [(one.node, one.sku) for one in positions], actor)
    items = system.door.reference.items
    keys = [one.key for one in positions]
    units: dict[int, int] = {}
    seen: dict[SupplyKey, int] = {}
    numbers = places or range(len(positions))
    for number, (one, key) in enumerate(zip(positions, keys, strict=True)):
        first = seen.setdefault(key, number)
        if first != number:
            what = f"lot {one.lot} of {one.sku}" if one.lot else one.sku
            flaws[number].append(FieldFlaw("/sku", f"{what} at {one.node} is in line {numbers[first]} already"))
        if one.on_hand < 0:
            flaws[number].append(FieldFlaw("/on_hand", "cannot be less than nothing"))
        item = items.get(one.sku)
        if item is not None and item.kit:
            flaws[number].append(KIT)
        elif item is not None:
            measured = units_in(one.on_hand, item.decimals)
            if measured is None:
                flaws[number].append(FieldFlaw("/on_hand", why_not_units(one.sku, item.decimals)))
            units[number] = measured or 0
    for number in await find_held_by_lot(system, keys):
        flaws[number].append(FieldFlaw("/lot", must_name_lot(positions[number].sku, positions[number].node)))
    kept = [(key, units[number]) for number, key in enumerate(keys) if number not in flaws]
    differing, unposted, overdue = await _look(system, as_of, kept)
    differences = [
        _difference(key, theirs, then, as_of, unposted, overdue, items[key.sku]) for key, theirs, then in differing
    ]
    refused = tuple(LineResult(number, Invalid.code, flaws=tuple(flaws[number])) for number in sorted(flaws))
    in_order = sorted(differences, key=lambda one: (one.sku, one.node, one.lot))
    return DriftReport(as_of, len(kept), tuple(in_order), refused)


async def _look(
    system: System, as_of: datetime, theirs: Sequence[tuple[SupplyKey, int]]
) -> tuple[list[tuple[SupplyKey, int, PositionThen]], Mapping[SupplyKey, Evidence], Mapping[Place, Evidence]]:
    """The supplies that differ with ours (units), and what may explain fewer or more units there."""
    async with system.pool.acquire() as connection:
        then = await read_positions_at(connection, [key for key, _ in theirs], as_of)
        differing = [
            (key, units, ours) for (key, units), ours in zip(theirs, then, strict=True) if units != ours.on_hand
        ]
        keys = [key for key, _, _ in differing]
        if not keys:
            return [], {}, {}
        unposted = await find_unposted_work(connection, keys, as_of)
        overdue = await find_overdue_supply(connection, keys, as_of)
    return differing, unposted, overdue


def _difference(
    key: SupplyKey,
    theirs: int,
    ours: PositionThen,
    as_of: datetime,
    unposted: Mapping[SupplyKey, Evidence],
    overdue: Mapping[Place, Evidence],
    item: Item,
) -> Difference:
    place = (key.sku, key.node)
    units = theirs - ours.on_hand
    cause, proposal, names = Cause.UNKNOWN, Proposal.COUNT, tuple[str, ...]()
    if ours.counted_as_of is not None and ours.counted_as_of > as_of:
        cause, proposal, names = Cause.COUNT_OLDER, Proposal.NOTHING, (ours.counted_as_of.isoformat(),)
    elif units < 0 and key in unposted and unposted[key].units >= -units:
        cause, proposal, names = Cause.UNPOSTED_SHIPMENT, Proposal.POST_SHIPMENT, unposted[key].names
    elif units > 0 and place in overdue and overdue[place].units >= units:
        cause, proposal, names = Cause.MISSED_RECEIPT, Proposal.POST_RECEIPT, overdue[place].names
    return Difference(
        key.sku,
        key.node,
        ours.on_hand,
        theirs,
        ours.moved_since,
        half_up(units * item.cost_minor, scale_of(item.decimals)),
        cause,
        proposal,
        names,
        lot_of(key.source),
    )
