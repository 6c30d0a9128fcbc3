"""Returns: which there are, what came of each, and what is done with what came; opened from the page of their order."""

from dataclasses import dataclass
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.views_returns import short_return, view_return, view_returnable
from troth.engine.returns.returnable import returnable_units
from troth.flows.orders.returns import (
    ReturnContent,
    prepare_dispose,
    prepare_open,
    prepare_receive,
    read_return,
    replacements_of,
)
from troth.flows.people.access import Actor
from troth.model.ids import LineId, NodeId, OrderId, ReturnId, Sku
from troth.model.lifecycle import Disposition, ReceptionState
from troth.model.money import parse_money
from troth.model.order import Order
from troth.model.refusals import Invalid, NotFound
from troth.model.return_moves import (
    ArrivedUnits,
    AskedUnits,
    CancelReturn,
    CloseReturn,
    JudgedUnits,
    RefundReturn,
    ReturnCommand,
)
from troth.model.returns import Return, ReturnMethod
from troth.pages.asking import ask, new_key, text, whole_number
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import position_text, query, read_position
from troth.pages.views_refusal import Told, flaw, tell_refusal
from troth.store.orders import read_orders
from troth.store.reference import read_items
from troth.store.returns import find_returns

_PAGE: Final = 50
_DONE: Final = {
    "open": "The return is open.",
    "receive": "Received.",
    "dispose": "Its units are where they belong.",
    "refund": "Credited.",
    "close": "The return is over.",
    "cancel": "The permit is taken back.",
}
_DISPOSITIONS: Final = tuple(disposition.value for disposition in Disposition)


@dataclass(frozen=True, slots=True)
class _Told:
    """What was asked on a page and refused (nothing: empty)."""

    action: str = ""
    words: Told = ("", ())


async def show_returns(visit: Visit) -> Response:
    """A page of returns, the newest first: in one state or all, of one node, or those that a text names."""
    state, node, asked = visit.asked("state"), visit.asked("node"), visit.asked("q")
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
        rows=[view_return(order, one, {}) for order, one in shown],
        more=query(state=state, node=node, q=asked, after=position) if position else "",
        is_first=after is None,
    )


async def show_return(visit: Visit) -> Response:
    """One return."""
    return await _page(visit)


async def receive(visit: Visit) -> Response:
    """Receive what is entered, line by line and of other items, at a node."""
    found = await _find(visit)
    if isinstance(found, Response):
        return found
    order, one = found
    form = await visit.request.form()
    node = text(form, "node", length_max=64)
    lines, problem = _arrived(form)
    if not visit.actor.may_at(node):
        problem = f"{node or 'no node'} is none of yours"
    if problem:
        return await _page(visit, _Told("receive", flaw(problem)))
    command = await prepare_receive(visit.system, order, one.return_id, NodeId(node), lines)
    return await _do(visit, form, "receive", command)


async def dispose(visit: Visit) -> Response:
    """Say what is done with the units under one number."""
    found = await _find(visit)
    if isinstance(found, Response):
        return found
    order, one = found
    form = await visit.request.form()
    number, quantity = whole_number(form, "number"), whole_number(form, "quantity")
    got = next((got for got in one.received if got.number == number), None)
    chosen, grade = text(form, "disposition"), text(form, "grade", length_max=100)
    if got is None or quantity == -1 or (chosen and chosen not in _DISPOSITIONS) or not visit.actor.may_at(got.node):
        return await _page(visit, _Told("dispose", flaw("name units that lie here, and what is done with them")))
    judged = JudgedUnits(got.number, quantity or got.quantity, Disposition(chosen) if chosen else None, grade)
    return await _do(visit, form, "dispose", prepare_dispose(order, one.return_id, (judged,)))


async def refund(visit: Visit) -> Response:
    """Credit what came and is not credited yet, or the amount that is entered."""
    found = await _find(visit)
    if isinstance(found, Response):
        return found
    order, one = found
    form = await visit.request.form()
    given = text(form, "amount", length_max=20)
    try:
        amount = parse_money(given, order.currency).minor if given else None
    except ValueError:
        return await _page(visit, _Told("refund", flaw(f"the amount must be one of {order.currency}, and is {given}")))
    return await _do(visit, form, "refund", RefundReturn(one.return_id, amount, text(form, "reason")))


async def close(visit: Visit) -> Response:
    """End it."""
    found = await _find(visit)
    if isinstance(found, Response):
        return found
    order, one = found
    form = await visit.request.form()
    command = CloseReturn(one.return_id, text(form, "reason"), replacements_of(order, one.return_id))
    return await _do(visit, form, "close", command)


async def cancel(visit: Visit) -> Response:
    """Take the permit back."""
    found = await _find(visit)
    if isinstance(found, Response):
        return found
    order, one = found
    form = await visit.request.form()
    command = CancelReturn(one.return_id, text(form, "reason"), replacements_of(order, one.return_id))
    return await _do(visit, form, "cancel", command)


async def show_opening(visit: Visit) -> Response:
    """The form that opens a return of an order."""
    return await _opening(visit)


async def open_return(visit: Visit) -> Response:
    """Open a return of the units that are entered."""
    order = await _order(visit)
    if order is None:
        return _missing(visit, visit.request.path_params["order_id"])
    form = await visit.request.form()
    lines, problem = _asked(form)
    node, method = text(form, "node", length_max=64), text(form, "method")
    if visit.actor.nodes is not None and node not in visit.actor.nodes:
        problem = f"{node or 'no node'} is none of yours"
    if method not in (ReturnMethod.IN_STORE, ReturnMethod.MAIL):
        problem = "say how it comes back"
    if problem:
        return await _opening(visit, flaw(problem))
    content = ReturnContent(order.order_id, lines, ReturnMethod(method), NodeId(node) if node else None)
    command = await prepare_open(visit.system, order, content)
    refusal = command if isinstance(command, Invalid) else await ask(visit, form, command)
    if refusal is not None:
        return await _opening(visit, tell_refusal(refusal))
    opened = await _order(visit)
    name = opened.returns[-1].return_id if opened is not None and opened.returns else ""
    return RedirectResponse(f"{visit.base}/returns/{name}?done=open", 303)


async def _do(visit: Visit, form: FormData, action: str, command: ReturnCommand | Invalid) -> Response:
    refusal = command if isinstance(command, Invalid) else await ask(visit, form, command)
    if refusal is not None:
        return await _page(visit, _Told(action, tell_refusal(refusal)))
    return RedirectResponse(f"{visit.base}/returns/{visit.request.path_params['return_id']}?done={action}", 303)


async def _page(visit: Visit, told: _Told | None = None) -> Response:
    found = await _find(visit)
    if isinstance(found, Response):
        return found
    order, one = found
    async with visit.system.pool.acquire() as connection:
        items = await read_items(connection, {line.sku for line in one.lines} | {got.sku for got in one.received})
    rules = visit.system.door.reference.return_policy_at(visit.now).rules
    told = told or _Told()
    return page(
        visit,
        "return.html",
        status=409 if told.action else 200,
        section="returns",
        title=f"Return {short_return(one.return_id)} of order {order.external_id}",
        order=order,
        it=view_return(order, one, items),
        grades=rules.grades,
        nodes=sorted(visit.nodes) if visit.actor.nodes is None else sorted(visit.actor.nodes),
        key=new_key(),
        refused=told.action,
        told=told.words,
        done=_DONE.get(visit.asked("done"), ""),
        may_write=visit.actor.may("returns:write") and visit.actor.customers is None,
    )


async def _opening(visit: Visit, told: Told | None = None) -> Response:
    order = await _order(visit)
    if order is None:
        return _missing(visit, visit.request.path_params["order_id"])
    async with visit.system.pool.acquire() as connection:
        items = await read_items(connection, {sku for _, sku in returnable_units(order)})
    rules = visit.system.door.reference.return_policy_at(visit.now).rules
    return page(
        visit,
        "return_open.html",
        status=409 if told else 200,
        section="returns",
        title=f"Return of order {order.external_id}",
        order=order,
        lines=view_returnable(order, items),
        reasons=rules.reasons,
        nodes=sorted(visit.nodes) if visit.actor.nodes is None else sorted(visit.actor.nodes),
        key=new_key(),
        told=told,
    )


async def _find(visit: Visit) -> tuple[Order, Return] | Response:
    name = ReturnId(visit.request.path_params["return_id"])
    async with visit.system.pool.acquire() as connection:
        found = await read_return(connection, name)
    if isinstance(found, NotFound) or not _sees(visit.actor, *found):
        return _missing(visit, name)
    return found


async def _order(visit: Visit) -> Order | None:
    """The order that the address names, as far as it is of the actor's customers; any node takes it back."""
    order_id = OrderId(visit.request.path_params["order_id"])
    async with visit.system.pool.acquire() as connection:
        order = (await read_orders(connection, [order_id])).get(order_id)
    customers = visit.actor.customers
    return None if order is None or (customers is not None and order.customer.id not in customers) else order


def _sees(actor: Actor, order: Order, one: Return) -> bool:
    if actor.customers is not None and order.customer.id not in actor.customers:
        return False
    nodes = {one.node, *(got.node for got in one.received), *(work.node for work in order.fulfillments)}
    return actor.nodes is None or bool(actor.nodes & nodes)


def _missing(visit: Visit, name: str) -> Response:
    return page(visit, "missing.html", status=404, section="returns", title="No such return", name=name)


def _arrived(form: FormData) -> tuple[tuple[ArrivedUnits, ...], str]:
    """The units that a form says have arrived, and what is wrong with it, if anything."""
    found = []
    for name in form:
        head, _, line = name.partition(":")
        if head != "units" or not (units := whole_number(form, name)):
            continue
        grade, chosen = text(form, f"grade:{line}", length_max=100), text(form, f"disposition:{line}")
        sku = text(form, "other", length_max=64) if line == "other" else None
        if units == -1 or sku == "" or (chosen and chosen not in _DISPOSITIONS):
            return (), "quantities are whole numbers, and another item needs its SKU"
        found.append(
            ArrivedUnits(
                units,
                None if sku else LineId(line),
                Sku(sku) if sku else None,
                grade,
                Disposition(chosen) if chosen else None,
                serials=tuple(text(form, f"serials:{line}").split()),
            )
        )
    return tuple(found), "" if found else "say how many units of which line arrived"


def _asked(form: FormData) -> tuple[tuple[AskedUnits, ...], str]:
    """The units that a form says are to come back, and what is wrong with it, if anything."""
    found = []
    for name in form:
        head, _, place = name.partition(":")
        if head != "units" or not (units := whole_number(form, name)):
            continue
        line, _, sku = place.partition("/")
        if units == -1:
            return (), "quantities are whole numbers"
        found.append(AskedUnits(LineId(line), units, text(form, f"reason:{place}", length_max=100), Sku(sku)))
    return tuple(found), "" if found else "say how many units of which line come back"


routes = [
    Route("/returns", guarded(show_returns, scope="returns:read"), name="returns"),
    Route("/returns/{return_id}", guarded(show_return, scope="returns:read"), name="return"),
    Route("/returns/{return_id}/receive", guarded(receive, scope="returns:write"), methods=["POST"]),
    Route("/returns/{return_id}/dispose", guarded(dispose, scope="returns:write"), methods=["POST"]),
    Route("/returns/{return_id}/refund", guarded(refund, scope="returns:write"), methods=["POST"]),
    Route("/returns/{return_id}/close", guarded(close, scope="returns:write"), methods=["POST"]),
    Route("/returns/{return_id}/cancel", guarded(cancel, scope="returns:write"), methods=["POST"]),
    Route("/orders/{order_id}/return", guarded(show_opening, scope="returns:write"), name="return_open"),
    Route("/orders/{order_id}/return", guarded(open_return, scope="returns:write"), methods=["POST"]),
]
