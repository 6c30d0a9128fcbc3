"""What a carrier is to the flows that follow parcels: somebody who tells where they are, unasked or asked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from troth.model.refusals import Invalid
from troth.model.tracking import Proof
from troth.model.value import dataclass


class NamedBy(StrEnum):
    """What a carrier names where it tells of parcels, beside a tracking number."""

    NUMBER = "number"
    PACKAGE = "package"
    WORK = "work"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Reference:
    """Another name of a parcel, or of what it belongs to: a `number` of its carrier, the `package` by its serial
    shipping container code, the `work` that it is of, or the `order` as its channel calls it.
    """

    by: NamedBy
    name: str


@dataclass(frozen=True, slots=True)
class ToldCheckpoint:
    """A checkpoint as a carrier tells it: its status in our words, and in its own (`told`).

    Where no parcel has its tracking number, the `references` say which ones are meant, the narrowest first.
    """

    tracking_number: str
    status: str
    at: datetime | None
    place: str = ""
    estimated_delivery_at: datetime | None = None
    told: str = ""
    proof: Proof | None = None
    references: tuple[Reference, ...] = ()


class Tracker(Protocol):
    """Reads what one carrier sends."""

    def read_notice(self, body: bytes, headers: Mapping[str, str]) -> tuple[ToldCheckpoint, ...] | Invalid | None:
        """The checkpoints of a notice; None where it is not signed as it has to be, or not in time."""
        ...


Trackers = Mapping[str, Tracker]
"""The carriers that tell us where parcels are, by name."""


@dataclass(frozen=True, slots=True)
class Silent:
    """Why a carrier did not say where parcels are, and how long it asks to wait (s; None: it does not say)."""

    reason: str
    seconds: float | None = None


class Poller(Protocol):
    """Asks one carrier where parcels are; no failure of the other side is an exception."""

    @property
    def numbers_max(self) -> int:
        """How many tracking numbers it is asked about at a time, at most."""
        ...

    @property
    def speed(self) -> float:
        """How many times as fast as life its parcels travel; 1 of all that are not played."""
        ...

    async def ask(self, tracking_numbers: Sequence[str]) -> tuple[ToldCheckpoint, ...] | Silent:
        """Everything that the carrier knows of these, those that it does not know left out. The same answer may come
        again and again: what is known is not recorded twice.
        """
        ...


Pollers = Mapping[str, Poller]
"""The carriers that are asked where parcels are, by name in small letters."""
