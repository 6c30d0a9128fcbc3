"""Returns: which there are, what came of each, and what is done with what came."""

from typing import Final

from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from troth.console.return_forms import DISPOSITIONS, OTHER, arrived_in, judged_in
from troth.console.views_returns import short_return, view_return
from troth.flows.orders.returns import prepare_dispose, prepare_receive, read_return, replacements_of
from troth.flows.people.access import Actor
from troth.flows.shipping.label_work import shop_return_rates
from troth.flows.wording.return_slip import render_slip
from troth.model.ids import NodeId, ReturnId, Sku
from troth.model.label import LIVE
from troth.model.lifecycle import ReceptionState
from troth.model.order import Order
from troth.model.refusals import Invalid, NotFound
from troth.model.return_moves import CancelReturn, CloseReturn, RefundReturn, ReturnCommand, SendReturn
from troth.model.returns import Return, ReturnMethod
from troth.model.shipping_rates import RateChoice
from troth.model.value import dataclass
from troth.pages.asking import Unfit, amount_in, ask, new_key, text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import position_text, query, read_position
from troth.pages.views_refusal import Told, flaw, tell_refusal
from troth.store.labels import read_labels
from troth.store.orders import read_orders
from troth.store.reference import read_items
from troth.store.returns import find_returns

_PAGE: Final = 50
_DONE: Final = {
    "open": "The return is open.",
    "send": "It is on its way.",
    "receive": "Received.",
    "dispose": "Its units are where they belong.",
    "refund": "Credited.",
    "close": "The return is over.",
    "cancel": "The permit is taken back.",
    "label": "The label is asked for.",
}


@dataclass(frozen=True, slots=True)
class _Told:
    """What was asked on a page and refused (nothing: empty)."""

    action: str = ""
    words: Told = ("", ())


async def show_returns(visit: Visit) -> Response:
    """A page of returns, the newest first: in one state or all, of one node, those that a text names, or of which
    units or the refund wait for somebody.
    """
    state, node, asked = visit.asked("state"), visit.asked("node"), visit.asked("q")
    is_waiting, is_held = visit.asked("waiting") == "1", visit.asked("held") == "1"
    after = read_position(visit.asked("after"))
    bound = visit.actor.nodes
    nodes = [node] if node and visit.actor.may_at(node) else [] if node else None if bound is None else sorted(bound)
    async with visit.system.pool.acquire() as connection:
        found = await find_returns(
            connection,
            states=[state] if state in set(ReceptionState) else None,
            nodes=nodes,
            customers=None if visit.actor.customers is None else sorted(visit.actor.customers),
            text=asked or None,
            is_waiting=True if is_waiting else None,
            is_refund_held=True if is_held else None,
            after=after,
            limit=_PAGE + 1,
        )
        orders = await read_orders(connection, {order_id for order_id, _ in found})
    returns = {one.return_id: (order, one) for order in orders.values() for one in order.returns}
    shown = [returns[return_id] for _, return_id in found[:_PAGE]]
    position = position_text((shown[-1][1].opened_at, shown[-1][1].return_id)) if len(found) > _PAGE else None
    return page(
        visit,
        "returns.html",
        section="returns",
        title="Returns",
        state=state,
        states=tuple(one.value for one in ReceptionState),
        node=node,
        nodes=sorted(visit.nodes),
        asked=asked,
        is_waiting=is_waiting,
        is_held=is_held,
        is_filtered=bool(state or node or asked or is_waiting or is_held),
        rows=[view_return(order, one, {}) for order, one in shown],
        more=query(
            state=state,
            node=node,
            q=asked,
            waiting="1" if is_waiting else "",
            held="1" if is_held else "",
            after=position,
        )
        if position
        else "",
        is_first=after is None,
    )


async def show_return(visit: Visit, refused: str = "", words: Told = ("", ())) -> Response:
    """One return, with what was asked and refused, and why."""
    return await _page(visit, _Told(refused, words))


async def show_slip(visit: Visit) -> Response:
    """The slip for the parcel, to be printed."""
    found = await find_return(visit)
    if isinstance(found, Response):
        return found
    order, one = found
    if one.method is not ReturnMethod.MAIL:
        return _missing(visit, f"a slip of {one.return_id}")
    return HTMLResponse(render_slip(order, one, visit.system.door.reference.network))


async def send(visit: Visit) -> Response:
    """The customer handed it to a carrier."""
    found = await find_return(visit)
    if isinstance(found, Response):
        return found
    form = await visit.request.form()
    number = text(form, "tracking_number", length_max=64)
    command = SendReturn(found[1].return_id, text(form, "carrier", length_max=100), number)
    return await _do(visit, form, "send", command)


async def receive(visit: Visit) -> Response:
    """Receive what is entered, line by line and of other items, at a node."""
    found = await find_return(visit)
    if isinstance(found, Response):
        return found
    order, one = found
    form = await visit.request.form()
    node = text(form, "node", length_max=64)
    try:
        await visit.system.door.reference.need_items({Sku(text(form, OTHER, length_max=64))})
        lines = arrived_in(form, order, visit.system.door.reference.items)
        if not visit.actor.may_at(node):
            raise Unfit(f"{node or 'no node'} is none of yours")
    except Unfit as unfit:
        return await _page(visit, _Told("receive", flaw(str(unfit))))
    is_more = bool(text(form, "more"))
    command = await prepare_receive(visit.system, order, one.return_id, NodeId(node), lines, is_more=is_more)
    return await _do(visit, form, "receive", command)


async def dispose(visit: Visit) -> Response:
    """Say what is done with the units under one number."""
    found = await find_return(visit)
    if isinstance(found, Response):
        return found
    order, one = found
    form = await visit.request.form()
    try:
        judged, node = judged_in(form, order, one)
        if not visit.actor.may_at(node):
            raise Unfit(f"{node} is none of yours")
    except Unfit as unfit:
        return await _page(visit, _Told("dispose", flaw(str(unfit))))
    return await _do(visit, form, "dispose", prepare_dispose(order, one.return_id, (judged,)))


async def refund(visit: Visit) -> Response:
    """Credit what came and is not credited yet, or the amount that is entered."""
    found = await find_return(visit)
    if isinstance(found, Response):
        return found
    order, one = found
    form = await visit.request.form()
    try:
        amount = amount_in(form, order.currency)
    except Unfit as unfit:
        return await _page(visit, _Told("refund", flaw(str(unfit))))
    minor = None if amount is None else amount.minor
    replacements = replacements_of(order, one.return_id)
    return await _do(visit, form, "refund", RefundReturn(one.return_id, minor, text(form, "reason"), replacements))


async def close(visit: Visit) -> Response:
    """End it."""
    found = await find_return(visit)
    if isinstance(found, Response):
        return found
    order, one = found
    form = await visit.request.form()
    command = CloseReturn(one.return_id, text(form, "reason"), replacements_of(order, one.return_id))
    return await _do(visit, form, "close", command)


async def cancel(visit: Visit) -> Response:
    """Take the permit back."""
    found = await find_return(visit)
    if isinstance(found, Response):
        return found
    order, one = found
    form = await visit.request.form()
    command = CancelReturn(one.return_id, text(form, "reason"), replacements_of(order, one.return_id))
    return await _do(visit, form, "cancel", command)


async def _do(visit: Visit, form: FormData, action: str, command: ReturnCommand | Invalid) -> Response:
    refusal = command if isinstance(command, Invalid) else await ask(visit, form, command)
    if refusal is not None:
        return await _page(visit, _Told(action, tell_refusal(refusal)))
    return RedirectResponse(f"{visit.base}/returns/{visit.request.path_params['return_id']}?done={action}", 303)


async def _page(visit: Visit, told: _Told | None = None) -> Response:
    found = await find_return(visit)
    if isinstance(found, Response):
        return found
    order, one = found
    async with visit.system.pool.acquire() as connection:
        items = await read_items(connection, {line.sku for line in one.lines} | {got.sku for got in one.received})
        labels = (await read_labels(connection, [order.order_id])).get(order.order_id, ())
    rules = visit.system.door.reference.return_policy_at(visit.now).rules
    told = told or _Told()
    may_write = visit.actor.may("returns:write") and visit.actor.customers is None
    label = next((known for known in reversed(labels) if known.subject == one.return_id), None)
    is_bought = label is not None and label.state in LIVE
    choice = await shop_return_rates(visit.system, order, one) if may_write and not is_bought else None
    return page(
        visit,
        "return.html",
        status=409 if told.action else 200,
        section="returns",
        title=f"Return {short_return(one.return_id)} of order {order.external_id}",
        order=order,
        it=view_return(order, one, items),
        grades=rules.grades,
        dispositions=DISPOSITIONS,
        other=OTHER,
        nodes=sorted(visit.nodes) if visit.actor.nodes is None else sorted(visit.actor.nodes),
        key=new_key(),
        refused=told.action,
        told=told.words,
        done=_DONE.get(visit.asked("done"), ""),
        may_write=may_write,
        label=label,
        choice=choice if isinstance(choice, RateChoice) else None,
        zone=visit.zone_of(one.node) if one.node is not None else "UTC",
    )


async def find_return(visit: Visit) -> tuple[Order, Return] | Response:
    """The return that the path names, with its order; a page that says so where there is none."""
    name = ReturnId(visit.request.path_params["return_id"])
    async with visit.system.pool.acquire() as connection:
        found = await read_return(connection, name)
    if isinstance(found, NotFound) or not _sees(visit.actor, *found):
        return _missing(visit, name)
    return found


def _sees(actor: Actor, order: Order, one: Return) -> bool:
    if actor.customers is not None and order.customer.id not in actor.customers:
        return False
    nodes = {one.node, *(got.node for got in one.received), *(work.node for work in order.fulfillments)}
    return actor.nodes is None or bool(actor.nodes & nodes)


def _missing(visit: Visit, name: str) -> Response:
    return page(visit, "missing.html", status=404, section="returns", title="No such return", name=name)


routes = [
    Route("/returns", guarded(show_returns, scope="returns:read"), name="returns"),
    Route("/returns/{return_id}", guarded(show_return, scope="returns:read"), name="return"),
    Route("/returns/{return_id}/slip", guarded(show_slip, scope="returns:read"), name="return_slip"),
    Route("/returns/{return_id}/send", guarded(send, scope="returns:write"), methods=["POST"]),
    Route("/returns/{return_id}/receive", guarded(receive, scope="returns:write"), methods=["POST"]),
    Route("/returns/{return_id}/dispose", guarded(dispose, scope="returns:write"), methods=["POST"]),
    Route("/returns/{return_id}/refund", guarded(refund, scope="returns:write"), methods=["POST"]),
    Route("/returns/{return_id}/close", guarded(close, scope="returns:write"), methods=["POST"]),
    Route("/returns/{return_id}/cancel", guarded(cancel, scope="returns:write"), methods=["POST"]),
]
