"""The page on returns: its example is true, and it names every field that its rules may ask about."""

import doctest
import re
from pathlib import Path

from troth.engine.rules.fields import RETURN_FIELDS
from troth.model.lifecycle import DISPOSITION, RECEPTION

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "returns.md").read_text(encoding="utf-8")


def test_the_example_is_true() -> None:
    (examples,) = re.findall(r"^```pycon\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    parsed = doctest.DocTestParser().get_doctest(examples, {}, "returns", None, 0)
    failed, attempted = doctest.DocTestRunner().run(parsed)

    assert (failed, attempted) == (0, 3)


def test_every_field_of_a_return_is_named() -> None:
    assert [path for path in RETURN_FIELDS if f"`{path}`" not in PAGE] == []


def test_the_tables_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `(waiting|refurbishing|outlet|vendor)` \|(.*)\|$", PAGE, re.MULTILINE)
    (head,) = re.findall(r"^\| From \|(.*)\|$", PAGE, re.MULTILINE)
    names = re.findall(r"`(\w+)`", head)
    told = {
        (state, name)
        for state, cells in rows
        for name, cell in zip(names, cells.split("|"), strict=True)
        if cell.strip() == "yes"
    }
    moves = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ((?:`\w+`(?:, )?)+) \| ", PAGE, re.MULTILINE)
    receptions = {
        (state, event)
        for states, events in moves
        for state in re.findall(r"`(\w+)`", states)
        for event in re.findall(r"`(\w+)`", events)
    }

    assert told == {(state.value, disposition.value) for state, disposition in DISPOSITION}
    assert {(state.value, event.value) for state, event in RECEPTION} <= receptions
