"""Loading order history: dirt is told row by row, nothing is captured twice, and the account is exact."""

import asyncio
import csv
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.builders import item, node, set_up, stock
from tests.cli.history_files import (
    CLEAN,
    DIRTY,
    HEADER,
    MAPPING,
    load,
    many_rows,
    read_refused,
    stored_lines,
    write_lines,
)
from tests.conftest import Database
from troth.adapters.history import Account
from troth.adapters.history.assemble import Overview
from troth.flows.door.system import System, open_system
from troth.flows.log.doctor import examine
from troth.model.commands import ReleaseOrder
from troth.model.ids import OrderId


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A-1"),))
    async with open_system(database.dsn) as opened:
        yield opened


async def test_every_row_of_a_dirty_file_is_accounted_for(system: System, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "history.csv", [HEADER, *DIRTY])

    account = await load(system, path)

    assert account.rows_open == 0
    assert account.as_dict() | {"stocked_units": 8} == {
        "rows_read": 18,
        "rows_captured": 5,
        "rows_known": 0,
        "rows_skipped": 3,
        "rows_refused": 10,
        "rows_open": 0,
        "orders_captured": 3,
        "orders_known": 0,
        "orders_refused": 8,
        "skipped": {"charge": 1, "credit note": 1, "is blank": 1},
        "refused": {
            "belongs to a refused order": 2,
            "quantity is not above zero": 1,
            "ordered_at is no time of the form %d.%m.%Y %H:%M": 1,
            "customer_id is missing": 1,
            "unit_price is no amount of EUR": 1,
            "country is no country": 1,
            "is badly quoted": 1,
            "quantity is no whole number": 1,
            "has another number of cells": 1,
        },
        "items_created": 2,
        "stocked_units": 8,
        "interrupted": False,
    }
    assert {(row["refused_line"], row["refused_column"]) for row in read_refused(tmp_path / "history.refused.csv")} == {
        ("7", "Pieces"),
        ("8", "When"),
        ("9", "Buyer"),
        ("10", ""),
        ("11", "Each"),
        ("12", "Land"),
        ("14", ""),
        ("15", "Pieces"),
        ("18", ""),
        ("19", ""),
    }
    assert await stored_lines(system) == {
        "1001": [("1", "A-1", 2, 450), ("2", "B-2", 1, 700), ("3", "C-3", 1, 1200)],
        "1002": [("1", "A-1", 3, 450)],
        "1011": [("1", "B-2", 1, 700)],
    }
    assert (await examine(system.pool)).is_clean


async def test_times_and_customers_are_read_as_the_mapping_says(system: System, tmp_path: Path) -> None:
    await load(system, write_lines(tmp_path / "history.csv", [HEADER, *CLEAN]))

    async with system.pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT external_id, ordered_at, captured_at > now() - interval '1 hour' AS is_new, customer_id,"
            " ship_to ->> 'country' AS country FROM orders ORDER BY external_id"
        )
    assert [(row[0], row[1].isoformat(), *row[2:]) for row in rows] == [
        ("1001", "2026-03-01T08:15:00+00:00", True, "17", "DE"),
        ("1002", "2026-03-02T09:00:00+00:00", True, "18", "US"),
    ]


async def test_a_file_that_is_loaded_again_changes_nothing(system: System, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "history.csv", [HEADER, *DIRTY])
    await load(system, path)
    before = await _everything(system)

    again = await load(system, path)

    assert (again.orders_captured, again.orders_known, again.rows_known) == (0, 3, 5)
    assert (again.refused.total(), again.skipped.total(), again.rows_open) == (10, 3, 0)
    assert (again.items_created, again.stocked_units) == (0, 0)
    assert await _everything(system) == before


async def test_a_load_that_is_stopped_goes_on_without_a_duplicate(system: System, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "history.csv", [HEADER, *many_rows(2_000)])
    stop = asyncio.Event()

    def stop_early(account: Account, overview: Overview) -> None:
        if account.orders_captured >= 100:
            stop.set()

    stopped = await load(system, path, stop=stop, progress=stop_early)
    assert stopped.is_interrupted
    assert 100 <= stopped.orders_captured < 2_000
    assert stopped.rows_open == stopped.rows_read - stopped.rows_captured

    rest = await load(system, path)

    assert (rest.orders_known, rest.orders_captured) == (stopped.orders_captured, 2_000 - stopped.orders_captured)
    assert rest.rows_open == 0
    assert await _stock(system) == {"A-1": (2_000, 2_000)}


async def test_a_load_that_dies_midway_goes_on_without_a_duplicate(system: System, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "history.csv", [HEADER, *many_rows(1_000)])

    def die(account: Account, overview: Overview) -> None:
        if account.orders_captured >= 300:
            raise MemoryError

    with pytest.raises(ExceptionGroup):
        await load(system, path, progress=die)
    # What the door was writing meanwhile is written before the next load looks, as it is once a process has died.
    await system.door.one(ReleaseOrder(OrderId("none")), actor="test")

    rest = await load(system, path)

    assert rest.orders_known >= 300
    assert rest.orders_known + rest.orders_captured == 1_000
    assert await _stock(system) == {"A-1": (1_000, 1_000)}


async def test_refused_rows_are_taken_once_they_are_mended(system: System, tmp_path: Path) -> None:
    await load(system, write_lines(tmp_path / "history.csv", [HEADER, *DIRTY]))
    refused = tmp_path / "history.refused.csv"
    rows = read_refused(refused)
    for row in rows:
        row["Buyer"] = row["Buyer"] or "18"
        row["Pieces"] = {"-4": "4", "one": "1"}.get(row["Pieces"], row["Pieces"])
        row["Land"] = "Germany"
    with refused.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    account = await load(system, refused)

    assert account.rows_read == account.rows_captured + account.refused.total() == 10
    assert account.orders_captured == 4
    assert set(await stored_lines(system)) == {"1001", "1002", "1004", "1006", "1008", "1010", "1011"}
    again = read_refused(tmp_path / "history.refused.refused.csv")
    assert [row["Bill"] for row in again] == ["1005", "1007", "1009", "1012", "1012"]
    assert list(again[0])[:8] == HEADER.split(",")
    assert list(again[0])[8:] == ["refused_line", "refused_column", "refused_reason"]


async def test_an_order_with_other_content_than_before_is_refused(system: System, tmp_path: Path) -> None:
    await load(system, write_lines(tmp_path / "first.csv", [HEADER, *CLEAN]))

    changed = CLEAN[3].replace(",3,", ",5,")
    account = await load(system, write_lines(tmp_path / "second.csv", [HEADER, *CLEAN[:3], changed]))

    assert account.refused == {"order-differs": 1}
    assert (account.rows_known, account.skipped.total()) == (2, 1)


async def test_without_a_stock_rule_what_is_short_is_refused_by_line(system: System, tmp_path: Path) -> None:
    await stock(system, {("A-1", "DC-PA"): 4})
    plain = MAPPING.replace('stock = "as_needed"\nstock_node = "DC-PA"\n', "").replace("create_items = true", "")

    account = await load(system, write_lines(tmp_path / "history.csv", [HEADER, *CLEAN]), mapping=plain)

    assert account.refused == {"invalid-request": 1, "belongs to a refused order": 1}
    assert account.orders_captured == 1
    rows = {row["refused_line"]: row for row in read_refused(tmp_path / "history.refused.csv")}
    assert rows["3"]["refused_column"] == "Code"
    assert rows["3"]["refused_reason"] == "/lines/1/sku there is no item B-2"
    assert rows["2"]["refused_reason"] == "the order is refused because of line 3"


async def test_rows_that_contradict_their_order_are_refused_with_it(system: System, tmp_path: Path) -> None:
    rows = [CLEAN[0], CLEAN[1].replace("17.0", "99.0"), CLEAN[3]]

    account = await load(system, write_lines(tmp_path / "history.csv", [HEADER, *rows]))

    assert account.refused == {"contradicts the order's first row": 1, "belongs to a refused order": 1}
    assert account.orders_captured == 1


async def test_a_file_without_refusals_leaves_no_file_of_them(system: System, tmp_path: Path) -> None:
    await load(system, write_lines(tmp_path / "history.csv", [HEADER, *CLEAN]))

    assert not (tmp_path / "history.refused.csv").exists()


async def _stock(system: System) -> Mapping[str, tuple[int, int]]:
    async with system.pool.acquire() as connection:
        rows = await connection.fetch("SELECT sku, on_hand, reserved FROM balances ORDER BY sku")
    return {row[0]: (row[1], row[2]) for row in rows}


async def _everything(system: System) -> Mapping[str, int]:
    async with system.pool.acquire() as connection:
        return {
            table: await connection.fetchval(f"SELECT count(*) FROM {table}")
            for table in ("orders", "order_lines", "allocations", "entries", "events", "items", "balances")
        }
