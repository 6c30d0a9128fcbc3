"""Changing an order on a page: what differs in the form becomes the actions, shown before they are carried out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.order import DONE_CHANGE, order_id_of
from troth.console.views_order import Difference, view_differences
from troth.engine.promising.context import Decision
from troth.flows.orders.capture import HANDED_OVER, ContentLine
from troth.flows.orders.change import AddedLine, ChangeContent, ContentAction, Dates, prepare_change, preview_change
from troth.model.change import RemoveLine, SetAddress, SetMethod, SetNode, SetQuantity
from troth.model.ids import LineId, NodeId, Sku
from troth.model.network import Address
from troth.model.order import Line, Method, Order
from troth.model.refusals import Invalid
from troth.pages.asking import Unfit, ask, new_key, text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views_refusal import Told, flaw, tell_by_field
from troth.store.orders import read_orders

_PLACE: Final = ("name", "line1", "line2", "city", "region", "postcode", "country")


async def show_form(visit: Visit) -> Response:
    """The form, as the order is."""
    return await _page(visit)


async def change(visit: Visit) -> Response:
    """Show what the change would do, or carry it out."""
    form = await visit.request.form()
    order = await _read(visit)
    if order is None:
        return await _page(visit)
    try:
        content = ChangeContent(tuple(actions_of(form, order)), text(form, "reason"), _version(form))
    except Unfit as unfit:
        return await _page(visit, form=form, told=flaw(str(unfit)))
    if not content.actions:
        return await _page(visit, form=form, told=flaw("nothing in the form differs from the order"))
    command = await prepare_change(visit.system, order, content)
    if isinstance(command, Invalid):
        return await _page(visit, form=form, told=tell_by_field(command))
    if text(form, "do") == "apply":
        refusal = await ask(visit, form, command)
        if refusal is None:
            return RedirectResponse(f"{visit.base}/orders/{order.order_id}?done={DONE_CHANGE}", 303)
        return await _page(visit, form=form, told=tell_by_field(refusal))
    found = await preview_change(visit.system, order, command, actor=visit.actor.name)
    if not isinstance(found, Decision):
        return await _page(visit, form=form, told=tell_by_field(found))
    after = found.changes[0].after if found.changes else order
    return await _page(visit, form=form, shown=view_differences(order, after))


def actions_of(form: FormData, order: Order) -> Iterator[ContentAction]:
    """What the form asks for that is not so already; Unfit where a field cannot be read."""
    for line in order.lines:
        yield from _line_actions(form, line)
    sku, quantity = text(form, "sku:new"), text(form, "quantity:new")
    if sku or quantity:
        if not sku:
            raise Unfit("the new line needs an item")
        yield AddedLine(ContentLine(_next_line(order.lines), Sku(sku), _units(quantity or "1", "of the new line")))
    yield from _way_actions(form, order)


def _line_actions(form: FormData, line: Line) -> Iterator[ContentAction]:
    wanted = line.quantity - line.canceled_quantity
    given = text(form, f"quantity:{line.line_id}")
    if given and not line.decimals:
        units = _units(given, f"of line {line.line_id}", least=0)
        if units != wanted:
            yield SetQuantity(line.line_id, units) if units else RemoveLine(line.line_id)
        if not units:
            return
    dates = {
        name: _moment(text(form, f"{name}:{line.line_id}"), line.line_id)
        for name in ("not_before", "need_by")
        if f"{name}:{line.line_id}" in form
    }
    changed = frozenset(name for name, at in dates.items() if at != _to_the_minute(getattr(line, name)))
    if changed:
        yield Dates(line.line_id, changed, dates.get("not_before"), dates.get("need_by"))
    if f"node:{line.line_id}" in form:
        node = text(form, f"node:{line.line_id}", length_max=64) or None
        if node != (line.terms.only_from if line.terms else None):
            yield SetNode(line.line_id, None if node is None else NodeId(node))


def _way_actions(form: FormData, order: Order) -> Iterator[ContentAction]:
    place = {name: text(form, f"ship_to:{name}") for name in _PLACE}
    known = order.ship_to or Address("")
    if any(place.values()) and any(place[name] != getattr(known, name) for name in _PLACE):
        if not place["country"]:
            raise Unfit("the address needs a country, as two letters")
        country, name, line1, line2, city, region, postcode = (place[part] for part in ("country", *_PLACE[:-1]))
        yield SetAddress(Address(country, name, line1, line2, city, region, postcode, residential=known.residential))
    asked = text(form, "method")
    if not asked:
        return
    method = Method(asked) if asked in set(Method) else order.method
    is_handed_over = method in HANDED_OVER
    node, service = text(form, "pickup_node", length_max=64), text(form, "service", length_max=64)
    way = SetMethod(method, NodeId(node) if is_handed_over and node else None, "" if is_handed_over else service)
    if (way.method, way.pickup_node, way.service) != (order.method, order.pickup_node, order.service):
        yield way


def _units(given: str, what: str, *, least: int = 1) -> int:
    if not (given.isascii() and given.isdecimal() and len(given) <= 7 and int(given) >= least):
        raise Unfit(f"the quantity {what} must be a whole number")
    return int(given)


def _moment(given: str, line_id: LineId) -> datetime | None:
    try:
        return datetime.fromisoformat(given).replace(tzinfo=UTC) if given else None
    except ValueError:
        raise Unfit(f"the dates of line {line_id} must be times") from None


def _to_the_minute(at: datetime | None) -> datetime | None:
    """As the form can say it."""
    return None if at is None else at.astimezone(UTC).replace(second=0, microsecond=0)


def _next_line(lines: Sequence[Line]) -> LineId:
    """The first number that is no line's id."""
    taken = {line.line_id for line in lines}
    return next(LineId(str(number)) for number in range(1, len(lines) + 2) if str(number) not in taken)


def _version(form: FormData) -> int | None:
    given = text(form, "version")
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= 9 else None


async def _read(visit: Visit) -> Order | None:
    order_id = order_id_of(visit)
    async with visit.system.pool.acquire() as connection:
        return (await read_orders(connection, [order_id])).get(order_id)


async def _page(
    visit: Visit, *, form: FormData | None = None, told: Told = ("", ()), shown: tuple[Difference, ...] | None = None
) -> Response:
    order = await _read(visit)
    if order is None:
        name = order_id_of(visit)
        return page(visit, "missing.html", status=404, section="orders", title="No such order", name=name)
    lines = tuple(
        replace(line, quantity=line.quantity - line.canceled_quantity, canceled_quantity=0)
        for line in order.lines
        if line.quantity > line.canceled_quantity
    )
    services = sorted({card.service for card in visit.system.door.reference.network.offer(Method.SHIP).cards})
    return page(
        visit,
        "order_change.html",
        status=409 if told[0] else 200,
        section="orders",
        title=f"Change order {order.external_id}",
        order=order,
        lines=lines,
        given={} if form is None else {name: str(value) for name, value in form.items()},
        nodes=sorted(visit.nodes),
        pickups=sorted(name for name, node in visit.nodes.items() if node.pickup),
        services=services,
        methods=tuple(Method),
        key=new_key(),
        told=told,
        shown=shown,
    )


routes = [
    Route("/orders/{order_id}/change", guarded(show_form, scope="orders:write")),
    Route("/orders/{order_id}/change", guarded(change, scope="orders:write"), methods=["POST"]),
]
