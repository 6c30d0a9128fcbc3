"""Orders as they were just captured leave the same rows, whichever of the two statements writes them."""

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
from troth.model.commands import ExpectedLine
from troth.model.ids import NodeId, Sku
from troth.model.order import Method, Payment
from troth.store.queries import QUERIES

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
