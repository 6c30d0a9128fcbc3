"""What a partner says of work, whichever document it says it in; not yet held against what is known here."""

from datetime import datetime
from decimal import Decimal

from troth.adapters.edi.maps.codes import SaidCode
from troth.adapters.edi.segments import Segment
from troth.model.ids import FulfillmentId
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class SaidLot:
    """Units of a lot; without a quantity it is all that its line says."""

    lot: str
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SaidLine:
    """Units of a line as they are said, and where.

    `reference` is our own number of the line, said as such; `number` that of the partner's line, which often is ours.
    `codes` name the item. `quantity` counts `unit`s (None: all of the line), of which each has `inner` pieces
    where the document says so. `reason` is why units are not there.
    """

    at: Segment
    quantity: Decimal | None
    unit: str = ""
    reference: str = ""
    number: str = ""
    codes: tuple[SaidCode, ...] = ()
    inner: int | None = None
    lots: tuple[SaidLot, ...] = ()
    serials: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SaidPackage:
    """A package that left; `lines` None: what is in it is not said. Without a tracking number its carrier knows it by
    its serial shipping container code, or by the bill of lading.
    """

    package_id: str
    lines: tuple[SaidLine, ...] | None = None
    tracking_number: str = ""
    carrier: str = ""
    service: str = ""
    weight_kg: Decimal | None = None
    bill_of_lading: str = ""


@dataclass(frozen=True, slots=True)
class SaidShipment:
    """What left of some work and when, in packages; and `outside` the lines that are said of no package, with the units
    of them that left, or 0.
    """

    at: Segment
    work: FulfillmentId
    packages: tuple[SaidPackage, ...]
    outside: tuple[SaidLine, ...] = ()
    shipped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SaidReply:
    """What a vendor says to an order before it ships: of lines so many units it will send, and so many it will not."""

    at: Segment
    work: FulfillmentId
    accepted: tuple[SaidLine, ...] = ()
    refused: tuple[SaidLine, ...] = ()
    is_all_accepted: bool = False
    is_all_refused: bool = False
    is_about_change: bool = False
    reason: str = ""
