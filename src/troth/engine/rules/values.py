"""What expressions come to: one value for all candidates, as an array where they differ.

Shapes: a plain Python value where all lines and nodes agree, (K, 1) by line, (N,) by node, (K, N) by both. `known`
says where there is a value at all (True: everywhere); what stands elsewhere means nothing. Numbers are float64.
Timestamps are POSIX seconds and durations seconds.
Text is `Coded`: the distinct words, and for each entry the number of its word.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass

Known = bool | NDArray[np.bool_]


class Kind(StrEnum):
    """The type of an expression."""

    BOOL = "bool"
    INT = "int"
    DOUBLE = "double"
    STRING = "string"
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    STRINGS = "list of strings"
    MAP = "map of strings"
    LINES = "list of order lines"
    LINE = "order line"


NUMERIC: Final = frozenset({Kind.INT, Kind.DOUBLE})


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Words (distinct) and the number of the word at each entry; `places` finds a word's number."""

    words: tuple[Any, ...]
    codes: NDArray[np.intp]
    places: dict[Any, int] = field(repr=False)


Data = Any
"""A Python bool, int, float, str, frozenset or mapping; an array of bools or floats; or Coded."""


class Value(NamedTuple):
    """Data, and where it is known. A tuple, because rules make hundreds of them for an order."""

    data: Data
    known: Known = True


UNKNOWN: Final = Value(False, False)
NO_NUMBER: Final = Value(0.0, False)
NO_TEXT: Final = Value("", False)

W = TypeVar("W", bound=Hashable)


def code_words(entries: Sequence[W], shape: tuple[int, ...]) -> Coded:
    """Entries (in the order of an array of this shape) as codes of their distinct words, in order of appearance.

    >>> code_words(["b", "a", "b"], (3,)).codes.tolist()
    [0, 1, 0]
    """
    places: dict[W, int] = {}
    codes = [places.setdefault(entry, len(places)) for entry in entries]
    return Coded(tuple(places), np.array(codes, dtype=np.intp).reshape(shape), places)


def both(left: Known, right: Known) -> Known:
    """Where both are known."""
    if left is True:
        return right
    if right is True:
        return left
    if left is False or right is False:
        return False
    return np.logical_and(left, right)


def negated(data: Data) -> Data:
    """The opposite of a bool or of an array of them."""
    return not data if isinstance(data, bool) else ~data


def is_certain(value: Value) -> Known:
    """Where a condition is known to hold."""
    if value.known is True:
        return value.data  # type: ignore[no-any-return]
    if value.known is False:
        return False
    return np.logical_and(value.data, value.known)


def map_text(value: Value, function: Callable[[Any], Any], dtype: type = np.float64) -> Data:
    """A function of one text, applied to each distinct word; an array of `dtype`, or one plain value."""
    data = value.data
    if isinstance(data, Coded):
        return np.array([function(word) for word in data.words], dtype=dtype)[data.codes]
    return function(data)


def map_texts(left: Value, right: Value, function: Callable[[Any, Any], Any]) -> Data:
    """A function of two texts that gives a bool, applied to each distinct pair of words."""
    first, second = left.data, right.data
    if not isinstance(first, Coded):
        return map_text(right, lambda word: function(first, word), np.bool_)
    if not isinstance(second, Coded):
        return map_text(left, lambda word: function(word, second), np.bool_)
    pairs, inverse = _pairs(first, second)
    width = len(second.words)
    found = [function(first.words[pair // width], second.words[pair % width]) for pair in pairs.tolist()]
    return np.array(found, dtype=np.bool_)[inverse]


def join_texts(left: Value, right: Value) -> Data:
    """Two texts, one after the other."""
    first, second = left.data, right.data
    if not isinstance(first, Coded) and not isinstance(second, Coded):
        return first + second
    if not isinstance(first, Coded):
        return recode([first + word for word in second.words], second.codes)
    if not isinstance(second, Coded):
        return recode([word + second for word in first.words], first.codes)
    pairs, inverse = _pairs(first, second)
    width = len(second.words)
    return recode([first.words[pair // width] + second.words[pair % width] for pair in pairs.tolist()], inverse)


def recode(words: Sequence[Any], codes: NDArray[np.intp]) -> Coded:
    """Coded text whose words may repeat, with each word once."""
    places: dict[Any, int] = {}
    numbers = np.array([places.setdefault(word, len(places)) for word in words], dtype=np.intp)
    return Coded(tuple(places), numbers[codes], places)


def equal_texts(left: Value, right: Value) -> Data:
    """Where two texts are the same: one look-up of a word, or of each distinct one, and one comparison of codes."""
    first, second = left.data, right.data
    if isinstance(first, Coded) and isinstance(second, Coded):
        translated = np.array([second.places.get(word, -1) for word in first.words], dtype=np.intp)
        return translated[first.codes] == second.codes
    if isinstance(first, Coded):
        return first.codes == first.places.get(second, -1)
    if isinstance(second, Coded):
        return second.codes == second.places.get(first, -1)
    return first == second


def choose_texts(condition: Data, yes: Value, no: Value) -> Data:
    """The one text where a condition (array) holds, the other elsewhere."""
    first, second = _as_coded(yes.data), _as_coded(no.data)
    codes = np.where(condition, first.codes, second.codes + len(first.words))
    return recode([*first.words, *second.words], codes)


def _as_coded(data: Data) -> Coded:
    return data if isinstance(data, Coded) else Coded((data,), np.zeros((), dtype=np.intp), {data: 0})


def _pairs(first: Coded, second: Coded) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    combined = first.codes * len(second.words) + second.codes
    pairs, inverse = np.unique(combined, return_inverse=True)
    return pairs, inverse.reshape(combined.shape)
