"""Card numbers, which have no place here: how one is recognized, so that it is refused."""

import re
from typing import Final

_LIKE_A_CARD: Final = re.compile(r"(?<![0-9A-Za-z])[2-6](?:[ .-]?[0-9]){12,18}(?![0-9A-Za-z])")
LOOKS_LIKE_A_CARD: Final = "looks like a card number; send the token that your gateway gave you for it"
"""What is told; the number itself is never repeated."""


def has_card_number(text: str) -> bool:
    """Whether a text has what may be the number of a payment card: 13 to 19 digits, perhaps grouped, that begin like
    one and whose check digit fits. *Source:* ISO/IEC 7812-1:2017, annex B (the formula of Luhn).

    >>> has_card_number("4242 4242-4242 4242"), has_card_number("4242424242424241"), has_card_number("tok_visa_4242")
    (True, False, False)
    """
    return any(is_luhn(re.sub("[ .-]", "", found)) for found in _LIKE_A_CARD.findall(text))


def is_luhn(digits: str) -> bool:
    """Whether the last of some digits checks the others: every second from the right is doubled, its digits are added.

    >>> is_luhn("79927398713"), is_luhn("79927398710")
    (True, False)
    """
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    single = [int(digit) for digit in digits[::-2]]
    return (sum(single) + sum(value - 9 if value > 9 else value for value in doubled)) % 10 == 0
