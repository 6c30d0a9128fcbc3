"""The syntax tree of a rule's expression: the part of CEL that rules may use, each piece with its position."""

from dataclasses import field
from typing import Final

from troth.model.value import dataclass

CHARACTERS_MAX: Final = 4_000
PIECES_MAX: Final = 1_000
DEPTH_MAX: Final = 32
PATTERN_MAX: Final = 250
INTEGER_MAX: Final = 2**53
"""Up to here whole numbers are exact as float64, in which arrays hold them."""


class Flaw(Exception):
    """What is wrong with an expression, and where: line and column count from 1."""

    def __init__(self, detail: str, at: "At") -> None:
        super().__init__(detail)
        self.detail = detail
        self.at = at


@dataclass(frozen=True, slots=True)
class At:
    """A position in an expression, counted from 1."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: bool | int | float | str | None
    at: At = field(default=At(), compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A name by itself."""

    name: str
    at: At = field(default=At(), compare=False)


@dataclass(frozen=True, slots=True)
class Select:
    """A field of something, as in `node.type`; `at` is the position of the field's name."""

    operand: "Piece"
    name: str
    at: At = field(default=At(), compare=False)


@dataclass(frozen=True, slots=True)
class Index:
    """An entry of something, as in `node.attributes["class"]`."""

    operand: "Piece"
    key: "Piece"
    at: At = field(default=At(), compare=False)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list that is written out."""

    items: tuple["Piece", ...]
    at: At = field(default=At(), compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of arguments, as in `size(order.lines)`, or of a target too, as in `node.id.startsWith("ST")`."""

    function: str
    target: "Piece | None"
    arguments: tuple["Piece", ...]
    at: At = field(default=At(), compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`!` or `-` before something."""

    operator: str
    operand: "Piece"
    at: At = field(default=At(), compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """A comparison, a membership or arithmetic between two things."""

    operator: str
    left: "Piece"
    right: "Piece"
    at: At = field(default=At(), compare=False)


@dataclass(frozen=True, slots=True)
class Logic:
    """All (`&&`) or any (`||`) of some conditions."""

    operator: str
    parts: tuple["Piece", ...]
    at: At = field(default=At(), compare=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? yes : no`."""

    condition: "Piece"
    yes: "Piece"
    no: "Piece"
    at: At = field(default=At(), compare=False)


Piece = Literal | Name | Select | Index | ListOf | Call | Unary | Binary | Logic | Choice


def start_of(piece: Piece) -> At:
    """Where a piece begins."""
    while isinstance(piece, Select):
        piece = piece.operand
    return start_of(piece.target) if isinstance(piece, Call) and piece.target is not None else piece.at
