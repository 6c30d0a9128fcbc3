"""What customs want to know of goods that cross their border: a tariff number, an origin, a value."""

import re
from collections.abc import Mapping
from typing import Final

HS_CODE: Final = "hs_code"
ORIGIN: Final = "origin"
"""The attributes of an item by which customs know it."""

_HS_CODE: Final = re.compile(r"\d{4}\.?\d{2}(\.?\d{2}){0,2}")
_ORIGIN: Final = re.compile(r"[A-Z]{2}")

_CUSTOMS_UNION: Final = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MC MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
"""The customs territory of the European Union, with Monaco (Regulation (EU) No 952/2013, article 4)."""


def crosses_customs(origin: str, destination: str) -> bool:
    """Whether goods from one country to another (ISO 3166) have to be declared.

    >>> crosses_customs("DE", "FR"), crosses_customs("DE", "CH"), crosses_customs("US", "US"), crosses_customs("", "US")
    (False, True, False, False)
    """
    if not origin or not destination or origin == destination:
        return False
    return not {origin, destination} <= _CUSTOMS_UNION


def find_customs_flaws(attributes: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the attributes for customs, by attribute; what is not there is not wrong.

    >>> find_customs_flaws({"hs_code": "6115.95", "origin": "Portugal"})
    {'origin': 'must be a country as ISO 3166 has it, such as PT'}
    """
    found = {}
    if HS_CODE in attributes and not _HS_CODE.fullmatch(attributes[HS_CODE]):
        found[HS_CODE] = "must be a tariff number of 6, 8 or 10 digits, such as 6115.95"
    if ORIGIN in attributes and not _ORIGIN.fullmatch(attributes[ORIGIN]):
        found[ORIGIN] = "must be a country as ISO 3166 has it, such as PT"
    return found
