"""Money in minor units of its currency, and its text form."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

# ISO 4217 list one: the currencies whose minor unit is not a hundredth.
_DECIMALS: Final = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def currency_decimals(currency: str) -> int:
    """How many decimals amounts of a currency have. *Source:* ISO 4217.

    >>> currency_decimals("USD"), currency_decimals("JPY"), currency_decimals("KWD")
    (2, 0, 3)
    """
    return _DECIMALS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of one currency."""

    minor: int
    currency: str

    @property
    def amount(self) -> str:
        """The amount as decimal text.

        >>> Money(1990, "USD").amount, Money(1990, "JPY").amount, Money(-5, "USD").amount
        ('19.90', '1990', '-0.05')
        """
        return str(Decimal(self.minor).scaleb(-currency_decimals(self.currency)))


def parse_money(amount: str, currency: str) -> Money:
    """The money that decimal text names; ValueError where it is no number or finer than the currency's minor unit.

    >>> parse_money("19.9", "USD")
    Money(minor=1990, currency='USD')
    """
    try:
        scaled = Decimal(amount).scaleb(currency_decimals(currency))
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise ValueError(f"{amount} is finer than the minor unit of {currency}")
    except InvalidOperation as error:
        raise ValueError(f"{amount!r} is not a decimal number") from error
    return Money(int(scaled), currency)
