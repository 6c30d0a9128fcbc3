"""Lists that macros go through, as code: order lines, lists that are written out, and the texts of a field.

Order lines are an axis of every array, so what a macro asks of them is an array too. A list that is written out is
known when an expression is compiled: its macro is as many conditions. Texts of a field differ from node to node: the
distinct ones take the place of lines while the macro asks.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from troth.engine.rules import functions, operators
from troth.engine.rules.code import Code, combine, constant
from troth.engine.rules.fields import LINES_AXIS, ORDER
from troth.engine.rules.ground import Ground
from troth.engine.rules.values import Coded, Kind, Known, Value, both, code_words, is_certain
from troth.model.value import dataclass

MACROS = frozenset({"exists", "all", "exists_one"})
"""Macros that are conditions."""

LIST_MACROS = frozenset({"filter", "map"})
"""Macros that make a list."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The order lines for which all `conditions` hold, or `element` of each of them (None: the lines themselves)."""

    conditions: tuple[Code, ...] = ()
    element: Code | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """Items that are written out, each where its conditions hold."""

    items: tuple[tuple[Code, tuple[Code, ...]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """The texts of a field that holds several."""

    field: Code


Items = Lines | Written | Texts


def ask(name: str, base: Lines, condition: Code) -> Code:
    """A condition asked of order lines: of any (`exists`), `all`, or just one (`exists_one`). Where it is unknown of a
    line whether the list has it, all is.
    """
    if name == "all":
        spared = [_opposite(one) for one in base.conditions]
        found = functions.over_lines(functions.join([*spared, condition], is_all=False), is_all=True)
    else:
        held = functions.join([*base.conditions, condition], is_all=True)
        found = functions.over_lines(held, is_all=False) if name == "exists" else _is_one(count_lines(held))
    return _where_known(found, base)


def _where_known(found: Code, base: Lines) -> Code:
    """Code that is unknown where the list is: where a condition of it, or an element of what it leaves, is."""
    parts = [*base.conditions, *(() if base.element is None else (base.element,))]
    if not parts:
        return found
    told, runs, count = found.run, [part.run for part in parts], len(base.conditions)

    def run(ground: Ground) -> Value:
        is_left: Any = True
        is_known: Any = True
        for at, following in enumerate(runs):
            value = following(ground)
            is_known = is_known & (np.logical_not(is_left) | value.known)
            if at < count:
                is_left = is_left & np.asarray(value.data, dtype=np.bool_)
        value, known = told(ground), np.asarray(np.atleast_2d(np.asarray(is_known)).all(axis=0))
        return Value(value.data, both(value.known, _plain(known)))

    return replace(combine(found.kind, run, found, *parts), axes=found.axes)


def size_of(base: Lines) -> Code:
    """How many order lines a list has."""
    held = functions.join(base.conditions, is_all=True) if base.conditions else constant(Kind.BOOL, Value(True))
    return _where_known(count_lines(held), base)


def ask_each(name: str, conditions: Sequence[tuple[Code, tuple[Code, ...]]]) -> Code:
    """The same of a list that is written out: a condition for each item, with those that must hold for it to count."""
    if name == "all":
        return functions.join(
            [functions.join([*map(_opposite, sparing), one], is_all=False) for one, sparing in conditions], is_all=True
        )
    held = [functions.join([*sparing, one], is_all=True) for one, sparing in conditions]
    return functions.join(held, is_all=False) if name == "exists" else _is_one(count_of(held))


def count_lines(condition: Code) -> Code:
    """Code that counts the lines for which a condition holds; unknown where it is of any line."""
    inner = condition.run

    def run(ground: Ground) -> Value:
        value, count = inner(ground), len(ground.demand.lines)
        if not isinstance(value.data, np.ndarray) or value.data.ndim < 2:  # the same for all lines
            return Value(np.where(value.data, count, 0) if isinstance(value.data, np.ndarray) else count * value.data)
        found = value.data.sum(axis=0).astype(np.float64)
        known: Known = True
        if value.known is not True:
            known = np.asarray(np.broadcast_to(np.asarray(value.known), value.data.shape).all(axis=0))
        if found.size != 1:
            return Value(found, known)
        return Value(int(found[0]), known if known is True else bool(np.asarray(known).reshape(-1)[0]))

    return Code(Kind.INT, condition.axes & ~LINES_AXIS, condition.reads | ORDER, run)


def count_of(conditions: Sequence[Code]) -> Code:
    """Code that counts the conditions that hold; unknown where one is."""
    runs = [one.run for one in conditions]

    def run(ground: Ground) -> Value:
        total = Value(0)
        for following in runs:
            found = following(ground)
            ones = found.data * 1.0 if isinstance(found.data, np.ndarray) else int(found.data)
            total = operators.arithmetic("+", is_whole=True)(total, Value(ones, found.known))
        return total

    return combine(Kind.INT, run, *conditions)


def bind_texts(texts: Texts) -> Code:
    """Code of any of the texts of a field: all that there are, one a row (texts, 1)."""
    read = texts.field.run

    def run(ground: Ground) -> Value:
        words = _words(read(ground))
        return Value(code_words(words, (len(words), 1)))

    return Code(Kind.STRING, LINES_AXIS, texts.field.reads, run)


def ask_texts(name: str, texts: Texts, condition: Code) -> Code:
    """A condition asked of the texts of a field, which `bind_texts` stands for in it."""
    read, inner = texts.field.run, condition.run

    def run(ground: Ground) -> Value:
        field = read(ground)
        words = _words(field)
        if not words:
            return Value(name == "all", field.known)
        asked = inner(ground)
        holds = _by_text(is_certain(asked), len(words))
        refuted = _by_text(is_certain(operators.not_of(asked)), len(words))
        has = _membership(field, words)
        if name == "all":
            never, holds_all = _any(has, refuted), _all(has, holds)
            return Value(_plain(holds_all), operators.conjunction(field.known, _plain(never | holds_all)))
        found, none = _any(has, holds), _all(has, refuted)
        if name == "exists":
            return Value(_plain(found), operators.conjunction(field.known, _plain(found | none)))
        count, is_known = _count(has, holds), _all(has, holds | refuted)
        return Value(_plain(count == 1), operators.conjunction(field.known, _plain(is_known)))

    axes = texts.field.axes | (condition.axes & ~LINES_AXIS)
    return Code(Kind.BOOL, axes, texts.field.reads | condition.reads, run)


def _opposite(code: Code) -> Code:
    run = code.run
    return combine(Kind.BOOL, lambda ground: operators.not_of(run(ground)), code)


def _is_one(count: Code) -> Code:
    run = count.run
    return combine(Kind.BOOL, lambda ground: operators.equal_numbers(run(ground), Value(1)), count)


def _words(field: Value) -> list[str]:
    """The distinct texts of a field, in order."""
    sets = field.data.words if isinstance(field.data, Coded) else (field.data,)
    return sorted(frozenset().union(*sets))


def _membership(field: Value, words: Sequence[str]) -> NDArray[np.bool_]:
    """Which texts (first axis) each entry of a field has: (texts, N), (texts, K, 1), or (texts, 1)."""
    if not isinstance(field.data, Coded):
        return np.array([[word in field.data] for word in words], dtype=np.bool_)
    has = np.array([[word in one for one in field.data.words] for word in words], dtype=np.bool_)
    return has[:, field.data.codes]


def _by_text(holds: Known, count: int) -> NDArray[np.bool_]:
    """Where a condition holds (texts, N or 1)."""
    found = np.atleast_2d(np.asarray(holds))
    return np.broadcast_to(found, (count, found.shape[1]))


def _aligned(has: NDArray[np.bool_], asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The second with an axis for lines where the first has one."""
    return asked[:, np.newaxis] if has.ndim == 3 else asked


def _any(has: NDArray[np.bool_], asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray((has & _aligned(has, asked)).any(axis=0))


def _all(has: NDArray[np.bool_], asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray((~has | _aligned(has, asked)).all(axis=0))


def _count(has: NDArray[np.bool_], asked: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.asarray((has & _aligned(has, asked)).sum(axis=0))


def _plain(found: NDArray[np.bool_]) -> Known:
    """One value where there is but one."""
    return bool(found.reshape(-1)[0]) if found.shape == (1,) else found
