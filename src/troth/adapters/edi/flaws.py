"""What can be wrong with an interchange, and where."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Final

from troth.adapters.edi.segments import Interchange
from troth.model.value import dataclass


class Fault(StrEnum):
    """What is wrong, in one vocabulary; `acknowledge` says it in the codes of 997, 999, TA1 and CONTRL."""

    # how it is enclosed
    TRAILER_MISSING = "trailer_missing"
    CONTROL_DIFFERS = "control_differs"
    COUNT_DIFFERS = "count_differs"
    CONTROL_NOT_UNIQUE = "control_not_unique"
    SEGMENTS_TOO_MANY = "segments_too_many"
    SEGMENT_OUTSIDE = "segment_outside"
    NOTHING_INSIDE = "nothing_inside"
    KIND_NOT_OF_GROUP = "kind_not_of_group"
    KIND_NOT_SUPPORTED = "kind_not_supported"
    VERSION_NOT_SUPPORTED = "version_not_supported"
    CHARACTER_SET_NOT_SUPPORTED = "character_set_not_supported"
    # whether it is for us, and now
    SENDER_UNKNOWN = "sender_unknown"
    RECEIVER_WRONG = "receiver_wrong"
    TEST_NOT_EXPECTED = "test_not_expected"
    DUPLICATE = "duplicate"
    # its segments
    SEGMENT_UNKNOWN = "segment_unknown"
    SEGMENT_NOT_IN_SET = "segment_not_in_set"
    SEGMENT_MISSING = "segment_missing"
    SEGMENT_OUT_OF_ORDER = "segment_out_of_order"
    SEGMENT_TOO_OFTEN = "segment_too_often"
    LOOP_TOO_OFTEN = "loop_too_often"
    # their elements
    ELEMENT_MISSING = "element_missing"
    ELEMENT_MISSING_BESIDE = "element_missing_beside"
    ELEMENT_EXCLUDED = "element_excluded"
    ELEMENTS_TOO_MANY = "elements_too_many"
    COMPONENTS_TOO_MANY = "components_too_many"
    REPEATED_TOO_OFTEN = "repeated_too_often"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    CHARACTER_INVALID = "character_invalid"
    NUMBER_INVALID = "number_invalid"
    DATE_INVALID = "date_invalid"
    TIME_INVALID = "time_invalid"
    CODE_INVALID = "code_invalid"
    # what is said
    VALUE_NOT_KNOWN = "value_not_known"
    VALUE_CONTRADICTS = "value_contradicts"


NOTED: Final = frozenset(
    {
        Fault.SEGMENT_UNKNOWN,
        Fault.SEGMENT_NOT_IN_SET,
        Fault.SEGMENT_OUT_OF_ORDER,
        Fault.SEGMENT_TOO_OFTEN,
        Fault.LOOP_TOO_OFTEN,
        Fault.ELEMENT_MISSING_BESIDE,
        Fault.ELEMENT_EXCLUDED,
        Fault.ELEMENTS_TOO_MANY,
        Fault.COMPONENTS_TOO_MANY,
        Fault.REPEATED_TOO_OFTEN,
        Fault.TOO_SHORT,
        Fault.TOO_LONG,
        Fault.CHARACTER_INVALID,
        Fault.CODE_INVALID,
    }
)
"""Faults that keep nobody from understanding the rest: a transaction with only these is accepted, and they are told."""

_NOTED_OUTSIDE: Final = NOTED | {
    Fault.DATE_INVALID,
    Fault.TIME_INVALID,
    Fault.COUNT_DIFFERS,
    Fault.SEGMENT_OUTSIDE,
    Fault.NOTHING_INSIDE,
}
"""The same of a group or an interchange: what is wrong with one transaction, even with its header, costs no other."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong within an interchange: in which group and transaction, by their control numbers, both empty where
    it is the envelope itself; in which segment (its place, from 1, and its tag), element and component, 0 where it is
    more than one of them. A group or transaction without a control number goes by its place: `#2`.

    `code` is a `Fault`. `value` is what was said, as it was said. `loop` is the first tag of the loop it stands in.
    """

    group: str
    transaction: str
    place: int
    tag: str
    element: int
    component: int
    code: str
    detail: str
    value: str = ""
    loop: str = ""

    def is_noted(self) -> bool:
        """Say whether what it is about is accepted all the same."""
        return self.code in (NOTED if self.transaction else _NOTED_OUTSIDE)


@dataclass(frozen=True, slots=True)
class EnvelopeFlaw:
    """Something wrong where no interchange is: `offset` counts the characters of the file before it."""

    offset: int
    detail: str


@dataclass(frozen=True)
class ReadInterchange:
    """An interchange as far as it can be read, and what is wrong with it."""

    interchange: Interchange
    flaws: tuple[Flaw, ...] = ()

    def flaws_of(self, group: str = "", transaction: str = "") -> tuple[Flaw, ...]:
        """What is wrong with the envelope itself, with that of a group, or within a transaction."""
        return self._by_place.get((group, transaction), ())

    def is_refused(self, group: str = "", transaction: str = "") -> bool:
        """Say whether the interchange, a group or a transaction of it is to be left alone: for a flaw of its own, or of
        what encloses it.
        """
        return not self._refused.isdisjoint({("", ""), (group, ""), (group, transaction)})

    @cached_property
    def _by_place(self) -> Mapping[tuple[str, str], tuple[Flaw, ...]]:
        found: dict[tuple[str, str], list[Flaw]] = {}
        for one in self.flaws:
            found.setdefault((one.group, one.transaction), []).append(one)
        return {place: tuple(flaws) for place, flaws in found.items()}

    @cached_property
    def _refused(self) -> frozenset[tuple[str, str]]:
        return frozenset((one.group, one.transaction) for one in self.flaws if not one.is_noted())


@dataclass(frozen=True, slots=True)
class ReadInterchanges:
    """All interchanges of a file, and what lies between them."""

    interchanges: tuple[ReadInterchange, ...]
    flaws: tuple[EnvelopeFlaw, ...] = ()
