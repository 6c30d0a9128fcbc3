"""Opening a return, a claim or an exchange of an order: shown first as it would be, then opened."""

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.return_forms import content_in, replaced_skus
from troth.console.views_returns import view_quoted, view_returnable
from troth.flows.orders.returns import ReturnQuote, prepare_open, preview_return
from troth.model.ids import OrderId
from troth.model.order import Order
from troth.model.refusals import Invalid
from troth.pages.asking import Unfit, ask, new_key
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views_refusal import Told, flaw, tell_by_field
from troth.store.orders import read_orders
from troth.store.reference import read_items


async def show_opening(visit: Visit) -> Response:
    """The form that opens a return of an order."""
    return await _page(visit)


async def open_return(visit: Visit) -> Response:
    """Show what a return of the units that are entered would be, or open it."""
    order = await _order(visit)
    if order is None:
        return await _page(visit)
    form = await visit.request.form()
    reference = visit.system.door.reference
    try:
        await reference.need_items(replaced_skus(form))
        content = content_in(form, order, reference.items)
        if visit.actor.nodes is not None and content.node not in visit.actor.nodes:
            raise Unfit(f"{content.node or 'no node'} is none of yours")
        if content.exception and not _may_except(visit):
            raise Unfit("whoever is bound to nodes or customers may make no exception")
    except Unfit as unfit:
        return await _page(visit, form=form, told=flaw(str(unfit)))
    command = await prepare_open(visit.system, order, content)
    if isinstance(command, Invalid):
        return await _page(visit, form=form, told=tell_by_field(command))
    if form.get("do") == "preview":
        found = await preview_return(visit.system, order, command, actor=visit.actor.name)
        if isinstance(found, ReturnQuote):
            return await _page(visit, form=form, quoted=found)
        return await _page(visit, form=form, told=tell_by_field(found))
    refusal = await ask(visit, form, command)
    if refusal is not None:
        return await _page(visit, form=form, told=tell_by_field(refusal))
    opened = await _order(visit)
    name = opened.returns[-1].return_id if opened is not None and opened.returns else ""
    return RedirectResponse(f"{visit.base}/returns/{name}?done=open", 303)


async def _page(
    visit: Visit, *, form: FormData | None = None, told: Told = ("", ()), quoted: ReturnQuote | None = None
) -> Response:
    order = await _order(visit)
    if order is None:
        name = visit.request.path_params["order_id"]
        return page(visit, "missing.html", status=404, section="returns", title="No such order", name=name)
    async with visit.system.pool.acquire() as connection:
        items = await read_items(
            connection, {part.sku for part in order.allocations} | {one.sku for one in order.lines}
        )
    reference = visit.system.door.reference
    rules = reference.return_policy_at(visit.now).rules
    return page(
        visit,
        "return_open.html",
        status=409 if told[0] else 200,
        section="returns",
        title=f"Return of order {order.external_id}",
        order=order,
        lines=view_returnable(order, items),
        given={} if form is None else {name: str(value) for name, value in form.items()},
        reasons=rules.reasons,
        claim_reasons=rules.claim_reasons,
        may_advance=rules.exchange_advance,
        may_except=_may_except(visit),
        nodes=sorted(visit.nodes) if visit.actor.nodes is None else sorted(visit.actor.nodes),
        key=new_key() if form is None else str(form.get("key", "")).removesuffix("-return") or new_key(),
        told=told,
        quoted=None if quoted is None else view_quoted(quoted),
        cost_currency=reference.policy.currency,
    )


def _may_except(visit: Visit) -> bool:
    return visit.actor.nodes is None and visit.actor.customers is None


async def _order(visit: Visit) -> Order | None:
    """The order that the address names, as far as it is of the actor's customers; any node takes it back."""
    order_id = OrderId(visit.request.path_params["order_id"])
    async with visit.system.pool.acquire() as connection:
        order = (await read_orders(connection, [order_id])).get(order_id)
    customers = visit.actor.customers
    return None if order is None or (customers is not None and order.customer.id not in customers) else order


routes = [
    Route("/orders/{order_id}/return", guarded(show_opening, scope="returns:write"), name="return_open"),
    Route("/orders/{order_id}/return", guarded(open_return, scope="returns:write"), methods=["POST"]),
]
