"""Parts that the X12 documents we send have in common: parties, addresses, notes."""

from collections.abc import Iterator
from typing import Final

from troth.adapters.edi.maps.codes import SaidCode
from troth.adapters.edi.maps.texts import cut, fold
from troth.adapters.edi.segments import Segment, segment
from troth.model.network import Address
from troth.model.node_messages import ToldWork
from troth.model.order import Method

NAME_MAX: Final = 60
_LINE_MAX: Final = 55
_CITY_MAX: Final = 30
_PHONE_MAX: Final = 80
_PARCEL: Final = "U"
_PICKUP: Final = "H"


def party(role: str, name: str, numbering: str, number: str) -> Iterator[Segment]:
    """An N1 of somebody, where there is anything to say of them."""
    if name or number:
        yield segment("N1", role, cut(name, NAME_MAX), numbering if number else "", number)


def receiver(work: ToldWork) -> Iterator[Segment]:
    """The N1 loop of who gets the goods: name, address and telephone."""
    to = work.ship_to
    name = work.customer_name if to is None else to.name or work.customer_name
    if name or to is not None:
        yield segment("N1", "ST", cut(name or work.fulfillment_id, NAME_MAX))
    if to is not None:
        yield from _address(to)
    if work.customer_phone:
        yield segment(
            "PER", "DC", cut(work.customer_name or name, NAME_MAX), "TE", cut(work.customer_phone, _PHONE_MAX)
        )


def _address(to: Address) -> Iterator[Segment]:
    streets = [*fold(to.line1, _LINE_MAX, 2), *fold(to.line2, _LINE_MAX, 2)]
    for first in range(0, len(streets), 2):
        yield segment("N3", *streets[first : first + 2])
    region = to.subdivision
    is_state = len(region) == 2
    yield segment(
        "N4",
        cut(to.city, _CITY_MAX),
        region if is_state else "",
        cut(to.postcode, 15),
        to.country,
        "SP" if region and not is_state else "",
        "" if is_state else cut(region, 30),
    )


def transport(work: ToldWork) -> str:
    """The method of transportation (element 91): a parcel carrier, or the customer fetches it."""
    return _PICKUP if work.method in (Method.PICKUP, Method.CURBSIDE) and work.via is None else _PARCEL


def notes(*texts: str) -> Iterator[str]:
    """Texts for people, in pieces of 80 characters."""
    for text in texts:
        yield from fold(text, 80, 6)


def code_elements(codes: tuple[SaidCode, ...]) -> tuple[str, ...]:
    """Qualifiers and numbers, in turn."""
    return tuple(part for code in codes for part in (code.qualifier, code.value))
