"""Deciding a command: the one place that knows which verb answers which command."""

from collections.abc import Iterable

from troth.engine.cancel import decide_cancel
from troth.engine.capture import decide_capture
from troth.engine.carts import decide_cart
from troth.engine.context import Change, Decision, Facts, State
from troth.engine.evolve import evolve
from troth.engine.holds import decide_due, decide_lift, decide_place
from troth.engine.release import decide_release
from troth.engine.reserve import reserve_entries
from troth.engine.resource import decide_resource
from troth.engine.stock import decide_adjust, decide_count, decide_expect
from troth.engine.transfers import decide_transfer
from troth.engine.work import decide_work
from troth.model.commands import (
    ActOnDue,
    AdjustStock,
    CancelOrder,
    CaptureOrder,
    Command,
    CountStock,
    EndCartHold,
    ExpectSupply,
    ExtendCartHold,
    HoldCart,
    LiftHold,
    OrderCommand,
    PlaceHold,
    ReleaseOrder,
    order_ids_of,
)
from troth.model.events import FulfillmentPicked, FulfillmentRejected, OrderEvent, StockAdjusted
from troth.model.inventory import Entry, EntryKind, SupplyKey
from troth.model.lifecycle import AllocationEvent
from troth.model.order import Order
from troth.model.plan import Trace
from troth.model.refusals import NotFound, Refusal
from troth.model.transfer_moves import LoseTransfer, ReceiveTransfer, ShipTransfer


def decide(command: Command, state: State, facts: Facts) -> Decision | Refusal:
    """What a command causes, given all that it may look at; or why it is refused."""
    match command:
        case CaptureOrder():
            return decide_capture(command, state, facts)
        case AdjustStock():
            return decide_adjust(command, state, facts)
        case CountStock():
            return decide_count(command, state, facts)
        case ExpectSupply():
            return decide_expect(command, state)
        case ShipTransfer() | ReceiveTransfer() | LoseTransfer():
            return decide_transfer(command, state, facts)
        case HoldCart() | ExtendCartHold() | EndCartHold():
            return decide_cart(command, state, facts)
        case _:
            return _decide_for_order(command, state, facts)


def _decide_for_order(command: OrderCommand, state: State, facts: Facts) -> Decision | Refusal:
    order_id = order_ids_of(command)[0]
    before = state.orders.get(order_id)
    if before is None:
        return NotFound("order", order_id)
    events = _events(command, before, facts)
    if not isinstance(events, tuple):
        return events
    after = _evolve_all(before, events)
    trace: Trace | None = None
    if any(isinstance(event, FulfillmentRejected | FulfillmentPicked) for event in events):
        more, trace = decide_resource(after, state, facts)
        after = _evolve_all(after, more)
        events += more
    if not events:
        return Decision()
    missed, adjusted = _missed_stock(before, events)
    return Decision(
        changes=(Change(before, after),),
        entries=(*reserve_entries(before, after), *missed),
        events=tuple((order_id, event) for event in events) + adjusted,
        trace=trace,
    )


def _events(command: OrderCommand, order: Order, facts: Facts) -> tuple[OrderEvent, ...] | Refusal:
    match command:
        case CancelOrder():
            return decide_cancel(command, order, facts)
        case PlaceHold():
            return decide_place(command, order, facts)
        case LiftHold():
            return decide_lift(command, order)
        case ReleaseOrder():
            return decide_release(order, facts)
        case ActOnDue():
            return decide_due(order, facts)
        case _:
            return decide_work(command, order, facts)


def _evolve_all(order: Order, events: Iterable[OrderEvent]) -> Order:
    for event in events:
        order = evolve(order, event)
    return order


def _missed_stock(
    order: Order, events: tuple[OrderEvent, ...]
) -> tuple[tuple[Entry, ...], tuple[tuple[str, StockAdjusted], ...]]:
    """What was not found at picking is not there: the books follow, so that nobody else is promised it."""
    entries, adjusted = [], []
    for event in events:
        if not isinstance(event, FulfillmentPicked) or not event.short:
            continue
        reasons = {line.line_id: line.reason for line in event.short}
        parts = {part.allocation: part for part in order.allocations}
        parts |= {part.allocation: part for split in event.parts.splits for part in split.parts}
        missed: dict[tuple[SupplyKey, str], int] = {}
        for move in event.parts.moves:
            if move.event is AllocationEvent.MISS:
                part = parts[move.allocation]
                place = (SupplyKey(part.sku, part.node), reasons.get(part.line_id) or "short_pick")
                missed[place] = missed.get(place, 0) + part.quantity
        for (key, reason), units in missed.items():
            work = event.fulfillment_id
            entries.append(Entry(key, EntryKind.ADJUSTMENT, -units, reason=reason, reference=work))
            adjusted.append(
                (f"sku:{key.sku}", StockAdjusted(key.sku, key.node, key.source, -units, reason, work)),
            )
    return tuple(entries), tuple(adjusted)
