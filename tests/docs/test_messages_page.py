"""The page on messages: it has every message as it is, and its document is one that can be saved."""

import json
import re
from pathlib import Path

from troth.flows.documents.families import MESSAGE_TEMPLATES
from troth.flows.wording.message_text import find_text_flaws
from troth.flows.wording.message_texts import BUILT_IN
from troth.model.messages import MESSAGES, MessageTemplates

_PAGE = (Path(__file__).parents[2] / "docs" / "messages.md").read_text(encoding="utf-8")


def test_every_message_is_documented_as_it_is_and_nothing_else_is() -> None:
    table = _PAGE.partition("## The messages")[2].partition("\n`{supply}`")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.*?) ?\|$", table, re.MULTILINE)

    assert rows == [
        (state.name, state.doc, ", ".join(f"`{{{name}}}`" for name in state.placeholders))
        for state in MESSAGES.values()
    ]


def test_the_document_of_the_page_can_be_saved() -> None:
    text, watched = re.findall(r"```json\n(.*?)```", _PAGE, re.DOTALL)

    assert isinstance(MESSAGE_TEMPLATES.read(json.loads(text)), MessageTemplates)
    assert isinstance(MESSAGE_TEMPLATES.read({"low_stock": [json.loads(watched)]}), MessageTemplates)


def test_every_message_is_built_in_in_each_language_without_flaws() -> None:
    for texts in BUILT_IN.values():
        assert texts.keys() == MESSAGES.keys()
        for name, text in texts.items():
            words = (text,) if isinstance(text, str) else tuple(text.values())
            flaws = [flaw for one in words for flaw in find_text_flaws(one, MESSAGES[name].placeholders, name)]
            assert flaws == []
