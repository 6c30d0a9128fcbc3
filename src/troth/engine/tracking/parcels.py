"""What is believed of a parcel, whatever order its checkpoints come in, and however often or oddly they are told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from troth.model.order import Fulfillment, Package
from troth.model.tracking import CHECKPOINTS_MAX, Checkpoint, Proof, TrackStatus
from troth.model.value import dataclass

_RANK: Final = {status.value: rank for rank, status in enumerate(TrackStatus)}
_HANDED_OVER: Final = frozenset(
    {
        TrackStatus.HANDED_OVER,
        TrackStatus.IN_TRANSIT,
        TrackStatus.CUSTOMS,
        TrackStatus.OUT_FOR_DELIVERY,
        TrackStatus.ATTEMPTED,
        TrackStatus.WAITING,
        TrackStatus.DELIVERED,
    }
)
"""Whoever says one of these has had the parcel in hand."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is believed of a parcel: the checkpoint that stands (None: nothing was told), the newest estimate of its
    carrier, whether it was damaged, and the checkpoints that contradict what stands.
    """

    last: Checkpoint | None = None
    estimated_delivery_at: datetime | None = None
    is_damaged: bool = False
    contradictions: tuple[Checkpoint, ...] = ()

    @property
    def status(self) -> str:
        """The status that stands; empty where nothing was told."""
        return "" if self.last is None else self.last.status


def standing_of(checkpoints: Sequence[Checkpoint]) -> Standing:
    """What is believed after these checkpoints, in whatever order they came.

    They count by their own times. Once a parcel was delivered or goes back, a checkpoint of its way contradicts that,
    and is kept without being believed; so is a delivery of what goes back. What was lost may be found. A status that
    is not known is shown and moves nothing.
    """
    last: Checkpoint | None = None
    estimate: Checkpoint | None = None
    is_damaged = False
    odd: list[Checkpoint] = []
    for one in in_order(checkpoints):
        if one.estimated_delivery_at is not None:
            estimate = one
        if one.status == TrackStatus.DAMAGED:
            is_damaged = True
        if one.status not in _RANK:
            continue
        if last is not None and last.status in (TrackStatus.DELIVERED, TrackStatus.RETURNED):
            if one.status == TrackStatus.RETURNED and last.status == TrackStatus.DELIVERED:
                last = one  # a carrier that takes goods back knows better than its driver's list
                odd.append(one)
            elif one.status not in (last.status, TrackStatus.DAMAGED):
                odd.append(one)
            continue
        last = one
    return Standing(last, None if estimate is None else estimate.estimated_delivery_at, is_damaged, tuple(odd))


def in_order(checkpoints: Sequence[Checkpoint]) -> list[Checkpoint]:
    """Checkpoints by their own times, each told once; of one time in the order of a parcel's life."""
    seen = {one.key: one for one in reversed(checkpoints)}
    return sorted(seen.values(), key=lambda one: (one.at, _RANK.get(one.status, 0), one.status, one.place))


def add_checkpoint(package: Package, one: Checkpoint) -> tuple[Checkpoint, ...]:
    """The checkpoints of a package with one more, by their times; the oldest of too many but the first are dropped."""
    found = in_order((*package.checkpoints, one))
    if len(found) > CHECKPOINTS_MAX:
        found = [found[0], *found[len(found) - CHECKPOINTS_MAX + 1 :]]
    return tuple(found)


def is_known(package: Package, one: Checkpoint) -> bool:
    """Whether a package's checkpoint was told before."""
    return any(known.key == one.key for known in package.checkpoints)


def tracked_packages(work: Fulfillment, tracking_number: str) -> tuple[Package, ...]:
    """The packages of a fulfillment that bear a tracking number, or are called by it."""
    return tuple(package for package in work.packages if tracking_number in package.numbers)


def delivered_at(work: Fulfillment) -> datetime | None:
    """When the last of a fulfillment's parcels was delivered; None where one is still on its way, or none is known."""
    times = []
    for package in work.packages:
        if not package.tracking_number:
            continue
        last = standing_of(package.checkpoints).last
        if last is None or last.status != TrackStatus.DELIVERED:
            return None
        times.append(last.at)
    return max(times, default=None)


def first_scan(work: Fulfillment) -> datetime | None:
    """When the carrier had a parcel of a fulfillment in hand for the first time, as far as it says so."""
    return min(
        (one.at for package in work.packages for one in package.checkpoints if one.status in _HANDED_OVER), default=None
    )


def proofs_of(work: Fulfillment) -> tuple[Proof, ...]:
    """What shows that the parcels of a fulfillment were handed over, each proof once."""
    found = (one.proof for package in work.packages for one in package.checkpoints if one.proof is not None)
    return tuple(dict.fromkeys(found))
