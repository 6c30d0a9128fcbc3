"""The answer of an order as nearly all are captured, without asking of each part what is the same for all of them.

It is given thousands of times a second, and asked part by part it is a quarter of what an order costs its process. When
all of an order is reserved on hand and nothing else is known of it, most of its answer follows: it is promised, nothing
of it is canceled, missing or late, all of it can be canceled and changed, and its timeline has four kinds of points.
What is answered is the same that `answer_order` makes of it.
"""

from datetime import datetime

from troth.engine.carriage.network import Network
from troth.flows.wording.messages import promise_message
from troth.flows.wording.promised import promised_work
from troth.http.edge.values import MoneyAnswer, Window, cost, money, total
from troth.http.orders.address_answer import answer_address
from troth.http.orders.amounts_answer import answer_amounts
from troth.http.orders.order_shapes import (
    AllocationAnswer,
    AmountsAnswer,
    CustomerAnswer,
    LineAnswer,
    LineUnits,
    OrderAnswer,
    OrderWork,
    PaymentAnswer,
    PromiseAnswer,
    WorkLine,
)
from troth.http.orders.possible import possible_of_reserved
from troth.http.orders.speaker import Speaker
from troth.http.orders.timeline import timeline_of_reserved
from troth.model.ids import FulfillmentId, LineId
from troth.model.inventory import ON_HAND
from troth.model.lifecycle import AllocationState
from troth.model.order import Allocation, Fulfillment, Line, Method, Order
from troth.model.status import OrderStatus

_SENT = frozenset({Method.SHIP, Method.DELIVERY})


def answer_captured(
    order: Order, network: Network, cost_currency: str, now: datetime, speaker: Speaker
) -> OrderAnswer | None:
    """The order as it is shown where all of it is sent, from what is on hand, and nothing became of it yet; None of any
    other.
    """
    works = {work.fulfillment_id: work for work in order.fulfillments}
    if not _is_reserved(order, works):
        return None
    windows = {name: Window(work.promised_from, work.promised_at) for name, work in works.items()}
    missing = {line.line_id: line.quantity for line in order.lines}
    of_lines: dict[LineId, list[Allocation]] = {line_id: [] for line_id in missing}
    of_works: dict[FulfillmentId, list[Allocation]] = {name: [] for name in works}
    for part in order.allocations:
        missing[part.line_id] -= part.quantity
        of_lines[part.line_id].append(part)
        of_works[part.fulfillment_id].append(part)
    if any(missing.values()) or not all(of_works.values()):
        return None
    customer, currency, voice = order.customer, order.currency, speaker.voice(order)
    amounts = answer_amounts(order)
    whole = max(windows.values(), key=_end)
    return OrderAnswer(
        order_id=order.order_id,
        channel=order.channel,
        external_id=order.external_id,
        status=OrderStatus.PROMISED,
        version=order.version,
        total=MoneyAnswer(amounts.whole.total, currency),
        ordered_at=order.ordered_at,
        captured_at=order.captured_at,
        release_at=order.release_at,
        released_at=None,
        canceled_at=None,
        customer=CustomerAnswer(customer.id, customer.name, customer.email, customer.phone),
        ship_to=None if order.ship_to is None else answer_address(order.ship_to),
        method=order.method,
        pickup_node=order.pickup_node,
        service=order.service,
        ship_complete=order.ship_complete,
        lines=tuple(
            [
                _line(line, of_lines[line.line_id], windows, currency, amounts.lines[line.line_id])
                for line in order.lines
            ]
        ),
        promise=PromiseAnswer(
            whole,
            promise_message(promised_work(order, network, speaker.items, now), now, voice),
            voice.language,
            cost(total([work.cost for work in order.fulfillments]), cost_currency),
        ),
        fulfillments=tuple([_work(work, windows[name], of_works[name], cost_currency) for name, work in works.items()]),
        holds=(),
        payments=tuple(
            [
                PaymentAnswer(
                    payment.provider, payment.reference, money(payment.amount_minor, currency), payment.status
                )
                for payment in order.payments
            ]
        ),
        attributes=dict(order.attributes),
        timeline=timeline_of_reserved(order),
        possible=possible_of_reserved(tuple([LineUnits(line.line_id, line.quantity) for line in order.lines])),
        policy_version=order.policy_version,
        shipments_max=order.shipments_max,
        prices_include_tax=order.prices_include_tax,
        amounts=amounts.whole,
        delivery_charge=amounts.delivery,
        planned_releases=(),
        recalls=(),
        schedules=(),
        returns=(),
    )


def _is_reserved(order: Order, works: dict[FulfillmentId, Fulfillment]) -> bool:
    """Whether an order has nothing but pieces that are reserved on hand and will be sent, and its works nothing but
    their promises.
    """
    if order.holds or order.parked or order.planned or order.returns or order.recalls or order.pickups:
        return False
    if order.released_at is not None or order.canceled_at is not None or not works:
        return False
    return all(
        [
            line.terms is None and line.need_by is None and line.quantity > 0 and not line.canceled_quantity
            for line in order.lines
        ]
        + [part.state is AllocationState.RESERVED and part.source == ON_HAND for part in order.allocations]
        + [
            work.method in _SENT
            and work.via is None
            and (work.booking is None or work.booking.stay is None)
            and work.shipped_at is None
            and work.delivered_at is None
            and not (work.packages or work.serials or work.staging or work.collected_by)
            for work in works.values()
        ]
    )


def _end(window: Window) -> datetime:
    return window.to


def _line(
    line: Line, parts: list[Allocation], windows: dict[FulfillmentId, Window], currency: str, amounts: AmountsAnswer
) -> LineAnswer:
    return LineAnswer(
        line.line_id,
        line.sku,
        line.quantity,
        0,
        line.quantity,
        0,
        money(line.unit_price_minor, currency),
        None,
        line.not_before,
        OrderStatus.PROMISED,
        max([windows[part.fulfillment_id] for part in parts], key=_end),
        tuple(
            [
                AllocationAnswer(
                    part.sku,
                    part.quantity,
                    part.node,
                    part.source,
                    part.state,
                    part.fulfillment_id,
                    windows[part.fulfillment_id],
                )
                for part in parts
            ]
        ),
        None,
        None,
        False,
        amounts,
    )


def _work(work: Fulfillment, window: Window, parts: list[Allocation], cost_currency: str) -> OrderWork:
    units: dict[tuple[LineId, str], int] = {}
    for part in parts:
        units[part.line_id, part.sku] = units.get((part.line_id, part.sku), 0) + part.quantity
    return OrderWork(
        work.fulfillment_id,
        work.node,
        AllocationState.RESERVED,
        work.method,
        work.service,
        work.ship_by,
        window,
        cost(work.cost, cost_currency),
        tuple(
            [WorkLine(line_id, sku, quantity, AllocationState.RESERVED) for (line_id, sku), quantity in units.items()]
        ),
        (),
        "",
        "",
        None,
        None,
        None,
        None,
        None,
        (),
        work.carrier or None,
    )
