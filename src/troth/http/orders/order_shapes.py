"""What an order looks like in an answer: itself and all of its parts."""

import msgspec

from troth.http.edge.measures import Units
from troth.http.edge.values import CostAnswer, Instant, MoneyAnswer, Window
from troth.http.orders.order_return import OrderReturn
from troth.http.orders.pickup_answer import LockerStayAnswer, PickupAnswer
from troth.http.orders.recall_answer import RecallAnswer
from troth.http.orders.schedule_shapes import ScheduleAnswer
from troth.http.orders.timeline import TimelinePoint
from troth.model.hold_terms import AtEnd, Block, Signal
from troth.model.lifecycle import AllocationState, HoldState
from troth.model.order import Consent, Fill, Method
from troth.model.status import OrderStatus


class CustomerAnswer(msgspec.Struct, frozen=True):
    """Who ordered, as the channel knows them."""

    id: str
    name: str
    email: str
    phone: str


class AddressAnswer(msgspec.Struct, frozen=True):
    """A postal address; the coordinates are there where they are known."""

    name: str
    line1: str
    line2: str
    city: str
    region: str
    postcode: str
    country: str
    latitude: float | None
    longitude: float | None
    residential: bool | None


class AllocationAnswer(msgspec.Struct, frozen=True):
    """Units of a line at one source: where they are taken from, and how far they are.

    Of a kit they are units of the component `sku`; else `sku` is the line's, or a substitute's.
    """

    sku: str
    quantity: Units
    node: str
    source: str
    state: AllocationState
    fulfillment_id: str
    promised_at: Window


class KitComponent(msgspec.Struct, frozen=True):
    """What one unit of a kit is made of."""

    sku: str
    quantity: int


class AgreedSubstitute(msgspec.Struct, frozen=True):
    """What may stand in for a line, and what a unit of it costs more."""

    sku: str
    price_delta: MoneyAnswer


class LineTerms(msgspec.Struct, frozen=True):
    """The terms on which a line is wanted where they are not those of every line; null is the order's own."""

    ship_to: AddressAnswer | None
    method: Method | None
    pickup_node: str | None
    service: str | None
    ship_together: str
    ship_together_penalty: MoneyAnswer | None
    line_complete: bool
    ship_alone: bool
    substitutes: Consent
    kit: tuple[KitComponent, ...]
    substituted: tuple[AgreedSubstitute, ...]
    min_remaining_days: int
    decimals: int
    only_from: str | None
    cancel_after: Instant | None
    need_by_firm: bool
    backorder: bool
    fill: Fill
    min_fill: int
    schedule_of: str | None


class ParkedAnswer(msgspec.Struct, frozen=True):
    """Why units of a line lie nowhere, and since when.

    Where `is_waiting` they get stock as soon as there is some, and are canceled at `until` (null: never); else a person
    must decide. `promised_at` is the promise that they had; null: they never had one.
    """

    reason: str
    since: Instant
    is_waiting: bool
    until: Instant | None
    promised_at: Instant | None


class AmountsAnswer(msgspec.Struct, frozen=True):
    """What something costs, as decimal text in one currency: its price, what is taken off, its tax, and the total.

    All of what is not canceled. Of the total so much is `earned`, as it was shipped or handed over, and of that so much
    was `credited` again by returns; what was `canceled` is no part of it.
    """

    currency: str
    price: str
    discount: str
    tax: str
    total: str
    earned: str
    canceled: str
    credited: str


class LineAnswer(msgspec.Struct, frozen=True):
    """A line with its status and what of it is promised from where and when; ended parts are left out.

    `parked` is there where some of its units lie nowhere. It `is_late` where units are promised for after `need_by`.
    """

    line_id: str
    sku: str
    quantity: Units
    canceled_quantity: Units
    promised_quantity: Units
    uncovered_quantity: Units
    unit_price: MoneyAnswer
    need_by: Instant | None
    not_before: Instant | None
    status: OrderStatus
    promised_at: Window | None
    allocations: tuple[AllocationAnswer, ...]
    terms: LineTerms | None
    parked: ParkedAnswer | None
    is_late: bool
    amounts: AmountsAnswer


class PromiseAnswer(msgspec.Struct, frozen=True):
    """When everything is promised, and what the customer is told, in which language."""

    promised_at: Window | None
    message: str
    language: str
    cost_to_serve: CostAnswer


class WorkLine(msgspec.Struct, frozen=True):
    """Units of an order line in a fulfillment, and how far they are.

    Of a kit they are units of a component, of which one kit has `units_per_kit`; reports count kits. `lot` is the one
    that they are taken from, where they are held by one.
    """

    line_id: str
    sku: str
    quantity: Units
    state: AllocationState
    units_per_kit: int | None = None
    lot: str | None = None


class LineUnits(msgspec.Struct, frozen=True):
    """Units of an order line."""

    line_id: str
    quantity: Units


class PackageAnswer(msgspec.Struct, frozen=True):
    """One parcel; the carrier's facts are there once it has a label or is shipped, `box` and size if they were told,
    and `received_at` once it came in at the node where the customer picks it up.
    """

    package_id: str
    lines: tuple[LineUnits, ...]
    weight_kg: float | None
    carrier: str
    service: str
    tracking_number: str
    received_at: Instant | None = None
    box: str | None = None
    dimensions_cm: tuple[float, float, float] | None = None


class SerialsAnswer(msgspec.Struct, frozen=True):
    """The serial numbers of an order line's units of a SKU in a fulfillment."""

    line_id: str
    sku: str
    serials: tuple[str, ...]


class OrderWork(msgspec.Struct, frozen=True):
    """The work of one node for the order. `pickup_code` is what the customer says when collecting.

    `via` is the node to which the goods go first, where the customer picks them up; `ship_to` where they go, if not
    where the order goes. `carrier` is the one that was planned with; null: nobody carries it, or it is not known.
    What is picked up is ready by `promised_at`, and can be collected first in the hours `collect`; `pickup` is what
    is known of the handing over, and `locker_stay` what it takes of a locker that hands it over.
    """

    fulfillment_id: str
    node: str
    status: AllocationState
    method: Method
    service: str
    ship_by: Instant
    promised_at: Window
    cost_to_serve: CostAnswer
    lines: tuple[WorkLine, ...]
    packages: tuple[PackageAnswer, ...]
    staging: str
    collected_by: str
    shipped_at: Instant | None
    delivered_at: Instant | None
    pickup_code: str | None
    via: str | None
    ship_to: AddressAnswer | None
    serials: tuple[SerialsAnswer, ...]
    carrier: str | None
    collect: Window | None = None
    pickup: PickupAnswer | None = None
    locker_stay: LockerStayAnswer | None = None


class HoldAnswer(msgspec.Struct, frozen=True):
    """A reason to keep from happening what it `blocks`; `owner` looks after it.

    Its clock is over at `expires_at` (null: never), and then it is lifted, the order is canceled, or it is handed on
    (`at_end`), as it was at `escalated_at`. It is lifted by people of `lift_roles` (none: by all who may write orders),
    on any of the signals `lift_on`, and as soon as `lift_when` holds of the order.
    """

    hold_id: str
    type: str
    reason: str
    placed_by: str
    placed_at: Instant
    state: HoldState
    expires_at: Instant | None
    owner: str
    blocks: tuple[Block, ...]
    at_end: AtEnd
    escalate_to: str
    escalated_at: Instant | None
    lift_roles: tuple[str, ...]
    lift_on: tuple[Signal, ...]
    lift_when: str


class PaymentAnswer(msgspec.Struct, frozen=True):
    """A payment as the channel reported it."""

    provider: str
    reference: str
    amount: MoneyAnswer
    status: str


class CustomerPossible(msgspec.Struct, frozen=True):
    """The same, as far as a customer may ask for it."""

    cancelable: tuple[LineUnits, ...]
    changes: tuple[str, ...]


class Possible(msgspec.Struct, frozen=True):
    """What may be done with the order now, of which lines units may still be canceled, and which actions of a change
    are possible for some of it: by an operator, and by a `customer`. `by_recall` names by each of them what a node may
    be asked for that cannot be done at once.
    """

    actions: tuple[str, ...]
    cancelable: tuple[LineUnits, ...]
    changes: tuple[str, ...]
    customer: CustomerPossible
    by_recall: dict[str, tuple[str, ...]]


class PlannedReleaseAnswer(msgspec.Struct, frozen=True):
    """Work that is released later than the remorse period ends, or in a wave (null: by itself)."""

    fulfillment_id: str
    release_at: Instant
    latest_at: Instant
    wave: str | None


class OrderAnswer(msgspec.Struct, frozen=True):
    """An order: the customer's commitment and ours.

    `schedules` are the lines that have several dates, each of which is a line of its own.
    `amounts` are those of its lines and of the delivery together; of the delivery also by itself, where it is charged.
    """

    order_id: str
    channel: str
    external_id: str
    status: OrderStatus
    version: int
    total: MoneyAnswer
    ordered_at: Instant
    captured_at: Instant
    release_at: Instant
    released_at: Instant | None
    canceled_at: Instant | None
    customer: CustomerAnswer
    ship_to: AddressAnswer | None
    method: Method
    pickup_node: str | None
    service: str
    ship_complete: bool
    lines: tuple[LineAnswer, ...]
    promise: PromiseAnswer
    fulfillments: tuple[OrderWork, ...]
    holds: tuple[HoldAnswer, ...]
    payments: tuple[PaymentAnswer, ...]
    attributes: dict[str, str]
    timeline: tuple[TimelinePoint, ...]
    possible: Possible
    policy_version: str
    shipments_max: int | None
    prices_include_tax: bool
    amounts: AmountsAnswer
    delivery_charge: AmountsAnswer | None
    planned_releases: tuple[PlannedReleaseAnswer, ...]
    recalls: tuple[RecallAnswer, ...]
    schedules: tuple[ScheduleAnswer, ...]
    returns: tuple[OrderReturn, ...]
