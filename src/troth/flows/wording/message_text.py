"""The text of a message: words with placeholders in braces, read once and filled often."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from troth.model.value import dataclass

_TOKEN: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME: Final = re.compile(r"[a-z_]+")


@dataclass(frozen=True, slots=True)
class Template:
    """A text that was read: words, each with the placeholder that follows them (empty: none)."""

    parts: tuple[tuple[str, str], ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with these values; each of its placeholders has one.

        >>> read_text("Only {units} left {{!}}").fill({"units": "3"})
        'Only 3 left {!}'
        """
        return "".join([words + values[name] if name else words for words, name in self.parts])

    @property
    def placeholders(self) -> frozenset[str]:
        """The placeholders that the text has."""
        return frozenset(name for _, name in self.parts if name)


@dataclass(frozen=True, slots=True)
class TextFlaw:
    """What is wrong at a column of a text, counted from 1."""

    column: int
    detail: str


def find_text_flaws(text: str, allowed: Sequence[str], message: str) -> Iterable[TextFlaw]:
    """Placeholders that a message does not have, and braces that are none.

    >>> [flaw.detail for flaw in find_text_flaws("Ready at {store}", ("place", "day"), "pickup_today")]
    ['pickup_today has no placeholder {store}; it has {place}, {day}']
    """
    has = "it has " + ", ".join(f"{{{name}}}" for name in allowed) if allowed else "it has none"
    for token in _TOKEN.finditer(text):
        if token[0] in ("{{", "}}"):
            continue
        if token[1] is None:
            yield TextFlaw(token.start() + 1, f"a lone {token[0]}; write {token[0] * 2} for the brace itself")
        elif token[1] not in allowed:
            yield TextFlaw(token.start() + 1, f"{message} has no placeholder {{{token[1]}}}; {has}")


def read_text(text: str) -> Template:
    """The template that a text without flaws is."""
    parts: list[tuple[str, str]] = []
    words, at = "", 0
    for token in _TOKEN.finditer(text):
        words += text[at : token.start()]
        at = token.end()
        if token[1] is not None and _NAME.fullmatch(token[1]):
            parts.append((words, token[1]))
            words = ""
        else:
            words += token[0][:1]
    return Template((*parts, (words + text[at:], "")))
