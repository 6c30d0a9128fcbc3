"""Returns: what is found out before they are asked for, previewed, found again, and ended by the clock."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from troth.engine.demand.line_terms import named_skus
from troth.engine.promising.context import Decision, Facts, State
from troth.engine.returns.asking import Asked
from troth.engine.returns.crediting import Crediting
from troth.engine.returns.decide import decide_return
from troth.engine.returns.opening import look_at, sku_of
from troth.engine.returns.returnable import returnable_units, unit_places
from troth.engine.returns.routing import NodeWorth, find_worths, nearest_stores
from troth.flows.door.aside import aside
from troth.flows.door.at_rest import look_at_rest
from troth.flows.door.attempt import CLOCK
from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System
from troth.flows.orders.capture import ContentLine, ContentPayment, OrderContent, prepare
from troth.flows.places.near import locate_point
from troth.model.capture_order import CaptureOrder
from troth.model.ids import LineId, NodeId, OrderId, ReturnId, Sku, order_of_return
from troth.model.money import Money
from troth.model.network import Address
from troth.model.order import Method, Order
from troth.model.permissions import By
from troth.model.refusals import FieldFlaw, Invalid, NotFound, Refusal
from troth.model.return_moves import (
    ArrivedUnits,
    AskedUnits,
    DisposeReturn,
    ExpireReturn,
    JudgedUnits,
    OpenReturn,
    ReceiveReturn,
)
from troth.model.returns import Credit, Return, ReturnKind, ReturnMethod
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.orders import read_orders
from troth.store.returns import find_due_returns, read_return_history

HISTORY_DAYS: Final = 90
"""For so many days back rules of risk look at what a customer returned."""


@dataclass(frozen=True, slots=True)
class ReplacedLine:
    """What is to be sent instead: of the same item for what was paid, of another at its price, or as it is said."""

    line_id: LineId
    sku: Sku
    quantity: int
    unit_price: Money | None = None


@dataclass(frozen=True, slots=True)
class Replacement:
    """What replaces the goods, how it goes (left out: as the order went), and how what it costs more is paid."""

    lines: tuple[ReplacedLine, ...]
    is_advance: bool = False
    method: Method | None = None
    ship_to: Address | None = None
    pickup_node: NodeId | None = None
    service: str = ""
    payments: tuple[ContentPayment, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnContent:
    """A return as somebody asks for it."""

    order_id: OrderId
    lines: tuple[AskedUnits, ...]
    method: ReturnMethod
    node: NodeId | None = None
    kind: ReturnKind = ReturnKind.RETURN
    amount: Money | None = None
    replacement: Replacement | None = None
    is_without_receipt: bool = False
    exception: str = ""
    near: Address | None = None
    by: By = By.OPERATOR


@dataclass(frozen=True, slots=True)
class ReturnQuote:
    """What opening a return would cause: the return and what it would credit, and where the goods could go."""

    order: Order
    opened: Return
    credits: tuple[Credit, ...]
    worths: tuple[NodeWorth, ...]
    stores: tuple[NodeWorth, ...]


async def prepare_open(system: System, order: Order, content: ReturnContent) -> OpenReturn | Invalid:
    """The command that opens a return of an order, with what is known of the customer and what replaces the goods."""
    if content.amount is not None and content.amount.currency != order.currency:
        return Invalid((FieldFlaw("/amount/currency", f"the order is in {order.currency}"),))
    replacement: CaptureOrder | None = None
    if content.replacement is not None:
        prepared = await _prepare_replacement(system, order, content.replacement)
        if isinstance(prepared, Invalid):
            return Invalid(tuple(FieldFlaw(f"/exchange{flaw.pointer}", flaw.detail) for flaw in prepared.flaws))
        replacement = prepared
    async with system.pool.acquire() as connection:
        history = await read_return_history(
            connection,
            channel=order.channel,
            customer_id=order.customer.id,
            email=order.customer.email,
            since=system.door.now() - timedelta(days=HISTORY_DAYS),
        )
    return OpenReturn(
        order.order_id,
        content.lines,
        content.method,
        content.node,
        content.kind,
        None if content.amount is None else content.amount.minor,
        replacement,
        content.replacement is not None and content.replacement.is_advance,
        content.is_without_receipt,
        content.exception,
        history,
        None if content.near is None else locate_point(content.near),
        content.by,
    )


async def preview_return(system: System, order: Order, command: OpenReturn, *, actor: str) -> ReturnQuote | Refusal:
    """What opening a return would cause if it were done now; nothing is written. Without a node a return in a store is
    quoted for the nearest one.
    """
    state, facts = await look_at_rest(system, order, await _skus(system, order, command), actor)

    def quote() -> ReturnQuote | Refusal:
        worths = _worths(order, command, state, facts)
        stores = nearest_stores(worths, facts)
        asked = command
        if command.method is ReturnMethod.IN_STORE and command.node is None and stores:
            asked = replace(command, node=stores[0].node)
        decision = decide_return(asked, state, facts)
        if not isinstance(decision, Decision):
            return decision
        after = next(change.after for change in decision.changes if change.after.order_id == order.order_id)
        opened = after.returns[-1]
        return ReturnQuote(after, opened, opened.credits or _estimate(order, asked, state, facts), worths, stores)

    lines = len(order.lines) + (0 if command.replacement is None else len(command.replacement.lines))
    return await aside(quote, "change", lines=lines)


async def prepare_receive(
    system: System,
    order: Order,
    return_id: ReturnId,
    node: NodeId,
    lines: tuple[ArrivedUnits, ...],
    at: datetime | None = None,
    *,
    is_more: bool = False,
) -> ReceiveReturn | Invalid:
    """The command that receives a return; refused where an item that came is not in the catalog."""
    named = {line.sku for line in lines if line.sku is not None}
    reference = system.door.reference
    await reference.need_items(named)
    flaws = tuple(
        FieldFlaw(f"/lines/{position}/sku", f"there is no item {line.sku}")
        for position, line in enumerate(lines)
        if line.sku is not None and line.sku not in reference.items
    )
    if flaws:
        return Invalid(flaws)
    skus = named | {part.sku for part in order.allocations} | {line.sku for line in order.lines}
    skus |= set(named_skus(order.lines))
    replacements = replacements_of(order, return_id)
    return ReceiveReturn(return_id, node, lines, at, tuple(sorted(skus)), replacements, is_more)


def prepare_dispose(order: Order, return_id: ReturnId, lines: tuple[JudgedUnits, ...]) -> DisposeReturn:
    """The command that says what is done with units of a return, as they are now."""
    one = next((one for one in order.returns if one.return_id == return_id), None)
    return DisposeReturn(return_id, lines, () if one is None else one.received)


def replacements_of(order: Order, return_id: ReturnId) -> tuple[OrderId, ...]:
    """The order that replaces what comes back with a return, if there is one."""
    found = (one.exchange for one in order.returns if one.return_id == return_id)
    return tuple(exchange.order_id for exchange in found if exchange is not None)


async def read_return(connection: Connection, return_id: ReturnId) -> tuple[Order, Return] | NotFound:
    """A return with its order."""
    order_id = order_of_return(return_id)
    order = (await read_orders(connection, [order_id])).get(order_id)
    for one in () if order is None else order.returns:
        if order is not None and one.return_id == return_id:
            return order, one
    return NotFound("return", return_id)


async def expire_returns(system: System, now: datetime, *, limit: int) -> int:
    """End the permits that nobody used in time, the longest over first; how many ended."""
    async with system.pool.acquire() as connection:
        due = await find_due_returns(connection, now, limit=limit)
        orders = await read_orders(connection, {order_id for order_id, _ in due})
    requests = [
        Request((ExpireReturn(return_id, replacements_of(orders[order_id], return_id)),), CLOCK, CLOCK)
        for order_id, return_id in due
        if order_id in orders
    ]
    results = await asyncio.gather(*map(system.door.submit, requests))
    outcomes = [result.outcomes[0] for result in results]
    return sum(isinstance(outcome, Accepted) and bool(outcome.decision.events) for outcome in outcomes)


async def _prepare_replacement(system: System, order: Order, asked: Replacement) -> CaptureOrder | Invalid:
    """The order that replaces the goods, which gets its name when it is decided."""
    paid = {line.sku: Money(line.unit_price_minor, order.currency) for line in order.lines}
    method = asked.method or order.method
    is_sent = method in (Method.SHIP, Method.DELIVERY)
    content = OrderContent(
        channel=order.channel,
        external_id=f"{order.external_id}-X",
        lines=tuple(
            ContentLine(line.line_id, line.sku, line.quantity, line.unit_price or paid.get(line.sku))
            for line in asked.lines
        ),
        method=method,
        ship_to=asked.ship_to or order.ship_to,
        pickup_node=None if is_sent else asked.pickup_node or order.pickup_node,
        service=asked.service or (order.service if asked.method is None else ""),
        customer=order.customer,
        payments=asked.payments,
        attributes=order.attributes,
    )
    prepared = await prepare(system, content)
    if isinstance(prepared, CaptureOrder) and prepared.currency != order.currency:
        return Invalid((FieldFlaw("/lines", f"the order is in {order.currency}"),))
    return prepared


async def _skus(system: System, order: Order, command: OpenReturn) -> set[Sku]:
    """What has to be known of catalog and stock: what comes back, and what replaces it."""
    reference = system.door.reference
    skus = {part.sku for part in order.allocations} | {line.sku for line in order.lines} | set(named_skus(order.lines))
    if command.replacement is not None:
        skus |= await reference.need_lines(command.replacement.lines)
    await reference.need_items(skus)
    return skus


def _worths(order: Order, command: OpenReturn, state: State, facts: Facts) -> tuple[NodeWorth, ...]:
    """Where the units could go, as far as they may come back at all."""
    left = returnable_units(order, with_shipped=True)
    lines = [line for line in command.lines if any(one.line_id == line.line_id for one in order.lines)]
    asked = [
        Asked(command.kind, command.method, line.line_id, sku_of(order, line), line.quantity, line.reason)
        for line in lines
    ]
    skus = {sku for one in asked for _, sku in unit_places(order, one.line_id, one.sku, one.quantity)}
    if not asked or command.method is ReturnMethod.NONE or not skus <= {sku for _, sku in left}:
        return ()
    return find_worths(order, asked, {sku: state.supply(sku) for sku in skus}, facts, command.near)


def _estimate(order: Order, command: OpenReturn, state: State, facts: Facts) -> tuple[Credit, ...]:
    """What units would be credited with if they came back as announced."""
    looked = look_at(command, order, state, facts)
    if isinstance(looked, Invalid):
        return ()
    crediting = Crediting(order, facts, facts.actor, facts.now)
    return tuple(credit for one in looked.lines for credit in crediting.credit(one))
