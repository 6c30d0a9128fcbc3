"""What a document may hold, read from its type: its objects, and their fields with what they take."""

from collections.abc import Mapping
from inspect import cleandoc
from typing import Any, Final

import msgspec

from troth.model.value import dataclass

_KINDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class FieldShape:
    """A field of an object, and what it takes."""

    name: str
    kind: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """An object of a document, in paragraphs and by its fields."""

    name: str
    doc: tuple[str, ...]
    fields: tuple[FieldShape, ...]


def shapes_of(type_: type) -> tuple[Shape, ...]:
    """The objects of a document's type, the document itself first."""
    (schema,), parts = msgspec.json.schema_components([type_], ref_template="{name}")
    names = [schema["$ref"], *(name for name in parts if name != schema["$ref"])]
    return tuple(_shape(name, parts[name]) for name in names if "properties" in parts[name])


def _shape(name: str, part: Mapping[str, Any]) -> Shape:
    required = set(part.get("required", ()))
    fields = tuple(FieldShape(one, _kind(kind), one in required) for one, kind in part["properties"].items())
    doc = cleandoc(part.get("description", "")).replace("`", "").split("\n\n")
    return Shape(name, tuple(" ".join(paragraph.split()) for paragraph in doc), fields)


def _kind(schema: Mapping[str, Any]) -> str:
    """What a field takes, in words.

    >>> _kind({"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}})
    'list of whole number or null'
    """
    if "$ref" in schema:
        return str(schema["$ref"])
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items') or {})}" if "items" in schema else "list"
    if schema.get("format"):
        return str(schema["format"])
    return _KINDS.get(str(schema.get("type", "")), "anything")
