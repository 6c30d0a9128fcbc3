"""Money in minor units of its currency, and its text form."""

from decimal import Decimal, InvalidOperation
from typing import Final

from troth.model.value import dataclass

# ISO 4217 list one, as of 2026: all currencies and funds in use, without metals and the codes for tests and for none.
_IN_USE: Final = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW
KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN
NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW
UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES: Final = frozenset(_IN_USE.split())

# Those whose minor unit is not a hundredth.
_NO_DECIMALS: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS: Final = "CLF UYW"
_DECIMALS: Final = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
    **dict.fromkeys(_FOUR_DECIMALS.split(), 4),
}


def currency_decimals(currency: str) -> int:
    """How many decimals amounts of a currency have. *Source:* ISO 4217.

    >>> currency_decimals("USD"), currency_decimals("JPY"), currency_decimals("KWD")
    (2, 0, 3)
    """
    return _DECIMALS.get(currency, 2)


def why_no_currency(code: str) -> str:
    """Why a code is no currency; empty where it is one.

    >>> why_no_currency("USD"), why_no_currency("USX")
    ('', 'USX is no ISO 4217 code of a currency')
    """
    return "" if code in CURRENCIES else f"{code} is no ISO 4217 code of a currency"


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
