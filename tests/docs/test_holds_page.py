"""The page on holds says of every block, signal, type and field what the code says, and its example can be used."""

import json
import re
from pathlib import Path

import msgspec

from troth.engine.policies.hold_check import check_holds, lint_holds
from troth.engine.rules.fields import HOLD_FIELDS
from troth.model.hold_rules import BUILT_IN, HoldRules
from troth.model.hold_terms import Block, Signal

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "holds.md").read_text(encoding="utf-8")


def rows_of(title: str) -> list[list[str]]:
    """The cells of the table whose first column has this title."""
    table = re.search(rf"^\| {title} \|.*\n\|[ \-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table is not None, title
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in table[1].splitlines()]


def test_everything_that_a_hold_can_block_is_documented() -> None:
    assert [row[0] for row in rows_of("blocks")] == list(Block)


def test_every_signal_is_documented() -> None:
    assert [row[0] for row in rows_of("signal")] == list(Signal)


def test_every_type_is_documented_as_it_is() -> None:
    assert rows_of("type") == [
        [one.name, one.description, one.owner, ", ".join(one.blocks), ", ".join(one.lift_on)]
        for one in sorted(BUILT_IN.values(), key=lambda one: one.name)
    ]


def test_every_field_of_hold_rules_is_documented_as_it_is() -> None:
    assert rows_of("field") == [
        [one.path, one.kind, one.unit, one.doc + ("; may be missing" if one.is_optional else "")]
        for one in HOLD_FIELDS.values()
    ]


def test_the_rules_of_the_page_can_be_used_and_nothing_about_them_is_worth_a_second_look() -> None:
    written = re.search(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert written is not None
    rules = msgspec.convert(json.loads(written[1]), HoldRules)
    assert (check_holds(rules), lint_holds(rules)) == ((), ())
