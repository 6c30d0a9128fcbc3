"""What a cart's hold keeps: how units are reserved and freed, and how an order takes over all of it without a gap.

Whether a hold still counts is decided by one comparison, of the instant of the decision with the hold's end: whoever is
decided first, the order that uses it or the clock that ends it, the other finds it decided.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from troth.engine.promising.context import Decision, Facts
from troth.model.capture_order import CaptureOrder
from troth.model.cart_hold import CART_HOLD, CartHold, CartHoldEvent, CartHoldState
from troth.model.events import CartHoldEnded
from troth.model.ids import CartHoldId, OrderId
from troth.model.inventory import Entry, EntryKind
from troth.model.refusals import FieldFlaw, Invalid


def subject_of_cart(hold_id: CartHoldId) -> str:
    """The subject under which a cart's hold is logged.

    >>> subject_of_cart(CartHoldId("C-1"))
    'cart:C-1'
    """
    return f"cart:{hold_id}"


def hold_entries(hold: CartHold) -> tuple[Entry, ...]:
    """The ledger entries that reserve a hold's units."""
    return tuple(_entries(hold, EntryKind.PENDING))


def end_entries(hold: CartHold, event: CartHoldEvent) -> tuple[Entry, ...]:
    """The ledger entries that free a hold's units."""
    return tuple(_entries(hold, EntryKind.EXPIRE if event is CartHoldEvent.EXPIRE else EntryKind.VOID))


def end_hold(hold: CartHold, event: CartHoldEvent) -> CartHold:
    """The hold after what ended it; KeyError where it had ended before."""
    return replace(hold, state=CART_HOLD[hold.state, event])


def find_hold(command: CaptureOrder, hold: CartHold | None, now: datetime) -> CartHold | Invalid | None:
    """The hold that an order of now takes over; None where its time is over: the order then takes what is free."""
    return find_misuse(command.cart_hold, hold, command.channel) or (hold if hold and hold.holds_at(now) else None)


def find_misuse(hold_id: CartHoldId | None, hold: CartHold | None, channel: str) -> Invalid | None:
    """Why a channel cannot use a hold by its id, whatever the time."""
    if hold is None or hold.channel != channel:
        return Invalid((FieldFlaw("/hold_id", f"there is no hold {hold_id} of channel {channel}"),))
    if hold.state is CartHoldState.USED:
        return Invalid((FieldFlaw("/hold_id", f"hold {hold_id} went to another order"),))
    return None


def without_hold(facts: Facts, hold: CartHold | None) -> Facts:
    """What is known, for whoever may use a hold: what it keeps of the days of nodes is not promised to others, and what
    it draws from quotas is theirs.
    """
    if hold is not None and hold.days:
        facts = replace(facts, network=facts.network.with_load(facts.network.load.without(hold.days)))
    if hold is not None and hold.draws and facts.exposure is not None:
        consumed = facts.exposure.consumed.without(hold.draws)
        facts = replace(facts, exposure=replace(facts.exposure, consumed=consumed))
    return facts


def use_hold(hold: CartHold, captured: Decision, order_id: OrderId) -> Decision:
    """The decision to capture an order with its cart's units: they are freed and reserved for it in one step."""
    used = end_hold(hold, CartHoldEvent.USE)
    ended = CartHoldEnded(hold.hold_id, used.state, order_id)
    return replace(
        captured,
        entries=(*end_entries(hold, CartHoldEvent.USE), *captured.entries),
        events=(*captured.events, (subject_of_cart(hold.hold_id), ended)),
        cart_holds=(used,),
    )


def _entries(hold: CartHold, kind: EntryKind) -> Iterable[Entry]:
    for held in hold.units:
        units = held.quantity if kind is EntryKind.PENDING else -held.quantity
        yield Entry(held.key, kind, reserved_delta=units, reason="cart", reference=hold.hold_id)
