"""The work of a node as the API shows it."""

from datetime import datetime

import msgspec

from troth.engine.money.at_counter import due_at_counter
from troth.http.edge.measures import Units, decimals_of_lines, of_line
from troth.http.edge.values import CostAnswer, Instant, MoneyAnswer, Window, cost, money
from troth.http.orders.address_answer import answer_address
from troth.http.orders.order_answer import answer_package, answer_serials, window, work_lines
from troth.http.orders.order_shapes import (
    AddressAnswer,
    CustomerAnswer,
    LineUnits,
    PackageAnswer,
    SerialsAnswer,
    WorkLine,
)
from troth.http.orders.pickup_answer import LockerStayAnswer, PickupAnswer, answer_stay, find_pickup
from troth.http.orders.recall_answer import RecallAnswer, answer_recall
from troth.model.events import OrderEvent, OrderResourced, SourcingFailed
from troth.model.lifecycle import ALLOCATION, ENDED, NOT_COLLECTED, AllocationEvent, AllocationState, RecallState
from troth.model.order import Fulfillment, Method, Order
from troth.model.recall import Recall
from troth.model.ship_notice import ShipNotice
from troth.model.status import OrderStatus, fulfillment_status, has_come, is_handed_over, is_kept, order_status
from troth.model.ways import destination_of

_REPORTS = {
    AllocationEvent.ACCEPT: "accept",
    AllocationEvent.REJECT: "reject",
    AllocationEvent.PICK: "pick",
    AllocationEvent.PACK: "pack",
    AllocationEvent.STAGE: "ready",
    AllocationEvent.SHIP: "ship",
    AllocationEvent.COLLECT: "collect",
    AllocationEvent.DELIVER: "deliver",
    AllocationEvent.UNACCEPT: "unaccept",
    AllocationEvent.UNPICK: "unpick",
    AllocationEvent.UNPACK: "unpack",
    AllocationEvent.UNSTAGE: "unstage",
    AllocationEvent.SHELVE: "put-back",
}
_ONLY_HANDED_OVER = frozenset({AllocationEvent.STAGE, AllocationEvent.COLLECT})
_ONLY_SENT = frozenset({AllocationEvent.SHIP, AllocationEvent.DELIVER})
_NOT_VIA = frozenset({AllocationEvent.STAGE, AllocationEvent.DELIVER})
"""What is first sent to the node where it is picked up is staged there only for the people, and never delivered."""


class Resourced(msgspec.Struct, frozen=True):
    """Units that this node could not provide, and which node does instead."""

    line_id: str
    quantity: Units
    node: str
    fulfillment_id: str


class WorkAnswer(msgspec.Struct, frozen=True):
    """The work of one node for an order, its promise, and what may be reported next.

    `resourced` are units that this very report gave to other nodes, `unsourced` those that can be had nowhere else.
    `accept_by` is there as long as the node still has to accept the work by an instant, and not in the answer to a
    report. `carrier` is the one that was planned with. `recall` is the last request to give work back, if any, and
    `pickup` what is known of the handing over. The ship notice is due at `asn_due_at` where a partner waits for one,
    which is not in the answer to a report either. `due_at_counter` is what its customer has yet to pay there, and
    `locker_stay` what it takes of a locker that hands it over.
    """

    fulfillment_id: str
    order_id: str
    order_version: int
    order_status: OrderStatus
    channel: str
    external_id: str
    node: str
    status: AllocationState
    method: Method
    service: str
    ship_by: Instant
    promised_at: Window
    cost_to_serve: CostAnswer
    customer: CustomerAnswer
    ship_to: AddressAnswer | None
    lines: tuple[WorkLine, ...]
    packages: tuple[PackageAnswer, ...]
    staging: str
    collected_by: str
    shipped_at: Instant | None
    delivered_at: Instant | None
    possible: tuple[str, ...]
    via: str | None = None
    resourced: tuple[Resourced, ...] = ()
    unsourced: tuple[LineUnits, ...] = ()
    serials: tuple[SerialsAnswer, ...] = ()
    accept_by: Instant | None = None
    carrier: str | None = None
    recall: RecallAnswer | None = None
    pickup: PickupAnswer | None = None
    asn_due_at: Instant | None = None
    asn_sent_at: Instant | None = None
    due_at_counter: MoneyAnswer | None = None
    locker_stay: LockerStayAnswer | None = None


def answer_work(
    order: Order,
    work: Fulfillment,
    cost_currency: str,
    events: tuple[OrderEvent, ...] = (),
    *,
    accept_by: datetime | None = None,
    notice: ShipNotice | None = None,
) -> WorkAnswer:
    """A fulfillment as it is shown, after the events that a report caused."""
    customer = order.customer
    status = fulfillment_status(order, work.fulfillment_id)
    destination = destination_of(order, work.fulfillment_id)
    decimals = decimals_of_lines(order)
    return WorkAnswer(
        fulfillment_id=work.fulfillment_id,
        order_id=order.order_id,
        order_version=order.version,
        order_status=order_status(order),
        channel=order.channel,
        external_id=order.external_id,
        node=work.node,
        status=status,
        method=work.method,
        service=work.service,
        ship_by=work.ship_by,
        promised_at=window(work),
        cost_to_serve=cost(work.cost, cost_currency),
        customer=CustomerAnswer(customer.id, customer.name, customer.email, customer.phone),
        ship_to=None if destination is None else answer_address(destination),
        lines=work_lines(order, work.fulfillment_id),
        packages=tuple(answer_package(package, decimals) for package in work.packages),
        staging=work.staging,
        collected_by=work.collected_by,
        shipped_at=work.shipped_at,
        delivered_at=work.delivered_at,
        possible=possible_reports(order, work),
        via=work.via,
        resourced=tuple(
            Resourced(part.line_id, of_line(part.quantity, part.line_id, decimals), part.node, part.fulfillment_id)
            for event in events
            if isinstance(event, OrderResourced)
            for part in event.parts.added
        ),
        unsourced=tuple(
            LineUnits(line.line_id, of_line(line.quantity, line.line_id, decimals))
            for event in events
            if isinstance(event, SourcingFailed)
            for line in event.lines
        ),
        serials=answer_serials(work),
        accept_by=accept_by,
        carrier=work.carrier or None,
        recall=next((answer_recall(one, decimals) for one in reversed(order.recalls) if _is_of(one, work)), None),
        pickup=find_pickup(order, work.fulfillment_id),
        asn_due_at=None if notice is None else notice.due_at,
        asn_sent_at=None if notice is None else notice.sent_at,
        due_at_counter=_due(order, work),
        locker_stay=answer_stay(order, work),
    )


def _due(order: Order, work: Fulfillment) -> MoneyAnswer | None:
    due = due_at_counter(order, work.fulfillment_id)
    return money(due, order.currency) if due else None


def _is_of(recall: Recall, work: Fulfillment) -> bool:
    return recall.fulfillment_id == work.fulfillment_id


def possible_reports(order: Order, work: Fulfillment) -> tuple[str, ...]:
    """What may be reported next without skipping a step, as the lifecycle table says for any of the parts."""
    states = {
        part.state
        for part in order.allocations
        if part.fulfillment_id == work.fulfillment_id and (part.state not in ENDED or part.state in NOT_COLLECTED)
    }
    excluded = _ONLY_SENT if is_handed_over(work.method) else _ONLY_HANDED_OVER
    if work.via is not None:
        excluded = _NOT_VIA
    events = {event for state, event in ALLOCATION if state in states} - excluded
    reports = tuple(name for event, name in _REPORTS.items() if event in events)
    if has_come(order, work):
        reports = (*reports, "unstage") if is_kept(order, work) else (*reports, "receive", "ready")
    is_asked = any(_is_of(one, work) and one.state is RecallState.REQUESTED for one in order.recalls)
    return (*reports, "accept-recall", "refuse-recall") if is_asked else reports
