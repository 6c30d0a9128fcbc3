"""Places by their codes: a country (`US`) and its regions (`US-NY`), and the names by which people call them.

*Source:* ISO 3166-2, the subdivisions of Australia, Canada, Germany, Mexico and the United States; for the armed
forces abroad, the state codes of USPS Publication 28.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final

TERRITORIES: Final = frozenset({"AS", "GU", "MP", "PR", "UM", "VI"})
"""Regions of the US that are countries of their own in ISO 3166, so that an address may name them either way."""

_NAMES: Final[Mapping[str, str]] = {
    "AU": """ACT Australian Capital Territory; NSW New South Wales; NT Northern Territory; QLD Queensland;
        SA South Australia; TAS Tasmania; VIC Victoria; WA Western Australia""",
    "CA": """AB Alberta; BC British Columbia; MB Manitoba; NB New Brunswick; NL Newfoundland and Labrador;
        NS Nova Scotia; NT Northwest Territories; NU Nunavut; ON Ontario; PE Prince Edward Island; QC Quebec;
        SK Saskatchewan; YT Yukon""",
    "DE": """BB Brandenburg; BE Berlin; BW Baden-Württemberg; BY Bayern; BY Bavaria; HB Bremen; HE Hessen; HE Hesse;
        HH Hamburg; MV Mecklenburg-Vorpommern; NI Niedersachsen; NI Lower Saxony; NW Nordrhein-Westfalen;
        NW North Rhine-Westphalia; RP Rheinland-Pfalz; RP Rhineland-Palatinate; SH Schleswig-Holstein; SL Saarland;
        SN Sachsen; SN Saxony; ST Sachsen-Anhalt; ST Saxony-Anhalt; TH Thüringen; TH Thuringia""",
    "MX": """AGU Aguascalientes; BCN Baja California; BCS Baja California Sur; CAM Campeche; CHH Chihuahua; CHP Chiapas;
        CMX Ciudad de México; CMX Mexico City; COA Coahuila; COL Colima; DUR Durango; GRO Guerrero; GUA Guanajuato;
        HID Hidalgo; JAL Jalisco; MEX México; MIC Michoacán; MOR Morelos; NAY Nayarit; NLE Nuevo León; OAX Oaxaca;
        PUE Puebla; QUE Querétaro; ROO Quintana Roo; SIN Sinaloa; SLP San Luis Potosí; SON Sonora; TAB Tabasco;
        TAM Tamaulipas; TLA Tlaxcala; VER Veracruz; YUC Yucatán; ZAC Zacatecas""",
    "US": """AA Armed Forces Americas; AE Armed Forces Europe; AK Alaska; AL Alabama; AP Armed Forces Pacific;
        AR Arkansas; AS American Samoa; AZ Arizona; CA California; CO Colorado; CT Connecticut; DC District of Columbia;
        DC Washington DC; DE Delaware; FL Florida; GA Georgia; GU Guam; HI Hawaii; IA Iowa; ID Idaho; IL Illinois;
        IN Indiana; KS Kansas; KY Kentucky; LA Louisiana; MA Massachusetts; MD Maryland; ME Maine; MI Michigan;
        MN Minnesota; MO Missouri; MP Northern Mariana Islands; MS Mississippi; MT Montana; NC North Carolina;
        ND North Dakota; NE Nebraska; NH New Hampshire; NJ New Jersey; NM New Mexico; NV Nevada; NY New York; OH Ohio;
        OK Oklahoma; OR Oregon; PA Pennsylvania; PR Puerto Rico; RI Rhode Island; SC South Carolina; SD South Dakota;
        TN Tennessee; TX Texas; UM United States Minor Outlying Islands; UT Utah; VA Virginia; VI Virgin Islands;
        VI US Virgin Islands; VT Vermont; WA Washington; WI Wisconsin; WV West Virginia; WY Wyoming""",
}
_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")
_PLACE: Final = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?")


@lru_cache(maxsize=16_384)
def region_code(country: str, region: str) -> str:
    """What stands for a region in ISO 3166-2 behind its country, given by code or by name; empty where not known.

    >>> region_code("US", "new york"), region_code("US", "US-NY"), region_code("CA", "Québec"), region_code("US", "X")
    ('NY', 'NY', 'QC', '')
    """
    country = country.upper()
    code = region.strip().upper().removeprefix(f"{country}-")
    return code if code in _codes(country) else _by_name(country).get(_folded(region), "")


def has_regions(country: str) -> bool:
    """Whether the regions of a country are known here."""
    return country.upper() in _NAMES


def codes_of(country: str, regions: tuple[str, ...]) -> frozenset[str]:
    """The codes of a place that lies in a country and goes by these names of a region.

    >>> sorted(codes_of("US", ("NY",))), sorted(codes_of("US", ("PR",))), sorted(codes_of("PR", ()))
    (['US', 'US-NY'], ['PR', 'US', 'US-PR'], ['PR', 'US-PR'])
    """
    codes = {country, *(f"{country}-{region}" for region in regions)}
    if country == "US":
        codes.update(TERRITORIES.intersection(regions))
    elif country in TERRITORIES:
        codes.add(f"US-{country}")
    return frozenset(codes)


def place_flaw(place: str) -> str:
    """What is wrong with the code of a country or region, such as `US` or `US-NY`; empty where nothing is.

    >>> place_flaw("US-NY"), place_flaw("FR-IDF"), place_flaw("US-New York")
    ('', '', 'is no region of US; write US-NY')
    >>> place_flaw("US-ZZ"), place_flaw("California")
    ('is no region of US', 'must be a country (US) or one of its regions (US-NY)')
    """
    country, dash, region = place.partition("-")
    if dash and has_regions(country):
        code = region_code(country, region)
        if code == region:
            return ""
        return f"is no region of {country}" + (f"; write {country}-{code}" if code else "")
    return "" if _PLACE.fullmatch(place) else "must be a country (US) or one of its regions (US-NY)"


@cache
def _pairs(country: str) -> tuple[tuple[str, str], ...]:
    rows = [row.split(maxsplit=1) for row in _NAMES.get(country, "").split(";") if row]
    return tuple((code, name) for code, name in rows)


@cache
def _codes(country: str) -> frozenset[str]:
    return frozenset(code for code, _name in _pairs(country))


@cache
def _by_name(country: str) -> Mapping[str, str]:
    return {_folded(name): code for code, name in _pairs(country)}


def _folded(name: str) -> str:
    """A name without case, accents and punctuation."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    return _BETWEEN_WORDS.sub(" ", plain.casefold().replace(".", "")).strip()
