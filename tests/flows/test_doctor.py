"""The doctor finds what does not fit, names the rows, and finds nothing where all is well."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import CHECKS, Finding, Report, Severity, examine
from troth.flows.log.maintain import create_partitions
from troth.flows.log.seal import seal_log
from troth.flows.log.subscribe import subscribe
from troth.flows.log.verify_orders import verify_orders
from troth.flows.orders.due import act_on_due
from troth.model.commands import CancelOrder, LineQuantity, PickWork, RejectWork, ShipWork
from troth.model.ids import LineId


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    """A system with orders in many states, two of them released and worked on, and two seals."""
    await create_partitions(database.pool, NOW)
    await set_up(database.pool, nodes=(node("DC-PA"), node("DC-IL")), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 50, ("A", "DC-IL"): 50, ("B", "DC-IL"): 50})
        for number in range(6):
            accepted(await opened.door.one(capture(f"W-{number}", {"A": 2, "B": 1}), actor="test"))
        accepted(await opened.door.one(capture("W-0", {"A": 2, "B": 1}), actor="test"))
        await seal_log(opened.pool, NOW)
        clock.advance(minutes=31)
        await act_on_due(opened, opened.door.now(), limit=4)
        await work(opened)
        await seal_log(opened.pool, NOW)
        yield opened


async def work(system: System) -> None:
    """Ship one order, reject part of another, pick a third short, cancel part of a fourth."""
    rows = await system.pool.fetch(
        "SELECT DISTINCT ON (order_id) order_id, fulfillment_id FROM fulfillments JOIN orders USING (order_id)"
        " WHERE orders.status = 'released' ORDER BY order_id, fulfillment_id"
    )
    one = (LineQuantity(LineId("1"), 1, "not_found"),)
    accepted(await system.door.one(ShipWork(rows[0]["fulfillment_id"]), actor="node"))
    accepted(await system.door.one(RejectWork(rows[1]["fulfillment_id"], "busy"), actor="node"))
    await system.door.one(PickWork(rows[2]["fulfillment_id"], one), actor="node")
    accepted(await system.door.one(CancelOrder(rows[3]["order_id"], "changed mind", one), actor="test"))


def by_check(report: Report) -> dict[str, Finding]:
    return {finding.check: finding for finding in report.findings}


async def test_a_healthy_system_is_clean(system: System) -> None:
    report = await examine(system.pool, orders_max=None, now=system.door.now())
    assert report.is_clean, report.text()
    bad = {finding.check for finding in report.findings if finding.severity is not Severity.OK}
    assert bad <= {"server", "due"}  # the tests' server is not durable, and two orders are still due
    assert list(by_check(report)) == list(CHECKS)
    assert by_check(report)["orders"].detail == "all 6 are what their events say"


@pytest.mark.parametrize(
    ("check", "damage", "named"),
    [
        ("balances", "UPDATE balances SET on_hand = on_hand + 1 WHERE sku = 'B'", "B at DC-IL (on_hand): on hand 5"),
        ("balances", "DELETE FROM balances WHERE sku = 'B'", "B at DC-IL (on_hand): on hand 0, ledger"),
        (
            "reservations",
            "DELETE FROM allocations WHERE state = 'reserved' AND sku = 'B'",
            "B at DC-IL (on_hand): reserved",
        ),
        (
            "resolutions",
            "INSERT INTO entries (sku, node, source, at, kind, on_hand_delta, reserved_delta, order_id, allocation,"
            " reason, reference) SELECT sku, node, source, at, kind, on_hand_delta, reserved_delta, order_id,"
            " allocation, reason, reference FROM entries WHERE kind = 'pending' LIMIT 1",
            "reserved 2 times, resolved",
        ),
        ("orphans", "DELETE FROM orders WHERE external_id = 'W-0'", "allocations: O-"),
        (
            "orphans",
            "DELETE FROM order_lines WHERE order_id = (SELECT min(order_id) FROM orders)",
            "orders without lines: O-",
        ),
        ("orders", "UPDATE orders SET version = version + 1 WHERE external_id = 'W-0'", "version is "),
        ("orders", "UPDATE orders SET status = 'delivered'", "status is 'delivered', follows as"),
        ("orders", "UPDATE orders SET total_minor = total_minor + 1", "total_minor is 5971, follows as 5970"),
        ("totals", "UPDATE orders SET total_minor = total_minor + 1", "total 5971, its parts come to 5970"),
        ("totals", "UPDATE order_lines SET unit_price_minor = 1991 WHERE line_id = '2'", "total 5970, its parts come"),
        ("orders", "UPDATE orders SET due_at = due_at + interval '1 s' WHERE due_at IS NOT NULL", "due_at is "),
        (
            "orders",
            "UPDATE fulfillments SET status = 'shipped' WHERE status = 'reserved'",
            "is shipped, follows as reserved",
        ),
        (
            "orders",
            "DELETE FROM events WHERE kind = 'OrderCaptured' AND subject = (SELECT min(order_id) FROM orders)",
            "its events make no order",
        ),
        (
            "orders",
            "UPDATE events SET body = '{}' WHERE kind = 'OrderReleased'",
            "its events make no order (ValidationError",
        ),
        (
            "seals",
            "UPDATE entries SET on_hand_delta = 51 WHERE sku = 'B' AND kind = 'adjustment'",
            "seal 1: a row of its",
        ),
        ("constraints", "ALTER TABLE balances DROP CONSTRAINT balances_never_oversold", "balances_never_oversold"),
    ],
)
async def test_damage_is_a_problem_that_names_its_rows(system: System, check: str, damage: str, named: str) -> None:
    await system.pool.execute(damage)
    report = await examine(system.pool, orders_max=None, now=system.door.now())
    found = by_check(report)[check]
    assert not report.is_clean
    assert found.severity is Severity.PROBLEM
    assert any(named in row for row in found.rows), found


async def test_what_will_go_wrong_is_a_warning(system: System, clock: Clock) -> None:
    await subscribe(system, url="http://127.0.0.1:9/", kinds=(), is_from_start=True, actor="test")
    clock.advance(minutes=5)
    await stock(system, {("A", "DC-PA"): 1})
    await system.pool.execute(
        "UPDATE events SET at = '2020-01-01' WHERE kind = 'StockAdjusted' AND at > $1", clock.now - timedelta(minutes=1)
    )
    found = by_check(await examine(system.pool, now=system.door.now()))
    assert {name for name, one in found.items() if one.severity is Severity.WARNING} >= {
        "due",
        "subscriptions",
        "partitions",
    }
    assert "is 2160 s behind after 0 failures" in found["subscriptions"].rows[0].replace(",", "")
    assert found["partitions"].rows == ("events: 1", "entries: 0")


async def test_a_paused_subscription_is_shown_with_its_reason(system: System) -> None:
    await subscribe(system, url="http://127.0.0.1:9/", kinds=(), name="ERP", actor="test")
    await system.pool.execute("UPDATE subscriptions SET state = 'paused', failures = 15, last_error = '503: no'")
    found = by_check(await examine(system.pool, now=system.door.now()))["subscriptions"]
    assert found.severity is Severity.WARNING
    assert found.rows[0].endswith("ERP is paused after 15 failures: 503: no")


async def test_a_database_behind_this_release_is_a_problem(system: System) -> None:
    await system.pool.execute("UPDATE schema_migrations SET digest = 'x' WHERE version = 1")
    found = by_check(await examine(system.pool, now=system.door.now()))["migrations"]
    assert (found.severity, "is not what this database applied" in found.detail) == (Severity.PROBLEM, True)


async def test_a_sample_of_orders_goes_round_from_where_it_begins(system: System) -> None:
    ids = [row["order_id"] for row in await system.pool.fetch("SELECT order_id FROM orders ORDER BY order_id")]
    assert (await verify_orders(system.pool, begin_after=ids[2], limit=4)).orders == 4
    assert (await verify_orders(system.pool, begin_after=ids[2], limit=100)).orders == 6
    assert (await verify_orders(system.pool, begin_after="O-ZZZZ", limit=100)).orders == 6
    await system.pool.execute("UPDATE orders SET version = 99 WHERE order_id = $1", ids[0])
    assert (await verify_orders(system.pool, begin_after=ids[2], limit=4)).differences.count == 1
    assert (await verify_orders(system.pool, begin_after=ids[2], limit=3)).differences.count == 0


async def test_a_report_is_text_for_people_and_json_for_programs(system: System) -> None:
    steps: list[str] = []
    await system.pool.execute("UPDATE balances SET on_hand = 999 WHERE sku = 'B'")
    report = await examine(system.pool, now=system.door.now(), progress=steps.append)
    assert "problem  balances: 1 balances differ from the ledger\n         - B at DC-IL" in report.text()
    document = json.loads(report.json())
    assert document["is_clean"] is False
    assert [one["check"] for one in document["findings"]] == list(CHECKS)
    assert steps[:3] == ["server", "migrations", "constraints"]
    assert "orders: 6 folded again" in steps
