"""Orders as they were just captured, and those of which parts took steps, leave the same rows, whichever of the
statements writes them.
"""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.requests import Answer, Key, Request
from troth.flows.door.system import open_system
from troth.flows.people.access import Actor
from troth.flows.stock.expect import expect
from troth.model.commands import (
    AcceptWork,
    CancelOrder,
    Command,
    DeliverWork,
    ExpectedLine,
    PackWork,
    PickWork,
    ReleaseOrder,
    ShipWork,
)
from troth.model.ids import NodeId, Sku
from troth.model.order import Method, Package, PackageLine, Payment
from troth.store.queries import QUERIES
from troth.store.save_steps import took_steps

TABLES = ("orders", "order_lines", "allocations", "fulfillments", "holds", "explanations", "entries", "events")
INSERTED = re.compile(r"INSERT INTO (\w+)(?: AS \w+)? \(([^)]*)\)")
ANN = Actor("key/ann", frozenset({"inventory:write"}))
PLAIN = capture("W-1", {"A": 2, "B": 1})
ORDERS = (
    PLAIN,
    capture("W-2", {"A": 60}, payments=(Payment("stripe", "pi_1", 1990, "authorized"),), attributes={"gift": "yes"}),
    capture("W-3", {"B": 3}, ship_to=None, method=Method.PICKUP, pickup_node=NodeId("ST-NYC")),
    capture("W-4", {"C": 5}, service="standard", ship_complete=True),
    replace(
        PLAIN,
        order_id=capture("W-5").order_id,
        external_id="W-5",
        lines=tuple(
            replace(line, need_by=NOW + timedelta(days=30), not_before=NOW + timedelta(days=3)) for line in PLAIN.lines
        ),
    ),
)


def test_both_statements_fill_the_same_columns() -> None:
    general, captures = (
        {table: sorted(names.replace(",", " ").split()) for table, names in INSERTED.findall(QUERIES[query])}
        for query in ("save", "save_captures")
    )

    assert captures == {table: general[table] for table in TABLES if table != "holds"}


async def test_captured_orders_leave_the_same_rows_alone_and_beside_an_idempotency_key(database: Database) -> None:
    """What comes with a key is written by the statement for everything."""
    await set_up(database.pool, nodes=(node("DC-PA"), node("ST-NYC")), items=(item("A"), item("B"), item("C")))
    async with open_system(database.dsn, clock=Clock()) as system:
        await stock(system, {(sku, name): 50 for sku in "AB" for name in ("DC-PA", "ST-NYC")})
        expected = ExpectedLine(1, NodeId("DC-PA"), Sku("C"), 9, NOW + timedelta(days=9))
        await expect(system, "P-1", (expected,), actor=ANN)
    before = await _rows(database)

    alone = await _capture_all(database, None)
    await database.pool.execute("DELETE FROM entries WHERE order_id IS NOT NULL; UPDATE balances SET reserved = 0")
    await database.pool.execute("DELETE FROM events WHERE kind = 'OrderCaptured'; TRUNCATE orders, holds")
    await database.pool.execute("TRUNCATE order_lines, allocations, fulfillments, explanations")
    assert await _rows(database) == before
    beside = await _capture_all(database, Key("K-1", "digest"))

    assert len(alone["orders"]) == len(ORDERS)
    assert len(alone["allocations"]) > len(alone["order_lines"])
    assert alone == beside


async def test_steps_leave_the_same_rows_alone_and_beside_a_new_order(database: Database) -> None:
    """A batch in which an order is captured is written by the statement for everything."""
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A"), item("B"), item("C")))
    async with open_system(database.dsn, clock=Clock()) as system:
        await stock(system, {(sku, "DC-PA"): 50 for sku in "ABC"})
    before = await _rows(database)

    alone = await _live(database, beside=False)
    await database.pool.execute("DELETE FROM entries WHERE order_id IS NOT NULL")
    await database.pool.execute("UPDATE balances SET reserved = 0, on_hand = 50")
    await database.pool.execute("DELETE FROM events WHERE subject LIKE 'O-%'")
    await database.pool.execute("TRUNCATE orders, holds, order_lines, allocations, fulfillments, explanations")
    assert await _rows(database) == before
    beside = await _live(database, beside=True)

    assert [row["status"] for row in alone["fulfillments"]] == ["delivered"]
    assert [len(alone[table]) for table in ("orders", "order_lines", "allocations", "events")] == [1, 2, 2, 7]
    assert alone == beside


async def _live(database: Database, *, beside: bool) -> dict[str, list[dict[str, Any]]]:
    """What the life of an order leaves, each step of it alone or in one request with another order's capture."""
    clock = Clock()
    async with open_system(database.dsn, clock=clock) as system:
        order = accepted(await system.door.one(PLAIN, actor="test"))
        work = order.fulfillments[0].fulfillment_id
        packed = Package("1", tuple(PackageLine(line.line_id, line.quantity) for line in order.lines), 900)
        steps: tuple[Command, ...] = (
            ReleaseOrder(order.order_id),
            AcceptWork(work),
            PickWork(work),
            PackWork(work, (packed,)),
            ShipWork(work, (Package("1", carrier="ups", tracking_number="1Z1"),)),
            DeliverWork(work),
        )
        for number, step in enumerate(steps):
            clock.advance(minutes=10)
            others = (capture(f"X-{number}", {"C": 1}),) if beside else ()
            result = await system.door.submit(Request((step, *others), "test", "a cause"))
            after = accepted(result.outcomes[0])
            assert took_steps(order, after)
            order = after
        # What the statement has no column for is no step.
        (done,), first = order.fulfillments, order.allocations[0]
        for other in (
            replace(order, fulfillments=(replace(done, service="overnight"),)),
            replace(order, fulfillments=(replace(done, carrier="dhl", cost={}),)),
            replace(order, allocations=(replace(first, quantity=1), *order.allocations[1:])),
            replace(order, allocations=order.allocations[1:]),
            replace(order, attributes={"gift": "yes"}),
        ):
            assert not took_steps(order, other)
        canceled = accepted(
            await system.door.one(
                CancelOrder(accepted(await system.door.one(capture("X-9", {"C": 1}), actor="test")).order_id, "test"),
                actor="test",
            )
        )
        assert not took_steps(replace(canceled, canceled_at=None), canceled)
    rows = await _rows(database)
    of_order = {name: [row for row in some if order.order_id in map(str, row.values())] for name, some in rows.items()}
    return of_order | {"balances": [row for row in rows["balances"] if row["sku"] != "C"]}


async def _capture_all(database: Database, key: Key | None) -> dict[str, list[dict[str, Any]]]:
    async with open_system(database.dsn, clock=Clock()) as system:
        result = await system.door.submit(
            Request(ORDERS, "test", "a cause", key, (lambda _: Answer(201, b"")) if key else None)
        )
    for outcome in result.outcomes:
        accepted(outcome)
    return await _rows(database)


async def _rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row of the tables that orders write, but for where in the log it stands."""
    return {
        table: sorted(
            (
                {name: value for name, value in row.items() if name not in ("xid", "seq")}
                for row in await database.pool.fetch(f"SELECT * FROM {table}")
            ),
            key=str,
        )
        for table in (*TABLES, "balances")
    }
