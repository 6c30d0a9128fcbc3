"""Carriers by their Standard Carrier Alpha Code, and services by the words of a partner."""

from collections.abc import Mapping
from typing import Final

from troth.adapters.edi.terms import Terms

SCAC: Final[Mapping[str, str]] = {
    "UPSN": "ups",
    "UPSS": "ups",
    "FDEG": "fedex",
    "FDEN": "fedex",
    "FDE": "fedex",
    "FEDX": "fedex",
    "USPS": "usps",
    "DHLC": "dhl",
    "PRLA": "purolator",
    "ODFL": "old_dominion",
    "ABFS": "abf",
    "EXLA": "estes",
    "SAIA": "saia",
    "FXFE": "fedex_freight",
}
"""The codes that everybody knows; the first one of a carrier is the one that is written."""


def read_carrier(code: str, terms: Terms) -> str:
    """Our name of a carrier; of one that nobody knows its code, as it was told."""
    return terms.carriers.get(code) or SCAC.get(code) or code


def write_carrier(carrier: str, terms: Terms) -> str:
    """The code of a carrier; empty where there is none.

    >>> from troth.adapters.edi.segments import Party, Syntax
    >>> from troth.adapters.edi.terms import Documents
    >>> terms = Terms(Syntax.X12, "004010", Party("A"), Party("B"), Documents.WAREHOUSE, carriers={"ACME": "acme"})
    >>> write_carrier("UPS", terms), write_carrier("acme", terms), write_carrier("courier", terms)
    ('UPSN', 'ACME', '')
    """
    codes = {**terms.carriers, **SCAC}
    return next((code for code, name in codes.items() if name.lower() == carrier.lower()), "")


def read_service(text: str, terms: Terms) -> str:
    """Our name of a service; of one that is not agreed on what was told."""
    return terms.services.get(text.strip(), text.strip())


def write_service(service: str, terms: Terms) -> str:
    """The partner's word for a service; ours where none is agreed on."""
    return next((word for word, name in terms.services.items() if name == service), service)
