"""Where in a JSON text something stands, so that a person can be led there."""

import json
import re
from typing import Final

from troth.model.value import dataclass

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column of a text, counted from 1."""

    line: int
    column: int


def place_at(text: str, offset: int) -> Place:
    """The place of a character.

    >>> place_at("ab\\ncd", 4)
    Place(line=2, column=2)
    """
    before = text[:offset]
    return Place(before.count("\n") + 1, offset - before.rfind("\n"))


def find_place(text: str, pointer: str) -> Place | None:
    """Where the value begins that an RFC 6901 pointer names, or the innermost one around it that is there.

    None where the text is no JSON.

    >>> find_place('{"a": [1,\\n 22]}', "/a/1")
    Place(line=2, column=2)
    """
    try:
        return place_at(text, _find(text, pointer.split("/")[1:]))
    except (ValueError, IndexError, RecursionError):
        return None


def _find(text: str, steps: list[str]) -> int:
    at = _skip(text, 0)
    for step in steps:
        wanted = step.replace("~1", "/").replace("~0", "~")
        found = _member(text, at, wanted) if text[at] == "{" else _item(text, at, wanted) if text[at] == "[" else None
        if found is None:
            break
        at = found
    return at


def _member(text: str, at: int, wanted: str) -> int | None:
    """Where the value of a member of the object at an offset begins."""
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)  # the colon
        if name == wanted:
            return at
        at = _next(text, at)
    return None


def _item(text: str, at: int, wanted: str) -> int | None:
    """Where an item of the list at an offset begins."""
    at = _skip(text, at + 1)
    position = 0
    while text[at] != "]":
        if str(position) == wanted:
            return at
        at = _next(text, at)
        position += 1
    return None


def _next(text: str, at: int) -> int:
    """Where what follows the value at an offset begins: behind the comma, or at the end of what holds it."""
    _, at = _DECODER.raw_decode(text, at)
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
