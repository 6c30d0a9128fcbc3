"""What keeps a rate card from being used: each flaw with the field it is in."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from troth.engine.carriage.cost_check import check_surcharges
from troth.model.document import Finding
from troth.model.network import RateCard
from troth.model.regions import place_flaw

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_SERVICE: Final = re.compile(r"[a-z0-9_]{1,64}")
_MINOR_MAX: Final = 10**12
_SIZE_MAX: Final = 1_000
_WEEKDAYS: Final = range(7)
_DAYS_MAX: Final = 365
_MILES_MAX: Final = 25_000.0
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


def check_card(card: RateCard) -> tuple[Finding, ...]:
    """Everything that forbids a rate card, in the order of its fields; nothing where it can be used."""
    return (*_names(card), *_shape(card), *_values(card), *_reach(card), *check_surcharges(card))


def _names(card: RateCard) -> Iterable[Finding]:
    if not _SERVICE.fullmatch(card.service):
        yield Finding("/service", "must be 1 to 64 lower-case letters, digits and underscores")
    if not card.carrier.strip():
        yield Finding("/carrier", "must not be empty")
    if not _CURRENCY.fullmatch(card.currency):
        yield Finding("/currency", "must be the code of a currency (ISO 4217), as USD")


def _shape(card: RateCard) -> Iterable[Finding]:
    """Zones and brackets that are there, in order, with a value for each."""
    zones, brackets = len(card.zone_miles), len(card.brackets_grams)
    for name, values in (("zone_miles", card.zone_miles), ("brackets_grams", card.brackets_grams)):
        if not 0 < len(values) <= _SIZE_MAX:
            yield Finding(f"/{name}", f"must have 1 to {_SIZE_MAX:,} values, not {len(values)}")
        elif values[0] <= 0 or any(later <= earlier for earlier, later in pairwise(values)):
            yield Finding(f"/{name}", "must be above zero and ascending")
    for name, count in (
        ("rates_minor", len(card.rates_minor)),
        ("over_minor", len(card.over_minor)),
        ("transit_days", len(card.transit_days)),
    ):
        if count != zones:
            yield Finding(f"/{name}", f"must have a value for each of the {zones} zones of zone_miles, not {count}")
    for zone, rates in enumerate(card.rates_minor):
        if len(rates) != brackets:
            detail = f"must have a rate for each of the {brackets} brackets of brackets_grams, not {len(rates)}"
            yield Finding(f"/rates_minor/{zone}", detail)


def _reach(card: RateCard) -> Iterable[Finding]:
    """Places that there are, and miles that make sense."""
    if card.max_miles is not None and not 0.0 < card.max_miles <= _MILES_MAX:
        yield Finding("/max_miles", f"must be above zero, and at most {_MILES_MAX:,.0f}")
    for at, country in enumerate(card.countries):
        if not _COUNTRY.fullmatch(country):
            yield Finding(f"/countries/{at}", "must be an ISO 3166 alpha-2 code such as US")
    for name, places in (("regions", card.regions), ("not_regions", card.not_regions)):
        for at, place in enumerate(places):
            flaw = place_flaw(place)
            if flaw:
                yield Finding(f"/{name}/{at}", f"{place} {flaw}")


def _values(card: RateCard) -> Iterable[Finding]:
    if card.grams_max is not None and card.grams_max <= 0:
        yield Finding("/grams_max", "must be above zero")
    for zone, rates in enumerate(card.rates_minor):
        yield from _amounts(rates, f"/rates_minor/{zone}")
    yield from _amounts(card.over_minor, "/over_minor")
    if not all(0 <= days <= _DAYS_MAX for days in card.transit_days):
        yield Finding("/transit_days", f"must be from 0 to {_DAYS_MAX}")
    if not card.weekdays:
        yield Finding("/weekdays", "must name at least one day, with Monday as 0")
    if card.window_closes.replace(second=0, microsecond=0) <= card.window_opens.replace(second=0, microsecond=0):
        yield Finding("/window_closes", "must be later than window_opens, on the same day")
    for name, size in (("length_mm_max", card.length_mm_max), ("girth_mm_max", card.girth_mm_max)):
        if size is not None and size <= 0:
            yield Finding(f"/{name}", "must be above zero")
    for name, days in (("weekdays", card.weekdays), ("delivery_weekdays", card.delivery_weekdays)):
        if any(day not in _WEEKDAYS for day in days):
            yield Finding(f"/{name}", "must be from 0, which is Monday, to 6")
    if card.dimensional_divisor_cm3_per_kg < 0:
        yield Finding("/dimensional_divisor_cm3_per_kg", "must not be negative; 0 charges by weight alone")
    if not 0 <= card.fuel_basis_points <= 100_000:
        yield Finding("/fuel_basis_points", "must be from 0 to 100000, which is tenfold")


def _amounts(amounts: Sequence[int], pointer: str) -> Iterable[Finding]:
    if not all(0 <= amount <= _MINOR_MAX for amount in amounts):
        yield Finding(pointer, f"must be amounts in minor units from 0 to {_MINOR_MAX}")
