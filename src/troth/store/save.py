"""One thing: the rows of everything that a batch of decisions changes, and the one statement that writes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from troth.engine.exposure.consumed import DrawMove
from troth.model.capacity import Slot
from troth.model.events import Event
from troth.model.exposure import Draw
from troth.model.ids import OrderId
from troth.model.inventory import Balance, Entry, EntryKind, SupplyKey
from troth.model.order import Order
from troth.model.plan import Trace
from troth.model.status import fulfillment_status, last_promise, next_due_at, order_status
from troth.model.totals import total_minor
from troth.model.value import dataclass
from troth.store.charges import line_charges, order_charges
from troth.store.codec import encode
from troth.store.database import Connection
from troth.store.draws import draw_row
from troth.store.queries import sql
from troth.store.save_captures import are_as_captured, capture_columns
from troth.store.save_steps import step_columns, took_steps

_SAVE = sql("save")
_SAVE_CAPTURES = sql("save_captures")
_SAVE_STEPS = sql("save_steps")
_CREATE_BALANCES = sql("create_balances")
_EVENT_VERSION = 1
_SLOT_WIDTH = 5
_DRAW_WIDTH = 8
_ALLOCATION_WIDTH = 9
_LINE_WIDTH = 10
_MAY_FALL = frozenset({EntryKind.ADJUSTMENT, EntryKind.COUNT, EntryKind.EXPECT})

# How many columns each table of the statement takes, in its order.
_WIDTHS = {
    "balances": 8,
    "orders": 29,
    "lines": 10,
    "allocations": 9,
    "fulfillments": 18,
    "holds": 8,
    "explanations": 3,
    "entries": 10,
    "events": 7,
    "keys": 5,
}


@dataclass(frozen=True, slots=True)
class OrderChange:
    """An order as it was loaded (None: new) and as it shall be."""

    before: Order | None
    after: Order


@dataclass(frozen=True, slots=True)
class Happened:
    """An event with its envelope."""

    subject: str
    event: Event
    actor: str
    cause: str
    policy_version: str


@dataclass(frozen=True, slots=True)
class UsedKey:
    """An idempotency key with the answer that the same request gets again."""

    actor: str
    key: str
    request_digest: str
    status: int
    answer: bytes


@dataclass(frozen=True, slots=True)
class SlotMove:
    """By how much the promises of a node's slot change, and what it can do at most."""

    amount: int
    capacity: int


@dataclass(slots=True)
class Batch:
    """Everything that a transaction shall write."""

    at: datetime
    orders: dict[OrderId, OrderChange] = field(default_factory=dict)
    traces: list[tuple[OrderId, int, Trace]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    expected: dict[SupplyKey, datetime] = field(default_factory=dict)
    events: list[Happened] = field(default_factory=list)
    keys: list[UsedKey] = field(default_factory=list)
    slots: dict[Slot, SlotMove] = field(default_factory=dict)
    draws: dict[Draw, DrawMove] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """Whether the plan held and everything was written; the balances as they are now, and the transaction's id."""

    holds: bool
    orders_written: int
    balances: tuple[Balance, ...]
    xid: int


async def save(connection: Connection, batch: Batch) -> Saved:
    """Write a batch if every balance still holds what was planned; otherwise write nothing and say what was found."""
    captured, stepped = _captured(batch), _stepped(batch)
    if captured is not None:
        columns = capture_columns(captured, batch.entries, batch.traces, _event_rows(batch.events))
        rows = await connection.fetch(_SAVE_CAPTURES, batch.at, *columns)
    elif stepped is not None:
        rows = await connection.fetch(_SAVE_STEPS, batch.at, *_step_columns(batch, stepped))
    else:
        rows = await connection.fetch(_SAVE, batch.at, *_columns(batch))
    balances = tuple(
        [
            Balance(SupplyKey(sku, node, source), on_hand, reserved, expected_at=expected_at)
            for _, _, _, sku, node, source, on_hand, reserved, expected_at in rows
            if sku is not None
        ]
    )
    return Saved(rows[0]["holds"], rows[0]["orders_written"], balances, rows[0]["xid"])


async def create_balances(connection: Connection, keys: Iterable[SupplyKey]) -> None:
    """Create the supplies that do not exist yet, empty."""
    wanted = sorted(set(keys))
    await connection.execute(
        _CREATE_BALANCES, [key.sku for key in wanted], [key.node for key in wanted], [key.source for key in wanted]
    )


def _captured(batch: Batch) -> list[Order] | None:
    """The orders of a batch of nothing but captures, as captured; None of any other batch."""
    if (
        batch.keys
        or batch.expected
        or batch.draws
        or any(change.before is not None for change in batch.orders.values())
    ):
        return None
    orders = [change.after for change in batch.orders.values()]
    return orders if are_as_captured(orders, batch.entries) else None


def _stepped(batch: Batch) -> list[tuple[Order, Order]] | None:
    """The orders of a batch in which nothing but parts of known orders took steps, as they were and are; None of any
    other batch.
    """
    if not batch.orders or batch.expected or batch.draws or batch.slots or batch.traces:
        return None
    found = [(one.before, one.after) for one in batch.orders.values() if one.before is not None]
    is_so = len(found) == len(batch.orders) and all(took_steps(before, after) for before, after in found)
    return found if is_so else None


def _step_columns(batch: Batch, stepped: Iterable[tuple[Order, Order]]) -> list[Sequence[Any]]:
    """The arrays of all columns, in the order of the parameters of the statement that writes steps."""
    return [
        *_arrays("balances", _balance_rows(batch.entries, batch.expected)),
        *step_columns(stepped),
        *_arrays("entries", _entry_rows(batch.entries)),
        *_arrays("events", _event_rows(batch.events)),
        *_arrays("keys", _key_rows(batch.keys)),
    ]


def _arrays(table: str, rows: Sequence[tuple[Any, ...]]) -> Iterable[Sequence[Any]]:
    return zip(*rows, strict=True) if rows else [()] * _WIDTHS[table]


def _columns(batch: Batch) -> list[Sequence[Any]]:
    """The arrays of all columns of all tables, in the order of the statement's parameters."""
    orders, lines, allocations, fulfillments, holds = [], [], [], [], []
    for change in batch.orders.values():
        before, after = change.before, change.after
        orders.append((*_order_row(after), before is None))
        lines += _line_rows(before, after)
        allocations += _allocation_rows(before, after)
        fulfillments += _fulfillment_rows(before, after)
        holds += _hold_rows(before, after)
    tables: dict[str, list[tuple[Any, ...]]] = {
        "balances": _balance_rows(batch.entries, batch.expected),
        "orders": orders,
        "lines": [row[:_LINE_WIDTH] for row in lines],
        "allocations": [row[:_ALLOCATION_WIDTH] for row in allocations],
        "fulfillments": [row[:-2] for row in fulfillments],
        "holds": holds,
        "explanations": [(order_id, version, encode(trace)) for order_id, version, trace in batch.traces],
        "entries": _entry_rows(batch.entries),
        "events": _event_rows(batch.events),
        "keys": _key_rows(batch.keys),
    }
    columns: list[Sequence[Any]] = []
    for table in _WIDTHS:
        columns += _arrays(table, tables[table])
    slots = [
        (slot.node, slot.day, slot.shift, move.amount, move.capacity)
        for slot, move in sorted(batch.slots.items())
        if move.amount
    ]
    columns += zip(*slots, strict=True) if slots else [()] * _SLOT_WIDTH
    columns.append([row[_ALLOCATION_WIDTH] for row in allocations])
    draws = [(*draw_row(draw), move.amount, move.most, move.least) for draw, move in sorted(batch.draws.items())]
    columns += zip(*draws, strict=True) if draws else [()] * _DRAW_WIDTH
    columns += [[row[-2] for row in fulfillments], [row[-1] for row in fulfillments]]
    columns.append([order_charges(change.after) for change in batch.orders.values()])
    columns.append([row[_LINE_WIDTH] for row in lines])
    return columns


def _entry_rows(entries: Iterable[Entry]) -> list[tuple[Any, ...]]:
    return [
        (
            entry.key.sku,
            entry.key.node,
            entry.key.source,
            entry.kind.value,
            entry.on_hand_delta,
            entry.reserved_delta,
            entry.order_id,
            entry.allocation,
            entry.reason,
            entry.reference,
        )
        for entry in entries
        if not entry.is_witness
    ]


def _key_rows(keys: Iterable[UsedKey]) -> list[tuple[Any, ...]]:
    return [(key.actor, key.key, key.request_digest, key.status, key.answer) for key in keys]


def _event_rows(events: Iterable[Happened]) -> list[tuple[Any, ...]]:
    return [
        (
            happened.subject,
            type(happened.event).__name__,
            _EVENT_VERSION,
            encode(happened.event),
            happened.actor,
            happened.cause,
            happened.policy_version,
        )
        for happened in events
    ]


def _balance_rows(entries: Iterable[Entry], expected: Mapping[SupplyKey, datetime]) -> list[tuple[Any, ...]]:
    """One row a supply: the sums of its deltas, and what must be available now so that it suffices at every step.

    With the available units a at the start and deltas d1, d2 … in the order of the decisions, each reservation asks
    that a + d1 + … + di >= what it has to leave; so a must be at least the largest of that less (d1 + … + di). What an
    order only takes back of what it freed a moment before (a part that is divided does) asks for nothing, so that it
    can be done while a supply is short of what it has promised. A witness takes nothing and has to leave as much.
    """
    # Plain tuples, which sort and hash several times faster than keys do.
    sums: dict[tuple[str, str, str], list[Any]] = {_plain(key): [0, 0, None, False, at] for key, at in expected.items()}
    runs: dict[tuple[str, str, str], tuple[OrderId | None, int]] = {}
    for entry in entries:
        key = _plain(entry.key)
        row = sums.setdefault(key, [0, 0, None, False, None])
        row[0] += entry.on_hand_delta
        row[1] += entry.reserved_delta
        order_id, taken = runs.get(key, (None, 0))
        taken = (taken if order_id == entry.order_id else 0) + entry.reserved_delta - entry.on_hand_delta
        runs[key] = (entry.order_id, taken)
        if entry.is_witness or (entry.reserved_delta > 0 and (taken > 0 or entry.order_id is None)):
            least = row[1] - row[0] + entry.keeps
            row[2] = least if row[2] is None else max(row[2], least)
        row[3] = row[3] or entry.kind in _MAY_FALL or (entry.kind is EntryKind.RECEIPT and entry.on_hand_delta < 0)
    return [(*key, *row) for key, row in sorted(sums.items())]


def _plain(key: SupplyKey) -> tuple[str, str, str]:
    return key.sku, key.node, key.source


def _order_row(order: Order) -> tuple[Any, ...]:
    customer = order.customer
    return (
        order.order_id,
        order.channel,
        order.external_id,
        order.digest,
        order.version,
        order_status(order).value,
        order.currency,
        total_minor(order),
        order.ordered_at,
        order.captured_at,
        order.release_at,
        next_due_at(order),
        order.released_at,
        order.canceled_at,
        last_promise(order),
        customer.id,
        customer.name,
        customer.email,
        customer.phone,
        encode(order.ship_to) if order.ship_to is not None else None,
        order.method.value,
        order.pickup_node,
        order.service,
        order.ship_complete,
        encode(order.payments),
        encode(order.attributes),
        order.policy_version,
        order.shipments_max,
    )


def _line_rows(before: Order | None, after: Order) -> list[tuple[Any, ...]]:
    known = set(before.lines) if before else ()
    return [
        (
            after.order_id,
            line.line_id,
            position,
            line.sku,
            line.quantity,
            line.unit_price_minor,
            line.need_by,
            line.not_before,
            line.canceled_quantity,
            None if line.terms is None else encode(line.terms),
            line_charges(line),
        )
        for position, line in enumerate(after.lines)
        if line not in known
    ]


def _allocation_rows(before: Order | None, after: Order) -> list[tuple[Any, ...]]:
    known = set(before.allocations) if before else ()
    return [
        (
            after.order_id,
            part.allocation,
            part.line_id,
            part.sku,
            part.node,
            part.source,
            part.quantity,
            part.state.value,
            part.fulfillment_id,
            encode(part.draws) if part.draws else None,
        )
        for part in after.allocations
        if part not in known
    ]


def _fulfillment_rows(before: Order | None, after: Order) -> list[tuple[Any, ...]]:
    known = (
        {work.fulfillment_id: (work, fulfillment_status(before, work.fulfillment_id)) for work in before.fulfillments}
        if before
        else {}
    )
    rows = []
    for work in after.fulfillments:
        status = fulfillment_status(after, work.fulfillment_id)
        if known.get(work.fulfillment_id) == (work, status):
            continue
        rows.append(
            (
                after.order_id,
                work.fulfillment_id,
                work.node,
                status.value,
                work.method.value,
                work.service,
                work.ship_by,
                work.promised_from,
                work.promised_at,
                encode(work.cost),
                encode(work.packages),
                "\n".join(number for package in work.packages for number in package.numbers if number),
                work.staging,
                work.collected_by,
                work.shipped_at,
                work.delivered_at,
                work.via,
                None if work.booking is None else encode(work.booking),
                encode(work.serials),
                work.carrier or None,
            )
        )
    return rows


def _hold_rows(before: Order | None, after: Order) -> list[tuple[Any, ...]]:
    known = set(before.holds) if before else ()
    return [
        (
            after.order_id,
            hold.hold_id,
            hold.type,
            hold.reason,
            hold.placed_by,
            hold.placed_at,
            hold.state.value,
            hold.expires_at,
        )
        for hold in after.holds
        if hold not in known
    ]
