"""Which public holidays are kept where. The days themselves are given: who compiles a network knows them."""

from collections.abc import Sequence
from datetime import date
from typing import Final, Protocol

from troth.engine.carriage.where import regions_of
from troth.model.network import Address

_NATIONAL: Final = frozenset({"US"})
"""Countries whose carriers keep the holidays of the whole country, but not those of a region."""


class FindDays(Protocol):
    """The days of a calendar of public holidays by its name (`US`, `DE-BY`): the same for ever, none where there is no
    such calendar; of a region that has none, those of its country.
    """

    def __call__(self, calendar: str, /) -> frozenset[date]:
        """The days of the calendar of this name."""
        ...


def no_days(calendar: str, /) -> frozenset[date]:
    """No days at all: where nothing is known of public holidays."""
    return frozenset()


def local_calendar(country: str, regions: Sequence[str] = ()) -> str:
    """The name of the calendar that carriers keep at a place; `regions` are the names of its region, its code first.

    >>> local_calendar("US", ("CA",)), local_calendar("de", ("BY", "BAYERN")), local_calendar("FR")
    ('US', 'DE-BY', 'FR')
    """
    country = country.upper()
    return country if country in _NATIONAL or not regions else f"{country}-{regions[0]}"


def local_holidays(find: FindDays, country: str, regions: Sequence[str]) -> frozenset[date]:
    """The public holidays that carriers keep at a place."""
    return find(local_calendar(country, regions)) if country else frozenset()


def holidays_of(find: FindDays, address: Address) -> frozenset[date]:
    """The public holidays that carriers keep at an address."""
    return local_holidays(find, address.country, regions_of(address))
