"""How work and its lines are called in transactions, whose fields are shorter than our names."""

import re
from collections.abc import Sequence
from typing import Final

from troth.model.ids import FulfillmentId
from troth.model.node_messages import ToldLine

X12_MAX: Final = 22
"""So many characters has the number of an order in X12 (elements 285 and 324)."""
EDIFACT_MAX: Final = 35
"""So many has the number of a document in EDIFACT (element 1004)."""

_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LONG: Final = re.compile(r"O-(\S+)-F(\d+)")
_SHORT: Final = re.compile(rf"([{_DIGITS}]{{20}})([{_DIGITS}]{{1,2}})")
_TEST: Final = re.compile(r"TEST-\d+")


def write_work(work: FulfillmentId, length_max: int) -> str:
    """The number of some work: its id, or where that is too long the 20 characters of its order, and which of the
    order's works it is in the same 32 digits.

    >>> write_work(FulfillmentId("O-26SR2YAV7FYG310C5Q3V-F1"), X12_MAX)
    '26SR2YAV7FYG310C5Q3V1'
    >>> write_work(FulfillmentId("O-26SR2YAV7FYG310C5Q3V-F45"), X12_MAX)
    '26SR2YAV7FYG310C5Q3V1D'
    >>> write_work(FulfillmentId("O-26SR2YAV7FYG310C5Q3V-F1"), EDIFACT_MAX)
    'O-26SR2YAV7FYG310C5Q3V-F1'
    """
    found = _LONG.fullmatch(work)
    if len(work) <= length_max or found is None:
        return work
    number, digits = int(found[2]), ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return found[1] + digits


def read_work_number(text: str) -> FulfillmentId | None:
    """The work that a number is of, whichever of its forms it has; None where it is none of ours.

    >>> read_work_number("26SR2YAV7FYG310C5Q3V1D"), read_work_number("o-26sr2yav7fyg310c5q3v-f1")
    ('O-26SR2YAV7FYG310C5Q3V-F45', 'O-26SR2YAV7FYG310C5Q3V-F1')
    >>> read_work_number("PO-4711"), read_work_number("TEST-17")
    (None, 'TEST-17')
    """
    name = text.strip().upper()
    if _LONG.fullmatch(name) or _TEST.fullmatch(name):
        return FulfillmentId(name)
    short = _SHORT.fullmatch(name)
    if short is None:
        return None
    number = 0
    for digit in short[2]:
        number = number * len(_DIGITS) + _DIGITS.index(digit)
    return FulfillmentId(f"O-{short[1]}-F{number}")


def number_lines(lines: Sequence[ToldLine], length_max: int, *, is_numeric: bool = False) -> tuple[str, ...]:
    """How each line is called: by its id, or where these are too long, are there twice or are no numbers, by its place.

    Where it is by place `has_own_numbers` says so, and nothing is read from it: a later change may count otherwise.
    """
    if has_own_numbers(lines, length_max, is_numeric=is_numeric):
        return tuple(line.line_id for line in lines)
    return tuple(str(place) for place in range(1, len(lines) + 1))


def has_own_numbers(lines: Sequence[ToldLine], length_max: int, *, is_numeric: bool = False) -> bool:
    """Whether lines can be called by their ids."""
    names = [line.line_id for line in lines]
    fits = all(len(name) <= length_max and (not is_numeric or name.isdecimal()) for name in names)
    return fits and len(set(names)) == len(names)
