"""Asking what would be promised: a form for what somebody wants and where, and the ways to have it."""

from collections.abc import Iterator
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from troth.console.views_front import view_front
from troth.console.views_quote import tell_units, view_options, view_unavailable, view_why
from troth.flows.orders.capture import HANDED_OVER, ContentLine, OrderContent
from troth.flows.orders.quote import Quote, quote
from troth.model.ids import LineId, NodeId, Sku
from troth.model.measure import why_not_units
from troth.model.network import Address
from troth.model.order import Customer, Method
from troth.pages.asking import Unfit, text, units_of
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views_refusal import Told, flaw, tell_by_field

_ROWS_FIRST: Final = 3
_ROWS_MAX: Final = 100
_PLACE: Final = (
    ("line1", "Street"),
    ("city", "City"),
    ("region", "Region"),
    ("postcode", "Postcode"),
    ("country", "Country"),
)
_POINT: Final = (("near_postcode", "ZIP code"), ("near_latitude", "Latitude"), ("near_longitude", "Longitude"))
_FIRST: Final = {"channel": "web", "country": "US", "method": "ship"}


async def show_form(visit: Visit) -> Response:
    """The form, empty."""
    return _page(visit, FormData(_FIRST))


async def show_quote(visit: Visit) -> Response:
    """The form as it was sent, with what would be promised; or with one more row for an item."""
    form = await visit.request.form()
    if "add" in form:
        return _page(visit, form, more=1)
    try:
        content = await _content_of(visit, form)
    except Unfit as unfit:
        return _page(visit, form, told=flaw(str(unfit)))
    found = await quote(
        visit.system, content, is_explained=bool(text(form, "why")), has_fronts=bool(text(form, "front"))
    )
    if isinstance(found, Quote):
        return _page(visit, form, found=found)
    return _page(visit, form, told=tell_by_field(found))


async def _content_of(visit: Visit, form: FormData) -> OrderContent:
    """What the form asks; Unfit where a field cannot be read."""
    rows = [(sku, quantity) for sku, quantity in _rows(form) if sku or quantity]
    if not rows:
        raise Unfit("at least one item is required")
    method = Method(text(form, "method")) if text(form, "method") in set(Method) else Method.SHIP
    is_handed_over = method in HANDED_OVER
    place = _place(form)
    return OrderContent(
        channel=text(form, "channel", length_max=64) or "web",
        external_id="",
        lines=await _lines(visit, rows),
        method=method,
        ship_to=place,
        pickup_node=NodeId(text(form, "pickup_node")) if is_handed_over and text(form, "pickup_node") else None,
        service="" if is_handed_over else text(form, "service"),
        customer=Customer(text(form, "customer")),
        near=_near(form),
    )


async def _lines(visit: Visit, rows: list[tuple[str, str]]) -> tuple[ContentLine, ...]:
    """The lines that are asked for, in what their items are sold in; an item that is not there is said by the quote."""
    reference = visit.system.door.reference
    await reference.need_items({Sku(sku) for sku, _ in rows})
    lines = []
    for number, (sku, quantity) in enumerate(rows, 1):
        item = reference.items.get(Sku(sku))
        decimals = 0 if item is None else item.decimals
        units = units_of(quantity or "1", decimals)
        if not sku:
            raise Unfit(f"row {number} needs an item")
        if units is None:
            raise Unfit(f"the quantity of {sku} {why_not_units(sku, decimals)}")
        if units < 1:
            raise Unfit(f"the quantity of {sku} must be above zero")
        lines.append(ContentLine(LineId(str(number)), Sku(sku), units))
    return tuple(lines)


def _rows(form: FormData) -> Iterator[tuple[str, str]]:
    """The items of the form and how many of each are asked for, as they were written."""
    written = [[str(given).strip()[:64] for given in form.getlist(name)] for name in ("sku", "quantity")]
    return zip(*[one[:_ROWS_MAX] for one in written], strict=False)


def _place(form: FormData) -> Address | None:
    given = {name: text(form, name) for name, _label in _PLACE}
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


def _page(
    visit: Visit, form: FormData, *, told: Told = ("", ()), found: Quote | None = None, more: int = 0
) -> Response:
    rows = [row for row in _rows(form) if any(row)]
    count = min(_ROWS_MAX, max(_ROWS_FIRST, len(form.getlist("sku")) + more))
    network, zone_of = visit.system.door.reference.network, visit.zone_of
    services = dict.fromkeys(card.service for card in (*network.ship.cards, *network.delivery.cards))
    reference = visit.system.door.reference
    voice = reference.wording_at(visit.now).voice(text(form, "channel"))
    options = () if found is None else view_options(found, voice, reference.items)
    return page(
        visit,
        "quote.html",
        status=409 if told[0] else 200,
        section="quote",
        title="Quote",
        given=form,
        rows=[*rows, *[("", "")] * (count - len(rows))],
        is_added=bool(more),
        places=_PLACE,
        points=_POINT,
        methods=list(Method),
        services=list(services),
        pickups=sorted(node.node for node in network.nodes if node.pickup and node.active),
        told=told,
        found=found,
        options=options,
        unavailable=() if found is None else view_unavailable(found, visit.system.door.reference.items),
        fronts=() if found is None else tuple(view_front(front, found.currency) for front in found.fronts),
        why=None if found is None else view_why(found),
        zone_of=zone_of,
        amount=lambda sku, units: tell_units(sku, units, visit.system.door.reference.items),
    )


routes = [
    Route("/quote", guarded(show_form, scope="orders:read"), name="quote"),
    Route("/quote", guarded(show_quote, scope="orders:read"), methods=["POST"]),
]
