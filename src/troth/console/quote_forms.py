"""What the quote form asks, and what an order of it says more: as values; Unfit where a field cannot be read."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from starlette.datastructures import FormData

from troth.flows.door.system import System
from troth.flows.orders.capture import HANDED_OVER, ContentLine, ContentPayment, OrderContent, prepare
from troth.model.capture_order import CaptureOrder
from troth.model.ids import LineId, NodeId, Sku
from troth.model.item import Item
from troth.model.measure import why_not_units
from troth.model.money import Money
from troth.model.network import Address
from troth.model.order import Customer, Method
from troth.model.payment import PENDING
from troth.model.refusals import Invalid
from troth.model.totals import amounts_of
from troth.pages.asking import Unfit, text, units_of

ROWS_MAX: Final = 100
BILL: Final = "invoice"
"""The way to pay, and the provider, of what is billed on the customer's terms."""
BY_TOKEN: Final = "token"
"""The way to pay with what a payment page gave: a provider and its token, never a card number."""
PLACE: Final = (
    ("line1", "Street"),
    ("city", "City"),
    ("region", "Region"),
    ("postcode", "Postcode"),
    ("country", "Country"),
)


async def content_in(system: System, form: FormData) -> OrderContent:
    """What the form asks."""
    rows = [(sku, quantity) for sku, quantity in rows_in(form) if sku or quantity]
    if not rows:
        raise Unfit("at least one item is required")
    method = Method(text(form, "method")) if text(form, "method") in set(Method) else Method.SHIP
    is_handed_over = method in HANDED_OVER
    await system.door.reference.need_items({Sku(sku) for sku, _ in rows})
    return OrderContent(
        channel=text(form, "channel", length_max=64) or "web",
        external_id="",
        lines=tuple(_lines(rows, system.door.reference.items)),
        method=method,
        ship_to=_place(form),
        pickup_node=NodeId(text(form, "pickup_node")) if is_handed_over and text(form, "pickup_node") else None,
        service="" if is_handed_over else text(form, "service"),
        customer=Customer(text(form, "customer"), *(text(form, name, length_max=200) for name in _WHO)),
        near=_near(form),
    )


_WHO: Final = ("name", "email", "phone")


async def order_in(system: System, form: FormData, content: OrderContent) -> CaptureOrder | Invalid:
    """The order of the option that the form names, paid as it says. Without a number of its own it is called by the
    form's key, so that the form sent twice is one order.
    """
    name = text(form, "external_id", length_max=64) or named_by(text(form, "key"))
    ship_to = content.ship_to
    if ship_to is not None and content.customer.name:
        ship_to = replace(ship_to, name=content.customer.name)
    content = replace(content, external_id=name, plan_id=text(form, "place", length_max=64), ship_to=ship_to)
    pay = text(form, "pay")
    command = await prepare(system, content)
    if pay not in (BILL, BY_TOKEN) or not isinstance(command, CaptureOrder):
        return command
    provider = BILL if pay == BILL else text(form, "provider", length_max=64)
    token = name if pay == BILL else text(form, "token", length_max=100)
    if not provider or not token:
        raise Unfit("a payment by token needs the provider and the token that it gave")
    amount = Money(total_of(command), command.currency)
    return await prepare(system, replace(content, payments=(ContentPayment(provider, token, amount, PENDING),)))


def total_of(command: CaptureOrder) -> int:
    """What an order comes to (minor units)."""
    includes_tax = command.prices_include_tax
    return sum(amounts_of(line, line.quantity, includes_tax=includes_tax).total_minor for line in command.lines)


def named_by(key: str) -> str:
    """The number of an order that has none of its own.

    >>> named_by("a form's key")
    'CC-2A212EA3'
    """
    return f"CC-{blake2b(key.encode(), digest_size=4).hexdigest().upper()}"


def rows_in(form: FormData) -> Iterator[tuple[str, str]]:
    """The items of the form and how many of each are asked for, as they were written."""
    written = [[str(given).strip()[:64] for given in form.getlist(name)] for name in ("sku", "quantity")]
    return zip(*[one[:ROWS_MAX] for one in written], strict=False)


def _lines(rows: list[tuple[str, str]], items: Mapping[Sku, Item]) -> Iterator[ContentLine]:
    """The lines that are asked for, in what their items are sold in; an item that is not there is said by the quote."""
    for number, (sku, quantity) in enumerate(rows, 1):
        item = items.get(Sku(sku))
        decimals = 0 if item is None else item.decimals
        units = units_of(quantity or "1", decimals)
        if not sku:
            raise Unfit(f"row {number} needs an item")
        if units is None:
            raise Unfit(f"the quantity of {sku} {why_not_units(sku, decimals)}")
        if units < 1:
            raise Unfit(f"the quantity of {sku} must be above zero")
        yield ContentLine(LineId(str(number)), Sku(sku), units)


def _place(form: FormData) -> Address | None:
    given = {name: text(form, name) for name, _label in PLACE}
    if not any(value for name, value in given.items() if name != "country"):
        return None
    return Address(
        given["country"].upper() or "US",
        line1=given["line1"],
        city=given["city"],
        region=given["region"],
        postcode=given["postcode"],
    )


def _near(form: FormData) -> Address | None:
    latitude, longitude = _degrees(form, "near_latitude", 90.0), _degrees(form, "near_longitude", 180.0)
    postcode = text(form, "near_postcode", length_max=20)
    if latitude is None and longitude is None and not postcode:
        return None
    return Address(text(form, "country").upper() or "US", postcode=postcode, latitude=latitude, longitude=longitude)


def _degrees(form: FormData, name: str, most: float) -> float | None:
    given = text(form, name, length_max=30)
    if not given:
        return None
    try:
        degrees = float(given)
    except ValueError:
        degrees = most + 1.0
    if not -most <= degrees <= most:
        raise Unfit(f"the {name.removeprefix('near_')} must be degrees, from {-most:.0f} to {most:.0f}")
    return degrees
