"""Line ends in files of interchanges, which mean nothing where segments end otherwise."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from troth.adapters.edi.flaws import EnvelopeFlaw

_ENDS = "\r\n"


def without_line_ends(text: str) -> str:
    """A text in one line, whether its lines ended behind segments or at a fixed length."""
    return text.replace("\n", "").replace("\r", "") if "\n" in text or "\r" in text else text


def placed_in(flaws: Sequence[EnvelopeFlaw], text: str, whole: str) -> tuple[EnvelopeFlaw, ...]:
    """Flaws that were found in a text, at where they are in the whole one that it was made of without line ends.

    >>> flaws = [EnvelopeFlaw(1, ""), EnvelopeFlaw(2, "")]
    >>> [one.offset for one in placed_in(flaws, "ABCD", "AB\\nCD")]
    [1, 3]
    """
    if text is whole:
        return tuple(flaws)
    return tuple(replace(one, offset=_offset(whole, one.offset)) for one in flaws)


def _offset(text: str, before: int) -> int:
    places = (place for place, letter in enumerate(text) if letter not in _ENDS)
    return next(islice(places, before, None), len(text))
