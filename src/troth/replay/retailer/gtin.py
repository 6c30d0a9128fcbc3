"""GTIN-13: the number under the bar code."""

from typing import Final

DEMONSTRATION_PREFIX: Final = "952"
"""The prefix that GS1 keeps for examples: no real product has one of these numbers."""


def check_digit(payload: str) -> int:
    """The digit that completes the first 12 digits of a GTIN-13: from the right, digits weigh 3, 1, 3, 1, ...

    *Source:* GS1 General Specifications, section 7.9 (standard check digit calculations).

    >>> check_digit("400638133393")
    1
    """
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(payload)))
    return -weighted % 10


def example_gtin(number: int) -> str:
    """The GTIN-13 of the number-th example product; numbers are 0 to 999,999,999.

    >>> example_gtin(1), is_gtin(example_gtin(1))
    ('9520000000011', True)
    """
    payload = f"{DEMONSTRATION_PREFIX}{number:09d}"
    return f"{payload}{check_digit(payload)}"


def is_gtin(text: str) -> bool:
    """Whether a text is a GTIN-13 whose check digit is right.

    >>> is_gtin("4006381333931"), is_gtin("4006381333932"), is_gtin("12")
    (True, False, False)
    """
    return len(text) == 13 and text.isascii() and text.isdigit() and check_digit(text[:12]) == int(text[12])
