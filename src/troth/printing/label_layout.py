"""Where what stands on a shipping label of 4 by 6 inches: once for all forms in which it is printed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale

from troth.engine.shipping.code128 import is_encodable
from troth.model.label import Contact, Label
from troth.printing.elements import Bars, Element, Qr, Rule, Text

WIDTH_MM: Final = 101.6
HEIGHT_MM: Final = 152.4
_EDGE: Final = 4.0
_INNER: Final = WIDTH_MM - 2 * _EDGE
_GRAMS: Final = 1_000
_COUNTRIES: Final[Mapping[str, str]] = Locale("en").territories


def lay_out_label(label: Label, zone: str) -> tuple[Element, ...]:
    """What stands where; dates are those of a time zone. What nobody knows is left out."""
    told = label.consignment
    place = f"{told.number} of {told.of}" if told.of > 1 else ""
    weight = f"{told.grams / _GRAMS:g} kg" if told.grams else ""
    found: list[Element] = [
        Text(_EDGE, 4, 8, 66, label.carrier.upper()),
        Text(72, 4, 5, WIDTH_MM - _EDGE - 72, weight),
        Text(72, 10, 5, WIDTH_MM - _EDGE - 72, place),
        Text(_EDGE, 13, 6, 66, _words(label.service) + (" · return" if told.is_return else "")),
        Rule(_EDGE, 21, _INNER),
        Text(_EDGE, 22.5, 3, 60, "From"),
        *_stacked(address_lines(told.sender), 26.5, 3.4, 4),
        Rule(_EDGE, 44, _INNER),
        Text(_EDGE, 45.5, 3, 60, "To"),
        *_stacked(address_lines(told.recipient), 49.5, 5.2, 6),
        Rule(_EDGE, 84, _INNER),
    ]
    if is_encodable(label.tracking_number):
        found.append(Bars(_EDGE, 87, _INNER, 22, label.tracking_number))
        found.append(Text(_EDGE, 110.5, 5, _INNER, label.tracking_number, is_centered=True))
    found += [
        Rule(_EDGE, 117, _INNER),
        Qr(_EDGE, 119.5, 28, label.label_id),
        Text(35, 120, 4, 62, f"Order {told.reference}"),
        Text(35, 125, 3.4, 62, f"Ship by {_day(told.ship_by, zone)}"),
        Text(35, 129.2, 3.4, 62, f"Label {label.label_id}"),
    ]
    if label.sscc:
        found.append(Bars(35, 134, 62, 10, f"00{label.sscc}", is_gs1=True))
        found.append(Text(35, 144.6, 3.2, 62, f"SSCC (00) {label.sscc}", is_centered=True))
    return tuple(found)


def address_lines(contact: Contact) -> tuple[str, ...]:
    """A contact as it is written on parcels: the country last, by its name in capitals, since a post knows no codes.

    *Source:* Universal Postal Union, *Addressing the world*: the country of destination in full, in a language that is
    known where the parcel is posted.
    """
    at = contact.address
    city = " ".join(filter(None, (at.city, at.region, at.postcode)))
    country = _COUNTRIES.get(at.country, at.country).upper()
    return tuple(dict.fromkeys(filter(None, (contact.name, at.line1, at.line2, city, country))))


def _stacked(lines: tuple[str, ...], top: float, size: float, step: float) -> list[Element]:
    return [Text(_EDGE, top + number * step, size, _INNER, line) for number, line in enumerate(lines)]


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _day(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d")
