"""Files of other systems on the command line: feeds that are taken in, and drift that is told and corrected."""

import gzip
import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.typing_commands import Typed, type_command

Capture = pytest.CaptureFixture[str]
AS_OF = "2026-01-05T10:00:00Z"


@pytest.fixture
def books(capsys: Capture, dsn: str, tmp_path: Path) -> str:
    """A database with a node, two items, and five units of the first; its DSN."""
    nodes, items, stock = tmp_path / "nodes.json", tmp_path / "items.jsonl", tmp_path / "stock.csv"
    nodes.write_text(json.dumps([{"node_id": "DC-1", "type": "dc", "latitude": 40.0, "longitude": -76.3}]))
    items.write_text('{"sku": "A", "cost": {"amount": "2.00", "currency": "USD"}}\n{"sku": "B"}\n')
    stock.write_text("node,sku,on_hand\nDC-1,A,5\n")
    for what, path in (("nodes", nodes), ("items", items), ("stock", stock)):
        assert type_command(capsys, "load", what, str(path), "--database-url", dsn).code == 0
    return dsn


def _load(capsys: Capture, dsn: str, path: Path, *options: str) -> Typed:
    return type_command(capsys, "load", "inventory", str(path), "--feed", "WMS", *options, "--database-url", dsn)


def _on_hand(capsys: Capture, dsn: str, path: Path, units: dict[str, int]) -> bool:
    """Whether the books hold exactly these units now, as a comparison with them says."""
    path.write_text("node,sku,on_hand\n" + "".join(f"DC-1,{sku},{count}\n" for sku, count in units.items()))
    typed = type_command(
        capsys, "drift", str(path), "--system", "us", "--as-of", datetime.now(UTC).isoformat(), "--database-url", dsn
    )
    return typed.code == 0


def test_a_feed_is_taken_in_once_and_its_refused_rows_are_put_aside_with_reasons(
    capsys: Capture, books: str, tmp_path: Path
) -> None:
    path = tmp_path / "positions.csv"
    path.write_text("sku,node,on_hand\nA,DC-1,7\nNOPE,DC-1,1\nB,DC-1,2\n")

    first = _load(capsys, books, path, "--sequence", "1", "--json")
    again = _load(capsys, books, path, "--sequence", "1", "--json")

    told = json.loads(first.out)
    assert (first.code, told["status"], told["moved"], told["refused"]) == (1, "taken_in", 2, 1)
    assert f"Refused rows, with reasons: {tmp_path / 'positions.refused.csv'}" in first.err
    assert (tmp_path / "positions.refused.csv").read_text().splitlines() == [
        "sku,node,on_hand,refused_line,refused_column,refused_reason",
        "NOPE,DC-1,1,3,sku,there is no item NOPE",
    ]
    assert json.loads(again.out)["status"] == "known"
    assert _on_hand(capsys, books, tmp_path / "now.csv", {"A": 7, "B": 2})


def test_movements_of_a_packed_file_with_other_columns_are_done_in_their_order(
    capsys: Capture, books: str, tmp_path: Path
) -> None:
    path, mapping = tmp_path / "moves.csv.gz", tmp_path / "moves.toml"
    path.write_bytes(gzip.compress(b"Artikel;Menge\nA;-4\nA;-2\nA;3\n"))
    mapping.write_text(
        'delimiter = ";"\ncolumns = { sku = "Artikel", delta = "Menge" }\nconstants = { node = "DC-1" }\n'
    )

    typed = _load(capsys, books, path, "--mode", "deltas", "--mapping", str(mapping), "--as-of", AS_OF)

    assert typed.code == 1
    assert "           1  positions changed, by -1 units" in typed.out.splitlines()
    assert (tmp_path / "moves.refused.csv").read_text().splitlines()[1:] == ["A;-2;3;Menge;only 1 units are on hand"]
    assert _on_hand(capsys, books, tmp_path / "now.csv", {"A": 4, "B": 0})


def test_a_file_that_is_cut_ends_with_one_and_goes_on_when_it_is_whole(
    capsys: Capture, books: str, tmp_path: Path
) -> None:
    path = tmp_path / "positions.csv"
    path.write_text("sku,node,on_hand\nA,DC-1,7\nB,DC-1,2")
    cut = _load(capsys, books, path, "--sequence", "1")
    path.write_text("sku,node,on_hand\nA,DC-1,7\nB,DC-1,25\n")
    whole = _load(capsys, books, path, "--sequence", "1")

    assert (cut.code, cut.out.partition(":")[0]) == (1, "incomplete")
    assert (whole.code, whole.out.partition(":")[0]) == (0, "taken in")
    assert _on_hand(capsys, books, tmp_path / "now.csv", {"A": 7, "B": 25})


@pytest.mark.parametrize(
    ("name", "options", "code", "why"),
    [
        ("positions.txt", (), 2, "does not tell its form by its name"),
        ("positions.csv", ("--as-of", "yesterday"), 2, "--as-of: "),
        ("positions.csv", ("--as-of", "2026-01-05T10:00:00"), 2, "--as-of needs an offset from UTC"),
        (
            "positions.csv",
            ("--as-of", "2999-01-05T10:00:00Z"),
            4,
            "?as_of: a feed cannot have been taken in the future",
        ),
        ("positions.csv", ("--zero-missing", "--node", "MARS"), 4, "?missing: "),
    ],
)
def test_a_feed_that_cannot_be_so_is_refused_and_nothing_is_loaded(
    capsys: Capture, books: str, tmp_path: Path, name: str, options: tuple[str, ...], code: int, why: str
) -> None:
    (tmp_path / name).write_text("sku,node,on_hand\nA,DC-1,7\n")

    typed = _load(capsys, books, tmp_path / name, *options)

    assert (typed.code, why in typed.err) == (code, True), typed.err
    assert _on_hand(capsys, books, tmp_path / "now.csv", {"A": 5, "B": 0})


def test_drift_is_told_with_its_cost_and_corrected_by_a_count_if_asked(
    capsys: Capture, books: str, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("node,sku,on_hand\nDC-1,A,8\nDC-1,B,0\nDC-1,NOPE,1\n")
    asked = ("drift", str(path), "--system", "WMS", "--as-of", datetime.now(UTC).isoformat(), "--database-url", books)

    told = type_command(capsys, *asked)
    as_json = json.loads(type_command(capsys, *asked, "--json").out)
    applied = type_command(capsys, *asked, "--apply")
    again = json.loads(type_command(capsys, *asked, "--json").out)

    assert told.code == 1
    assert told.out.splitlines() == [
        "2 positions compared, 1 agree",
        "       1  unknown: +3 -0 units, 6.00 USD",
        "  A at DC-1: ours 5, theirs 8, moved since +0; unknown: count",
        "  line 4: there is no item NOPE",
    ]
    assert [(one["sku"], one["units"], one["proposal"]) for one in as_json["differences"]] == [("A", 3, "count")]
    assert (applied.code, applied.err.splitlines()[-1]) == (1, "1 positions counted, 0 refused")
    assert (again["differences"], again["correction"]) == ([], None)
    path.write_text("node,sku,on_hand\nDC-1,A,8\nDC-1,B,0\n")
    assert type_command(capsys, *asked, "--apply").err.splitlines()[-1] == "There is nothing to be counted."


def test_a_file_that_has_no_positions_is_wrong_use(capsys: Capture, books: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("node,sku\nDC-1,A\n")

    typed = type_command(capsys, "drift", str(path), "--system", "WMS", "--database-url", books)

    assert (typed.code, typed.err) == (2, f"{path} has no column on_hand\n")


def test_a_first_load_of_lots_and_measures_says_what_it_left_out(capsys: Capture, books: str, tmp_path: Path) -> None:
    items, path, wrong = tmp_path / "more.jsonl", tmp_path / "lots.csv", tmp_path / "wrong.csv"
    items.write_text('{"sku": "M", "unit": "kg", "decimals": 3}\n')
    assert type_command(capsys, "load", "items", str(items), "--database-url", books).code == 0
    path.write_text(
        "node,sku,lot,expires_on,on_hand\n"
        "DC-1,B,L-1,2027-03-31,4\nDC-1,M,L-2,,1.250\nDC-1,A,,,2.5\nDC-1,B,,,1\nDC-1,NOPE,,,1\n"
    )
    wrong.write_text(
        "node,sku,lot,expires_on,on_hand\nDC-1,B,L/1,,1\nDC-1,B,,2027-03-31,1\nDC-1,B,L,soon,1\nDC-1,B,,,1.2345\n"
    )

    refused = type_command(capsys, "load", "stock", str(wrong), "--database-url", books)
    loaded = type_command(capsys, "load", "stock", str(path), "--database-url", books)
    path.write_text("node,sku,lot,on_hand\nDC-1,B,L-1,3\nDC-1,M,L-2,1.250\nDC-1,B,,1\n")
    told = type_command(capsys, "drift", str(path), "--system", "us", "--as-of", datetime.now(UTC).isoformat(),
                        "--database-url", books)  # fmt: skip

    assert refused.code == 2
    for line in (
        "line 2: a lot has no slash",
        "line 3: expires_on is of a lot",
        "line 4: expires_on must be",
        "line 5:",
    ):
        assert line in refused.err
    assert loaded.code == 1
    assert "5 positions read, 3 changed, by 5 pieces" in loaded.out
    assert "2.5 at DC-1 must be a whole number: A is sold by the piece" in loaded.err
    assert "item NOPE" in loaded.err
    assert "B, lot L-1, at DC-1: ours 4, theirs 3" in told.out
    assert "3 positions compared, 2 agree" in told.out


def test_of_half_a_packed_file_the_rows_that_can_be_read_are_taken_in_and_the_others_when_it_is_whole(
    capsys: Capture, books: str, tmp_path: Path
) -> None:
    draw = random.Random(3)
    rows = [f"A,DC-1,{draw.randint(0, 10**6)}" for _ in range(3_000)]
    packed = gzip.compress(("sku,node,on_hand\nNOPE,DC-1,1\n" + "\n".join([*rows, "A,DC-1,9"]) + "\n").encode())
    path = tmp_path / "positions.csv.gz"

    path.write_bytes(packed[: len(packed) // 2])
    half = _load(capsys, books, path, "--reference", "R-1", "--json")
    path.write_bytes(packed)
    whole = _load(capsys, books, path, "--reference", "R-1", "--json")
    path.write_bytes(packed[:200] + b"\0" * 200)
    damaged = _load(capsys, books, path, "--reference", "R-2", "--json")

    assert (half.code, whole.code, damaged.code) == (1, 1, 1)
    told = [json.loads(one.out) for one in (half, whole, damaged)]
    assert [one["status"] for one in told] == ["incomplete", "taken_in", "incomplete"]
    assert 1_000 < told[0]["rows"] < 2_000
    assert (told[1]["rows"], told[1]["refused"]) == (3_002, 1)
    assert _on_hand(capsys, books, tmp_path / "theirs.csv", {"A": 9})


def test_a_packed_file_of_items_that_is_damaged_says_so(capsys: Capture, books: str, tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"sku": "C"}\n' * 50)[:12] + b"\x07" * 40)

    typed = type_command(capsys, "load", "items", str(path), "--database-url", books)

    assert typed.code == 2
    assert "cannot be read" in typed.err
