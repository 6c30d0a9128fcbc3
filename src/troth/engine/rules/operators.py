"""What the operators of CEL do to values.

Where CEL has an error, a value is not known: a missing field, a division by zero (of either kind of number), a whole
number beyond 2^53, a text that is no number. `&&` and `||` are known where what is known decides them.
"""

import math
import operator
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.rules.syntax import INTEGER_MAX
from troth.engine.rules.values import (
    Coded,
    Data,
    Kind,
    Known,
    Value,
    both,
    choose_texts,
    equal_texts,
    is_certain,
    map_texts,
    negated,
)

Operation = Callable[[Value, Value], Value]

ORDERINGS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def equal_numbers(left: Value, right: Value) -> Value:
    """Whether two numbers, or two bools, are the same."""
    return Value(left.data == right.data, both(left.known, right.known))


def equal_words(left: Value, right: Value) -> Value:
    """Whether two texts are the same."""
    return Value(equal_texts(left, right), both(left.known, right.known))


def opposite(operation: Operation) -> Operation:
    """The operation whose bool is the other one."""

    def run(left: Value, right: Value) -> Value:
        found = operation(left, right)
        return Value(negated(found.data), found.known)

    return run


def order_numbers(sign: str) -> Operation:
    """A comparison of two numbers."""
    compare = ORDERINGS[sign]
    return lambda left, right: Value(compare(left.data, right.data), both(left.known, right.known))


def order_words(sign: str) -> Operation:
    """A comparison of two texts, by code points."""
    compare = ORDERINGS[sign]
    return lambda left, right: Value(map_texts(left, right, compare), both(left.known, right.known))


def arithmetic(sign: str, *, is_whole: bool) -> Operation:
    """`+ - * / %` of two numbers; of whole numbers, `/` cuts towards zero and `%` has the sign of the left one."""
    compute = {"+": operator.add, "-": operator.sub, "*": operator.mul}.get(sign)
    if compute is not None:
        return lambda left, right: _sound(
            compute(left.data, right.data), both(left.known, right.known), is_whole=is_whole
        )
    divide = {("/", False): _quotient, ("/", True): _whole_quotient, ("%", True): _remainder}[sign, is_whole]

    def run(left: Value, right: Value) -> Value:
        is_possible = right.data != 0
        divisor = np.where(is_possible, right.data, 1.0) if isinstance(is_possible, np.ndarray) else right.data or 1
        known = both(both(left.known, right.known), is_possible)
        return _sound(divide(left.data, divisor), known, is_whole=is_whole)

    return run


def minus(value: Value) -> Value:
    """The number with the other sign."""
    return Value(-value.data, value.known)


def _sound(data: Data, known: Known, *, is_whole: bool) -> Value:
    """Unknown where the number is none, or a whole one too large to be exact."""
    if isinstance(data, np.ndarray):
        if is_whole and data.size and data.min() >= -INTEGER_MAX and data.max() <= INTEGER_MAX:
            return Value(data, known)
        is_sound = np.abs(data) <= INTEGER_MAX if is_whole else data == data
        return Value(data, known if is_sound.all() else both(known, is_sound))
    return Value(data, both(known, bool(abs(data) <= INTEGER_MAX if is_whole else data == data)))


def _quotient(left: Data, right: Data) -> Data:
    return left / right


def _whole_quotient(left: Data, right: Data) -> Data:
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return (left - np.fmod(left, right)) / right
    return int(math.copysign(1, left) * math.copysign(1, right)) * (abs(left) // abs(right))


def _remainder(left: Data, right: Data) -> Data:
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return np.fmod(left, right)
    return int(math.copysign(1, left)) * (abs(left) % abs(right))


def conjoin(left: Value, right: Value) -> Value:
    """Both; False where either is known to be False, whatever the other is."""
    data = conjunction(left.data, right.data)
    if left.known is True and right.known is True:
        return Value(data)
    is_true = conjunction(is_certain(left), is_certain(right))
    is_false = disjunction(_is_refuted(left), _is_refuted(right))
    return Value(is_true, disjunction(is_true, is_false))


def disjoin(left: Value, right: Value) -> Value:
    """Either; True where one is known to be True, whatever the other is."""
    if left.known is True and right.known is True:
        return Value(disjunction(left.data, right.data))
    is_true = disjunction(is_certain(left), is_certain(right))
    is_false = conjunction(_is_refuted(left), _is_refuted(right))
    return Value(is_true, disjunction(is_true, is_false))


def choose(condition: Value, yes: Value, no: Value) -> Value:
    """One value where the condition (an array) holds, the other elsewhere."""
    holds = condition.data
    if isinstance(yes.data, str | Coded):
        data: Data = choose_texts(holds, yes, no)
    else:
        data = np.where(holds, yes.data, no.data)
    branch = True if yes.known is True and no.known is True else np.where(holds, yes.known, no.known)
    return Value(data, both(condition.known, branch))


def any_line(value: Value) -> Value:
    """Whether a condition by line (K, 1 or N) holds of any line."""
    if value.known is True:
        found: NDArray[np.bool_] = value.data.any(axis=0)
        return Value(found if found.size != 1 else bool(found[0]))
    shape = np.broadcast_shapes(value.data.shape, np.asarray(value.known).shape)
    holds: NDArray[np.bool_] = np.asarray(np.broadcast_to(np.asarray(is_certain(value)), shape).any(axis=0))
    refuted: NDArray[np.bool_] = np.asarray(np.broadcast_to(np.asarray(_is_refuted(value)), shape).all(axis=0))
    if shape[1] != 1:
        return Value(holds, holds | refuted)
    return Value(bool(holds[0]), bool(holds[0] or refuted[0]))


def not_of(value: Value) -> Value:
    """The opposite of a condition."""
    return Value(negated(value.data), value.known)


def conjunction(left: Data, right: Data) -> Data:
    """`and` of bools and arrays of them; a bool alone decides without array work where it can."""
    if isinstance(left, bool):
        return right if left else False
    if isinstance(right, bool):
        return left if right else False
    return left & right


def disjunction(left: Data, right: Data) -> Data:
    """`or` of bools and arrays of them."""
    if isinstance(left, bool):
        return True if left else right
    if isinstance(right, bool):
        return True if right else left
    return left | right


def _is_refuted(value: Value) -> Known:
    """Where a condition is known not to hold."""
    return is_certain(Value(negated(value.data), value.known))


def kind_of_numbers(left: Kind, right: Kind) -> Kind:
    """The kind that arithmetic of two numbers gives: double as soon as one is."""
    return Kind.INT if left is Kind.INT and right is Kind.INT else Kind.DOUBLE
