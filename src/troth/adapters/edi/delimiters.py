"""The characters that part what an interchange says."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Delimiters:
    """What parts elements, their components and repetitions, and what ends a segment.

    `release` takes the meaning of the one after it; X12 has none, and `repetition` may be missing too, in versions that
    repeat nothing. `line_end` is written behind each segment for who reads with their eyes, and skipped when read.
    """

    element: str
    component: str
    repetition: str
    segment: str
    release: str = ""
    line_end: str = ""

    def taken(self) -> str:
        """All of them in one text."""
        return self.element + self.component + self.repetition + self.segment + self.release


X12_USUAL: Final = Delimiters("*", ">", "^", "~")
"""What X12 is mostly written with; `>` is rarer in texts than the `:` that others take."""

EDIFACT_USUAL: Final = Delimiters("+", ":", "*", "'", "?")
"""What EDIFACT is read with where no UNA says otherwise."""

EDIFACT_LEVEL_B: Final = Delimiters("\x1d", "\x1f", "", "\x1c")
"""What level B had before its third version: characters that no text has, so that none need be released."""

_STAND_INS: Final = "\x1d\x1f\x1e\x1c~^|\\`{}#!$"


def without_clash(usual: Delimiters, texts: Iterable[str]) -> Delimiters:
    """The usual delimiters, or others for those that a text holds: X12 cannot release a character, and its readers take
    the delimiters from the ISA.

    >>> without_clash(X12_USUAL, ["SIZE 4*6", "GIFT"]).element
    '\\x1d'
    """
    held = set().union(*texts)
    free = iter([one for one in _STAND_INS if one not in held and one not in usual.taken()])
    pick: Callable[[str], str] = lambda one: next(free, one) if one in held else one  # noqa: E731
    return replace(
        usual,
        element=pick(usual.element),
        component=pick(usual.component),
        repetition=pick(usual.repetition),
        segment=pick(usual.segment),
    )
