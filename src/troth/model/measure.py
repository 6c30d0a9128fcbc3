"""Items sold by measure: quantities are whole numbers of the smallest part sold, prices and weights those of one.

A cable by the meter with two decimals is kept in centimeters: 1.25 m are 125 units of which 100 make one.
"""

from decimal import Decimal
from typing import Final

DECIMALS_MAX: Final = 3
PIECE: Final = "each"


def scale_of(decimals: int) -> int:
    """How many units make one of what the price is for.

    >>> scale_of(0), scale_of(2)
    (1, 100)
    """
    return int(10**decimals)


def units_in(given: int | Decimal, decimals: int) -> int | None:
    """How many units a quantity is, as somebody says it; None where it has more decimals than are sold, or any at all
    of a piece.

    >>> units_in(3, 2), units_in(Decimal("1.25"), 2), units_in(Decimal("1.255"), 2), units_in(Decimal("3.0"), 0)
    (300, 125, None, None)
    """
    if isinstance(given, int):
        return given * scale_of(decimals)
    scaled = given * scale_of(decimals)
    return int(scaled) if decimals and scaled == scaled.to_integral_value() else None


def why_not_units(sku: str, decimals: int) -> str:
    """Why a quantity of an item is none.

    >>> why_not_units("A", 0), why_not_units("M", 2)
    ('must be a whole number: A is sold by the piece', 'must have at most 2 decimals: M is sold by measure')
    """
    if decimals:
        return f"must have at most {decimals} decimals: {sku} is sold by measure"
    return f"must be a whole number: {sku} is sold by the piece"


def half_up(amount: int, divisor: int) -> int:
    """The nearest whole number to a quotient, halves up.

    >>> half_up(25, 10), half_up(-25, 10), half_up(249, 100), half_up(7, 1)
    (3, -2, 2, 7)
    """
    return amount if divisor == 1 else (2 * amount + divisor) // (2 * divisor)


def told(units: int, decimals: int, unit: str) -> str:
    """Units in words, as a refusal tells them.

    >>> told(4, 0, "each"), told(1250, 3, "kg")
    ('4 units', '1.250 kg')
    """
    return f"{units} units" if decimals == 0 else f"{units / scale_of(decimals):.{decimals}f} {unit}"


def counted(units: int | float, noun: str = "unit") -> str:
    """So many of something, in words.

    >>> counted(1), counted(0), counted(2.5), counted(3, "serial")
    ('1 unit', '0 units', '2.5 units', '3 serials')
    """
    return f"{units} {noun}" if units == 1 else f"{units} {noun}s"


def shown(units: int | float, decimals: int) -> int | float:
    """Units as the number that people know; exact, since it has at most three decimals.

    >>> shown(1250, 3), shown(3, 0)
    (1.25, 3)
    """
    return units if decimals == 0 else units / scale_of(decimals)
