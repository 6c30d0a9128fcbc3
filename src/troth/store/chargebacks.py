"""What trading partners take off invoices: which orders are to be looked at, and what was written about them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from troth.model.chargeback import Charge, Chargeback, ChargebackRule, ChargebackState, ChargebackSums
from troth.model.events import OrderCanceled, OrderCaptured
from troth.model.ids import FulfillmentId, LineId, OrderId
from troth.model.order import Order
from troth.model.value import dataclass
from troth.store.codec import decode_event
from troth.store.database import Connection
from troth.store.events import Position
from troth.store.queries import sql

_TRY = sql("try_following_chargebacks")
_READ_READER = sql("read_log_reader")
_ADVANCE = sql("advance_log_reader")
_TOUCH = sql("touch_charged_orders")
_DUE = sql("find_charged_orders")
_LOCK = sql("lock_charged_order")
_AGAIN = sql("look_again_at_charged_order")
_CANCELATIONS = sql("read_cancelations")
_EXPECT = sql("write_expected_chargebacks")
_WRITE = sql("write_chargeback")
_DECIDE = sql("decide_chargeback")
_READ = sql("read_chargeback")
_OF_ORDER = sql("lock_chargebacks_of_order")
_FIND = sql("find_chargebacks")
_SUM = sql("sum_chargebacks")

_READER: Final = "chargebacks"


@dataclass(frozen=True, slots=True)
class ChargebackFilter:
    """Which chargebacks; None: whatever. They were incurred `since` an instant and before `until`; `only` of these
    customers.
    """

    customer_id: str | None = None
    only: Collection[str] | None = None
    state: ChargebackState | None = None
    rule: ChargebackRule | None = None
    order_id: OrderId | None = None
    since: datetime | None = None
    until: datetime | None = None


async def touch_charged(connection: Connection, *, kinds: Sequence[str], limit: int, now: datetime) -> int:
    """Mark the orders as due of which the next events of the log say something of some kinds; how many events were
    looked at. Nothing where another worker does it.
    """
    if not await connection.fetchval(_TRY):
        return 0
    reader: Any = await connection.fetchrow(_READ_READER, _READER)
    position: Position = (reader["xid"], reader["seq"])
    row = await connection.fetchrow(_TOUCH, *position, list(kinds), limit, now)
    if row is None:
        return 0
    if await connection.fetchval(_ADVANCE, _READER, *position, row["xid"], row["seq"]) is None:
        raise RuntimeError("somebody else has followed the same events")
    looked_at: int = row["looked_at"]
    return looked_at


async def find_charged(connection: Connection, now: datetime, *, limit: int) -> list[OrderId]:
    """The orders under a guide that are due."""
    return [OrderId(row["order_id"]) for row in await connection.fetch(_DUE, now, limit)]


async def lock_charged(connection: Connection, order_id: OrderId, now: datetime) -> bool:
    """Keep others from looking at an order that is due; False where it is not, or somebody else looks at it."""
    return await connection.fetchval(_LOCK, order_id, now) is not None


async def look_again(connection: Connection, order_id: OrderId, at: datetime | None) -> None:
    """Say when an order is looked at again (None: when something happens)."""
    await connection.execute(_AGAIN, order_id, at)


async def read_cancelations(
    connection: Connection, order_id: OrderId
) -> tuple[Order | None, tuple[OrderCanceled, ...]]:
    """An order as it was captured (None: that is not in the log), and all that was canceled of it."""
    events = [decode_event(row["kind"], row["body"]) for row in await connection.fetch(_CANCELATIONS, order_id)]
    captured = next((event.order for event in events if isinstance(event, OrderCaptured)), None)
    return captured, tuple(event for event in events if isinstance(event, OrderCanceled))


async def write_expected(
    connection: Connection, captured: Order, expected: Mapping[ChargebackRule, int], currency: str
) -> None:
    """Write what was expected of an order when it was captured (minor units), once."""
    rows = (list(expected), list(expected.values()))
    await connection.execute(_EXPECT, captured.order_id, captured.customer.id, currency, captured.captured_at, *rows)


async def write_chargeback(
    connection: Connection, order: Order, charge: Charge, *, guide: str, currency: str, at: datetime
) -> str:
    """Write a chargeback; its id, which begins with that of its order."""
    about = (charge.rule.value, charge.subject, charge.line_id, charge.quantity, charge.amount_minor)
    chargeback_id: str = await connection.fetchval(
        _WRITE, order.order_id, order.customer.id, guide, *about, currency, charge.incurred_at, at
    )
    return chargeback_id


async def write_decision(connection: Connection, decided: Chargeback, *, were: Collection[ChargebackState]) -> bool:
    """Write what was decided about a chargeback that was in one of some states; False where it is in none of them."""
    states = [state.value for state in were]
    about = (decided.state.value, decided.accepted_minor, decided.reason, decided.reference)
    row = (decided.order_id, decided.chargeback_id, states, *about, decided.decided_at, decided.decided_by)
    return await connection.fetchval(_DECIDE, *row) is not None


async def read_chargeback(connection: Connection, chargeback_id: str) -> Chargeback | None:
    """A chargeback by its id."""
    row = await connection.fetchrow(_READ, chargeback_id.rpartition("-B")[0], chargeback_id)
    return None if row is None else _chargeback(row)


async def lock_chargebacks_of(connection: Connection, order_id: OrderId) -> list[Chargeback]:
    """All chargebacks of an order, also those that were taken back, about which nobody else decides meanwhile."""
    return [_chargeback(row) for row in await connection.fetch(_OF_ORDER, order_id)]


async def find_chargebacks(
    connection: Connection, wanted: ChargebackFilter, *, before: tuple[datetime, str] | None, limit: int
) -> list[Chargeback]:
    """A page of chargebacks, the newest first."""
    at, chargeback_id = before or (None, None)
    only = None if wanted.only is None else sorted(wanted.only)
    named = (wanted.state, wanted.rule, wanted.order_id, wanted.since, wanted.until)
    rows = await connection.fetch(_FIND, wanted.customer_id, only, *named, at, chargeback_id, limit)
    return [_chargeback(row) for row in rows]


async def sum_chargebacks(connection: Connection, wanted: ChargebackFilter) -> list[ChargebackSums]:
    """What chargebacks come to by customer, currency and rule; of the filters those count that are about customers and
    the period, in which orders were promised (what was expected), or charges incurred.
    """
    only = None if wanted.only is None else sorted(wanted.only)
    return [
        ChargebackSums(
            row["customer_id"],
            row["currency"],
            ChargebackRule(row["rule"]),
            row["expected"],
            row["open"],
            row["disputed"],
            row["accepted"],
            row["waived"],
        )
        for row in await connection.fetch(_SUM, wanted.customer_id, only, wanted.since, wanted.until)
    ]


def _chargeback(row: Any) -> Chargeback:
    rule, units = ChargebackRule(row["rule"]), row["quantity"]
    return Chargeback(
        row["chargeback_id"],
        OrderId(row["order_id"]),
        row["customer_id"],
        row["guide"],
        Charge(
            rule, FulfillmentId(row["subject"]), LineId(row["line_id"]), units, row["amount_minor"], row["incurred_at"]
        ),
        row["currency"],
        row["written_at"],
        ChargebackState(row["state"]),
        row["accepted_minor"],
        row["reason"],
        row["reference"],
        row["decided_at"],
        row["decided_by"],
    )
