"""The page on shipping: its boxes can be saved, and it names every field of a box."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from troth.flows.documents.families import BOXES
from troth.model.packing import Box, BoxSet

_PAGE = (Path(__file__).parents[2] / "docs" / "shipping.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", re.findall(r"```json\n(.*?)```", _PAGE, re.DOTALL))
def test_the_boxes_of_the_page_can_be_saved(text: str) -> None:
    boxes = BOXES.read(json.loads(text))

    assert isinstance(boxes, BoxSet)
    assert BOXES.lint(boxes) == ()


def test_every_field_of_a_box_is_on_the_page() -> None:
    assert {field.name for field in fields(Box)} <= set(re.findall(r"`(\w+)`", _PAGE))


def test_a_box_that_a_better_one_keeps_from_being_chosen_is_told() -> None:
    small = {"box": "S", "inner_mm": [100, 100, 100], "grams_max": 1000, "cost_minor": 50}
    better = {"box": "M", "inner_mm": [100, 200, 100], "grams_max": 2000, "cost_minor": 40}

    boxes = BOXES.read({"boxes": [small, better]})

    assert isinstance(boxes, BoxSet)
    assert [(one.pointer, one.detail) for one in BOXES.lint(boxes)] == [
        ("/boxes/0", "is never chosen: M holds as much and costs less")
    ]
