"""The page on notifications: its table is what is built in, and its document is one that can be saved."""

import json
import re
from pathlib import Path

from troth.flows.documents.families import NOTIFICATION_RULES
from troth.model.notification import KINDS
from troth.model.notification_rules import BUILT_IN, NotificationRules

_PAGE = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text(encoding="utf-8")


def test_the_table_is_the_one_that_is_built_in() -> None:
    rows = re.findall(
        r"^\| `(\w+)`(?:, of (?:action|status) `(\w+)`)? \| `(\w+)`(.*?) \| ([a-z, ]+) \|", _PAGE, re.MULTILINE
    )

    assert [(event, of, kind, media.split(", ")) for event, of, kind, _, media in rows] == [
        (rule.on, "".join(value for values in rule.of.values() for value in values), rule.tell, list(rule.by))
        for rule in BUILT_IN.rules
    ]
    assert {kind for *_, kind, mark, _ in rows if mark == "*"} == {k.name for k in KINDS.values() if not k.is_needed}


def test_the_document_of_the_page_can_be_saved() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", _PAGE, re.DOTALL)

    assert isinstance(NOTIFICATION_RULES.read(json.loads(text)), NotificationRules)
