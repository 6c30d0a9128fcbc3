"""Asking what would be promised, and placing the order that was shown: who calls, what they want and where, the ways to
have it, and one click for one of them.
"""

from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.order import DONE_PLACED
from troth.console.quote_forms import BILL, BY_TOKEN, PLACE, ROWS_MAX, content_in, order_in, rows_in
from troth.console.views_customer import read_caller
from troth.console.views_front import view_front
from troth.console.views_quote import tell_units, view_options, view_unavailable, view_why
from troth.flows.door.requests import Accepted, Outcome
from troth.flows.orders.quote import Quote, quote
from troth.model.capture_order import CaptureOrder
from troth.model.ids import OrderId
from troth.model.order import Method
from troth.model.refusals import Invalid
from troth.pages.asking import Unfit, new_key, text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views_refusal import Told, flaw, tell_by_field

_ROWS_FIRST: Final = 3
_POINT: Final = (("near_postcode", "ZIP code"), ("near_latitude", "Latitude"), ("near_longitude", "Longitude"))
_WHO: Final = (("name", "Name"), ("email", "Email"), ("phone", "Telephone"))
_FIRST: Final = {"channel": "web", "country": "US", "method": "ship"}


async def show_form(visit: Visit) -> Response:
    """The form, empty, or of a customer."""
    return await _page(visit, FormData({**_FIRST, "customer": visit.asked("customer")}))


async def show_quote(visit: Visit) -> Response:
    """The form as it was sent, with what would be promised; with one more row for an item; with where the customer's
    last order went; or the order that was placed of it.
    """
    form = await visit.request.form()
    if text(form, "place") and not visit.actor.may("orders:write"):
        return page(
            visit, "refused.html", status=403, section="quote", title="Not yours to place", needs="orders:write"
        )
    if "add" in form:
        return await _page(visit, form, more=1)
    if "fill" in form:
        return await _page(visit, await _filled(visit, form))
    try:
        content = await content_in(visit.system, form)
        command = await order_in(visit.system, form, content) if text(form, "place") else None
    except Unfit as unfit:
        return await _page(visit, form, told=flaw(str(unfit)))
    told: Told = ("", ())
    if command is not None:
        placed: Outcome = command if isinstance(command, Invalid) else await _place(visit, command)
        if isinstance(placed, Accepted):
            return RedirectResponse(f"{visit.base}/orders/{_name(placed)}?done={DONE_PLACED}", 303)
        told = tell_by_field(placed)
    found = await quote(
        visit.system, content, is_explained=bool(text(form, "why")), has_fronts=bool(text(form, "front"))
    )
    if isinstance(found, Quote):
        return await _page(visit, form, found=found, told=told)
    return await _page(visit, form, told=told if told[0] else tell_by_field(found))


async def _place(visit: Visit, command: CaptureOrder) -> Outcome:
    """Capture the order. It needs no key of the form's: the same content under the same number is the same order."""
    return await visit.system.door.one(command, actor=visit.actor.name, cause="console")


def _name(placed: Accepted) -> OrderId:
    assert placed.order is not None  # it was captured
    return placed.order.order_id


async def _filled(visit: Visit, form: FormData) -> FormData:
    """The form with who the customer was in their last order, where nothing else is said, and where that went."""
    caller = await read_caller(visit, text(form, "customer"), text(form, "email"), text(form, "channel"))
    given = dict(form.multi_items())
    known: dict[str, str] = {}
    if caller is not None and caller.last is not None:
        names = {"customer": caller.last.id, **{name: getattr(caller.last, name) for name, _ in _WHO}}
        known |= {name: value for name, value in names.items() if not given.get(name)}
    if caller is not None and caller.last_place is not None:
        known |= {name: getattr(caller.last_place, name) for name, _ in PLACE}
    kept = [(name, value) for name, value in form.multi_items() if name not in known]
    return FormData([*kept, *known.items()])


async def _page(
    visit: Visit, form: FormData, *, told: Told = ("", ()), found: Quote | None = None, more: int = 0
) -> Response:
    rows = [row for row in rows_in(form) if any(row)]
    count = min(ROWS_MAX, max(_ROWS_FIRST, len(form.getlist("sku")) + more))
    reference, zone_of = visit.system.door.reference, visit.zone_of
    network = reference.network
    services = dict.fromkeys(card.service for card in (*network.ship.cards, *network.delivery.cards))
    voice = reference.wording_at(visit.now).voice(text(form, "channel"))
    return page(
        visit,
        "quote.html",
        status=409 if told[0] else 200,
        section="quote",
        title="Quote",
        given=form,
        rows=[*rows, *[("", "")] * (count - len(rows))],
        is_added=bool(more),
        key=new_key(),
        places=PLACE,
        points=_POINT,
        who=_WHO,
        methods=list(Method),
        services=list(services),
        pickups=sorted(node.node for node in network.nodes if node.pickup and node.active),
        caller=await read_caller(visit, text(form, "customer"), text(form, "email"), text(form, "channel")),
        pay_ways=(("", "paid or agreed elsewhere"), (BILL, "on a bill"), (BY_TOKEN, "by a token of a payment page")),
        may_place=visit.actor.may("orders:write"),
        told=told,
        found=found,
        options=() if found is None else view_options(found, voice, reference.items),
        unavailable=() if found is None else view_unavailable(found, reference.items),
        fronts=() if found is None else tuple(view_front(front, found.currency) for front in found.fronts),
        why=None if found is None else view_why(found),
        zone_of=zone_of,
        amount=lambda sku, units: tell_units(sku, units, reference.items),
    )


routes = [
    Route("/quote", guarded(show_form, scope="orders:read"), name="quote"),
    Route("/quote", guarded(show_quote, scope="orders:read"), methods=["POST"]),
]
