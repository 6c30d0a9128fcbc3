"""One order: what it is, what happened, why, and what an operator can ask for."""

from datetime import UTC, datetime
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.notifications import read_told
from troth.console.views_account import view_account
from troth.console.views_drawing import view_map
from troth.console.views_front import view_front
from troth.console.views_notification import view_notification
from troth.console.views_order import OrderView, view_order
from troth.console.views_returns import view_return
from troth.console.views_schedule import view_schedules
from troth.console.views_timeline import timeline
from troth.console.views_trace import view_decision
from troth.engine.money.dues import dues_of
from troth.engine.returns.returnable import returnable_units
from troth.flows.orders.explain import explain_order, read_decisions
from troth.flows.orders.hold import HoldContent, prepare_hold
from troth.flows.tracking.links import give_link
from troth.model.commands import CancelOrder, ExtendHold, LiftHold, LineQuantity, ReleaseOrder
from troth.model.hold_rules import HoldType
from troth.model.ids import HoldId, LineId, NodeId, OrderId
from troth.model.order import Order
from troth.model.refusals import Busy, Invalid
from troth.pages.asking import Unfit, ask, new_key, quantity_in, text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views_refusal import Told, flaw, tell_refusal
from troth.store.events import read_subject_events
from troth.store.orders import read_orders
from troth.store.payments import read_accounts
from troth.store.reference import read_items

DONE_CHANGE: Final = "change"
"""What the page is told once an order was changed on a page of its own."""

DONE_PLACED: Final = "placed"
"""What the page is told once the order was placed from a quote."""

_DONE: Final = {
    "release": "Released to its nodes.",
    "hold": "The hold is placed.",
    "extend": "The hold has more time.",
    "lift": "The hold is lifted.",
    "cancel": "Canceled; the stock is free again.",
    "pay": "It is asked for there.",
    "retry": "What was refused is tried again.",
    "close": "No more is taken of that tender.",
    "give_back": "The amount is given back.",
    DONE_CHANGE: "Changed, and promised anew.",
    DONE_PLACED: "Placed, and promised as it was shown.",
}


async def show_order(visit: Visit) -> Response:
    """The page of one order."""
    return await _page(visit)


async def release(visit: Visit) -> Response:
    """Release now."""
    form = await visit.request.form()
    refusal = await ask(visit, form, ReleaseOrder(order_id_of(visit)))
    return await after_action(visit, "release", tell_refusal(refusal) if refusal else None)


async def hold(visit: Visit) -> Response:
    """Place a hold, of a type and with a reason, until it is lifted or a time (UTC), on the terms of its type."""
    form = await visit.request.form()
    type_, reason, until = text(form, "type", length_max=40), text(form, "reason"), text(form, "until")
    if not type_ or not reason:
        return await after_action(visit, "hold", flaw("a hold needs a type and a reason"))
    try:
        expires_at = datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None
    except ValueError:
        return await after_action(visit, "hold", flaw("the time until which to hold is not a time"))
    content = HoldContent(type_, reason, expires_at, owner=text(form, "owner", length_max=100) or None)
    command = prepare_hold(visit.system, order_id_of(visit), content)
    refusal = command if isinstance(command, Invalid) else await ask(visit, form, command)
    return await after_action(visit, "hold", tell_refusal(refusal) if refusal else None)


async def extend(visit: Visit) -> Response:
    """Let the clock of one hold end later, at a time (UTC)."""
    form = await visit.request.form()
    try:
        expires_at = datetime.fromisoformat(text(form, "until")).replace(tzinfo=UTC)
    except ValueError:
        return await after_action(visit, "extend", flaw("the time until which to hold is not a time"))
    command = ExtendHold(order_id_of(visit), HoldId(text(form, "hold_id")), expires_at, text(form, "reason"))
    refusal = await ask(visit, form, command)
    return await after_action(visit, "extend", tell_refusal(refusal) if refusal else None)


async def lift(visit: Visit) -> Response:
    """Lift one hold."""
    form = await visit.request.form()
    command = LiftHold(order_id_of(visit), HoldId(text(form, "hold_id")), visit.actor.role)
    refusal = await ask(visit, form, command)
    return await after_action(visit, "lift", tell_refusal(refusal) if refusal else None)


async def cancel(visit: Visit) -> Response:
    """Cancel the whole order, or the units given by line."""
    form = await visit.request.form()
    reason = text(form, "reason")
    if not reason:
        return await after_action(visit, "cancel", flaw("canceling needs a reason"))
    lines: tuple[LineQuantity, ...] = ()
    if text(form, "what") != "all":
        try:
            lines = await _asked_lines(visit, form)
        except Unfit as unfit:
            return await after_action(visit, "cancel", flaw(str(unfit)))
    refusal = await ask(visit, form, CancelOrder(order_id_of(visit), reason, lines))
    return await after_action(visit, "cancel", tell_refusal(refusal) if refusal else None)


async def show_why(visit: Visit) -> Response:
    """Why its sources were chosen: each decision made again, node by node, and what would have flipped it."""
    order_id = order_id_of(visit)
    async with visit.system.pool.acquire() as connection:
        order = (await read_orders(connection, [order_id])).get(order_id)
    if order is None:
        return page(visit, "missing.html", status=404, section="orders", title="No such order", name=order_id)
    node = visit.asked("node")
    nodes = [NodeId(node)] if node in visit.nodes else ()
    has_fronts = visit.asked("front") == "1"
    decisions = await explain_order(visit.system, order, nodes=nodes, has_fronts=has_fronts)
    if isinstance(decisions, Busy):
        return page(visit, "refused.html", status=503, section="orders", title="Too much is asked at once", needs="")
    return page(
        visit,
        "why.html",
        section="orders",
        title=f"Why order {order.external_id} is sourced so",
        order=order,
        whys=[view_decision(decided, order.currency) for decided in decisions],
        fronts=[[view_front(front, order.currency) for front in decided.fronts] for decided in decisions],
        has_fronts=has_fronts,
        nodes=sorted(visit.nodes),
        node=node,
        zone_of=visit.zone_of,
    )


async def _asked_lines(visit: Visit, form: FormData) -> tuple[LineQuantity, ...]:
    """The units by line that a form asks for, in what they are sold in."""
    order_id = order_id_of(visit)
    async with visit.system.pool.acquire() as connection:
        order = (await read_orders(connection, [order_id])).get(order_id)
    known = {} if order is None else {line.line_id: line for line in order.lines}
    lines = []
    for name in form:
        head, _, line_id = name.partition(":")
        line = known.get(LineId(line_id))
        decimals, sku = (0, "") if line is None else (line.decimals, line.sku)
        units = quantity_in(form, name, decimals, sku) if head == "line" else None
        if units is not None:
            lines.append(LineQuantity(LineId(line_id), units))
    if not lines:
        raise Unfit("say how many units of which line to cancel, or choose the whole order")
    return tuple(lines)


def order_id_of(visit: Visit) -> OrderId:
    """The order that the address names."""
    return OrderId(visit.request.path_params["order_id"])


async def after_action(visit: Visit, action: str, told: Told | None) -> Response:
    """The order's page after an action, or with why it was refused where it was asked for."""
    if told is None:
        return RedirectResponse(f"{visit.base}/orders/{order_id_of(visit)}?done={action}", 303)
    return await _page(visit, refused=action, told=told)


async def _page(visit: Visit, *, refused: str = "", told: Told = ("", ())) -> Response:
    order_id = order_id_of(visit)
    async with visit.system.pool.acquire() as connection:
        order = (await read_orders(connection, [order_id])).get(order_id)
        if order is None:
            return page(visit, "missing.html", status=404, section="orders", title="No such order", name=order_id)
        events = await read_subject_events(connection, order_id)
        items = await read_items(connection, {line.sku for line in order.lines})
        account = (await read_accounts(connection, [order_id])).get(order_id)
        told_customer = await read_told(connection, order_id)
    nodes = visit.nodes
    view = view_order(order, items, nodes)
    return page(
        visit,
        "order.html",
        status=409 if refused else 200,
        section="orders",
        title=f"Order {order.external_id}",
        order=order,
        view=view,
        schedules=view_schedules(order, items),
        notifications=[view_notification(one) for one in told_customer],
        account=None if account is None else view_account(account, dues_of(order)),
        zone=visit.zone_of(view.works[0].node if view.works else order.pickup_node),
        zone_of=visit.zone_of,
        map=view_map([nodes[node] for node in _nodes_of(view) if node in nodes], order.ship_to),
        whys=[view_decision(decided, order.currency) for decided in await read_decisions(visit.system, order)],
        moments=timeline(events),
        key=new_key(),
        hold_types=_hold_types(visit),
        refused=refused,
        told=told,
        done=_DONE.get(visit.asked("done"), ""),
        track=await give_link(visit.system, order_id),
        returns=[view_return(order, one, items) for one in order.returns],
        may_return=visit.actor.may("returns:write") and bool(returnable_units(order, with_shipped=True)),
        may_write=visit.actor.may("orders:write"),
        is_new=_is_in_remorse(order, visit.now),
    )


def _hold_types(visit: Visit) -> list[HoldType]:
    """The types of holds that there are, those first that people place most."""
    known = visit.system.door.reference.holds_at(visit.now).types
    return [known[name] for name in sorted(known, key=lambda name: (name != "manual", name))]


def _is_in_remorse(order: Order, now: datetime) -> bool:
    return order.released_at is None and order.canceled_at is None and order.release_at > now


def _nodes_of(view: OrderView) -> tuple[str, ...]:
    return tuple(dict.fromkeys(work.node for work in view.works if not work.is_ended))


routes = [
    Route("/orders/{order_id}", guarded(show_order, scope="orders:read"), name="order"),
    Route("/orders/{order_id}/why", guarded(show_why, scope="orders:read"), name="why"),
    Route("/orders/{order_id}/release", guarded(release, scope="orders:write"), methods=["POST"]),
    Route("/orders/{order_id}/hold", guarded(hold, scope="orders:write"), methods=["POST"]),
    Route("/orders/{order_id}/extend", guarded(extend, scope="orders:write"), methods=["POST"]),
    Route("/orders/{order_id}/lift", guarded(lift, scope="orders:write"), methods=["POST"]),
    Route("/orders/{order_id}/cancel", guarded(cancel, scope="orders:write"), methods=["POST"]),
]
