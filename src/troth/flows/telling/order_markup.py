"""An order as schema.org says it, so that the customer's mail program can show where it is.

*Source:* schema.org, types Order and ParcelDelivery; in the form that Gmail documents for markup in mail, which wants
the price of the whole order, too, and the older names `merchant` and `carrier`.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from markupsafe import Markup

from troth.engine.carriage.network import Network
from troth.engine.demand.ship_groups import HANDED_OVER
from troth.engine.tracking.trouble import units_in
from troth.flows.wording.promised import name_of
from troth.model.ids import LineId, Sku
from troth.model.item import Item
from troth.model.money import Money
from troth.model.network import Address
from troth.model.order import Fulfillment, Line, Order, Package
from troth.model.status import OrderStatus, is_kept, live_allocations, order_status
from troth.model.totals import total_minor
from troth.model.ways import counter_of, destination_of

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


def order_markup(order: Order, items: Mapping[Sku, Item], network: Network, *, shop: str, url: str) -> dict[str, Any]:
    """The order as a JSON-LD value: its status, what was bought, and each parcel that is or will be on its way, or
    waits to be picked up. `url` is where its customer follows it (empty: nowhere).
    """
    wanted = [line for line in order.lines if line.quantity > line.canceled_quantity]
    found: dict[str, Any] = {
        "@context": "http://schema.org",
        "@type": "Order",
        "merchant": {"@type": "Organization", "name": shop},
        "orderNumber": order.external_id,
        "orderDate": order.ordered_at.isoformat(),
        "orderStatus": f"http://schema.org/{_status(order)}",
        "price": Money(total_minor(order), order.currency).amount,
        "priceCurrency": order.currency,
        "acceptedOffer": [_offer(line, order.currency, items) for line in wanted],
        "customer": {"@type": "Person", "name": order.customer.name},
    }
    if url:
        found["url"] = url
    parcels = [parcel | ({"trackingUrl": url} if url else {}) for parcel in _parcels(order, items, network)]
    return found | ({"orderDelivery": parcels} if parcels else {})


def public_markup(order: Order, items: Mapping[Sku, Item], network: Network, *, shop: str, url: str) -> dict[str, Any]:
    """The same for whoever has the link to the order: without names, prices, and more of an address than its city."""
    found = order_markup(order, items, network, shop=shop, url=url)
    del found["customer"], found["price"], found["priceCurrency"]
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


def _status(order: Order) -> str:
    """What schema.org calls the status of an order: one that waits for its customer has a word of its own."""
    if any(work.method in HANDED_OVER and is_kept(order, work) for work in order.fulfillments):
        return "OrderPickupAvailable"
    return _STATUS[order_status(order)]


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


def _parcels(order: Order, items: Mapping[Sku, Item], network: Network) -> Iterable[dict[str, Any]]:
    """Each parcel that has a number, with what is in it; of work that has none, the work."""
    lines = {line.line_id: line for line in order.lines}
    held = {part.fulfillment_id for part in live_allocations(order)}
    for work in order.fulfillments:
        if work.fulfillment_id not in held:
            continue
        numbered = [one for one in work.packages if one.tracking_number]
        for package in numbered or [Package("", carrier=work.carrier)]:
            inside: Iterable[LineId] = sorted(units_in(order, work, package))
            goods = [_product(lines[line_id], items) for line_id in inside if line_id in lines]
            yield _parcel(order, work, package, goods, network)


def _parcel(
    order: Order, work: Fulfillment, package: Package, goods: list[dict[str, Any]], network: Network
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "@type": "ParcelDelivery",
        "itemShipped": goods,
        "expectedArrivalFrom": work.promised_from.isoformat(),
        "expectedArrivalUntil": work.promised_at.isoformat(),
    }
    if package.carrier:
        found["carrier"] = {"@type": "Organization", "name": package.carrier}
    if package.tracking_number:
        found["trackingNumber"] = package.tracking_number
    if work.method in HANDED_OVER:
        counter = counter_of(work)
        found["hasDeliveryMethod"] = "http://schema.org/OnSitePickup"
        position = network.index.get(counter)
        to = None if position is None else network.nodes[position].address
        return found | ({} if to is None else {"deliveryAddress": _address(to, name_of(network, counter))})
    to = destination_of(order, work.fulfillment_id)
    return found | ({} if to is None else {"deliveryAddress": _address(to, to.name)})


def _address(to: Address, name: str) -> dict[str, Any]:
    return {
        "@type": "PostalAddress",
        "name": name,
        "streetAddress": ", ".join(part for part in (to.line1, to.line2) if part),
        "addressLocality": to.city,
        "addressRegion": to.region,
        "postalCode": to.postcode,
        "addressCountry": to.country,
    }
