"""Orders from their rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from troth.model.capacity import Booking
from troth.model.exposure import Draw
from troth.model.hold_terms import PLAIN, HoldTerms
from troth.model.ids import FulfillmentId, HoldId, LineId, NodeId, OrderId, Sku
from troth.model.inventory import Source
from troth.model.lifecycle import RESERVING, AllocationState, HoldState
from troth.model.network import Address
from troth.model.order import (
    Allocation,
    Customer,
    Fulfillment,
    Hold,
    Line,
    Method,
    Order,
    Package,
    Parked,
    Payment,
    Terms,
)
from troth.model.returns import Return
from troth.model.serials import UnitSerial
from troth.store.charges import line_charges_of, order_charges_of
from troth.store.codec import decode
from troth.store.database import Connection
from troth.store.parked import parked_of_row
from troth.store.pickups import pickup_of_row
from troth.store.queries import sql
from troth.store.recalls import recall_of_row
from troth.store.releases import planned_of_row

_LOCK = sql("lock_orders")
_READ = sql("read_orders")
_FIND = sql("find_orders")
_FIND_DUE = sql("find_due_orders")
_FIND_PEGGED = sql("find_orders_pegged")
_FIND_FULFILLMENTS = sql("find_fulfillments")
_FIND_TRACKING = sql("find_fulfillment_by_tracking")
_CALLED = sql("find_orders_called")
_COUNT = sql("count_orders")
_EXPLANATIONS = sql("read_explanations")

Row = Any


async def lock_orders(connection: Connection, order_ids: Iterable[OrderId]) -> dict[OrderId, int]:
    """Lock the orders that exist, sorted by id, until the transaction ends; their versions."""
    return {row["order_id"]: row["version"] for row in await connection.fetch(_LOCK, sorted(order_ids))}


async def read_orders(connection: Connection, order_ids: Iterable[OrderId]) -> dict[OrderId, Order]:
    """The orders by id; those that do not exist are left out."""
    rows = await connection.fetch(_READ, list(order_ids))
    return {order.order_id: order for order in (order_of_row(row) for row in rows)}


async def find_orders(
    connection: Connection,
    *,
    channel: str | None = None,
    statuses: Sequence[str] | None = None,
    customer: str | None = None,
    sku: str | None = None,
    node: str | None = None,
    text: str | None = None,
    is_reserving: bool = False,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[Order]:
    """A page of orders, newest first; `after` is the position (captured_at, order_id) of the last one seen.

    `is_reserving` finds only those that hold units now: of the SKU, also as a part of a kit, and at the node.
    """
    at, order_id = after or (None, None)
    states = sorted(RESERVING) if is_reserving else None
    rows = await connection.fetch(_FIND, channel, statuses, customer, sku, node, text, at, order_id, limit, states)
    found = await read_orders(connection, [row["order_id"] for row in rows])
    return [found[row["order_id"]] for row in rows]


async def find_due_orders(connection: Connection, now: datetime, *, limit: int) -> list[OrderId]:
    """The orders for which the clock has something to do by `now`, the longest overdue first."""
    return [row["order_id"] for row in await connection.fetch(_FIND_DUE, now, limit)]


async def find_orders_pegged(
    connection: Connection, sources: Sequence[Source], sku: Sku, node: NodeId
) -> list[OrderId]:
    """The orders with parts that wait for units of these sources."""
    return sorted(row["order_id"] for row in await connection.fetch(_FIND_PEGGED, list(sources), sku, node))


async def find_fulfillments(
    connection: Connection,
    *,
    node: str | None = None,
    statuses: Sequence[str] | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[tuple[Order, Fulfillment]]:
    """A page of work with its orders, most urgent first; `after` is (ship_by, fulfillment_id) of the last one seen."""
    at, last = after or (None, None)
    rows = await connection.fetch(_FIND_FULFILLMENTS, node, statuses, at, last, limit)
    found = await read_orders(connection, {row["order_id"] for row in rows})
    return [
        (found[row["order_id"]], work)
        for row in rows
        for work in found[row["order_id"]].fulfillments
        if work.fulfillment_id == row["fulfillment_id"]
    ]


async def find_fulfillment_by_tracking(connection: Connection, tracking_number: str) -> FulfillmentId | None:
    """The fulfillment that a tracking number, or the code of a package, belongs to."""
    found: FulfillmentId | None = await connection.fetchval(_FIND_TRACKING, tracking_number)
    return found


async def find_orders_called(connection: Connection, external_ids: Iterable[str]) -> dict[str, tuple[OrderId, ...]]:
    """The orders that channels call by some names; those of one name are several where several channels have it."""
    found: dict[str, tuple[OrderId, ...]] = {}
    for row in await connection.fetch(_CALLED, sorted(set(external_ids))):
        found[row["external_id"]] = (*found.get(row["external_id"], ()), row["order_id"])
    return found


async def count_orders(connection: Connection) -> dict[str, int]:
    """How many orders there are by status."""
    return {row["status"]: row["orders"] for row in await connection.fetch(_COUNT)}


async def read_explanations(connection: Connection, order_id: OrderId) -> list[tuple[int, datetime, str]]:
    """Version, time and trace (JSON text) of each decision about an order's sources, newest first."""
    return [(row["version"], row["at"], row["trace"]) for row in await connection.fetch(_EXPLANATIONS, order_id)]


def order_of_row(row: Row) -> Order:
    """The order that a row of `read_orders` holds."""
    charges = order_charges_of(row)
    return Order(
        order_id=row["order_id"],
        channel=row["channel"],
        external_id=row["external_id"],
        digest=row["digest"],
        version=row["version"],
        currency=row["currency"],
        ordered_at=row["ordered_at"],
        captured_at=row["captured_at"],
        release_at=row["release_at"],
        customer=Customer(row["customer_id"], row["customer_name"], row["customer_email"], row["customer_phone"]),
        ship_to=decode(row["ship_to"], Address) if row["ship_to"] is not None else None,
        method=Method(row["method"]),
        pickup_node=row["pickup_node"],
        service=row["service"],
        ship_complete=row["ship_complete"],
        lines=tuple(map(line_of_row, row["lines"])),
        allocations=tuple(map(_allocation, row["allocations"])),
        fulfillments=tuple(map(_fulfillment, row["fulfillments"])),
        holds=tuple(map(_hold, row["holds"])),
        payments=decode(row["payments"], tuple[Payment, ...]),
        released_at=row["released_at"],
        canceled_at=row["canceled_at"],
        policy_version=row["policy_version"],
        attributes=decode(row["attributes"], dict[str, str]),
        shipments_max=row["shipments_max"],
        parked=_parked(row),
        prices_include_tax=charges.prices_include_tax,
        delivery_charge=charges.delivery_charge,
        planned=tuple(map(planned_of_row, row["planned"])),
        returns=tuple(decode(body, Return) for body in row["returns"]),
        recalls=tuple(map(recall_of_row, row["recalls"])),
        pickups=tuple(map(pickup_of_row, row["pickups"])),
    )


def _parked(row: Row) -> tuple[Parked, ...]:
    """In the order of the lines, as everywhere."""
    if not row["parked"]:
        return ()
    positions = {line["line_id"]: position for position, line in enumerate(row["lines"])}
    return tuple(sorted(map(parked_of_row, row["parked"]), key=lambda parked: positions[parked.line_id]))


def line_of_row(row: Row) -> Line:
    """The line that a row of `order_lines` holds."""
    return Line(
        LineId(row["line_id"]),
        row["sku"],
        row["quantity"],
        row["unit_price_minor"],
        row["need_by"],
        row["not_before"],
        row["canceled_quantity"],
        None if row["terms"] is None else decode(row["terms"], Terms),
        line_charges_of(row),
    )


def _allocation(row: Row) -> Allocation:
    return Allocation(
        row["allocation"],
        row["line_id"],
        row["sku"],
        row["node"],
        row["quantity"],
        AllocationState(row["state"]),
        row["fulfillment_id"],
        row["source"],
        () if row["draws"] is None else decode(row["draws"], tuple[Draw, ...]),
    )


def _fulfillment(row: Row) -> Fulfillment:
    return Fulfillment(
        row["fulfillment_id"],
        row["node"],
        Method(row["method"]),
        row["service"],
        row["ship_by"],
        row["promised_from"],
        row["promised_at"],
        decode(row["cost"], dict[str, int]),
        decode(row["packages"], tuple[Package, ...]),
        row["staging"],
        row["collected_by"],
        row["shipped_at"],
        row["delivered_at"],
        booking=None if row["booking"] is None else decode(row["booking"], Booking),
        via=row["via"],
        serials=decode(row["serials"], tuple[UnitSerial, ...]),
        carrier=row["carrier"] or "",
    )


def _hold(row: Row) -> Hold:
    return Hold(
        HoldId(row["hold_id"]),
        row["type"],
        row["reason"],
        row["placed_by"],
        row["placed_at"],
        HoldState(row["state"]),
        row["expires_at"],
        PLAIN if row["terms"] is None else decode(row["terms"], HoldTerms),
        row["escalated_at"],
    )
