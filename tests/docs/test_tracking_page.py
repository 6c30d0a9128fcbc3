"""The page on tracking: its documents can be saved, and it names every status, step and field."""

import json
import re
from pathlib import Path

import pytest

from troth.engine.rules.fields import ALERT_FIELDS
from troth.flows.documents.families import ALERT_RULES
from troth.model.alerts import AlertAction, AlertRules
from troth.model.tracking import EXPLAINED, SAME, Step

PAGE = (Path(__file__).parents[2] / "docs" / "tracking.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
def test_the_documents_of_the_page_can_be_saved(text: str) -> None:
    assert isinstance(ALERT_RULES.read(json.loads(text)), AlertRules)


def test_every_status_is_explained_as_the_code_explains_it() -> None:
    missing = [status for status, text in EXPLAINED.items() if f"| `{status}` | {text} |" not in PAGE]
    assert missing == []
    assert [word for word in SAME if f"`{word}`" not in PAGE] == []


def test_every_step_action_and_field_is_on_the_page() -> None:
    names = [*Step, *AlertAction, *ALERT_FIELDS]
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_every_field_is_told_as_the_catalog_tells_it() -> None:
    assert [one.path for one in ALERT_FIELDS.values() if f"| `{one.path}` | {one.unit} | {one.doc} |" not in PAGE] == []
