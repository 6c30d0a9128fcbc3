"""The page on exceptions says of every kind and fix what the code says, and its worked example comes out."""

import re
from datetime import timedelta
from pathlib import Path

from tests.builders import NOW, item
from troth.engine.exceptions.risk import weigh
from troth.model.exceptions import EXPLAINED, KINDS_OF, ConcernedUnits, ExceptionKind, OpenException, Source
from troth.model.fix import FOR, FixKind
from troth.model.ids import LineId, OrderId, Sku
from troth.model.order import Line

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "exceptions.md").read_text(encoding="utf-8")


def rows_of(title: str) -> list[list[str]]:
    """The cells of the table whose first column has this title."""
    table = re.search(rf"^\| {title} \|.*\n\|[ \-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table is not None, title
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in table[1].splitlines()]


def test_every_kind_is_documented_as_it_is() -> None:
    source_of = {kind: source for source, kinds in KINDS_OF.items() for kind in kinds}
    assert rows_of("kind") == [[kind, EXPLAINED[kind], source_of[kind]] for kind in ExceptionKind]


def test_every_fix_is_documented() -> None:
    assert [row[0] for row in rows_of("fix")] == list(FixKind)
    assert {row[0]: set(row[2].split(", ")) for row in rows_of("fix")} == {kind: set(FOR[kind]) for kind in FixKind}


def test_the_worked_example_comes_out() -> None:
    figures = {row[0].partition(":")[0]: row[1] for row in rows_of("step")}
    line = Line(LineId("1"), Sku("A"), 3, 2000)
    found = OpenException(
        Source.LINE,
        ExceptionKind.SHORT,
        "1",
        NOW,
        NOW + timedelta(hours=36),
        order_id=OrderId("O-1"),
        currency="USD",
        lines=(ConcernedUnits(line, 3),),
    )
    items = {Sku("A"): item("A", cost_minor=1250)}

    risk = weigh(found, items, NOW)
    late = weigh(found, items, NOW + timedelta(hours=46))

    assert str(risk.owed_minor) == figures["owed"]
    assert str(risk.margin_minor) == figures["margin"]
    assert str(1000 + risk.owed_minor + risk.margin_minor) == figures["with the floor"]
    assert str(risk.urgency / 10_000) == figures["urgency at 36 of 72 hours"]
    assert str(risk.score) == figures["score"]
    assert (late.urgency / 10_000, late.score) == (2.2, 20350)
    assert f"{late.score}." in PAGE
