"""Conditions that cannot all hold: what they ask of one and the same field leaves no value."""

import math
from collections.abc import Iterable
from dataclasses import field
from typing import Final

from troth.engine.rules.fields import FIELDS
from troth.engine.rules.parse import parse
from troth.engine.rules.syntax import Binary, Flaw, ListOf, Literal, Logic, Name, Piece, Select, Unary
from troth.engine.rules.values import NUMERIC
from troth.model.value import dataclass

_OPPOSITE: Final = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<", "in": "not in"}
_MIRRORED: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

Constant = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Demanded:
    """What a condition asks of a field: `operator` and the constants it names."""

    path: str
    operator: str
    constants: tuple[Constant, ...]


@dataclass(slots=True)
class Range:
    """The values that a field may still have; `chosen` None is any."""

    least: float = -math.inf
    most: float = math.inf
    is_least_open: bool = False
    is_most_open: bool = False
    chosen: set[Constant] | None = None
    barred: set[Constant] = field(default_factory=set)

    def is_empty(self) -> bool:
        """Whether no value is left."""
        if self.least > self.most or (self.least == self.most and (self.is_least_open or self.is_most_open)):
            return True
        if self.chosen is None:
            return False
        return not any(value not in self.barred and self._is_within(value) for value in self.chosen)

    def narrow(self, demanded: Demanded) -> None:
        """Takes away what the condition does not allow."""
        first = demanded.constants[0] if demanded.constants else 0
        match demanded.operator:
            case "==" | "in":
                allowed = set(demanded.constants)
                self.chosen = allowed if self.chosen is None else self.chosen & allowed
            case "!=" | "not in":
                self.barred |= set(demanded.constants)
            case ">" | ">=" if isinstance(first, int | float):
                is_open = demanded.operator == ">"
                if (first, is_open) > (self.least, self.is_least_open):
                    self.least, self.is_least_open = float(first), is_open
            case "<" | "<=" if isinstance(first, int | float):
                is_open = demanded.operator == "<"
                if (-first, is_open) > (-self.most, self.is_most_open):
                    self.most, self.is_most_open = float(first), is_open
            case _:
                pass

    def _is_within(self, value: Constant) -> bool:
        if isinstance(value, str | bool):
            return True
        above = value > self.least or (value == self.least and not self.is_least_open)
        return above and (value < self.most or (value == self.most and not self.is_most_open))


def find_contradiction(conditions: Iterable[tuple[str, bool]]) -> str:
    """The field of which these conditions together leave no value, "" where they leave some.

    Each condition is an expression and whether it must not hold. Only comparisons of one field with constants count, as
    far as all of them must hold; so what is found is certain, and what is not found may still be there.

    >>> find_contradiction([("node.type == 'store'", False), ("node.type in ['dc', 'store']", True)])
    'node.type'
    """
    ranges: dict[str, Range] = {}
    for text, is_negated in conditions:
        try:
            piece = parse(text)
        except Flaw:
            continue
        for demanded in _demands(piece, is_negated=is_negated):
            ranges.setdefault(demanded.path, _any_value(demanded.path)).narrow(demanded)
    return next((path for path, left in ranges.items() if left.is_empty()), "")


def _any_value(path: str) -> Range:
    """What a field may be at all: few numbers are ever negative."""
    known = FIELDS.get(path)
    is_signed = known is None or known.kind not in NUMERIC or known.is_signed
    return Range() if is_signed else Range(least=0.0)


def _demands(piece: Piece, *, is_negated: bool) -> Iterable[Demanded]:
    match piece:
        case Logic(operator="&&", parts=parts) if not is_negated:
            for part in parts:
                yield from _demands(part, is_negated=False)
        case Logic(operator="||", parts=parts) if is_negated:
            for part in parts:
                yield from _demands(part, is_negated=True)
        case Unary(operator="!", operand=operand):
            yield from _demands(operand, is_negated=not is_negated)
        case Binary():
            yield from _compared(piece, is_negated=is_negated)
        case Select():
            yield Demanded(path_of(piece), "==", (not is_negated,))
        case _:
            pass


def _compared(piece: Binary, *, is_negated: bool) -> Iterable[Demanded]:
    left, operator, right = piece.left, piece.operator, piece.right
    if isinstance(left, Literal) and operator in _MIRRORED:
        left, operator, right = right, _MIRRORED[operator], left
    path = path_of(left)
    items = right.items if isinstance(right, ListOf) and operator == "in" else (right,)
    constants = tuple(item.value for item in items if isinstance(item, Literal) and item.value is not None)
    if path and operator in _OPPOSITE and len(constants) == len(items):
        yield Demanded(path, _OPPOSITE[operator] if is_negated else operator, constants)


def path_of(piece: Piece) -> str:
    """The dotted name of a field; "" for anything else."""
    if isinstance(piece, Select):
        before = path_of(piece.operand) if isinstance(piece.operand, Select) else ""
        if isinstance(piece.operand, Name):
            before = piece.operand.name
        return f"{before}.{piece.name}" if before else ""
    return ""
