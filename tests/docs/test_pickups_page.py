"""The page on pickups: its documents are ones that can be saved, and it names every field of the rules."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from troth.flows.documents.families import WORK_RULES
from troth.http.records.node_body import NodeBody
from troth.model.ids import NodeId
from troth.model.network import NodeType
from troth.model.work_rules import LateRule, PickupRule, WorkRules

_PAGE = (Path(__file__).parents[2] / "docs" / "pickups.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", re.findall(r"```json\n(.*?)```", _PAGE, re.DOTALL))
def test_the_documents_of_the_page_can_be_saved(text: str) -> None:
    document = json.loads(text)
    if document.get("type") == NodeType.LOCKER:
        assert TypeAdapter(NodeBody).validate_json(text).node(NodeId("LK-0001"), "USD").locker is not None
        return
    assert isinstance(WORK_RULES.read(document), WorkRules)


def test_every_field_of_a_rule_is_on_the_page() -> None:
    every = (*fields(PickupRule), *fields(LateRule))
    assert {field.name for field in every} - {"name"} <= set(re.findall(r"`(\w+)`", _PAGE))


@pytest.mark.parametrize(
    ("rule", "pointers"),
    [
        ({"keep_hours": 0, "remind_hours": []}, ["/pickups/0/keep_hours"]),
        ({"keep_hours": 24, "remind_hours": [24, 3]}, ["/pickups/0/remind_hours/0", "/pickups/0/remind_hours/1"]),
        ({"extensions_max": 21, "code_attempts_max": 0}, ["/pickups/0/extensions_max", "/pickups/0/code_attempts_max"]),
        ({"where": "node.kind == 'x'"}, ["/pickups/0/where"]),
        ({"when": "order.nothing"}, ["/pickups/0/when"]),
        ({"code_lock_minutes": 0, "name": ""}, ["/pickups/0/name", "/pickups/0/code_lock_minutes"]),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_its_field(rule: dict[str, object], pointers: list[str]) -> None:
    found = WORK_RULES.read({"pickups": [{"name": "one", **rule}]})
    assert isinstance(found, tuple)
    assert [flaw.pointer for flaw in found] == pointers


def test_a_rule_about_late_tasks_is_refused_with_its_field_and_remarked_like_others() -> None:
    found = WORK_RULES.read({"late": [{"name": "one", "owner": " ", "before_minutes": -1, "moves_max": 21}]})
    assert isinstance(found, tuple)
    assert [flaw.pointer for flaw in found] == ["/late/0/before_minutes", "/late/0/owner", "/late/0/moves_max"]
    rules = WORK_RULES.read({"late": [{"name": "all"}, {"name": "never"}]})
    assert isinstance(rules, WorkRules)
    assert [one.pointer for one in WORK_RULES.lint(rules)] == ["/late/1"]


def test_a_rule_behind_one_that_speaks_of_everything_is_remarked() -> None:
    rules = WORK_RULES.read({"pickups": [{"name": "all"}, {"name": "never"}]})
    assert isinstance(rules, WorkRules)
    assert [found.pointer for found in WORK_RULES.lint(rules)] == ["/pickups/1"]
