"""Labels: what a carrier is asked to carry, and what became of asking. A label is bought once, whoever asks for it."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from troth.model.asked import Declined, Lost
from troth.model.customs import crosses_customs
from troth.model.ids import FulfillmentId, LabelId, NodeId, OrderId, ReturnId, Sku
from troth.model.network import Address
from troth.model.packing import Size
from troth.model.value import dataclass


class LabelState(StrEnum):
    """What is known of a label: it was asked for, the carrier made it or did not, it is to be void, or is."""

    REQUESTED = "requested"
    BOUGHT = "bought"
    REFUSED = "refused"
    VOIDING = "voiding"
    VOIDED = "voided"


LIVE: Final = frozenset({LabelState.REQUESTED, LabelState.BOUGHT, LabelState.VOIDING})
"""A package has at most one label in these states."""


class Paper(StrEnum):
    """The forms in which a label is had."""

    PDF = "pdf"
    ZPL = "zpl"


MEDIA_TYPE: Final = {Paper.PDF: "application/pdf", Paper.ZPL: "application/zpl"}


@dataclass(frozen=True, slots=True)
class Contact:
    """Who sends or gets a parcel, and where they are."""

    name: str
    address: Address
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Goods:
    """What lies in a parcel: a quantity (scaled by `decimals`) of an item, what one costs (minor units) and weighs, and
    what customs know it by (empty: nobody said).
    """

    sku: Sku
    name: str
    quantity: int
    unit_price_minor: int
    unit_grams: int
    decimals: int = 0
    hs_code: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Consignment:
    """A parcel as its carrier is told of it; the `number`th `of` so many of one work, which the sender calls
    `reference`. Money is in `currency`, sizes are zeros and grams 0 where nobody knows them.
    """

    sender: Contact
    recipient: Contact
    reference: str
    goods: tuple[Goods, ...]
    currency: str
    grams: int
    size_mm: Size
    ship_by: datetime
    promised_at: datetime
    number: int = 1
    of: int = 1
    is_return: bool = False

    @property
    def is_abroad(self) -> bool:
        """Whether it has to be declared to customs."""
        return crosses_customs(self.sender.address.country, self.recipient.address.country)


@dataclass(frozen=True, slots=True)
class LabelAsk:
    """What a carrier is asked for: to carry a consignment, under a key by which it knows a repetition."""

    key: str
    service: str
    consignment: Consignment
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class CarrierPaper:
    """A label as the carrier printed it, in its own form."""

    paper: Paper
    content: bytes


@dataclass(frozen=True, slots=True)
class Bought:
    """The carrier made the label: the number of the parcel, the carrier's own name for it, what it costs (minor units;
    None: not said), and the label itself where the carrier prints it.
    """

    tracking_number: str
    reference: str = ""
    cost_minor: int | None = None
    currency: str = ""
    papers: tuple[CarrierPaper, ...] = ()


@dataclass(frozen=True, slots=True)
class Voided:
    """The carrier no longer expects the parcel, and charges nothing for it."""


BuyOutcome = Bought | Declined | Lost
VoidOutcome = Voided | Declined | Lost


@dataclass(frozen=True, slots=True)
class Label:
    """A label of one package of a work, or of a return (`subject`), and what became of it. `version` grows with each
    change.

    `attempts` counts how often the carrier did not answer what it is asked now, at `asked_at` for the last time; `code`
    and `detail` say why it refused. `void_reason` says why it is void, `kept` why the carrier would not take it back.
    `is_told`: the order knows of it; `manifest_id`: it is on that manifest. It was `chosen` for what was found, or for
    the `reason` of somebody who wanted another one, and was expected to cost `expected_minor` (None: not known).
    """

    order_id: OrderId
    number: int
    subject: FulfillmentId | ReturnId
    package_id: str
    node: NodeId
    carrier: str
    service: str
    consignment: Consignment
    requested_at: datetime
    requested_by: str
    state: LabelState = LabelState.REQUESTED
    version: int = 0
    tracking_number: str = ""
    reference: str = ""
    cost_minor: int | None = None
    currency: str = ""
    sscc: str = ""
    asked_at: datetime | None = None
    attempts: int = 0
    answered_at: datetime | None = None
    code: str = ""
    detail: str = ""
    void_reason: str = ""
    kept: str = ""
    is_told: bool = False
    manifest_id: str = ""
    expected_minor: int | None = None
    chosen: str = ""
    reason: str = ""

    @property
    def label_id(self) -> LabelId:
        """Its name, which is also the key under which the carrier is asked."""
        return LabelId(f"{self.order_id}-L{self.number}")
