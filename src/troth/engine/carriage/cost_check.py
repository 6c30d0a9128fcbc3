"""What keeps surcharges and cost rates from being used, and what in a rate card is worth a second look."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

from troth.engine.carriage.rate_cards import is_merging_cheaper
from troth.model.cost_rates import CostRates
from troth.model.document import Finding
from troth.model.network import Carriage, RateCard, Surcharge
from troth.model.order import Method
from troth.model.regions import has_regions, place_flaw, region_code

_MINOR_MAX: Final = 10**12
_SURCHARGES_MAX: Final = 200
_PREFIXES_MAX: Final = 100_000
_BASIS: Final = 10_000
_WEEKS_MAX: Final = 520.0
_FACTOR_MAX: Final = 1e6
_COUNTRY_LETTERS: Final = 2
_METHODS: Final = frozenset({"", *(method.value for method in Method)})


def check_surcharges(card: RateCard) -> Iterable[Finding]:
    """Everything that forbids a card's surcharges."""
    if len(card.surcharges) > _SURCHARGES_MAX:
        yield Finding("/surcharges", f"there are {len(card.surcharges)}; there may be {_SURCHARGES_MAX}")
        return
    seen: set[str] = set()
    for at, surcharge in enumerate(card.surcharges):
        pointer = f"/surcharges/{at}"
        if not surcharge.name.strip():
            yield Finding(f"{pointer}/name", "must not be empty")
        elif surcharge.name in seen:
            yield Finding(f"{pointer}/name", f"there is a surcharge {surcharge.name} already")
        seen.add(surcharge.name)
        yield from _amount(surcharge.minor, f"{pointer}/minor")
        yield from _conditions(card, surcharge, pointer)


def check_cost_rates(rates: CostRates, pointer: str = "/cost_rates") -> Iterable[Finding]:
    """Everything that forbids the cost rates of a policy."""
    yield from _amount(rates.load_minor, f"{pointer}/load_minor")
    yield from _amount(rates.failure_minor, f"{pointer}/failure_minor")
    yield from _amount(rates.overdue_minor, f"{pointer}/overdue_minor")
    yield from _amount(rates.carbon_grams_per_parcel, f"{pointer}/carbon_grams_per_parcel")
    yield from _amount(rates.carbon_minor_per_kg, f"{pointer}/carbon_minor_per_kg")
    if not 0 <= rates.load_free_percent < 100:
        yield Finding(f"{pointer}/load_free_percent", "must be from 0 to 99")
    for name, weeks in (("stock_out_weeks", rates.stock_out_weeks), ("markdown_weeks", rates.markdown_weeks)):
        if not 0.0 <= weeks <= _WEEKS_MAX:
            yield Finding(f"{pointer}/{name}", f"must be from 0 to {_WEEKS_MAX:.0f} weeks")
    yield from _share(rates.markdown_basis_points, f"{pointer}/markdown_basis_points")
    for tender, fee in rates.payment_fees.items():
        yield from _share(fee.basis_points, f"{pointer}/payment_fees/{_step(tender)}/basis_points")
        yield from _amount(fee.minor, f"{pointer}/payment_fees/{_step(tender)}/minor")
    for category, share in rates.return_basis_points.items():
        yield from _share(share, f"{pointer}/return_basis_points/{_step(category)}")
    for method, minor in rates.return_minor.items():
        if method not in _METHODS:
            yield Finding(
                f"{pointer}/return_minor/{_step(method)}", f"must be one of {', '.join(sorted(_METHODS - {''}))}"
            )
        yield from _amount(minor, f"{pointer}/return_minor/{_step(method)}")
    yield from _factors(rates.carbon_grams_per_tonne_km, f"{pointer}/carbon_grams_per_tonne_km")


def lint_card(card: RateCard) -> tuple[Finding, ...]:
    """What is allowed in a card that can be used, but seldom meant."""
    found = []
    for zone, rates in enumerate(card.rates_minor):
        if any(later < earlier for earlier, later in pairwise(rates)):
            found.append(Finding(f"/rates_minor/{zone}", "a heavier parcel costs less than a lighter one"))
        elif not is_merging_cheaper(card, zone=zone, parcel_minor=0):
            found.append(Finding(f"/rates_minor/{zone}", "two parcels can cost less than one with the same goods"))
    for zone, (near, far) in enumerate(pairwise(card.rates_minor), start=1):
        if any(later < earlier for earlier, later in zip(near, far, strict=True)):
            found.append(Finding(f"/rates_minor/{zone}", "is cheaper at some weight than the nearer zone before it"))
    for zone, (sooner, later) in enumerate(pairwise(card.transit_days), start=1):
        if later < sooner:
            found.append(Finding(f"/transit_days/{zone}", "is quicker than the nearer zone before it"))
    if card.service == "delivery" and card.method is Carriage.SHIP:
        found.append(Finding("/method", "is ship: this is a service of parcels, and the built-in local delivery stays"))
    if card.method is Carriage.DELIVERY and card.max_miles is None:
        found.append(Finding("/max_miles", "is missing: a van goes any distance"))
    served = {place.partition("-")[0] for place in card.regions}
    if card.countries and not served <= set(card.countries):
        outside = ", ".join(sorted(served - set(card.countries)))
        found.append(Finding("/regions", f"has regions of {outside}, which is not among the countries"))
    for at, place in enumerate(card.not_regions):
        if place in card.regions or place in card.countries:
            found.append(Finding(f"/not_regions/{at}", f"{place} is served and not served: it is not"))
    for at, surcharge in enumerate(card.surcharges):
        found += _lint_regions(surcharge, f"/surcharges/{at}/regions")
    return tuple(found)


def _lint_regions(surcharge: Surcharge, pointer: str) -> Iterable[Finding]:
    """Regions that no address has: such as names, where addresses have codes."""
    countries = surcharge.countries or ("US",)
    for at, region in enumerate(surcharge.regions):
        if "-" in region:
            flaw = place_flaw(region)
            if flaw:
                yield Finding(f"{pointer}/{at}", f"{region} {flaw}")
        elif all(has_regions(country) and region_code(country, region) != region for country in countries):
            codes = [code for country in countries if (code := region_code(country, region))]
            yield Finding(f"{pointer}/{at}", f"{region} is no region there" + (f"; write {codes[0]}" if codes else ""))


def _conditions(card: RateCard, surcharge: Surcharge, pointer: str) -> Iterable[Finding]:
    if any(not 0 <= zone < len(card.zone_miles) for zone in surcharge.zones):
        yield Finding(f"{pointer}/zones", f"must be from 0 to {len(card.zone_miles) - 1}, the zones of the card")
    for name, over in (
        ("grams_over", surcharge.grams_over),
        ("length_mm_over", surcharge.length_mm_over),
        ("girth_mm_over", surcharge.girth_mm_over),
    ):
        if over is not None and over < 0:
            yield Finding(f"{pointer}/{name}", "must not be negative")
    if surcharge.value and not surcharge.attribute:
        yield Finding(f"{pointer}/attribute", f"is required where a value such as {surcharge.value} is given")
    if any(len(code) != _COUNTRY_LETTERS or not code.isupper() for code in surcharge.countries):
        yield Finding(f"{pointer}/countries", "must be ISO 3166 codes of two letters, such as US")
    if len(surcharge.postcode_prefixes) > _PREFIXES_MAX:
        yield Finding(f"{pointer}/postcode_prefixes", f"there may be {_PREFIXES_MAX:,}")
    if any(not prefix or prefix != prefix.replace(" ", "").upper() for prefix in surcharge.postcode_prefixes):
        yield Finding(f"{pointer}/postcode_prefixes", "must have no spaces and no lower-case letters, and not be empty")


def _amount(amount: int, pointer: str) -> Iterable[Finding]:
    if not 0 <= amount <= _MINOR_MAX:
        yield Finding(pointer, "must not be negative, nor above a trillion")


def _share(basis_points: int, pointer: str) -> Iterable[Finding]:
    if not 0 <= basis_points <= _BASIS:
        yield Finding(pointer, f"must be from 0 to {_BASIS:,}, which is all of it")


def _factors(factors: Mapping[str, float], pointer: str) -> Iterable[Finding]:
    for service, factor in factors.items():
        if not 0.0 <= factor <= _FACTOR_MAX:
            yield Finding(f"{pointer}/{_step(service)}", "must not be negative, nor above a million")


def _step(name: str) -> str:
    """A name as a step of an RFC 6901 pointer."""
    return name.replace("~", "~0").replace("/", "~1")
