"""The public holidays of countries and their regions, by the name of their calendar.

*Source:* the package `holidays` (https://github.com/vacanza/holidays, MIT), which follows the laws of each country.
"""

from datetime import date
from functools import cache
from typing import Final

import holidays

YEARS: Final = range(2024, 2051)
"""The years that calendars have. They are fixed, so that the name of a network, which depends on them, does not change
with the day on which it is asked for.
"""

US_CARRIERS: Final = "US-carriers"
_CARRIER_HOLIDAYS: Final = ("New Year", "Memorial", "Independence", "Labor", "Thanksgiving", "Christmas")
"""The six on which the private parcel carriers of the US rest; on the other federal ones they work."""


@cache
def name_days(calendar: str) -> dict[date, str]:
    """The days of a calendar with their names, in order: of a country (`US`, which are the federal ones), of a region
    (`DE-BY`: with those of the country), or of the parcel carriers of the US (`US-carriers`). Empty where there is no
    such calendar; a region that has no calendar of its own has that of its country.
    """
    if calendar == US_CARRIERS:
        return {day: name for day, name in name_days("US").items() if name.startswith(_CARRIER_HOLIDAYS)}
    country, _, region = calendar.upper().partition("-")
    known = _regions()
    if country not in known:
        return {}
    # Without a language the names would be those of the machine's.
    found = holidays.country_holidays(
        country, subdiv=region if region in known[country] else None, years=YEARS, language="en_US"
    )
    return dict(sorted(found.items()))


@cache
def find_days(calendar: str, /) -> frozenset[date]:
    """The days of a calendar; none where there is no such calendar."""
    return frozenset(name_days(calendar))


def is_calendar(calendar: str) -> bool:
    """Whether there is a calendar of exactly this name.

    >>> [is_calendar(name) for name in ("US", "DE-BY", "US-carriers", "us", "DE-XX", "Mars")]
    [True, True, True, False, False, False]
    """
    country, dash, region = calendar.partition("-")
    known = _regions()
    return calendar == US_CARRIERS or (country in known and (not dash or region in known[country]))


@cache
def _regions() -> dict[str, frozenset[str]]:
    """The countries that have a calendar, each with those of its regions that have one (codes of ISO 3166-2)."""
    found = holidays.list_supported_countries(include_aliases=False)
    return {country: frozenset(map(str.upper, regions)) for country, regions in found.items()}
