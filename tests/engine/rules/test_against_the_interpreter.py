"""Arrays say of every candidate what the CEL library's interpreter says of it alone."""

import pytest
from hypothesis import given, settings

from tests.engine.rules.reference import conditions, each_of, interpreted, numbers, spread, texts, world
from tests.examples import examples
from troth.engine.rules.expression import compile_expression
from troth.engine.rules.values import Kind


@settings(max_examples=examples(120), deadline=None)
@given(conditions)
def test_a_condition_holds_where_the_interpreter_says_so_and_is_unknown_where_it_fails(text: str) -> None:
    wish, ground = world()

    found = spread(compile_expression(text), ground)

    assert list(each_of(found)) == list(each_of(interpreted(text, wish))), text


@settings(max_examples=examples(80), deadline=None)
@given(numbers)
def test_a_whole_number_is_the_one_of_the_interpreter(text: str) -> None:
    wish, ground = world()

    found = spread(compile_expression(text, kinds=(Kind.INT,)), ground)

    assert found == interpreted(text, wish)


@settings(max_examples=examples(50), deadline=None)
@given(texts)
def test_a_text_is_the_one_of_the_interpreter(text: str) -> None:
    wish, ground = world()

    found = spread(compile_expression(text, kinds=(Kind.STRING,)), ground)

    assert found == interpreted(text, wish)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2.5", 3.5),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("7 / 2.0", 3.5),
        ("1 < 1.5 ? 1 : 2", 1),
        ("1 == 1.0 ? 1 : 2", 1),
        ("true ? 1 : 2.5", 1.0),
        ('int("12") + int(2.9)', 14),
        ('double("1.5")', 1.5),
        ("size([1, 2])", 2),
        ("0x10", 16),
        ("1 / 0", "unknown"),
        ("1.0 / 0.0", "unknown"),
        ("5 % 0", "unknown"),
        ("9007199254740992 + 1", "unknown"),
        ('int("twelve")', "unknown"),
        ('double("nan")', "unknown"),
        ("1 / 0 == 1 || true ? 1 : 2", 1),
        ("1 / 0 == 1 && false ? 1 : 2", 2),
    ],
)
def test_whole_and_other_numbers_mix_and_what_has_no_value_is_unknown(text: str, expected: object) -> None:
    _wish, ground = world()

    found = spread(compile_expression(text, kinds=(Kind.INT, Kind.DOUBLE)), ground)

    assert set(found) == {expected}
