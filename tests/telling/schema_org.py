"""What schema.org says of the types that mails speak of, as far as that is needed to check what they say.

*Source:* schema.org, the tables of the types; and what Gmail requires of Order and ParcelDelivery, with `price` and
`priceCurrency` of an order, which are Gmail's alone.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

_STATUSES: Final = (
    "OrderCancelled", "OrderDelivered", "OrderInTransit", "OrderPaymentDue", "OrderPickupAvailable", "OrderProblem",
    "OrderProcessing", "OrderReturned",
)  # fmt: skip

TYPES: Final[Mapping[str, Mapping[str, object]]] = {
    "Order": {
        "merchant": "Organization", "orderNumber": "text", "orderDate": "time", "orderStatus": _STATUSES,
        "acceptedOffer": "Offer", "customer": "Person", "url": "url", "orderDelivery": "ParcelDelivery",
        "price": "text", "priceCurrency": "text",
    },
    "ParcelDelivery": {
        "itemShipped": "Product", "expectedArrivalFrom": "time", "expectedArrivalUntil": "time",
        "carrier": "Organization", "trackingNumber": "text", "trackingUrl": "url", "deliveryAddress": "PostalAddress",
        "hasDeliveryMethod": ("OnSitePickup", "LockerDelivery", "ParcelService"),
    },
    "Offer": {
        "itemOffered": "Product", "price": "text", "priceCurrency": "text", "eligibleQuantity": "QuantitativeValue",
    },
    "PostalAddress": {
        "name": "text", "streetAddress": "text", "addressLocality": "text", "addressRegion": "text",
        "postalCode": "text", "addressCountry": "text",
    },
    "Product": {"name": "text", "sku": "text"},
    "Organization": {"name": "text"},
    "Person": {"name": "text"},
    "QuantitativeValue": {"value": "number"},
}  # fmt: skip
"""What the value of each property is, by type."""

REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "Order": ("merchant", "orderNumber", "price", "priceCurrency", "acceptedOffer"),
    "ParcelDelivery": ("carrier", "deliveryAddress", "expectedArrivalUntil", "itemShipped"),
    "Offer": ("itemOffered", "price", "priceCurrency", "eligibleQuantity"),
    "PostalAddress": ("streetAddress", "addressLocality", "addressRegion", "postalCode", "addressCountry"),
    "Product": ("name",),
    "Organization": ("name",),
    "QuantitativeValue": ("value",),
}
"""What Gmail wants of each type."""


def flaws_of(value: Mapping[str, Any], type_: str = "Order", where: str = "") -> list[str]:
    """What is wrong with a value of a type, by where it is."""
    if value.get("@type") != type_:
        return [f"{where}: is no {type_}"]
    missing = [f"{where}/{name}: is missing" for name in REQUIRED.get(type_, ()) if value.get(name) in (None, "", [])]
    return missing + [
        flaw
        for name, one in value.items()
        if not name.startswith("@")
        for flaw in _flaws(TYPES[type_].get(name), one, f"{where}/{name}")
    ]


def _flaws(wanted: object, value: object, where: str) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict) and isinstance(wanted, str) and wanted in TYPES:
            yield from flaws_of(one, wanted, where)
        elif not _is(wanted, one):
            yield f"{where}: {one!r} is no {wanted}"


def _is(wanted: object, one: object) -> bool:
    match wanted:
        case tuple():
            return one in [f"http://schema.org/{name}" for name in wanted]
        case "time":
            return isinstance(one, str) and datetime.fromisoformat(one).tzinfo is not None
        case "url":
            return isinstance(one, str) and urlsplit(one).scheme in ("http", "https") and bool(urlsplit(one).netloc)
        case "number":
            return isinstance(one, int | float)
        case "text":
            return isinstance(one, str)
        case _:
            return False
