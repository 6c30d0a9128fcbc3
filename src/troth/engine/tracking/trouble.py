"""What is wrong with parcels on their way, that a person must know of, until it is settled."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from troth.engine.tracking.parcels import standing_of
from troth.model.ids import LineId
from troth.model.kits import kits_of, whole_units
from troth.model.order import Fulfillment, Order, Package
from troth.model.returns import ReturnKind
from troth.model.status import live_allocations
from troth.model.tracking import TrackStatus
from troth.model.value import dataclass

CONTRADICTED: Final = "contradicted"
"""The kind of a trouble of which nobody knows what it is."""
_GONE: Final = (TrackStatus.LOST, TrackStatus.RETURNED)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a carrier said of a parcel: that it is `lost`, was `damaged` or is `returned`, or two things of which one
    cannot be true; and when that was.
    """

    kind: str
    at: datetime
    package: Package


def find_troubles(order: Order, work: Fulfillment) -> tuple[Trouble, ...]:
    """The troubles of the parcels of work that are not settled: those that did not come after all, and whose units were
    not claimed since.
    """
    return tuple(one for one in told_troubles(work) if not _is_claimed(order, work, one))


def told_troubles(work: Fulfillment) -> tuple[Trouble, ...]:
    """The troubles of the parcels of work, settled or not."""
    return tuple(trouble for package in work.packages if (trouble := _trouble_of(package)) is not None)


def units_in(order: Order, work: Fulfillment, package: Package) -> Mapping[LineId, int]:
    """The units of lines that are in a parcel: those that its node said, else all of the work."""
    if package.lines:
        units: dict[LineId, int] = {}
        for one in package.lines:
            units[one.line_id] = units.get(one.line_id, 0) + one.quantity
        return units
    here = [part for part in live_allocations(order) if part.fulfillment_id == work.fulfillment_id]
    return {line_id: count for line_id, count in whole_units(here, kits_of(order)).items() if count}


def _trouble_of(package: Package) -> Trouble | None:
    standing = standing_of(package.checkpoints)
    if standing.last is not None and standing.status in _GONE:
        return Trouble(standing.status, standing.last.at, package)
    if standing.is_damaged:
        damaged = next(one for one in package.checkpoints if one.status == TrackStatus.DAMAGED)
        return Trouble(TrackStatus.DAMAGED.value, damaged.at, package)
    if standing.contradictions:
        return Trouble(CONTRADICTED, standing.contradictions[-1].at, package)
    return None


def _is_claimed(order: Order, work: Fulfillment, trouble: Trouble) -> bool:
    """Whether somebody has claimed units of a parcel since its trouble."""
    lines = units_in(order, work, trouble.package).keys()
    return any(
        one.kind is ReturnKind.CLAIM
        and one.opened_at >= trouble.at
        and any(line.line_id in lines for line in one.lines)
        for one in order.returns
    )
