"""The functions and macros of CEL that rules may use, as code."""

import math
from collections.abc import Callable, Sequence
from functools import cache
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Final

import numpy as np

from troth.engine.rules import operators
from troth.engine.rules.code import Code, combine, constant
from troth.engine.rules.fields import LINES_AXIS, ORDER
from troth.engine.rules.ground import Ground
from troth.engine.rules.moments import PARTS, READERS
from troth.engine.rules.syntax import INTEGER_MAX, PATTERN_MAX, At, Flaw
from troth.engine.rules.values import Coded, Data, Kind, Value, both, join_texts, map_text, map_texts, recode

TESTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": str.__contains__,
}
"""Tests of one text against another."""

_TO_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)
_TO_UPPER: Final = str.maketrans(ascii_lowercase, ascii_uppercase)

CASES: Final[dict[str, Callable[[str], str]]] = {
    "lowerAscii": lambda word: word.translate(_TO_LOWER),
    "upperAscii": lambda word: word.translate(_TO_UPPER),
}
"""What makes another text of one, letter by letter."""

CONVERSIONS: Final = frozenset({"int", "double"})

_PATTERN_BYTES: Final = 1 << 20


def explain_unknown(name: str, *, has_target: bool) -> str:
    """Why a function cannot be called so."""
    known = [*TESTS, "matches", *CASES, *CONVERSIONS, "string", *READERS, *PARTS, "size", "has"]
    known += ["exists", "exists_one", "all", "filter", "map"]
    if name in known:
        return f"{name} cannot be called like this"
    return f"there is no {'method' if has_target else 'function'} {name}; there are {', '.join(sorted(known))}"


def test_text(test: Callable[[str, str], bool], target: Code, argument: Code) -> Code:
    """Code that tests one text against another."""
    first, second = target.run, argument.run

    def run(ground: Ground) -> Value:
        left, right = first(ground), second(ground)
        return Value(map_texts(left, right, test), both(left.known, right.known))

    return combine(Kind.BOOL, run, target, argument)


def matching(target: Code, pattern: Code, at: At) -> Code:
    """Code that looks for a pattern (RE2) anywhere in a text."""
    if pattern.fixed is None or pattern.fixed.known is not True:
        raise Flaw("a pattern must be written out as a string", at)
    written = pattern.fixed.data
    if len(written) > PATTERN_MAX:
        raise Flaw(f"a pattern has at most {PATTERN_MAX} characters", at)
    found = _compile_pattern(written)
    if isinstance(found, str):
        raise Flaw(f"the pattern cannot be used: {found}", at)
    search = found.search
    inner = target.run

    def run(ground: Ground) -> Value:
        value = inner(ground)
        return Value(map_text(value, lambda word: search(word) is not None, np.bool_), value.known)

    return combine(Kind.BOOL, run, target)


@cache
def _engine() -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _PATTERN_BYTES
    return re2, options


def _compile_pattern(pattern: str) -> Any:
    """The compiled pattern, or what is wrong with it. RE2 matches in time linear in the text, whatever the pattern."""
    re2, options = _engine()
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def change_case(name: str, target: Code) -> Code:
    """Code that makes letters of the ASCII alphabet small or large."""
    change, inner = CASES[name], target.run

    def run(ground: Ground) -> Value:
        data, known = inner(ground)
        return Value(
            recode([change(word) for word in data.words], data.codes) if isinstance(data, Coded) else change(data),
            known,
        )

    return combine(Kind.STRING, run, target)


def as_string(argument: Code) -> Code:
    """Code that makes a text of a whole number, a bool or a text."""
    if argument.kind is Kind.STRING:
        return argument
    inner = argument.run
    tell: Callable[[Any], str] = (lambda found: "true" if found else "false") if argument.kind is Kind.BOOL else _digits

    def run(ground: Ground) -> Value:
        data, known = inner(ground)
        if not isinstance(data, np.ndarray):
            return Value(tell(data), known)
        distinct, codes = np.unique(data, return_inverse=True)
        return Value(recode([tell(one) for one in distinct.tolist()], codes.reshape(data.shape)), known)

    return combine(Kind.STRING, run, argument)


def _digits(number: float) -> str:
    """The digits of a whole number; of what is none (it is not known) nothing that counts."""
    return str(int(number)) if math.isfinite(number) else ""


def concatenate(left: Value, right: Value) -> Value:
    """One text after the other."""
    return Value(join_texts(left, right), both(left.known, right.known))


def is_in(left: Code, items: Sequence[Code]) -> Code:
    """Code that finds a value in a list; constants are looked up at once."""
    fixed = [item.fixed for item in items]
    if left.kind is Kind.STRING and all(value is not None and value.known is True for value in fixed):
        words = frozenset(value.data for value in fixed if value is not None)
        inner = left.run

        def run(ground: Ground) -> Value:
            value = inner(ground)
            return Value(map_text(value, words.__contains__, np.bool_), value.known)

        return combine(Kind.BOOL, run, left)
    equal = operators.equal_words if left.kind is Kind.STRING else operators.equal_numbers
    first, runs = left.run, [item.run for item in items]

    def search(ground: Ground) -> Value:
        value = first(ground)
        data: Data = False
        known = value.known
        for following in runs:
            found = equal(value, following(ground))
            data = operators.disjunction(data, found.data)
            known = both(known, found.known)  # a list of which an entry is unknown is unknown as a whole
        return Value(data, known)

    return combine(Kind.BOOL, search, left, *items)


def is_element(word: Code, sets: Code) -> Code:
    """Code that finds a text in a node's list of texts."""
    first, second = word.run, sets.run

    def run(ground: Ground) -> Value:
        left, right = first(ground), second(ground)
        return Value(map_texts(left, right, lambda text, texts: text in texts), both(left.known, right.known))

    return combine(Kind.BOOL, run, word, sets)


def is_there(code: Code) -> Code:
    """Code that says where a field or an attribute is known."""
    run = code.run
    return combine(Kind.BOOL, lambda ground: Value(run(ground).known), code)


def join(parts: Sequence[Code], *, is_all: bool) -> Code:
    """Code that asks for all or any of some conditions: those that differ least first, and no further once decided."""
    left = [part for part in parts if part.fixed is None or part.fixed.known is not True or part.fixed.data != is_all]
    decided = [part for part in left if part.fixed is not None and part.fixed.known is True]
    if decided or not left:
        return constant(Kind.BOOL, Value(bool(decided) != is_all))
    ordered = sorted(left, key=lambda part: part.axes.bit_count())
    runs = [part.run for part in ordered]
    merge = operators.conjoin if is_all else operators.disjoin

    def run(ground: Ground) -> Value:
        value = runs[0](ground)
        for following in runs[1:]:
            if value.known is True and value.data is (not is_all):
                return value
            value = merge(value, following(ground))
        return value

    return combine(Kind.BOOL, run, *ordered)


def branch(kind: Kind, condition: Code, yes: Code, no: Code) -> Code:
    """Code that takes one of two values; where the condition is the same for all, the other is not computed."""
    ask, first, second = condition.run, yes.run, no.run

    def run(ground: Ground) -> Value:
        value = ask(ground)
        if isinstance(value.data, bool) and isinstance(value.known, bool):
            if not value.known:
                return Value(_default(kind), False)
            return first(ground) if value.data else second(ground)
        return operators.choose(value, first(ground), second(ground))

    return combine(kind, run, condition, yes, no)


def _default(kind: Kind) -> bool | float | str:
    if kind is Kind.BOOL:
        return False
    return "" if kind is Kind.STRING else 0.0


def over_lines(condition: Code, *, is_all: bool) -> Code:
    """Code that asks whether a condition holds of any line, or of all."""
    inner = condition.run

    def run(ground: Ground) -> Value:
        if not ground.demand.lines:
            return Value(is_all)
        value = inner(ground)
        if not isinstance(value.data, np.ndarray) or value.data.ndim < 2:  # the same for all lines
            return value
        if is_all:
            return operators.not_of(operators.any_line(operators.not_of(value)))
        return operators.any_line(value)

    return Code(Kind.BOOL, condition.axes & ~LINES_AXIS, condition.reads | ORDER, run)


def convert(argument: Code, *, is_whole: bool) -> Code:
    """Code that makes a number of a number or of a text; unknown where the text is none."""
    inner, is_text = argument.run, argument.kind is Kind.STRING
    read = _read_whole if is_whole else _read_number

    def run(ground: Ground) -> Value:
        value = inner(ground)
        data, known = value.data, value.known
        if is_text:
            number = map_text(value, lambda word: read(word) or 0.0)
            is_number = map_text(value, lambda word: read(word) is not None, np.bool_)
            return Value(number, both(known, is_number))
        if not is_whole:
            return Value(data if isinstance(data, np.ndarray) else float(data), known)
        is_small = abs(data) <= INTEGER_MAX
        if isinstance(data, np.ndarray):
            return Value(np.trunc(np.where(is_small, data, 0.0)), both(known, is_small))
        return Value(int(data) if is_small else 0, both(known, bool(is_small)))

    return combine(Kind.INT if is_whole else Kind.DOUBLE, run, argument)


def _read_whole(word: str) -> int | None:
    digits = word[1:] if word[:1] in ("+", "-") else word
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 16 or int(digits) > INTEGER_MAX:
        return None
    return int(word)


def _read_number(word: str) -> float | None:
    try:
        number = float(word) if word.isascii() and "_" not in word and word == word.strip() else None
    except ValueError:
        return None
    return number if number is not None and number - number == 0.0 else None
