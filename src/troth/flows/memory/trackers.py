"""What a carrier is to the flows that follow parcels: somebody who tells where they are, and proves who it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from troth.model.refusals import Invalid
from troth.model.tracking import Proof


@dataclass(frozen=True, slots=True)
class ToldCheckpoint:
    """A checkpoint as a carrier tells it: its status in our words, and in its own (`told`)."""

    tracking_number: str
    status: str
    at: datetime | None
    place: str = ""
    estimated_delivery_at: datetime | None = None
    told: str = ""
    proof: Proof | None = None


class Tracker(Protocol):
    """Reads what one carrier sends."""

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> tuple[ToldCheckpoint, ...] | Invalid | None:
        """The checkpoints of a notice; None where it is not signed as it has to be, or not in time."""
        ...


Trackers = Mapping[str, Tracker]
"""The carriers that tell us where parcels are, by name."""
