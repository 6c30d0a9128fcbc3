"""Deciding a command: the one place that knows which verb answers which command."""

from collections.abc import Iterable
from dataclasses import replace

from troth.engine.acceptance import decide_missed
from troth.engine.capture import decide_capture
from troth.engine.carts import decide_cart
from troth.engine.change import Changed
from troth.engine.evolve import evolve_all
from troth.engine.exposure.taking import keeping
from troth.engine.failed import with_just_failed
from troth.engine.hold_ends import end_holds
from troth.engine.holds import decide_assign, decide_due, decide_extend, decide_lift, decide_place, decide_tell
from troth.engine.let_wait import decide_let_wait, decide_redate
from troth.engine.money.agreements import refuse_new_call_off, within_agreements
from troth.engine.money.at_counter import leaves_counter
from troth.engine.money.credit import decide_review
from troth.engine.money.payment_hold import hold_dearer
from troth.engine.pickups.decide import decide_pickup, put_back_entries
from troth.engine.promising.context import Change, Decision, Facts, State
from troth.engine.recall import decide_recall, find_lapsed
from troth.engine.recall_change import decide_cancel_or_ask, decide_change_or_ask
from troth.engine.recall_terms import end_overtaken, end_recalls
from troth.engine.release import decide_release, decide_wave
from troth.engine.repromise import decide_repromise
from troth.engine.reserve import reserve_entries
from troth.engine.resource import decide_resource
from troth.engine.returns.decide import decide_return
from troth.engine.shipping.attach import decide_label
from troth.engine.stock.serials import name_serials
from troth.engine.stock.stock import decide_adjust, decide_count, decide_expect
from troth.engine.stock.transfers import decide_transfer
from troth.engine.tracking.raise_alert import decide_alert
from troth.engine.upgrade_work import decide_upgrade
from troth.engine.work import decide_work
from troth.model.capture_order import CaptureOrder
from troth.model.commands import (
    ActOnDue,
    AdjustStock,
    AssignHold,
    CancelOrder,
    ChangeOrder,
    Command,
    CountStock,
    EndCartHold,
    ExpectSupply,
    ExtendCartHold,
    ExtendHold,
    FulfillmentCommand,
    HoldCart,
    LateWorkCommand,
    LetWait,
    LiftHold,
    MissAcceptance,
    OrderCommand,
    PlaceHold,
    RaiseAlert,
    RecallCommand,
    RedateWork,
    ReleaseOrder,
    RepromiseOrder,
    ReviewCredit,
    RunWave,
    TellHolds,
    UpgradeWork,
    order_ids_of,
)
from troth.model.events import FulfillmentPicked, FulfillmentRejected, OrderEvent, StockAdjusted
from troth.model.hold_terms import Block
from troth.model.inventory import ON_HAND, Entry, EntryKind, SupplyKey, is_on_hand
from troth.model.label_moves import AttachLabel, DetachLabel, LabelCommand
from troth.model.lifecycle import AllocationEvent
from troth.model.order import Order
from troth.model.pickup_moves import PickupCommand
from troth.model.plan import Trace
from troth.model.refusals import Invalid, NotFound, NotPossibleNow, Refusal
from troth.model.return_moves import ReturnCommand
from troth.model.status import blocking_holds
from troth.model.transfer_moves import LoseTransfer, ReceiveTransfer, ShipTransfer


def decide(command: Command, state: State, facts: Facts) -> Decision | Refusal:
    """What a command causes, given all that it may look at; or why it is refused."""
    no = refuse_new_call_off(command, state, facts)
    if no is not None:
        return no
    decision = _decide(command, state, facts)
    return within_agreements(decision, command, state, facts) if isinstance(decision, Decision) else decision


def _decide(command: Command, state: State, facts: Facts) -> Decision | Refusal:
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
            if isinstance(command, ReturnCommand):
                return decide_return(command, state, facts)
            return _decide_for_order(command, state, facts)


def _decide_for_order(command: OrderCommand, state: State, facts: Facts) -> Decision | Refusal:
    order_id = order_ids_of(command)[0]
    before = state.orders.get(order_id)
    if before is None:
        return NotFound("order", order_id)
    trace: Trace | None = None
    lapsed = find_lapsed(before, facts) if isinstance(command, ActOnDue) and before.recalls else None
    command = lapsed or command
    if isinstance(command, ChangeOrder):
        changed = decide_change_or_ask(command, before, state, facts)
        return _changed(before, changed, state, facts) if isinstance(changed, Changed) else changed
    if isinstance(command, RepromiseOrder):
        found = decide_repromise(command, before, state, facts)
        if not isinstance(found, tuple):
            return found
        events, trace = found
    elif isinstance(command, RecallCommand):
        recalled = decide_recall(command, before, state, facts, has_lapsed=lapsed is not None)
        if isinstance(recalled, Changed):
            return _changed(before, recalled, state, facts)
        if not isinstance(recalled, tuple):
            return recalled
        events = recalled
    else:
        decided = _events(command, before, state, facts)
        if not isinstance(decided, tuple):
            return decided
        events = decided
    after = evolve_all(before, events)
    named = name_serials(command, after, state, facts)
    if isinstance(named, Invalid):
        return named
    if named.event is not None:
        after = evolve_all(after, (named.event,))
        events += (named.event,)
    if any(isinstance(event, FulfillmentRejected | FulfillmentPicked) for event in events):
        failures = with_just_failed(state.failures, order_id, events, facts.now)
        more, trace = decide_resource(before, after, replace(state, failures=failures), facts)
        after = evolve_all(after, more)
        events += more
    if not events:
        return Decision()
    if after.recalls:
        over = end_recalls(after, facts)
        after = evolve_all(after, over)
        events += over
    ended, sought = _ended_holds(before, after, events, state, facts)
    after = evolve_all(after, ended)
    events, trace = (*events, *ended), sought or trace
    missed, adjusted = _missed_stock(before, events)
    return Decision(
        changes=(Change(before, after),),
        entries=(*reserve_entries(before, after), *missed, *put_back_entries(before, events)),
        events=tuple((order_id, event) for event in events) + adjusted + _put_back_stock(before, events),
        trace=trace,
        serials=named.claims,
        freed_serials=named.freed,
    )


def _ended_holds(
    before: Order, after: Order, events: Iterable[OrderEvent], state: State, facts: Facts
) -> tuple[tuple[OrderEvent, ...], Trace | None]:
    """The end of holds that wait no longer after these events, and the promise of what could not be promised before
    because of one that has ended now.
    """
    if not before.holds:
        return (), None
    ended: tuple[OrderEvent, ...] = end_holds(before, after, events, facts)
    after = evolve_all(after, ended)
    if not blocking_holds(before, Block.PROMISE) or blocking_holds(after, Block.PROMISE):
        return ended, None
    lifted = RepromiseOrder(after.order_id, "its hold was lifted")
    found = decide_repromise(lifted, after, state, facts)
    if not isinstance(found, tuple):
        return ended, None
    return (*ended, *found[0]), found[1]


def _changed(before: Order, changed: Changed, state: State, facts: Facts) -> Decision | NotPossibleNow:
    """What a change comes to, with the recalls and the holds that end by it."""
    after = evolve_all(before, changed.events) if changed.after is None else changed.after
    if leaves_counter(after):
        return NotPossibleNow("send it", "to be paid at the counter")
    over: tuple[OrderEvent, ...] = end_overtaken(before, after, facts) if before.recalls else ()
    over += end_recalls(evolve_all(after, over), facts) if after.recalls else ()
    after = evolve_all(after, over)
    ended, _ = _ended_holds(before, after, changed.events, state, facts)
    return _change(before, evolve_all(after, ended), replace(changed, events=(*changed.events, *over, *ended)), facts)


def _change(before: Order, after: Order, changed: Changed, facts: Facts) -> Decision:
    if not changed.events:
        return Decision()
    held = hold_dearer(before, after, facts)
    after = evolve_all(after, held)
    entries = reserve_entries(before, after)
    if facts.exposure is not None and changed.supply is not None:
        entries = keeping(entries, changed.supply, facts.network)
    return Decision(
        changes=(Change(before, after),),
        entries=entries,
        events=tuple((after.order_id, event) for event in (*changed.events, *held)),
        trace=changed.trace,
        relies=changed.relies,
    )


def _events(
    command: CancelOrder
    | PlaceHold
    | LiftHold
    | AssignHold
    | ExtendHold
    | TellHolds
    | ReleaseOrder
    | RunWave
    | ActOnDue
    | MissAcceptance
    | LetWait
    | LateWorkCommand
    | RaiseAlert
    | ReviewCredit
    | PickupCommand
    | LabelCommand
    | FulfillmentCommand,
    order: Order,
    state: State,
    facts: Facts,
) -> tuple[OrderEvent, ...] | Refusal:
    match command:
        case CancelOrder():
            return decide_cancel_or_ask(command, order, facts)
        case PlaceHold():
            return decide_place(command, order, facts)
        case LiftHold():
            return decide_lift(command, order)
        case AssignHold():
            return decide_assign(command, order, facts)
        case ExtendHold():
            return decide_extend(command, order, facts)
        case TellHolds():
            return decide_tell(command, order)
        case ReleaseOrder():
            return decide_release(command, order, facts)
        case RunWave():
            return decide_wave(command, order, facts)
        case ActOnDue():
            return decide_due(order, facts)
        case ReviewCredit():
            return decide_review(order, state)
        case MissAcceptance():
            return decide_missed(command, order, facts)
        case LetWait():
            return decide_let_wait(command, order, facts)
        case RedateWork():
            return decide_redate(command, order, state, facts)
        case UpgradeWork():
            return decide_upgrade(command, order, state, facts)
        case RaiseAlert():
            return decide_alert(command, order, facts)
        case AttachLabel() | DetachLabel():
            return decide_label(command, order, facts)
        case _:
            if isinstance(command, PickupCommand):
                return decide_pickup(command, order, facts)
            return decide_work(command, order, state, facts)


def _put_back_stock(before: Order, events: tuple[OrderEvent, ...]) -> tuple[tuple[str, StockAdjusted], ...]:
    """That stock came to the shelf of a node with what it put back for another one."""
    return tuple(
        (
            f"sku:{entry.key.sku}",
            StockAdjusted(
                entry.key.sku, entry.key.node, entry.key.source, entry.on_hand_delta, entry.reason, entry.reference
            ),
        )
        for entry in put_back_entries(before, events)
    )


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
                held = part.source if is_on_hand(part.source) else ON_HAND
                place = (SupplyKey(part.sku, part.node, held), reasons.get(part.line_id) or "short_pick")
                missed[place] = missed.get(place, 0) + part.quantity
        for (key, reason), units in missed.items():
            work = event.fulfillment_id
            entries.append(Entry(key, EntryKind.ADJUSTMENT, -units, reason=reason, reference=work))
            adjusted.append(
                (f"sku:{key.sku}", StockAdjusted(key.sku, key.node, key.source, -units, reason, work)),
            )
    return tuple(entries), tuple(adjusted)
