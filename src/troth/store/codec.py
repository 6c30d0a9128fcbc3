"""Values to JSON text and back, for the columns that hold them: orders in events, costs, packages, traces."""

from collections.abc import Callable, Hashable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from troth.model.events import EVENTS, Event

T = TypeVar("T")

_encoder = msgspec.json.Encoder()


def encode(value: object) -> str:
    """JSON text of a value made of dataclasses, tuples, mappings, enums, times and plain values."""
    return _encoder.encode(value).decode()


def encode_bytes(value: object) -> bytes:
    """The same as UTF-8 bytes."""
    return _encoder.encode(value)


def decode(text: str | bytes, type_: type[T]) -> T:
    """The value of a type that JSON text stands for; msgspec.ValidationError where it does not fit."""
    return cast(T, _decoder(cast(Hashable, type_))(text))


def decode_event(kind: str, body: str | bytes) -> Event:
    """The event of a kind that a body stands for."""
    return cast(Event, _decoder(cast(Hashable, EVENTS[kind]))(body))


@cache
def _decoder(type_: Hashable) -> Callable[[str | bytes], object]:
    return msgspec.json.Decoder(cast(Any, type_)).decode
