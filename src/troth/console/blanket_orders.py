"""Blanket orders: what was agreed, called off and is left, with the orders that called off; set, and ended."""

from dataclasses import replace
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from troth.console.agreed_forms import asked_lines, blanket_in, expected_in, id_in
from troth.console.tried import NOTHING_TRIED, Tried, go_back, show_missing
from troth.console.views_agreed import BlanketView, view_blanket
from troth.flows.records import blanket_orders
from troth.flows.records.blanket_orders import Followed
from troth.flows.records.configure import Set
from troth.model.blanket import BlanketOrder
from troth.model.ids import Sku
from troth.pages.asking import Unfit
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import query
from troth.pages.views_refusal import flaw, tell_by_field
from troth.store.orders import read_orders
from troth.store.reference import Versioned, read_items

_SECTION: Final = "customers"
_PAGE: Final = 50
_DONE: Final = {"set": "Set.", "end": "Ended: nothing more is called off."}


async def show_blanket_orders(visit: Visit) -> Response:
    """A page of blanket orders by id, of one customer or of all."""
    customer, after = visit.asked("customer"), visit.asked("after")
    found = await blanket_orders.find(
        visit.system, customer_id=customer or None, only=None, after=after or None, limit=_PAGE + 1
    )
    rows = [view_blanket(one, visit.now) for one in found[:_PAGE]]
    return page(
        visit,
        "blanket_orders.html",
        section="customers",
        title="Blanket orders",
        customer=customer,
        rows=rows,
        more=query(customer=customer, after=rows[-1].blanket.blanket_id) if len(found) > _PAGE else "",
        is_first=not after,
        may_write=visit.actor.may("orders:write"),
    )


async def show_new(visit: Visit) -> Response:
    """The form of a blanket order that is not there yet."""
    return await _again(visit)


async def show_blanket_order(visit: Visit) -> Response:
    """One blanket order."""
    return await _again(visit)


async def set_blanket_order(visit: Visit) -> Response:
    """Create or replace a blanket order as the form says; its places stay as they are."""
    form = await visit.request.form()
    named = visit.request.path_params.get("blanket_id")
    try:
        blanket_id = named or id_in(form, "blanket_id", "a blanket order")
        known = await blanket_orders.read(visit.system, blanket_id)
        async with visit.system.pool.acquire() as connection:
            items = await read_items(connection, {Sku(one.sku) for one in asked_lines(form)})
        blanket = blanket_in(form, blanket_id, items, None if known is None else known.value.agreement.blanket)
    except Unfit as unfit:
        return await _again(visit, Tried(form, "set", flaw(str(unfit))))
    return await _set(visit, form, blanket, "set")


async def end(visit: Visit) -> Response:
    """End a blanket order that is open now: what was called off stays."""
    form = await visit.request.form()
    known = await blanket_orders.read(visit.system, visit.request.path_params["blanket_id"])
    if known is None:
        return await _again(visit)
    if not view_blanket(known.value, visit.now).is_open:
        return await _again(visit, Tried(form, "end", flaw("only what is open can be ended")))
    return await _set(visit, form, replace(known.value.agreement.blanket, ends_at=visit.now), "end")


async def _set(visit: Visit, form: FormData, blanket: BlanketOrder, done: str) -> Response:
    result = await blanket_orders.set_blanket_order(
        visit.system, blanket, actor=visit.actor.name, expected=expected_in(form)
    )
    if not isinstance(result, Set):
        return await _again(visit, Tried(form, done, tell_by_field(result)))
    return go_back(visit, "blanket-orders", blanket.blanket_id, done)


async def _again(visit: Visit, tried: Tried = NOTHING_TRIED) -> Response:
    """The page from which something was asked, of a blanket order or of a new one."""
    blanket_id = visit.request.path_params.get("blanket_id")
    if blanket_id is None:
        return await _page(visit, None, tried)
    found = await blanket_orders.read(visit.system, blanket_id)
    if found is None:
        return show_missing(visit, _SECTION, "No such blanket order", blanket_id)
    return await _page(visit, found, tried)


async def _page(visit: Visit, found: Versioned[Followed] | None, tried: Tried) -> Response:
    view: BlanketView | None = None
    if found is not None:
        called_by = {one.order_id for one, _at in found.value.call_offs}
        async with visit.system.pool.acquire() as connection:
            orders = await read_orders(connection, called_by)
            items = await read_items(connection, {line.sku for line in found.value.agreement.blanket.lines})
        view = view_blanket(found.value, visit.now, orders=orders, items=items)
    return tried.render(
        visit,
        "blanket_order.html",
        _SECTION,
        f"Blanket order {view.blanket.blanket_id}" if view else "New blanket order",
        view=view,
        version=found.version if found else 0,
        customer=visit.asked("customer"),
        done=_DONE.get(visit.asked("done"), ""),
        may_write=visit.actor.may("orders:write"),
    )


routes = [
    Route("/blanket-orders", guarded(show_blanket_orders, scope="orders:read"), name="blanket_orders"),
    Route("/blanket-orders", guarded(set_blanket_order, scope="orders:write"), methods=["POST"]),
    Route("/new-blanket-order", guarded(show_new, scope="orders:write")),
    Route("/blanket-orders/{blanket_id:path}/end", guarded(end, scope="orders:write"), methods=["POST"]),
    Route("/blanket-orders/{blanket_id:path}", guarded(show_blanket_order, scope="orders:read"), name="blanket_order"),
    Route("/blanket-orders/{blanket_id:path}", guarded(set_blanket_order, scope="orders:write"), methods=["POST"]),
]
