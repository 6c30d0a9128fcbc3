"""A carrier for development: numbers that can be checked, and parcels that travel, are late and get lost as one likes.

Its books are in the database, so any number of processes see the same carrier. What becomes of a parcel follows from
its number alone: the same number always has the same fate.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from troth.flows.memory.trackers import ToldCheckpoint
from troth.model.asked import Declined
from troth.model.barcodes import check_digit
from troth.model.label import Bought, BuyOutcome, Consignment, Label, LabelAsk, Voided, VoidOutcome
from troth.model.manifest import Closed, CloseOutcome, Manifest
from troth.model.tracking import TrackStatus
from troth.model.value import dataclass
from troth.store.database import Pool
from troth.store.simulated_parcels import SimulatedParcel, find_parcels, make_parcel, read_parcel, void_parcel

REFUSED: Final = "refuse"
"""A recipient whose name begins so is one to whom the carrier does not go."""
_SHARES: Final = 10_000
_LEAST: Final = timedelta(hours=1)
_OUT_BEFORE: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Behavior:
    """How a simulated carrier does: so many percent of its parcels are delayed, and lost; all of them travel so many
    times as fast as they would (`speed`).
    """

    delayed_percent: float = 0.0
    lost_percent: float = 0.0
    speed: float = 1.0


class Simulated:
    """The simulated carrier by a name, on a pool and with a clock."""

    keeps_keys_hours: float = 24.0 * 365
    numbers_max = 200

    def __init__(self, name: str, behavior: Behavior, pool: Pool, clock: Callable[[], datetime]) -> None:
        self._name, self._behavior, self._pool, self._clock = name, behavior, pool, clock

    @property
    def speed(self) -> float:
        """How many times as fast as life its parcels travel."""
        return self._behavior.speed

    @property
    def poller(self) -> "Simulated":
        """Itself."""
        return self

    async def quote(self, consignments: Sequence[Consignment]) -> None:
        """It charges what its rate cards say."""

    async def buy(self, ask: LabelAsk) -> BuyOutcome:
        """Make a parcel; the same key has the same one."""
        flaw = _find_flaw(ask)
        if flaw is not None:
            return flaw
        told = ask.consignment
        parcel = SimulatedParcel(
            ask.key,
            number_parcel(ask.key),
            self._clock(),
            told.promised_at,
            told.is_abroad,
            told.sender.address.city,
            told.recipient.address.city,
        )
        async with self._pool.acquire() as connection:
            made = await make_parcel(connection, parcel, carrier=self._name, service=ask.service)
        return _bought(made)

    async def find(self, ask: LabelAsk) -> BuyOutcome | None:
        """The parcel of a key, if it was asked for."""
        async with self._pool.acquire() as connection:
            found = await read_parcel(connection, ask.key)
        return None if found is None else _bought(found)

    async def close(self, manifest: Manifest) -> CloseOutcome:
        """Take a manifest; it has no name of its own for it."""
        return Closed(manifest.manifest_id)

    async def void(self, label: Label) -> VoidOutcome:
        """Expect a parcel no more."""
        async with self._pool.acquire() as connection:
            is_known = await void_parcel(connection, label.label_id, self._clock())
        return Voided() if is_known else Declined("no_such_parcel", f"there is no parcel {label.tracking_number}")

    async def ask(self, tracking_numbers: Sequence[str]) -> tuple[ToldCheckpoint, ...]:
        """What has happened to parcels until now."""
        async with self._pool.acquire() as connection:
            found = await find_parcels(connection, tracking_numbers)
        now = self._clock()
        return tuple(
            told
            for parcel in found
            if parcel.voided_at is None
            for told in journey(parcel, self._behavior)
            if told.at is not None and told.at <= now
        )


def number_parcel(key: str) -> str:
    """The number of the parcel of a key: two letters, twelve digits of its hash, and a check digit.

    >>> number_parcel("O-1-L1")
    'SP9326279401630'
    """
    digits = str(int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big") % 10**12).zfill(12)
    return f"SP{digits}{check_digit(digits)}"


def journey(parcel: SimulatedParcel, behavior: Behavior) -> Iterator[ToldCheckpoint]:
    """All that will be told of a parcel, from its announcement to its end; the end is when its promise is, or later."""

    def told(status: TrackStatus, at: datetime, place: str = "", due: datetime | None = None) -> ToldCheckpoint:
        return ToldCheckpoint(parcel.tracking_number, status, at, place, due)

    yield told(TrackStatus.ANNOUNCED, parcel.made_at)
    shipped_at = parcel.shipped_at
    if shipped_at is None:
        return
    way = max(parcel.promised_at - shipped_at, _LEAST)
    fate = _share(parcel.tracking_number, "fate") * 100 / _SHARES
    arrives = _share(parcel.tracking_number, "way") / _SHARES / 10  # up to a tenth of the way before its promise
    is_lost = fate < behavior.lost_percent
    is_delayed = not is_lost and fate < behavior.lost_percent + behavior.delayed_percent
    length = way * (1.5 if is_delayed else 1 - arrives) + (timedelta(days=1) if is_delayed else timedelta())

    def at(since: timedelta) -> datetime:
        return shipped_at + since / behavior.speed

    due = at(way)
    yield told(TrackStatus.HANDED_OVER, at(way * 0.02), parcel.from_city, due)
    yield told(TrackStatus.IN_TRANSIT, at(way * 0.1), parcel.from_city, due)
    if parcel.is_abroad:
        yield told(TrackStatus.CUSTOMS, at(way * 0.5))
    if is_lost:
        yield told(TrackStatus.LOST, at(way * 2 + timedelta(days=1)))
        return
    if is_delayed:
        yield told(TrackStatus.DELAYED, at(way * 0.7), "", at(length))
    yield told(TrackStatus.OUT_FOR_DELIVERY, at(length - min(_OUT_BEFORE, length * 0.25)), parcel.to_city, at(length))
    yield told(TrackStatus.DELIVERED, at(length), parcel.to_city)


def _share(number: str, of: str) -> int:
    """A number from 0 to 9,999 that follows from a parcel's."""
    return int.from_bytes(blake2b(f"{of}/{number}".encode(), digest_size=8).digest(), "big") % _SHARES


def _find_flaw(ask: LabelAsk) -> Declined | None:
    """Why the carrier does not take a parcel; None where it does."""
    to = ask.consignment.recipient
    if to.name.casefold().startswith(REFUSED):
        return Declined("not_served", f"{to.name} is not served", is_final=True)
    missing = [name for name, value in (("line1", to.address.line1), ("country", to.address.country)) if not value]
    if missing:
        return Declined("address_incomplete", f"the recipient's address lacks {', '.join(missing)}", is_final=True)
    return None


def _bought(parcel: SimulatedParcel) -> Bought:
    return Bought(parcel.tracking_number, reference=parcel.key)
