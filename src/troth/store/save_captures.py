"""One thing: the columns of the statement that writes orders as they were just captured, and when it may be used.

Capturing is what happens thousands of times a second. Written by the statement that can write every change, an order
costs a fifth more: its rows are first looked for, since they might be changes, and some forty columns are passed that
all have the value they begin with.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from troth.model.ids import OrderId
from troth.model.inventory import Entry, EntryKind
from troth.model.order import Order
from troth.model.plan import Trace
from troth.model.status import fulfillment_status, next_due_at, order_status
from troth.model.totals import has_charges, total_minor
from troth.store.charges import line_charges, order_charges
from troth.store.codec import encode


def are_as_captured(orders: Collection[Order], entries: Collection[Entry]) -> bool:
    """Whether new orders are all as capturing made them, with nothing in the ledger but the entries that reserve them.

    A first version was not changed since, so it has no rows in other states than those it begins with. Holds, and
    what only few orders ask, are what it could begin with and the statement does not write.
    """
    return (
        bool(orders)
        and all(order.version == 1 and not order.holds and not _is_rare(order) for order in orders)
        and all(entry.kind is EntryKind.PENDING for entry in entries)
        # Each part has at most one pending entry in its life, so with as many there is one for each.
        and len(entries) == sum([len(order.allocations) for order in orders])
    )


def _is_rare(order: Order) -> bool:
    """Whether an order has what the statement has no column for."""
    return order.shipments_max is not None or any(
        [line.terms is not None for line in order.lines]
        + [work.via is not None or work.booking is not None for work in order.fulfillments]
        + [bool(part.draws) for part in order.allocations]
    )


def capture_columns(
    orders: Iterable[Order],
    entries: Iterable[Entry],
    traces: Iterable[tuple[OrderId, int, Trace]],
    events: Sequence[tuple[Any, ...]],
) -> list[Sequence[Any]]:
    """The arrays of all columns, in the order of the statement's parameters from the second on.

    `events` are rows as every batch has them.
    """
    order_rows, lines, parts, works = [], [], [], []
    for order in orders:
        order_id = order.order_id
        order_rows.append(_order_row(order))
        lines += [
            (
                order_id,
                line.line_id,
                position,
                line.sku,
                line.quantity,
                line.unit_price_minor,
                line.need_by,
                line.not_before,
                line_charges(line),
            )
            for position, line in enumerate(order.lines)
        ]
        parts += [
            (
                order_id,
                part.allocation,
                part.line_id,
                part.sku,
                part.node,
                part.source,
                part.quantity,
                part.state,
                part.fulfillment_id,
            )
            for part in order.allocations
        ]
        works += [
            (
                order_id,
                work.fulfillment_id,
                work.node,
                fulfillment_status(order, work.fulfillment_id),
                work.method,
                work.service,
                work.ship_by,
                work.promised_from,
                work.promised_at,
                encode(work.cost),
                work.carrier or None,
            )
            for work in order.fulfillments
        ]
    explanations = [(order_id, encode(trace)) for order_id, _, trace in traces]
    columns: list[Sequence[Any]] = []
    supplies = _supply_rows(entries)
    for rows, width in (
        ([row[:4] for row in supplies], 4),
        ([row[:23] for row in order_rows], 23),
        ([row[:8] for row in lines], 8),
        (parts, 9),
        ([work[:10] for work in works], 10),
        (explanations, 2),
        (events, 7),
    ):
        columns += zip(*rows, strict=True) if rows else [()] * width
    columns.append([row[4] for row in supplies])
    columns.append([work[10] for work in works])
    columns.append([row[23] for row in order_rows])
    columns.append([row[8] for row in lines])
    return columns


def _supply_rows(entries: Iterable[Entry]) -> list[tuple[Any, ...]]:
    """One row a supply, sorted: the units that all orders together reserve there, and what must be free before.

    Nothing is freed between, so what suffices for the sum suffices at every step; each has to leave what it keeps.
    """
    units: dict[tuple[str, str, str], int] = {}
    needed: dict[tuple[str, str, str], int] = {}
    for entry in entries:
        supply = (entry.key.sku, entry.key.node, entry.key.source)
        units[supply] = total = units.get(supply, 0) + entry.reserved_delta
        needed[supply] = max(needed.get(supply, 0), total + entry.keeps)
    return [(*supply, quantity, needed[supply]) for supply, quantity in sorted(units.items())]


def _order_row(order: Order) -> tuple[Any, ...]:
    customer = order.customer
    return (
        order.order_id,
        order.channel,
        order.external_id,
        order.digest,
        order_status(order),
        order.currency,
        # Without terms nothing is measured or substituted, and nothing was canceled yet.
        total_minor(order)
        if has_charges(order)
        else sum([line.unit_price_minor * line.quantity for line in order.lines]),
        order.ordered_at,
        order.release_at,
        next_due_at(order),
        max([work.promised_at for work in order.fulfillments], default=None),
        customer.id,
        customer.name,
        customer.email,
        customer.phone,
        encode(order.ship_to) if order.ship_to is not None else None,
        order.method,
        order.pickup_node,
        order.service,
        order.ship_complete,
        encode(order.payments),
        encode(order.attributes),
        order.policy_version,
        order_charges(order),
    )
