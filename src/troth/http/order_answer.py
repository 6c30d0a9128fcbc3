"""One thing: an order as the API shows it, with all of its parts, where it stands, and what may still become of it."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from troth.engine.network import Network
from troth.flows.fulfill import pickup_code
from troth.flows.messages import order_message
from troth.http.timeline import TimelinePoint, timeline_of
from troth.http.values import CostAnswer, Instant, MoneyAnswer, Window, cost, money
from troth.model.ids import FulfillmentId, LineId
from troth.model.lifecycle import ENDED, AllocationEvent, AllocationState, HoldState, is_possible
from troth.model.network import Address
from troth.model.order import Allocation, Fulfillment, Hold, Line, Method, Order, Package
from troth.model.status import (
    OrderStatus,
    fulfillment_status,
    line_status,
    live_allocations,
    order_status,
    placed_holds,
    uncovered_quantities,
)


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


class AllocationAnswer(msgspec.Struct, frozen=True):
    """Units of a line at one source: where they are taken from, and how far they are."""

    quantity: int
    node: str
    source: str
    state: AllocationState
    fulfillment_id: str
    promised_at: Window


class LineAnswer(msgspec.Struct, frozen=True):
    """A line with its status and what of it is promised from where and when; ended parts are left out."""

    line_id: str
    sku: str
    quantity: int
    canceled_quantity: int
    promised_quantity: int
    uncovered_quantity: int
    unit_price: MoneyAnswer
    need_by: Instant | None
    not_before: Instant | None
    status: OrderStatus
    promised_at: Window | None
    allocations: tuple[AllocationAnswer, ...]


class PromiseAnswer(msgspec.Struct, frozen=True):
    """When everything is promised, and what the customer is told."""

    promised_at: Window | None
    message: str
    cost_to_serve: CostAnswer


class WorkLine(msgspec.Struct, frozen=True):
    """Units of an order line in a fulfillment, and how far they are."""

    line_id: str
    sku: str
    quantity: int
    state: AllocationState


class LineUnits(msgspec.Struct, frozen=True):
    """Units of an order line."""

    line_id: str
    quantity: int


class PackageAnswer(msgspec.Struct, frozen=True):
    """One parcel; the carrier's facts are there once it is shipped."""

    package_id: str
    lines: tuple[LineUnits, ...]
    weight_kg: float | None
    carrier: str
    service: str
    tracking_number: str


class OrderWork(msgspec.Struct, frozen=True):
    """The work of one node for the order. `pickup_code` is what the customer says when collecting."""

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


class HoldAnswer(msgspec.Struct, frozen=True):
    """A reason not to release."""

    hold_id: str
    type: str
    reason: str
    placed_by: str
    placed_at: Instant
    state: HoldState
    expires_at: Instant | None


class PaymentAnswer(msgspec.Struct, frozen=True):
    """A payment as the channel reported it."""

    provider: str
    reference: str
    amount: MoneyAnswer
    status: str


class Possible(msgspec.Struct, frozen=True):
    """What may be done with the order now, and of which lines units may still be canceled."""

    actions: tuple[str, ...]
    cancelable: tuple[LineUnits, ...]


class OrderAnswer(msgspec.Struct, frozen=True):
    """An order: the customer's commitment and ours."""

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


def answer_order(order: Order, network: Network, cost_currency: str, now: datetime) -> OrderAnswer:
    """The order as it is shown at an instant; `cost_currency` is that of costs to serve."""
    works = {work.fulfillment_id: work for work in order.fulfillments}
    live = live_allocations(order)
    uncovered = uncovered_quantities(order)
    customer = order.customer
    return OrderAnswer(
        order_id=order.order_id,
        channel=order.channel,
        external_id=order.external_id,
        status=order_status(order),
        version=order.version,
        total=money(
            sum(line.unit_price_minor * (line.quantity - line.canceled_quantity) for line in order.lines),
            order.currency,
        ),
        ordered_at=order.ordered_at,
        captured_at=order.captured_at,
        release_at=order.release_at,
        released_at=order.released_at,
        canceled_at=order.canceled_at,
        customer=CustomerAnswer(customer.id, customer.name, customer.email, customer.phone),
        ship_to=None if order.ship_to is None else answer_address(order.ship_to),
        method=order.method,
        pickup_node=order.pickup_node,
        service=order.service,
        ship_complete=order.ship_complete,
        lines=tuple(_line(order, line, live, works, uncovered.get(line.line_id, 0)) for line in order.lines),
        promise=_promise(order, live, works, network, cost_currency, now),
        fulfillments=tuple(_work(order, work, cost_currency) for work in order.fulfillments),
        holds=tuple(map(_hold, order.holds)),
        payments=tuple(
            PaymentAnswer(
                payment.provider, payment.reference, money(payment.amount_minor, order.currency), payment.status
            )
            for payment in order.payments
        ),
        attributes=dict(order.attributes),
        timeline=timeline_of(order),
        possible=_possible(order, live, uncovered),
        policy_version=order.policy_version,
    )


def answer_address(address: Address) -> AddressAnswer:
    """An address as it is shown."""
    return AddressAnswer(
        address.name,
        address.line1,
        address.line2,
        address.city,
        address.region,
        address.postcode,
        address.country,
        address.latitude,
        address.longitude,
    )


def answer_package(package: Package) -> PackageAnswer:
    """A package as it is shown."""
    return PackageAnswer(
        package.package_id,
        tuple(LineUnits(line.line_id, line.quantity) for line in package.lines),
        None if package.weight_grams is None else package.weight_grams / 1000,
        package.carrier,
        package.service,
        package.tracking_number,
    )


def work_lines(order: Order, fulfillment: FulfillmentId) -> tuple[WorkLine, ...]:
    """The units that a fulfillment has, by line and state; of ended parts none, unless all have ended."""
    parts = [part for part in order.allocations if part.fulfillment_id == fulfillment]
    counted = [part for part in parts if part.state not in ENDED] or [
        part for part in parts if part.state is not AllocationState.SPLIT
    ]
    units: dict[tuple[str, str, AllocationState], int] = {}
    for part in counted:
        key = (part.line_id, part.sku, part.state)
        units[key] = units.get(key, 0) + part.quantity
    return tuple(WorkLine(line_id, sku, quantity, state) for (line_id, sku, state), quantity in units.items())


def window(work: Fulfillment) -> Window:
    """When a fulfillment is promised."""
    return Window(work.promised_from, work.promised_at)


def _line(
    order: Order,
    line: Line,
    live: tuple[Allocation, ...],
    works: Mapping[FulfillmentId, Fulfillment],
    uncovered_quantity: int,
) -> LineAnswer:
    parts = [part for part in live if part.line_id == line.line_id]
    return LineAnswer(
        line.line_id,
        line.sku,
        line.quantity,
        line.canceled_quantity,
        sum(part.quantity for part in parts),
        uncovered_quantity,
        money(line.unit_price_minor, order.currency),
        line.need_by,
        line.not_before,
        line_status(order, line),
        _last([works[part.fulfillment_id] for part in parts]),
        tuple(
            AllocationAnswer(
                part.quantity,
                part.node,
                part.source,
                part.state,
                part.fulfillment_id,
                window(works[part.fulfillment_id]),
            )
            for part in parts
        ),
    )


def _promise(
    order: Order,
    live: tuple[Allocation, ...],
    works: Mapping[FulfillmentId, Fulfillment],
    network: Network,
    cost_currency: str,
    now: datetime,
) -> PromiseAnswer:
    kept = [works[name] for name in dict.fromkeys(part.fulfillment_id for part in live)]
    sums: dict[str, int] = {}
    for work in kept:
        for name, minor in work.cost.items():
            sums[name] = sums.get(name, 0) + minor
    return PromiseAnswer(_last(kept), order_message(order, network, now), cost(sums, cost_currency))


def _last(works: list[Fulfillment]) -> Window | None:
    """The window of what comes last, which is when all of it is there."""
    return window(max(works, key=lambda work: work.promised_at)) if works else None


def _work(order: Order, work: Fulfillment, cost_currency: str) -> OrderWork:
    is_collected = work.method in (Method.PICKUP, Method.CURBSIDE)
    return OrderWork(
        work.fulfillment_id,
        work.node,
        fulfillment_status(order, work.fulfillment_id),
        work.method,
        work.service,
        work.ship_by,
        window(work),
        cost(work.cost, cost_currency),
        work_lines(order, work.fulfillment_id),
        tuple(map(answer_package, work.packages)),
        work.staging,
        work.collected_by,
        work.shipped_at,
        work.delivered_at,
        pickup_code(order, work.fulfillment_id) if is_collected else None,
    )


def _hold(hold: Hold) -> HoldAnswer:
    return HoldAnswer(hold.hold_id, hold.type, hold.reason, hold.placed_by, hold.placed_at, hold.state, hold.expires_at)


def _possible(order: Order, live: tuple[Allocation, ...], uncovered: Mapping[LineId, int]) -> Possible:
    """Read from the lifecycle table: what is there for each part, and what lies nowhere can be canceled too."""
    units = dict(uncovered)
    for part in live:
        if is_possible(part.state, AllocationEvent.CANCEL):
            units[part.line_id] = units.get(part.line_id, 0) + part.quantity
    states = {part.state for part in live}
    actions = ["cancel"] if units else []
    if states & {AllocationState.RESERVED, AllocationState.BACKORDERED}:
        actions.append("hold")
    if AllocationState.RESERVED in states and not placed_holds(order):
        actions.append("release")
    return Possible(
        tuple(actions),
        tuple(LineUnits(line.line_id, units[line.line_id]) for line in order.lines if line.line_id in units),
    )
