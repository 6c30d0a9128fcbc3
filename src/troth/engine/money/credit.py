"""Credit: what an order counts against what its customer may owe, and the hold that follows from it.

An order that is captured, or grows, beyond what is left is held: its units stay reserved and are not released. What is
held counts against nobody, so that smaller orders may pass, and is let go as soon as it fits.
"""

from dataclasses import replace
from typing import Final

from troth.engine.evolve import evolve
from troth.engine.money.dues import dues_of
from troth.engine.money.standing import standings
from troth.engine.policies.holds_in_force import ends_at
from troth.engine.promising.context import Change, Decision, Facts, State
from troth.model.credit import CREDIT_HOLD, Credit, CreditUse, CustomerTerms
from troth.model.events import HoldLifted, HoldPlaced
from troth.model.hold_rules import BUILT_IN
from troth.model.ids import HoldId
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import UNLOCKED
from troth.model.money import Money
from troth.model.order import Allocation, Hold, Order
from troth.model.payment import EXCHANGE, ON_ACCOUNT, Account, TenderKind
from troth.model.status import live_allocations, placed_holds
from troth.model.totals import line_amounts

_PAID: Final = frozenset({"authorized", "captured", "paid"})
PLACED_BY: Final = "credit"
"""Who places holds for want of credit; what a person places, a person lifts."""


def use_of(order: Order | None, paid: int | None = None) -> CreditUse:
    """What an order counts: what it comes to after returns, less what is paid otherwise, which pays for what leaves
    first. That is `paid` (minor units) where its account is known, else what its channel reported.
    """
    if order is None:
        return CreditUse()
    dues, prepaid = dues_of(order), prepaid_minor(order) if paid is None else paid
    total = max(0, dues.earned + dues.to_come - prepaid)
    invoiced = min(total, max(0, dues.earned - prepaid))
    if not is_held_for_credit(order):
        return CreditUse(invoiced, total - invoiced)
    begun = _worth(order, tuple(part for part in live_allocations(order) if part.state not in UNLOCKED))
    counted = min(total, max(0, begun - prepaid)) - invoiced
    return CreditUse(invoiced, total - invoiced, total - invoiced - max(0, counted))


def has_limit(terms: CustomerTerms | None) -> bool:
    """Whether what a customer may owe is limited; of one whose terms are not known it is not."""
    return terms is not None and terms.credit_limit_minor is not None


def prepaid_minor(order: Order) -> int:
    """What of an order is paid, or sure to be, by anything but an invoice (minor units)."""
    return sum(
        payment.amount_minor
        for payment in order.payments
        if payment.status in _PAID and payment.provider not in ON_ACCOUNT
    )


def paid_by(account: Account) -> int:
    """What of an order is paid by anything but an invoice, as its account stands (minor units): what was captured or is
    authorized, with what people gave back, which is owed no more. What the channel settles by itself counts as it was
    reported.
    """
    counted = (
        one.net + one.open
        for one in standings(account)
        if one.tender.kind is not TenderKind.INVOICE
        and one.tender.provider not in ON_ACCOUNT
        and (one.tender.gateway or one.tender.reported in _PAID or one.tender.provider == EXCHANGE)
    )
    return sum(counted) + account.adjusted_minor


def is_held_for_credit(order: Order) -> bool:
    """Whether an order is on hold for want of credit."""
    return any(hold.type == CREDIT_HOLD for hold in placed_holds(order))


def moved(credit: Credit, before: Order | None, after: Order, paid: int | None = None) -> Credit:
    """The customer's credit after an order changed of which so much is `paid` (None: as it was reported); what is in
    another currency does not count.
    """
    if after.currency != credit.currency:
        return credit
    was, is_now = use_of(before, paid), use_of(after, paid)
    return replace(
        credit,
        invoiced_minor=credit.invoiced_minor + is_now.invoiced_minor - was.invoiced_minor,
        open_minor=credit.open_minor + is_now.counted_minor - was.counted_minor,
    )


def with_credit(decision: Decision, state: State, facts: Facts) -> Decision:
    """The decision with the holds that its orders are given, or that end, because of their customers' credit."""
    if not state.credits or not decision.changes:
        return decision
    changes, events = [], list(decision.events)
    for change in decision.changes:
        credit = state.credits.get(change.after.customer.id)
        paid = state.paid.get(change.after.order_id)
        event = None if credit is None else _look_at(credit, change, facts, paid)
        if event is None:
            changes.append(change)
        else:
            changes.append(Change(change.before, evolve(change.after, event)))
            events.append((change.after.order_id, event))
    return replace(decision, changes=tuple(changes), events=tuple(events))


def decide_review(order: Order, state: State) -> tuple[HoldLifted, ...]:
    """The end of an order's hold for credit, where it fits into its customer's credit now."""
    credit = state.credits.get(order.customer.id)
    held = _own_hold(order)
    if held is None or (credit is not None and not _fits(credit, order, order, state.paid.get(order.order_id))):
        return ()
    return (HoldLifted(held.hold_id),)


def _look_at(credit: Credit, change: Change, facts: Facts, paid: int | None) -> HoldPlaced | HoldLifted | None:
    """The hold that a changed order is given, or that ends; None where it stays as it is."""
    after = change.after
    fits = _fits(credit, change.before, after, paid)
    if is_held_for_credit(after):
        held = _own_hold(after)
        return None if held is None or not fits else HoldLifted(held.hold_id)
    is_more = _asked_minor(after, paid) > _asked_minor(change.before, paid)
    if fits or not is_more or not _has_work_to_come(after):
        return None
    left = credit.limit_minor - moved(credit, change.before, _without_hold(after), paid).used_minor
    reason = (
        f"the credit of {credit.customer_id} is exceeded by {Money(-left, credit.currency).amount} {credit.currency}"
        if after.currency == credit.currency
        else f"the order is in {after.currency}, the credit of {credit.customer_id} in {credit.currency}"
    )
    number = HoldId(f"H{len(after.holds) + 1}")
    type_ = (BUILT_IN if facts.holds is None else facts.holds.types)[CREDIT_HOLD]
    return HoldPlaced(
        Hold(
            number,
            CREDIT_HOLD,
            reason,
            PLACED_BY,
            facts.now,
            expires_at=ends_at(type_, facts.now),
            terms=type_.terms,
        )
    )


def _own_hold(order: Order) -> Hold | None:
    """The hold that was placed here, if there is one."""
    return next(
        (hold for hold in placed_holds(order) if hold.type == CREDIT_HOLD and hold.placed_by == PLACED_BY), None
    )


def _fits(credit: Credit, before: Order | None, after: Order, paid: int | None) -> bool:
    """Whether an order that were not held would leave its customer within the limit; never in another currency."""
    if after.currency != credit.currency:
        return _asked_minor(after, paid) == 0
    return moved(credit, before, _without_hold(after), paid).used_minor <= credit.limit_minor


def _asked_minor(order: Order | None, paid: int | None) -> int:
    use = use_of(order, paid)
    return use.invoiced_minor + use.open_minor


def _without_hold(order: Order) -> Order:
    return replace(order, holds=tuple(hold for hold in order.holds if hold.type != CREDIT_HOLD))


def _has_work_to_come(order: Order) -> bool:
    """Whether a hold could keep anything from the nodes."""
    return any(part.state in UNLOCKED for part in order.allocations) or bool(order.parked)


def _worth(order: Order, parts: tuple[Allocation, ...]) -> int:
    """What units of an order come to (minor units), each line as if they were its first."""
    units = whole_units(parts, kits_of(order))
    return sum(line_amounts(order, line, units.get(line.line_id, 0)).total_minor for line in order.lines)
