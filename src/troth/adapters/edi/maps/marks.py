"""What packages are marked with: the number of their carrier, and the one that whoever packed them gave."""

from collections.abc import Iterable
from typing import Final

from troth.model.value import dataclass

_SSCC_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Marks:
    """The numbers of a package; empty ones are not said."""

    sscc: str = ""
    tracking_number: str = ""
    own: str = ""

    @property
    def name(self) -> str:
        """What the package is called."""
        return self.sscc or self.own or self.tracking_number


def bare_sscc(text: str) -> str:
    """What is said to be a serial shipping container code, without its application identifier.

    >>> bare_sscc("(00)003400000000000010")
    '003400000000000010'
    """
    digits = "".join(character for character in text if character not in "() ")
    return digits[2:] if len(digits) == _SSCC_DIGITS + 2 and digits.startswith("00") else digits


def read_marks(
    said: Iterable[tuple[str, str]], *, ssccs: frozenset[str], carriers: frozenset[str]
) -> tuple[Marks, ...]:
    """The packages that marks (qualifier, number) are of: those of one kind are of as many packages, and those of
    several kinds of the same ones, where they are as many.

    >>> read_marks([("GM", "00003400000000000014"), ("CP", "1Z9")], ssccs=frozenset({"GM"}), carriers=frozenset({"CP"}))
    (Marks(sscc='003400000000000014', tracking_number='1Z9', own=''),)
    """
    by_kind: dict[str, list[str]] = {"sscc": [], "tracking_number": [], "own": []}
    for qualifier, number in said:
        if qualifier in ssccs:
            kind, value = "sscc", bare_sscc(number)
        elif qualifier in carriers:
            kind, value = "tracking_number", number
        else:
            kind, value = "own", number
        if value not in by_kind[kind]:
            by_kind[kind].append(value)
    count = max(map(len, by_kind.values()))
    same = {kind: values for kind, values in by_kind.items() if len(values) == count}
    return tuple(Marks(**{kind: values[place] for kind, values in same.items()}) for place in range(count))
