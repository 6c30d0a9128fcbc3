"""Manifests: what a node hands to a carrier on a day, told to the carrier as a whole."""

from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from troth.model.asked import Declined, Lost
from troth.model.ids import LabelId, NodeId
from troth.model.label import CarrierPaper
from troth.model.value import dataclass

ManifestId = NewType("ManifestId", str)


class ManifestState(StrEnum):
    """What is known of a manifest: the carrier was to be told, took it, or would not."""

    REQUESTED = "requested"
    CLOSED = "closed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ManifestParcel:
    """A parcel on a manifest."""

    label_id: LabelId
    tracking_number: str
    service: str
    order: str
    recipient: str
    grams: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The `number`th manifest of a node for a carrier on a day (local), with its parcels; the carrier calls it by its
    `reference`. Its labels are on no other one, and are taken back no more.
    """

    node: NodeId
    carrier: str
    day: date
    number: int
    parcels: tuple[ManifestParcel, ...]
    requested_at: datetime
    requested_by: str
    state: ManifestState = ManifestState.REQUESTED
    version: int = 0
    reference: str = ""
    answered_at: datetime | None = None
    asked_at: datetime | None = None
    attempts: int = 0
    code: str = ""
    detail: str = ""

    @property
    def manifest_id(self) -> ManifestId:
        """Its name, which is also the key under which the carrier is told."""
        return manifest_id(self.node, self.carrier, self.day, self.number)

    @property
    def grams(self) -> int:
        """What all of it weighs."""
        return sum(parcel.grams for parcel in self.parcels)


def manifest_id(node: NodeId, carrier: str, day: date, number: int) -> ManifestId:
    """The name of a manifest.

    >>> manifest_id(NodeId("DC-PA"), "parcel", date(2026, 11, 23), 1)
    'DC-PA.parcel.2026-11-23.1'
    """
    return ManifestId(f"{node}.{carrier}.{day:%Y-%m-%d}.{number}")


@dataclass(frozen=True, slots=True)
class Closed:
    """The carrier took the manifest: what it calls it, and its own paper where it makes one."""

    reference: str
    papers: tuple[CarrierPaper, ...] = ()


CloseOutcome = Closed | Declined | Lost
