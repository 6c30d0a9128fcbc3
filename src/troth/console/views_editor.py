"""What the editor of a routing says about a text: what is wrong and where, with the place marked."""

import json
from collections.abc import Sequence
from typing import Any

from troth.console.json_places import Place, find_place, place_at
from troth.flows.documents.families import Family
from troth.model.document import Finding
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding as the editor shows it: its place in the text, and the expression with what is wrong marked."""

    pointer: str
    detail: str
    place: Place | None
    before: str = ""
    marked: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Judgment:
    """What is said about a text: without errors, `value` is what it stands for and `body` its plain JSON."""

    body: Any
    value: Any
    errors: tuple[Remark, ...]
    findings: tuple[Remark, ...]


def judge(family: Family[Any], text: str) -> Judgment:
    """What is wrong with a text, or worth a second look."""
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        place = place_at(text, error.pos)
        remark = Remark("", f"The text is no JSON: {error.msg[:1].lower()}{error.msg[1:]}.", place)
        return Judgment(None, None, (remark,), ())
    except RecursionError:
        return Judgment(None, None, (Remark("", "The text is nested too deeply.", None),), ())
    read = family.read(body)
    if isinstance(read, tuple):
        return Judgment(body, None, remarks_of(read, text, body), ())
    return Judgment(body, read, (), remarks_of(family.lint(read), text, body))


def remarks_of(findings: Sequence[Finding], text: str, body: Any) -> tuple[Remark, ...]:
    """Findings with their places in a text."""
    return tuple(_remark(finding, text, body) for finding in findings)


def _remark(finding: Finding, text: str, body: Any) -> Remark:
    place = find_place(text, finding.pointer)
    expression = value_at(body, finding.pointer)
    if not finding.line or not isinstance(expression, str):
        return Remark(finding.pointer, finding.sentence, place)
    lines = expression.split("\n")
    line = lines[finding.line - 1] if finding.line <= len(lines) else ""
    column = max(0, finding.column - 1)
    if place is not None and finding.line == 1:
        place = Place(place.line, place.column + 1 + len(json.dumps(line[:column])) - 2)
    return Remark(
        finding.pointer, finding.detail, place, line[:column], line[column : column + 1] or " ", line[column + 1 :]
    )


def value_at(body: Any, pointer: str) -> Any:
    """What an RFC 6901 pointer names in plain JSON; None where that is nothing.

    >>> value_at({"a": [{"b/c": 1}]}, "/a/0/b~1c")
    1
    """
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(body, dict) and name in body:
            body = body[name]
        elif isinstance(body, list) and name.isdecimal() and int(name) < len(body):
            body = body[int(name)]
        else:
            return None
    return body


def json_text(value: Any) -> str:
    """A part of a content as a person reads it: text as it is, the rest as JSON.

    >>> json_text("node.type == 'dc'"), json_text({"by": "nearest"})
    ("node.type == 'dc'", '{"by": "nearest"}')
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
