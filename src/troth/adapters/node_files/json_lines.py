"""Messages and answers as JSON, one object a line, with the names that the API has."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final, get_args, get_type_hints

import msgspec

from troth.flows.nodes.files import ReadAnswer, ReadFile, RowFlaw
from troth.model.node_answers import NodeAnswer
from troth.model.node_messages import NodeTold
from troth.store.codec import encode_bytes

_REFUSED: Final = "refused"


class JsonLines:
    """One message, or one answer, a line. A line that has not ended may be half of one, and is refused."""

    suffix = ".jsonl"

    def write(self, messages: Sequence[NodeTold]) -> bytes:
        """The messages, one a line."""
        return b"".join(encode_bytes(one) + b"\n" for one in messages)

    def read(self, content: bytes) -> ReadFile:
        """The answers, and the lines that are none."""
        answers: list[ReadAnswer] = []
        flaws: list[RowFlaw] = []
        lines = content.split(b"\n")
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            if number == len(lines):
                flaws.append(RowFlaw(number, "", "has no line end, and may be half a line"))
                continue
            read = _read(line)
            if isinstance(read, NodeAnswer):
                answers.append(ReadAnswer((number,), read))
            else:
                flaws.append(RowFlaw(number, read[0], read[1]))
        return ReadFile(tuple(answers), tuple(flaws))

    def refuse(self, content: bytes, flaws: Sequence[RowFlaw]) -> bytes:
        """The lines that were refused, as they came, with why in `refused`; what is no object is in `line`."""
        lines = content.split(b"\n")
        told: dict[int, list[str]] = {}
        for flaw in flaws:
            told.setdefault(flaw.line, []).append(f"{flaw.column}: {flaw.detail}" if flaw.column else flaw.detail)
        return b"".join(
            encode_bytes(_object(lines[number - 1]) | {_REFUSED: "; ".join(why)}) + b"\n"
            for number, why in sorted(told.items())
        )


def _read(line: bytes) -> NodeAnswer | tuple[str, str]:
    """The answer that a line is, or its field that is wrong, and what is wrong with it."""
    try:
        given = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return "", f"is no JSON: {error}"
    if not isinstance(given, dict):
        return "", "must be an object"
    given.pop(_REFUSED, None)
    unknown = next(_unknown(given, NodeAnswer, ""), None)
    if unknown is not None:
        return unknown, "is not known"
    try:
        answer = msgspec.convert(given, NodeAnswer)
    except msgspec.ValidationError as error:
        detail, _, path = str(error).partition(" - at `$")
        return path.rstrip("`").replace(".", "/"), detail
    if answer.at is not None and answer.at.tzinfo is None:
        return "/at", "must have an offset from UTC"
    return answer


def _unknown(given: Mapping[str, Any], type_: Any, pointer: str) -> Iterator[str]:
    """The fields of an object that its type does not have, with those of the objects in it."""
    types = get_type_hints(type_)
    known = {field.name for field in fields(type_)}
    for name, value in given.items():
        if name not in known:
            yield f"{pointer}/{name}"
            continue
        inner = next((one for one in get_args(types[name]) if is_dataclass(one)), None)
        if inner is not None and isinstance(value, list):
            for number, one in enumerate(value):
                if isinstance(one, dict):
                    yield from _unknown(one, inner, f"{pointer}/{name}/{number}")


def _object(line: bytes) -> dict[str, Any]:
    try:
        given = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {"line": line.decode(errors="replace")}
    return given if isinstance(given, dict) else {"line": given}
