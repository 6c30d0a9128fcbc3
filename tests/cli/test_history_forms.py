"""The forms in which order history comes, whole and broken, and mappings that do not fit."""

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.builders import item, node, set_up
from tests.cli.history_files import CLEAN, HEADER, MAPPING, load, many_rows, stored_lines, write_lines
from tests.conftest import Database
from troth.adapters.history import MappingWrong
from troth.flows.door.system import System, open_system


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A-1"),))
    async with open_system(database.dsn) as opened:
        yield opened


async def test_json_lines_are_read_the_same_way_and_refused_in_kind(system: System, tmp_path: Path) -> None:
    mapping = MAPPING.replace('"Buyer"', '"buyer.id"')
    row = {"Bill": 7, "Code": "A-1", "Pieces": 2, "When": "01.03.2026 09:15", "Each": 4.5, "Land": "DE"}
    texts = [
        json.dumps(row | {"buyer": {"id": "17"}}),
        json.dumps(row | {"Bill": 8, "buyer": None}),
        '{"Bill": 9, "Code',
    ]

    account = await load(system, write_lines(tmp_path / "history.jsonl", texts), mapping=mapping)

    assert (account.rows_captured, account.refused) == (1, {"customer_id is missing": 1, "is not valid JSON": 1})
    refused = [json.loads(line) for line in (tmp_path / "history.refused.jsonl").read_text().splitlines()]
    assert [(one["refused_line"], one.get("Bill")) for one in refused] == [(2, "8"), (3, None)]
    assert refused[1]["refused_text"] == texts[2]


async def test_a_compressed_file_that_breaks_off_loses_only_its_last_order(system: System, tmp_path: Path) -> None:
    whole = gzip.compress("\n".join([HEADER, *many_rows(5_000)]).encode())
    path = tmp_path / "history.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])

    account = await load(system, path)

    assert account.orders_captured > 100
    assert account.rows_read == account.rows_captured + 1
    assert list(account.refused) == ["the file is damaged and breaks off here"]


async def test_bytes_of_another_encoding_are_refused_and_kept_as_they_are(system: System, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    odd = CLEAN[3].replace("TEA TIN", "THÉ").encode("latin-1")
    path.write_bytes("\n".join([HEADER, CLEAN[0], ""]).encode() + odd + b"\n")

    account = await load(system, path)

    assert (account.orders_captured, account.refused) == (1, {"is not encoded as utf-8": 1})
    assert "THÉ".encode("latin-1") in (tmp_path / "history.refused.csv").read_bytes()


@pytest.mark.parametrize(
    ("mapping", "text"),
    [
        (MAPPING.replace('"Bill"', '"Invoice"', 1), "has no column Invoice; it has Bill, Code"),
        (MAPPING + "\ncolour = 3", "unknown field `colour`"),
        (MAPPING.replace('stock_node = "DC-PA"', 'stock_node = "DC-XX"'), "there is no node DC-XX"),
        (MAPPING.replace("Europe/Berlin", "Europe/Bielefeld"), "there is no time zone Europe/Bielefeld"),
        (MAPPING.replace('channel = { constant = "shop" }', ""), "missing required field `channel`"),
        (MAPPING.replace('matches = "S.*"', 'matches = "S("'), "is no regular expression"),
        (MAPPING.replace('matches = "S.*"', ""), "needs exactly one of matches"),
    ],
)
async def test_a_mapping_that_does_not_fit_is_refused_with_its_reason(
    system: System, tmp_path: Path, mapping: str, text: str
) -> None:
    path = write_lines(tmp_path / "history.csv", [HEADER, *CLEAN])
    with pytest.raises(MappingWrong) as refused:
        await load(system, path, mapping=mapping)

    assert text in str(refused.value)
    assert await stored_lines(system) == {}
