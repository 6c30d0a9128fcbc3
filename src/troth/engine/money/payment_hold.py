"""The hold of an order that is not paid, from when it owes more than was authorized until that is authorized too."""

from collections.abc import Iterable
from typing import Final

from troth.engine.money.owed import owed
from troth.engine.policies.holds_in_force import ends_at
from troth.engine.promising.context import Facts
from troth.model.events import HoldPlaced
from troth.model.hold_rules import BUILT_IN
from troth.model.ids import HoldId
from troth.model.lifecycle import UNLOCKED
from troth.model.order import Hold, Order, Payment
from troth.model.payment import EXCHANGE, PAYMENT_HOLD, awaits_payment, is_on_account
from troth.model.status import placed_holds

_PLACED_BY: Final = "payments"


def hold_unpaid(payments: Iterable[Payment], ruled: tuple[Hold, ...], facts: Facts) -> tuple[Hold, ...]:
    """The holds of a new order by rule, with one where a payment is still to be authorized here."""
    if not facts.providers or not awaits_payment(payments, facts.providers):
        return ruled
    if any(hold.type == PAYMENT_HOLD for hold in ruled):
        return ruled
    return (*ruled, _hold(len(ruled) + 1, "a payment is not authorized yet", facts))


def hold_dearer(before: Order, after: Order, facts: Facts) -> tuple[HoldPlaced, ...]:
    """A hold where an order that is paid here, or with what came back of another one, comes to more than it did, and
    something of it is not released yet.
    """
    if not any(payment.provider in facts.providers or payment.provider == EXCHANGE for payment in after.payments):
        return ()
    if any(hold.type == PAYMENT_HOLD for hold in placed_holds(after)):
        return ()
    if not any(part.state in UNLOCKED for part in after.allocations) or owed(after).total <= owed(before).total:
        return ()
    return (HoldPlaced(_hold(len(after.holds) + 1, "what the order came to be more is not authorized yet", facts)),)


def hold_difference(returned: Order, replacement: Order, facts: Facts) -> tuple[Hold, ...]:
    """The holds of a new replacement, with one where it comes to more than its payments, the credit among them, and
    what it replaces was paid otherwise than by invoice, here or elsewhere: the customer has yet to say what the
    difference is paid with.
    """
    paid = sum(payment.amount_minor for payment in replacement.payments)
    is_paid = any(not is_on_account(payment, facts.providers) for payment in returned.payments)
    is_held = any(hold.type == PAYMENT_HOLD for hold in replacement.holds)
    if is_held or not is_paid or owed(replacement).total <= paid:
        return replacement.holds
    reason = "what it costs more than what comes back is not paid yet"
    return (*replacement.holds, _hold(len(replacement.holds) + 1, reason, facts))


def _hold(number: int, reason: str, facts: Facts) -> Hold:
    """A hold on the terms of its type."""
    type_ = (BUILT_IN if facts.holds is None else facts.holds.types)[PAYMENT_HOLD]
    return Hold(
        HoldId(f"H{number}"),
        PAYMENT_HOLD,
        reason,
        _PLACED_BY,
        facts.now,
        expires_at=ends_at(type_, facts.now),
        terms=type_.terms,
    )
