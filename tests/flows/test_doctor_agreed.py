"""The doctor derives credit and call-offs again: nothing where all is well, and each damage by its order."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import Report, Severity, examine
from troth.flows.records.blanket_orders import set_blanket_order
from troth.flows.records.configure import Set
from troth.flows.records.customers import set_terms
from troth.model.blanket import BLANKET_ORDER, BlanketLine, BlanketOrder
from troth.model.commands import CancelOrder, LineQuantity, ReleaseOrder, ShipWork
from troth.model.credit import CustomerTerms
from troth.model.ids import LineId, Sku
from troth.model.order import Customer, Line, Order

PRICE = 1_990
LINES = (BlanketLine(Sku("A"), PRICE, 20), BlanketLine(Sku("M"), 333, None, 2))
AGREED = BlanketOrder("BO-1", "C-1", "USD", NOW, NOW + timedelta(days=300), LINES, 100_000)


async def place(system: System, name: str, *lines: Line, customer: str = "C-1", blanket: str = "") -> Order:
    attributes = {BLANKET_ORDER: blanket} if blanket else {}
    command = replace(capture(name), lines=lines, customer=Customer(customer), attributes=attributes)
    return accepted(await system.door.one(command, actor="test"))


def units(count: int) -> Line:
    return Line(LineId("1"), Sku("A"), count, PRICE)


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    """Of one customer with a limit an order that left, one that is open and in part canceled, one on hold, and
    call-offs of pieces and of what is sold by measure; and an order of a customer without a limit.
    """
    items = (item("A"), item("M", unit="m", decimals=2))
    await set_up(database.pool, nodes=(node("DC-PA"),), items=items)
    async with open_system(database.dsn, clock=Clock()) as opened:
        await stock(opened, {("A", "DC-PA"): 100, ("M", "DC-PA"): 9_000})
        await set_terms(opened, CustomerTerms("C-1", credit_limit_minor=20 * PRICE), actor="test")
        await set_terms(opened, CustomerTerms("C-2"), actor="test")
        assert isinstance(await set_blanket_order(opened, AGREED, actor="test"), Set)
        left = await place(opened, "LEFT", units(3))
        accepted(await opened.door.one(ReleaseOrder(left.order_id), actor="test"))
        accepted(await opened.door.one(ShipWork(left.fulfillments[0].fulfillment_id), actor="node"))
        both = (units(5), Line(LineId("2"), Sku("M"), 125, 333))
        called = await place(opened, "CALLED", *both, blanket="BO-1")
        some = (LineQuantity(LineId("1"), 1), LineQuantity(LineId("2"), 25))
        accepted(await opened.door.one(CancelOrder(called.order_id, "less", some), actor="test"))
        gone = await place(opened, "GONE", units(2), blanket="BO-1")
        accepted(await opened.door.one(CancelOrder(gone.order_id, "not wanted"), actor="test"))
        await place(opened, "HELD", units(30))
        await place(opened, "FREE", units(1), customer="C-2")
        yield opened


def of_check(report: Report, check: str) -> tuple[Severity, tuple[str, ...]]:
    found = next(one for one in report.findings if one.check == check)
    return found.severity, found.rows


async def test_what_orders_use_and_take_is_what_is_written(system: System) -> None:
    report = await examine(system.pool, now=system.door.now())

    assert report.is_clean, report.text()
    assert [of_check(report, check) for check in ("credit", "call-offs")] == [(Severity.OK, ()), (Severity.OK, ())]
    assert await system.pool.fetchval("SELECT sum(quantity) FROM call_offs") == 4 + 100
    assert await system.pool.fetchval("SELECT count(*) FROM credit_uses") == 2


@pytest.mark.parametrize(
    ("check", "damage", "named", "told"),
    [
        (
            "credit",
            "UPDATE credit_uses SET open_minor = open_minor + 1 WHERE held_minor = 0",
            "CALLED",
            "counted 0 invoiced, 8294 open, 0 held; uses 0 invoiced, 8293 open, 0 held",
        ),
        (
            "credit",
            "UPDATE credit_uses SET held_minor = 0 WHERE held_minor > 0",
            "HELD",
            "counted 0 invoiced, 59700 open, 0 held; uses 0 invoiced, 59700 open, 59700 held",
        ),
        (
            "credit",
            "DELETE FROM credit_uses WHERE held_minor = 0",
            "CALLED",
            "counted 0 invoiced, 0 open, 0 held; uses 0 invoiced, 8293 open, 0 held",
        ),
        (
            "credit",
            "UPDATE credit_invoices SET amount_minor = amount_minor - 1",
            "LEFT",
            "counted 5969 invoiced, 0 open, 0 held; uses 5970 invoiced, 0 open, 0 held",
        ),
        (
            "credit",
            "INSERT INTO credit_uses SELECT 'C-1', order_id, 7, 0 FROM orders WHERE external_id = 'FREE'",
            "FREE",
            "counted 0 invoiced, 7 open, 0 held; uses 0 invoiced, 0 open, 0 held",
        ),
        (
            "call-offs",
            "UPDATE call_offs SET quantity = quantity - 1 WHERE quantity = 4",
            "CALLED",
            "A: called 3 for 7960, the order takes 4 for 7960",
        ),
        (
            "call-offs",
            "UPDATE call_offs SET amount_minor = amount_minor + 1 WHERE sku = 'M'",
            "CALLED",
            "M: called 100 for 334, the order takes 100 for 333",
        ),
        (
            "call-offs",
            "DELETE FROM call_offs WHERE sku = 'M'",
            "CALLED",
            "M: called 0 for 0, the order takes 100 for 333",
        ),
    ],
)
async def test_what_is_damaged_is_named_by_its_order(
    system: System, check: str, damage: str, named: str, told: str
) -> None:
    await system.pool.execute(damage)
    order_id = await system.pool.fetchval("SELECT order_id FROM orders WHERE external_id = $1", named)
    severity, rows = of_check(await examine(system.pool, now=system.door.now()), check)

    assert (severity, len(rows)) == (Severity.PROBLEM, 1)
    assert (order_id in rows[0], rows[0].endswith(told)) == (True, True), rows


@pytest.mark.parametrize(
    ("field", "value", "row"),
    [
        ("lines,0,quantity", "3", "BO-1  A: called 4 of 3 agreed"),
        ("value_max_minor", "8000", "BO-1  : called for 8293 of 8000 agreed"),
    ],
)
async def test_more_than_was_agreed_is_named(system: System, field: str, value: str, row: str) -> None:
    await system.pool.execute(
        "UPDATE blanket_orders SET document = jsonb_set(document::jsonb, $1::text[], $2::text::jsonb)::json",
        field.split(","),
        value,
    )

    assert of_check(await examine(system.pool, now=system.door.now()), "call-offs") == (Severity.PROBLEM, (row,))
