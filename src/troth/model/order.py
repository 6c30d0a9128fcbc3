"""The order and its parts. Its status is never stored by hand: it follows from the parts (see `troth.model.status`)."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from troth.model.barcodes import is_sscc
from troth.model.capacity import Booking
from troth.model.charges import Charges, DeliveryCharge
from troth.model.exposure import Draw
from troth.model.hold_terms import PLAIN, HoldTerms
from troth.model.ids import FulfillmentId, HoldId, LineId, NodeId, OrderId, Sku
from troth.model.inventory import ON_HAND, Source, SupplyKey
from troth.model.lifecycle import AllocationState, HoldState
from troth.model.network import Address
from troth.model.pickup import Pickup
from troth.model.recall import Recall
from troth.model.release import PlannedRelease
from troth.model.returns import Return
from troth.model.serials import UnitSerial
from troth.model.tracking import Checkpoint
from troth.model.value import dataclass


class Method(StrEnum):
    """How the goods reach the customer."""

    SHIP = "ship"
    PICKUP = "pickup"
    CURBSIDE = "curbside"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Customer:
    """Who ordered, as the channel knows them."""

    id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that the channel reports; never a card number."""

    provider: str
    reference: str
    amount_minor: int
    status: str


class Consent(StrEnum):
    """Whether a customer takes another item for what is short: no, wants to be asked, or yes."""

    NONE = "none"
    OFFER = "offer"
    ALLOW = "allow"


class Fill(StrEnum):
    """What becomes of an order of which a line cannot be promised in full: it is refused; the line, which is had whole
    from what is on hand or not at all, is canceled; or only what of the line cannot be promised is.
    """

    ALL = "all"
    OR_KILL = "fill_or_kill"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a line is wanted, where they are not those of every line; each default asks for nothing.

    `ship_to`, `method`, `pickup_node` and `service` stand instead of the order's (None: the order's). Lines with the
    same `ship_together` leave in one shipment, or cost `together_minor` for each shipment more where that is not None.
    `line_complete`: all units in one shipment. `kit` are the components of one unit (SKU, units) as they were at
    capture; `substituted` what a unit of each substitute costs the customer more (minor units). For so many days after
    the delivery (`min_remaining_days`) the goods must still be good. Of an item sold by measure quantities have so many
    `decimals`; what is paid for is rounded once a line. `only_from` is the one node that may send it (None: any).
    Nothing of it is promised for later than `cancel_after`, nor than when it is needed where that is
    `need_by_firm`, and without `backorder` nothing that is still to come. `fill` says what becomes of units that cannot
    be promised; of a partial line at least `min_fill_percent` are, or none. It is one of the dates of the line
    `schedule_of` (None: a line by itself).
    """

    ship_to: Address | None = None
    method: Method | None = None
    pickup_node: NodeId | None = None
    service: str | None = None
    ship_together: str = ""
    together_minor: int | None = None
    line_complete: bool = False
    ship_alone: bool = False
    substitutes: Consent = Consent.NONE
    kit: tuple[tuple[Sku, int], ...] = ()
    substituted: tuple[tuple[Sku, int], ...] = ()
    min_remaining_days: int = 0
    decimals: int = 0
    only_from: NodeId | None = None
    cancel_after: datetime | None = None
    need_by_firm: bool = False
    backorder: bool = True
    fill: Fill = Fill.ALL
    min_fill_percent: int = 0
    schedule_of: LineId | None = None

    @property
    def is_on_hand_only(self) -> bool:
        """Whether nothing of it is to be promised that is still to come."""
        return not self.backorder or self.fill is Fill.OR_KILL


@dataclass(frozen=True, slots=True)
class Line:
    """A requested quantity of one SKU; `canceled_quantity` of it is no longer wanted.

    `charges` are its discount and its tax, where it has any.
    """

    line_id: LineId
    sku: Sku
    quantity: int
    unit_price_minor: int = 0
    need_by: datetime | None = None
    not_before: datetime | None = None
    canceled_quantity: int = 0
    terms: Terms | None = None
    charges: Charges | None = None

    @property
    def decimals(self) -> int:
        """How many decimals quantities of the line have."""
        return 0 if self.terms is None else self.terms.decimals


@dataclass(frozen=True, slots=True)
class Allocation:
    """Part of a line at one supply: the subject of the lifecycle. A part that is split ends, and new parts begin.

    `draws` are the protections and quotas that its units count against.
    """

    allocation: int
    line_id: LineId
    sku: Sku
    node: NodeId
    quantity: int
    state: AllocationState
    fulfillment_id: FulfillmentId
    source: Source = ON_HAND
    draws: tuple[Draw, ...] = ()

    @property
    def key(self) -> SupplyKey:
        """The supply that this part is pegged to."""
        return SupplyKey(self.sku, self.node, self.source)


@dataclass(frozen=True, slots=True)
class PackageLine:
    """A quantity of an order line in a package."""

    line_id: LineId
    quantity: int


@dataclass(frozen=True, slots=True)
class Package:
    """One parcel of a fulfillment; the carrier's facts are there once it has a label or is shipped, `checkpoints` as
    they come. At `received_at` it came in at the node where the customer picks it up, where it is sent there first.
    It is packed in a `box` (empty: as it is, or nobody said), and is `size_mm` outside (zeros: not known).
    """

    package_id: str
    lines: tuple[PackageLine, ...] = ()
    weight_grams: int | None = None
    carrier: str = ""
    service: str = ""
    tracking_number: str = ""
    checkpoints: tuple[Checkpoint, ...] = ()
    received_at: datetime | None = None
    box: str = ""
    size_mm: tuple[int, int, int] = (0, 0, 0)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers by which its carrier tells of it: its tracking number (empty: it has none), and its serial
        shipping container code where it is called by one.
        """
        codes = (self.package_id,) if is_sscc(self.package_id) else ()
        return tuple(dict.fromkeys((self.tracking_number, *codes)))


@dataclass(frozen=True, slots=True)
class Fulfillment:
    """The work of one node for an order, with its promise.

    Out by `ship_by`, there between `promised_from` and `promised_at`. `booking` is what it takes of a limited capacity.
    `via` is the node to which the goods go first, where the customer picks them up. `serials` are those of its units,
    as far as they were named. `carrier` is the one that was planned with (empty: none, or not known).
    """

    fulfillment_id: FulfillmentId
    node: NodeId
    method: Method
    service: str
    ship_by: datetime
    promised_from: datetime
    promised_at: datetime
    cost: Mapping[str, int] = field(default_factory=dict)
    packages: tuple[Package, ...] = ()
    staging: str = ""
    collected_by: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    booking: Booking | None = None
    via: NodeId | None = None
    serials: tuple[UnitSerial, ...] = ()
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """A typed reason to keep something of an order from happening, on its terms, with its clock: `expires_at`.

    It was handed to somebody else at `escalated_at` (None: it was not), because its time was over.
    """

    hold_id: HoldId
    type: str
    reason: str
    placed_by: str
    placed_at: datetime
    state: HoldState = HoldState.PLACED
    expires_at: datetime | None = None
    terms: HoldTerms = PLAIN
    escalated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """Why units of a line lie at no supply, and since when; how many they are follows from the line and its parts.

    Those that wait (`is_waiting`) are planned again whenever stock of theirs moved, and canceled at `until` (None:
    never); about all others a person decides. `promised_at` is the promise that they had; None: they never had one.
    Those that just lost their supply are still to be sought elsewhere (not `is_sought`).
    """

    line_id: LineId
    reason: str
    since: datetime
    is_waiting: bool = False
    until: datetime | None = None
    promised_at: datetime | None = None
    is_sought: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """A customer's commitment and ours. `version` grows by one with each change.

    `release_at` ends the remorse period. Where `prices_include_tax`, the taxes of lines and delivery are parts of what
    they cost; else they come on top. `planned` are the works that are released later than `release_at`, or in a wave.
    `recalls` are the requests to nodes to give work back, `pickups` what is known of the handing over of works.
    """

    order_id: OrderId
    channel: str
    external_id: str
    digest: str
    version: int
    currency: str
    ordered_at: datetime
    captured_at: datetime
    release_at: datetime
    customer: Customer
    ship_to: Address | None
    method: Method
    pickup_node: NodeId | None
    service: str
    ship_complete: bool
    lines: tuple[Line, ...]
    allocations: tuple[Allocation, ...]
    fulfillments: tuple[Fulfillment, ...]
    holds: tuple[Hold, ...] = ()
    payments: tuple[Payment, ...] = ()
    released_at: datetime | None = None
    canceled_at: datetime | None = None
    policy_version: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    shipments_max: int | None = None
    parked: tuple[Parked, ...] = ()
    prices_include_tax: bool = False
    delivery_charge: DeliveryCharge | None = None
    planned: tuple[PlannedRelease, ...] = ()
    returns: tuple[Return, ...] = ()
    recalls: tuple[Recall, ...] = ()
    pickups: tuple[Pickup, ...] = ()
