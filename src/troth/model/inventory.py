"""Stock: the balance of a supply, the entries that moved it, and what is still expected."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final, NewType

from troth.model.ids import NodeId, OrderId, Sku
from troth.model.value import dataclass

Source = NewType("Source", str)
"""Which supply of a SKU at a node: `on_hand`, a lot of it such as `lot/L-7`, or a dated one such as `po/4500017/1`."""

ON_HAND: Final = Source("on_hand")
_LOT: Final = "lot/"
_TRANSFER: Final = "transfer/"
_APART: Final = "apart/"


def lot_source(lot: str) -> Source:
    """The source that stands for a lot; of what is held by no lot, what is on hand.

    >>> lot_source("L-7"), lot_source("")
    ('lot/L-7', 'on_hand')
    """
    return Source(_LOT + lot) if lot else ON_HAND


def lot_of(source: Source) -> str:
    """The lot that a source stands for; empty where it is none.

    >>> lot_of(Source("lot/L-7")), lot_of(ON_HAND)
    ('L-7', '')
    """
    return source[len(_LOT) :] if source.startswith(_LOT) else ""


def is_on_hand(source: Source) -> bool:
    """Whether a supply lies in the building: by a lot or by none; what is not is still to come.

    >>> is_on_hand(ON_HAND), is_on_hand(Source("lot/L-7")), is_on_hand(Source("po/4500017/1"))
    (True, True, False)
    """
    return source == ON_HAND or source.startswith(_LOT)


def apart_source(place: str) -> Source:
    """The source that stands for units in the building that may not be sold: returned ones, until they are restocked.

    >>> apart_source("returned")
    'apart/returned'
    """
    return Source(_APART + place)


def is_apart(source: Source) -> bool:
    """Whether a supply may not be sold, though it lies in the building.

    >>> is_apart(Source("apart/returned")), is_apart(ON_HAND)
    (True, False)
    """
    return source.startswith(_APART)


def purchase_order_source(*, number: str, line: int) -> Source:
    """The source that stands for one line of a purchase order.

    >>> purchase_order_source(number="4500017", line=1)
    'po/4500017/1'
    """
    return Source(f"po/{number}/{line}")


def transfer_source(*, transfer_id: str, line: int, lot: str = "") -> Source:
    """The source that stands for the units of one line of a transfer that are on their way, or for those of one lot.

    >>> transfer_source(transfer_id="T-7", line=2), transfer_source(transfer_id="T-7", line=2, lot="L-7")
    ('transfer/T-7/2', 'transfer/T-7/2/L-7')
    """
    return Source(f"{_TRANSFER}{transfer_id}/{line}{'/' if lot else ''}{lot}")


def lot_within(source: Source) -> str:
    """The lot that a source's units are of, on hand or on their way; empty where they are of none.

    >>> lot_within(Source("lot/L-7")), lot_within(Source("transfer/T-7/2/L-7")), lot_within(Source("transfer/T-7/2"))
    ('L-7', 'L-7', '')
    """
    if source.startswith(_TRANSFER):
        return "".join(source.split("/", 3)[3:])  # no transfer and no lot has a slash in its name
    return lot_of(source)


@dataclass(frozen=True, slots=True)
class DatedBy:
    """The line of a purchase order or transfer by which supply is still to come, and the lot that it is of, if any."""

    is_transfer: bool
    number: str
    line: int
    lot: str = ""

    @property
    def name(self) -> str:
        """What people call the document."""
        return f"{'transfer' if self.is_transfer else 'purchase order'} {self.number}"


def dated_by(source: Source) -> DatedBy | None:
    """What says when a supply comes; None where it is not still to come.

    >>> dated_by(Source("po/4500017/1")), dated_by(Source("transfer/T-7/2/L-7")).name, dated_by(ON_HAND)
    (DatedBy(is_transfer=False, number='4500017', line=1, lot=''), 'transfer T-7', None)
    """
    kind, *parts = source.split("/", 3)
    if kind not in ("po", "transfer") or len(parts) < 2:
        return None
    return DatedBy(kind == "transfer", parts[0], int(parts[1]), lot_within(source))


@dataclass(frozen=True, slots=True, order=True)
class SupplyKey:
    """One supply: what, where, out of which source. Its order is the order in which supplies are locked."""

    sku: Sku
    node: NodeId
    source: Source = ON_HAND


@dataclass(frozen=True, slots=True)
class Balance:
    """What a supply holds (units) and how much of it is reserved; `expected_at` only where it is still to come.

    `deficit` is how far a count or an adjustment brought the supply below what was already reserved. `expires_on` is
    the last day on which a lot is good; None: it keeps, or nothing is said of it.
    """

    key: SupplyKey
    on_hand: int = 0
    reserved: int = 0
    deficit: int = 0
    expected_at: datetime | None = None
    expires_on: date | None = None

    @property
    def available(self) -> int:
        """Units that can still be promised, never below zero."""
        return max(0, self.on_hand - self.reserved)


class EntryKind(StrEnum):
    """Why an entry moved a balance. `pending` reserves.

    `post`, `void` and `expire` resolve a pending one, each at most once.
    """

    RECEIPT = "receipt"
    ADJUSTMENT = "adjustment"
    COUNT = "count"
    EXPECT = "expect"
    PENDING = "pending"
    POST = "post"
    VOID = "void"
    EXPIRE = "expire"


class VarianceReason(StrEnum):
    """Why a count found something else than the books said, as far as whoever counted can tell."""

    FOUND = "found"
    DAMAGED = "damaged"
    STOLEN = "stolen"
    MISPLACED = "misplaced"
    EXPIRED = "expired"
    BOOKING_ERROR = "booking_error"
    MISSED_RECEIPT = "missed_receipt"
    UNPOSTED_SHIPMENT = "unposted_shipment"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CountMark:
    """The newest count of a supply: how many units were found (not negative) at which instant."""

    key: SupplyKey
    as_of: datetime
    on_hand: int
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement of one balance, never changed afterwards.

    Deltas in units, and the allocation that it reserves or resolves. `keeps` is how many units of the supply have to be
    free beside those that it reserves when it is written; nothing of it is stored.
    """

    key: SupplyKey
    kind: EntryKind
    on_hand_delta: int = 0
    reserved_delta: int = 0
    order_id: OrderId | None = None
    allocation: int | None = None
    reason: str = ""
    reference: str = ""
    keeps: int = 0

    @property
    def is_witness(self) -> bool:
        """Whether it moves nothing, and only says what has to stay free of a supply for what other entries take."""
        return self.kind is EntryKind.PENDING and not self.reserved_delta and self.keeps > 0


def witness_entry(key: SupplyKey, keeps: int) -> Entry:
    """The entry that lets nothing be written unless so many units of a supply stay free."""
    return Entry(key, EntryKind.PENDING, keeps=keeps)
