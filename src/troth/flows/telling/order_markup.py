"""An order as schema.org says it, so that the customer's mail program can show where it is.

*Source:* schema.org, types Order and ParcelDelivery; in the form that Gmail documents for markup in mail.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from markupsafe import Markup

from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.money import Money
from troth.model.network import Address
from troth.model.order import Fulfillment, Line, Order
from troth.model.status import OrderStatus, live_allocations, order_status

_STATUS: Final[Mapping[OrderStatus, str]] = {
    OrderStatus.ON_HOLD: "OrderProblem",
    OrderStatus.PROMISED: "OrderProcessing",
    OrderStatus.RELEASED: "OrderProcessing",
    OrderStatus.IN_FULFILLMENT: "OrderProcessing",
    OrderStatus.PARTIALLY_SHIPPED: "OrderInTransit",
    OrderStatus.SHIPPED: "OrderInTransit",
    OrderStatus.DELIVERED: "OrderDelivered",
    OrderStatus.CANCELED: "OrderCancelled",
    OrderStatus.BACKORDERED: "OrderProcessing",
    OrderStatus.EXCEPTION: "OrderProblem",
}


def order_markup(order: Order, items: Mapping[Sku, Item], shop: str, url: str) -> dict[str, Any]:
    """The order as a JSON-LD value: its status, what was bought, and each parcel that is or will be on its way."""
    wanted = [line for line in order.lines if line.quantity > line.canceled_quantity]
    found: dict[str, Any] = {
        "@context": "http://schema.org",
        "@type": "Order",
        "merchant": {"@type": "Organization", "name": shop},
        "orderNumber": order.external_id,
        "orderDate": order.ordered_at.isoformat(),
        "orderStatus": f"http://schema.org/{_STATUS[order_status(order)]}",
        "priceCurrency": order.currency,
        "acceptedOffer": [_offer(line, order.currency, items) for line in wanted],
        "customer": {"@type": "Person", "name": order.customer.name},
    }
    if url:
        found["url"] = url
    parcels = list(_parcels(order, items))
    return found | ({"orderDelivery": parcels} if parcels else {})


def public_markup(order: Order, items: Mapping[Sku, Item], shop: str, url: str) -> dict[str, Any]:
    """The same for whoever has the link to the order: without names, prices, and more of an address than its city."""
    found = order_markup(order, items, shop, url)
    del found["customer"], found["priceCurrency"]
    found["acceptedOffer"] = [
        {name: offer[name] for name in ("@type", "itemOffered", "eligibleQuantity")} for offer in found["acceptedOffer"]
    ]
    for parcel in found.get("orderDelivery", ()):
        if "deliveryAddress" in parcel:
            address = parcel["deliveryAddress"]
            parcel["deliveryAddress"] = {name: address[name] for name in ("@type", "addressLocality", "addressCountry")}
    return found


def markup_script(value: object) -> Markup:
    """JSON that can stand within a script element: nothing in it ends the element.

    >>> str(markup_script({"name": "</script>&"}))
    '{"name": "\\\\u003c/script\\\\u003e\\\\u0026"}'
    """
    text = json.dumps(value, ensure_ascii=False)
    for sign, code in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(sign, code)
    return Markup(text)


def _offer(line: Line, currency: str, items: Mapping[Sku, Item]) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "itemOffered": _product(line, items),
        "price": Money(line.unit_price_minor, currency).amount,
        "priceCurrency": currency,
        "eligibleQuantity": {"@type": "QuantitativeValue", "value": line.quantity - line.canceled_quantity},
    }


def _product(line: Line, items: Mapping[Sku, Item]) -> dict[str, Any]:
    item = items.get(line.sku)
    return {"@type": "Product", "name": (item.name if item is not None else "") or line.sku, "sku": line.sku}


def _parcels(order: Order, items: Mapping[Sku, Item]) -> Iterable[dict[str, Any]]:
    lines = {line.line_id: line for line in order.lines}
    for work in order.fulfillments:
        held = {part.line_id for part in live_allocations(order) if part.fulfillment_id == work.fulfillment_id}
        if not held:
            continue
        goods = [_product(lines[line_id], items) for line_id in sorted(held) if line_id in lines]
        packages = [one for one in work.packages if one.tracking_number]
        for carrier, number in [(one.carrier, one.tracking_number) for one in packages] or [(work.carrier, "")]:
            yield _parcel(work, order.ship_to, goods, carrier, number)


def _parcel(
    work: Fulfillment, to: Address | None, goods: list[dict[str, Any]], carrier: str, number: str
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "@type": "ParcelDelivery",
        "itemShipped": goods,
        "expectedArrivalFrom": work.promised_from.isoformat(),
        "expectedArrivalUntil": work.promised_at.isoformat(),
    }
    if carrier:
        found["carrier"] = {"@type": "Organization", "name": carrier}
    if number:
        found["trackingNumber"] = number
    if to is not None:
        found["deliveryAddress"] = {
            "@type": "PostalAddress",
            "name": to.name,
            "streetAddress": ", ".join(part for part in (to.line1, to.line2) if part),
            "addressLocality": to.city,
            "addressRegion": to.region,
            "postalCode": to.postcode,
            "addressCountry": to.country,
        }
    return found
