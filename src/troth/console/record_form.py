"""A form of a record: its fields as they are shown, the body that it asks for, and each flaw at its field."""

import copy
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from starlette.datastructures import FormData

from troth.console.record_codecs import TEXT, Codec
from troth.model.refusals import FieldFlaw
from troth.model.value import dataclass
from troth.pages.views import words

_LENGTH_MAX: Final = 1_000_000


class Widget(StrEnum):
    """What a field is filled in with."""

    LINE = "line"
    TIME = "time"
    CHOICE = "choice"
    FLAG = "flag"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form and the place in the body that it fills, without the first slash; `start` is what a new record
    has there, `width` how many of the six columns of the form it takes.
    """

    pointer: str
    label: str
    codec: Codec = TEXT
    widget: Widget = Widget.LINE
    hint: str = ""
    options: tuple[str, ...] = ()
    start: str = ""
    is_required: bool = False
    width: int = 2


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """A field with what stands in it, and what is wrong with that."""

    field: Field
    text: str
    flaws: tuple[str, ...]


def fill(groups: Sequence[Group], known: Mapping[str, Any] | None) -> dict[str, str]:
    """What stands in the fields, by pointer: what is known of the record, or what a new one begins with."""
    return {
        field.pointer: field.start if known is None else _text_of(field, known)
        for group in groups
        for field in group.fields
    }


def typed(groups: Sequence[Group], form: FormData) -> dict[str, str]:
    """What somebody typed into the fields, by pointer."""
    return {
        field.pointer: str(form.get(field.pointer, "")).replace("\r\n", "\n").strip()[:_LENGTH_MAX]
        for group in groups
        for field in group.fields
    }


def body_of(groups: Sequence[Group], texts: Mapping[str, str], known: Mapping[str, Any] | None) -> dict[str, Any]:
    """The body that is asked for. What nobody touched, and what no field shows, stays as it is known."""
    body: dict[str, Any] = copy.deepcopy(dict(known)) if known is not None else {}
    for group in groups:
        for field in group.fields:
            text = texts[field.pointer]
            if known is not None and text == _text_of(field, known):
                continue
            if field.widget is Widget.FLAG:
                _put(body, field.pointer, bool(text))
            else:
                _put(body, field.pointer, field.codec.read(text) if text else None)
    return body


def lay_out_form(
    groups: Sequence[Group], texts: Mapping[str, str], flaws: Sequence[FieldFlaw] = ()
) -> tuple[list[tuple[str, list[Filled]]], tuple[str, ...]]:
    """The groups with their fields filled in, each flaw at its field; and the flaws of none."""
    told: dict[str, list[str]] = {}
    others: list[str] = []
    pointers = sorted(texts, key=len, reverse=True)
    for flaw in flaws:
        pointer = flaw.pointer.removeprefix("/")
        at = next((one for one in pointers if pointer == one or pointer.startswith(f"{one}/")), None)
        if at is None:
            at = next((one for one in pointers if pointer and one.startswith(f"{pointer}/")), None)
        if at is None:
            others.append(f"{words(pointer.replace('/', ' '))} {flaw.detail}.".strip())
        else:
            told.setdefault(at, []).append(_tell(pointer.removeprefix(at).strip("/"), flaw.detail))
    laid = [
        (
            group.title,
            [Filled(one, texts[one.pointer], tuple(told.get(one.pointer, ()))) for one in group.fields],
        )
        for group in groups
    ]
    return laid, tuple(others)


def _tell(within: str, detail: str) -> str:
    """What is wrong, with the row and the member of it where the field is a list.

    >>> _tell("1/opens", "must be a time")
    'Row 2, opens: must be a time.'
    >>> _tell("amount", "must not be negative")
    'Must not be negative.'
    """
    steps = [step for step in within.split("/") if step and step not in ("amount", "currency")]
    if not steps:
        return f"{detail[:1].upper()}{detail[1:]}."
    parts = [f"row {int(step) + 1}" if step.isdecimal() else step.replace("_", " ") for step in steps]
    place = ", ".join(parts)
    return f"{place[:1].upper()}{place[1:]}: {detail}."


def _text_of(field: Field, known: Mapping[str, Any]) -> str:
    value: Any = known
    for step in field.pointer.split("/"):
        value = value.get(step) if isinstance(value, Mapping) else None
    if value is None:
        return ""
    if field.widget is Widget.FLAG:
        return "yes" if value else ""
    return field.codec.tell(value).strip()


def _put(body: dict[str, Any], pointer: str, value: Any) -> None:
    """Sets a member of the body, and takes it out where the value is None; empty objects stay out."""
    *outer, name = pointer.split("/")
    at = body
    for step in outer:
        inner = at.get(step)
        if not isinstance(inner, dict):
            if value is None:
                return
            inner = at[step] = {}
        at = inner
    if value is not None:
        at[name] = value
        return
    at.pop(name, None)
    if outer and not at:
        _put(body, "/".join(outer), None)
