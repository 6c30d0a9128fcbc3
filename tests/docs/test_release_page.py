"""The page on releases: its documents are ones that can be saved, and it names every field of the rules."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from troth.flows.documents.families import RELEASE_RULES
from troth.model.release_rules import LeadRule, RecallRule, ReleaseRules, RemorseRule, WaveRule

_PAGE = (Path(__file__).parents[2] / "docs" / "release.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", re.findall(r"```json\n(.*?)```", _PAGE, re.DOTALL))
def test_the_documents_of_the_page_can_be_saved(text: str) -> None:
    assert isinstance(RELEASE_RULES.read(json.loads(text)), ReleaseRules)


@pytest.mark.parametrize("rule", [RemorseRule, LeadRule, WaveRule, RecallRule])
def test_every_field_of_a_rule_is_on_the_page(rule: type[object]) -> None:
    names = {field.name for field in fields(rule)} - {"name"}  # type: ignore[arg-type]
    assert {name for name in names if name not in _PAGE} == set()
