"""Files of order history, as dirty as those that people have, and loading them."""

import asyncio
import csv
from collections.abc import Callable, Mapping
from pathlib import Path

from troth.adapters.history import Account, load_history, read_mapping
from troth.adapters.history.assemble import Overview
from troth.flows.door.system import System

MAPPING = """
create_items = true
stock = "as_needed"
stock_node = "DC-PA"

[fields]
external_id = "Bill"
sku = { column = "Code", upper = true }
item_name = "Text"
quantity = "Pieces"
unit_price = "Each"
ordered_at = { column = "When", format = "%d.%m.%Y %H:%M", time_zone = "Europe/Berlin" }
customer_id = { column = "Buyer", pattern = '(\\d+)(?:\\.0)?', required = true }
country = { column = "Land", values = { "Amerika" = "US" } }
channel = { constant = "shop" }
currency = { constant = "EUR" }

[[skip]]
column = "Bill"
matches = "S.*"
reason = "credit note"

[[skip]]
column = "Code"
one_of = ["FREIGHT"]
reason = "charge"
"""
HEADER = "Bill,Code,Text,Pieces,When,Each,Buyer,Land"
CLEAN = [
    "1001,a-1,TEA TIN,2,01.03.2026 09:15,4.50,17.0,Germany",
    "1001,B-2,MUG,1,01.03.2026 09:16,7.00,17.0,Germany",
    "1001,FREIGHT,POSTAGE,1,01.03.2026 09:15,5.00,17.0,Germany",
    "1002,A-1,TEA TIN,3,02.03.2026 10:00,4.50,18.0,Amerika",
]
DIRTY = [
    *CLEAN,
    "S1003,A-1,TEA TIN,-1,02.03.2026 10:00,4.50,18.0,Germany",
    "1004,A-1,TEA TIN,-4,02.03.2026 10:00,4.50,18.0,Germany",
    "1005,A-1,TEA TIN,1,31.02.2026 10:00,4.50,18.0,Germany",
    "1006,A-1,TEA TIN,1,02.03.2026 10:00,4.50,,Germany",
    "1006,B-2,MUG,1,02.03.2026 10:00,7.00,18,Germany",
    "1007,A-1,TEA TIN,1,02.03.2026 10:00,4.505,18,Germany",
    "1008,A-1,TEA TIN,1,02.03.2026 10:00,4.50,18,Atlantis",
    "",
    '1009,A-1,"TEA TIN,1,02.03.2026 10:00,4.50,18,Germany',
    "1010,A-1,TEA TIN,one,02.03.2026 10:00,4.50,18,Germany",
    "1011,B-2,MUG,1,02.03.2026 10:00,7.00,19,Germany",
    "1001,C-3,POT,1,01.03.2026 09:17,12.00,17.0,Germany",
    "1012,A-1,TEA TIN,1,02.03.2026 10:00,4.50,18,Germany",
    "1012,B-2,MUG,1,02.03.20",
]


def write_lines(path: Path, lines: list[str]) -> Path:
    """Write a file of lines."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def many_rows(count: int) -> list[str]:
    return [
        f"{number},A-1,TEA TIN,1,{1 + number % 28:02}.03.2026 {number % 24:02}:{number % 60:02},4.50,{number},Germany"
        for number in range(10_000, 10_000 + count)
    ]


def read_refused(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


async def load(
    system: System,
    path: Path,
    *,
    mapping: str = MAPPING,
    stop: asyncio.Event | None = None,
    progress: Callable[[Account, Overview], None] = lambda account, overview: None,
) -> Account:
    declared = path.with_name("mapping.toml")
    declared.write_text(mapping, encoding="utf-8")
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    refused = plain.with_suffix(f".refused{plain.suffix}")
    return await load_history(
        system, path, read_mapping(declared), refused=refused, stop=stop or asyncio.Event(), progress=progress
    )


async def stored_lines(system: System) -> Mapping[str, list[tuple[str, str, int, int]]]:
    async with system.pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT o.external_id, l.line_id, l.sku, l.quantity, l.unit_price_minor"
            " FROM orders AS o JOIN order_lines AS l USING (order_id) ORDER BY o.external_id, l.position"
        )
    stored: dict[str, list[tuple[str, str, int, int]]] = {}
    for row in rows:
        stored.setdefault(row[0], []).append((row[1], row[2], row[3], row[4]))
    return stored
