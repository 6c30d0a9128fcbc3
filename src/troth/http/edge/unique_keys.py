"""Keys that an object of a JSON body has more than once: readers differ in which they take, so none is taken."""

import json
from collections.abc import Iterator
from typing import Any, Final

from troth.model.refusals import FieldFlaw


class _RepeatedKey(Exception):
    """Some object has a key twice."""


class _Pairs(tuple[tuple[str, Any], ...]):
    """An object as its pairs, in the order in which they came."""

    __slots__ = ()


def _count(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1 and len({name for name, _ in pairs}) < len(pairs):
        raise _RepeatedKey


_QUICK: Final = json.JSONDecoder(object_pairs_hook=_count, parse_int=str, parse_float=str)
_EXACT: Final = json.JSONDecoder(object_pairs_hook=_Pairs, parse_int=str, parse_float=str)


def find_repeated(raw: bytes) -> tuple[FieldFlaw, ...]:
    """A flaw for each key that an object of a valid JSON text has more than once.

    >>> find_repeated(b'{"lines": [{"quantity": 1, "quantity": 2}]}')
    (FieldFlaw(pointer='/lines/0/quantity', detail='is given more than once'),)
    """
    text = raw.decode()
    try:
        _QUICK.decode(text)
    except _RepeatedKey:
        pointers = dict.fromkeys(_walk(_EXACT.decode(text), ""))
        return tuple(FieldFlaw(pointer, "is given more than once") for pointer in pointers)
    return ()


def _walk(value: Any, pointer: str) -> Iterator[str]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, inner in value:
            at = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in seen:
                yield at
            seen.add(name)
            yield from _walk(inner, at)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _walk(inner, f"{pointer}/{number}")
