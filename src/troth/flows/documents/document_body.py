"""From JSON to the value that a document stands for: what does not fit is named by its field."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from troth.model.document import Finding
from troth.store.codec import decode, encode, encode_bytes

T = TypeVar("T")

BODY_BYTES_MAX: Final = 1_000_000
_FINDINGS_MAX: Final = 100
_LINE_MAX: Final = 84
_PLACE: Final = re.compile(r" - at `(?:key in )?\$(.*)`$")
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")
_MISSING: Final = re.compile(r"^Object missing required field `([^`]+)`")
_SIMPLE: Final = {"object": "an object", "array": "a list", "str": "text", "int": "a whole number", "float": "a number"}
_EXPECTED: Final = re.compile(r"^Expected `([^`]+)`, got `([^`]+)`$")


def read_body(body: object, type_: type[T]) -> T | tuple[Finding, ...]:
    """The value that a decoded JSON body stands for, or what does not fit; fields that the type lacks do not fit."""
    try:
        text = encode_bytes(body)
        value = decode(text, type_)
    except msgspec.ValidationError as error:
        return (_finding(str(error)),)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        return (Finding("", f"cannot be read: {error}"),)
    if len(text) > BODY_BYTES_MAX:
        return (Finding("", f"is {len(text)} bytes long; a document has at most {BODY_BYTES_MAX}"),)
    unknown = tuple(_unknown(body, msgspec.to_builtins(value), ""))[:_FINDINGS_MAX]
    return unknown or value


def body_text(body: object) -> str:
    """A decoded JSON body as it is stored: compact, its fields in the order in which they came."""
    return encode(body)


def tidy_text(body: str) -> str:
    """A stored body as a person reads and edits it: what is short stands on one line.

    >>> print(tidy_text('{"name":"a","sort":[{"by":"nearest"}]}'))
    {
      "name": "a",
      "sort": [{"by": "nearest"}]
    }
    """
    return _tidy(msgspec.json.decode(body), 0)


def _tidy(value: object, depth: int) -> str:
    """JSON text of a plain value; `depth` is how deep it stands."""
    short = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (depth and len(short) + 2 * depth <= _LINE_MAX):
        return short
    inner = "  " * (depth + 1)
    if isinstance(value, dict):
        parts = [
            f"{inner}{json.dumps(name, ensure_ascii=False)}: {_tidy(one, depth + 1)}" for name, one in value.items()
        ]
    else:
        parts = [f"{inner}{_tidy(one, depth + 1)}" for one in value]
    opened, closed = "{}" if isinstance(value, dict) else "[]"
    return f"{opened}\n" + ",\n".join(parts) + f"\n{'  ' * depth}{closed}"


def _unknown(given: object, known: object, pointer: str) -> Iterable[Finding]:
    """Fields of a body that are not among those of the value that was made of it."""
    if isinstance(given, Mapping) and isinstance(known, Mapping):
        for name, value in given.items():
            place = f"{pointer}/{_escaped(str(name))}"
            if name in known:
                yield from _unknown(value, known[name], place)
            else:
                yield Finding(place, f"there is no field {name}")
    elif isinstance(given, list) and isinstance(known, list | tuple):
        for position, (value, kept) in enumerate(zip(given, known, strict=False)):
            yield from _unknown(value, kept, f"{pointer}/{position}")


def _finding(message: str) -> Finding:
    """What msgspec says, as a pointer and a sentence.

    >>> _finding("Object missing required field `name` - at `$.tiers[0]`")
    Finding(pointer='/tiers/0/name', detail='is required', line=0, column=0)
    >>> _finding("Expected `int`, got `str` - at `$.limit`").detail
    'must be a whole number, not text'
    """
    found = _PLACE.search(message)
    pointer = "" if found is None else _pointer(found[1])
    said = message if found is None else message[: found.start()]
    if missing := _MISSING.match(said):
        return Finding(f"{pointer}/{_escaped(missing[1])}", "is required")
    if expected := _EXPECTED.match(said):
        return Finding(pointer, f"must be {_kinds(expected[1])}, not {_kinds(expected[2])}")
    return Finding(pointer, said[:1].lower() + said[1:])


def _kinds(names: str) -> str:
    return " or ".join(_SIMPLE.get(name, "nothing" if name == "null" else name) for name in names.split(" | "))


def _pointer(path: str) -> str:
    """A pointer to what msgspec calls by a path; what it calls `[...]` is somewhere within.

    >>> _pointer(".tiers[0].weights[...]")
    '/tiers/0/weights'
    """
    parts = [match[1] or match[2] for match in _STEP.finditer(path)]
    return "".join(f"/{_escaped(part)}" for part in parts if part is not None)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
