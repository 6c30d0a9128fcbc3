"""The page on routing says of every field, action, named order and preset what the code says."""

import json
import re
from inspect import signature
from pathlib import Path

import msgspec
import pytest

from troth.engine.rules import presets
from troth.engine.rules.check import check
from troth.engine.rules.fields import FIELDS
from troth.engine.rules.presets import PRESETS
from troth.model.routing import Action, Routing

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "algorithms" / "routing.md").read_text(encoding="utf-8")


def test_every_field_is_documented_as_it_is_and_nothing_else_is() -> None:
    rows = re.findall(r"^\| `(\w+\.\w+)` \| ([^|]+) \| ([^|]*) \| (.+) \|$", PAGE, re.MULTILINE)

    assert rows == [
        (field.path, field.kind, field.unit, field.doc + ("; may be missing" if field.is_optional else ""))
        for field in FIELDS.values()
    ]


def test_every_action_is_documented() -> None:
    assert re.findall(
        r"^\| `(\w+)` \| (?=[a-z])", PAGE.partition("| action |")[2].partition("Unless")[0], re.M
    ) == list(Action)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_documented_with_its_parameters(name: str) -> None:
    written = re.search(rf"^\| `{name}\((.*?)\)` \|", PAGE, re.MULTILINE)

    assert written is not None
    named = [one.split("=")[0].strip() for one in written[1].split(",") if one.strip()]
    assert set(named) <= set(signature(getattr(presets, name)).parameters)


def test_the_document_at_the_head_of_the_page_can_be_used() -> None:
    written = re.search(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    assert written is not None
    assert check(msgspec.convert(json.loads(written[1]), Routing)) == ()
