"""What a person asks for about an order's money: to try again, to take no more of a tender, to give an amount back, to
pay in one more way. Each changes the account and makes it due; what follows from it is settled like everything else.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from troth.engine.money.account import add_tender, open_account
from troth.engine.money.retrying import refused_for_good, retried
from troth.engine.money.standing import standings
from troth.flows.door.expected import ANYTHING, Expected
from troth.flows.door.system import System
from troth.model.card_numbers import LOOKS_LIKE_A_CARD, has_card_number
from troth.model.events import PaymentActedOn, PaymentAdded, PaymentEvent
from troth.model.ids import OrderId
from troth.model.money import Money
from troth.model.order import Payment
from troth.model.payment import EXCHANGE, IS_RESERVED, TAKEN_OVER, Account, Adjustment
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow, Refusal
from troth.store.database import Connection, transaction
from troth.store.events import append_event
from troth.store.orders import read_orders
from troth.store.payments import StoredAccount, open_empty_account, read_accounts, touch_account, write_account

_CONFLICTS_MAX: Final = 20

Acted = tuple[Account, PaymentEvent]
After = Callable[[Connection, Account], Awaitable[None]]
"""What is written in the same transaction, as the answer under the request's key is."""


async def retry(
    system: System,
    order_id: OrderId,
    *,
    reason: str,
    actor: str,
    after: After,
    has_final: bool = True,
    expected: Expected = ANYTHING,
) -> Account | Refusal:
    """Try again, from the beginning, whatever tenders have refused; what was refused for good only if `has_final`."""

    def act(account: Account, now: datetime) -> Acted | Refusal:
        but = frozenset[int]() if has_final else refused_for_good(account)
        return retried(account, but=but), PaymentActedOn("retry", reason, None, 0, account.currency, now)

    return await _act(system, order_id, act, reason=reason, actor=actor, after=after, expected=expected)


async def close_tender(
    system: System,
    order_id: OrderId,
    number: int,
    *,
    reason: str,
    actor: str,
    after: After,
    expected: Expected = ANYTHING,
) -> Account | Refusal:
    """Take no more of a tender, and release what is authorized on it; what was captured of it can be given back."""

    def act(account: Account, now: datetime) -> Acted | Refusal:
        if all(tender.tender != number for tender in account.tenders):
            return NotFound("tender", str(number))
        tenders = tuple(
            replace(tender, is_closed=True) if tender.tender == number else tender for tender in account.tenders
        )
        event = PaymentActedOn("void", reason, number, 0, account.currency, now)
        return replace(account, tenders=tenders), event

    return await _act(system, order_id, act, reason=reason, actor=actor, after=after, expected=expected)


async def give_back(
    system: System,
    order_id: OrderId,
    amount_minor: int,
    *,
    reason: str,
    actor: str,
    after: After,
    expected: Expected = ANYTHING,
) -> Account | Refusal:
    """Give an amount (minor units) back that was captured: the order is owed so much less."""

    def act(account: Account, now: datetime) -> Acted | Refusal:
        if account.is_disputed:
            return NotPossibleNow("refund", "disputed")
        most = returnable(account)
        if not 0 < amount_minor <= most:
            text = Money(most, account.currency).amount
            return Invalid((FieldFlaw("/amount/amount", f"must be above 0, and at most the {text} that was captured"),))
        given = Adjustment(amount_minor, reason, actor, now)
        event = PaymentActedOn("refund", reason, None, amount_minor, account.currency, now)
        return replace(account, adjustments=(*account.adjustments, given)), event

    return await _act(system, order_id, act, reason=reason, actor=actor, after=after, expected=expected)


async def pay_also(
    system: System,
    order_id: OrderId,
    payment: Payment,
    *,
    actor: str,
    after: After,
    expected: Expected = ANYTHING,
) -> Account | Refusal:
    """Let the order be paid in one more way, up to an amount."""

    def act(account: Account, now: datetime) -> Acted | Refusal:
        more = add_tender(account, payment, system.providers)
        if more is account:
            return Invalid((FieldFlaw("/status", f"must be one of {', '.join(TAKEN_OVER)}"),))
        event = PaymentAdded(
            len(more.tenders), payment.provider, payment.reference, payment.amount_minor, account.currency, now
        )
        return more, event

    flaws = tuple(
        FieldFlaw(f"/{name}", LOOKS_LIKE_A_CARD)
        for name in ("provider", "reference", "status")
        if has_card_number(getattr(payment, name))
    )
    if payment.provider == EXCHANGE:
        flaws = (*flaws, FieldFlaw("/provider", IS_RESERVED))
    if payment.amount_minor <= 0:
        flaws = (*flaws, FieldFlaw("/amount/amount", "must be above 0"))
    if flaws:
        return Invalid(flaws)
    return await _act(system, order_id, act, reason="", actor=actor, after=after, expected=expected)


def returnable(account: Account) -> int:
    """How much of what was captured can still be given back by hand (minor units)."""
    payments = standings(account)
    given = max(0, account.adjusted_minor - sum(one.refunded + one.refunding for one in payments))
    return max(0, sum(one.refundable for one in payments) - given)


async def _act(
    system: System,
    order_id: OrderId,
    act: Callable[[Account, datetime], Acted | Refusal],
    *,
    reason: str,
    actor: str,
    after: After,
    expected: Expected,
) -> Account | Refusal:
    if has_card_number(reason):
        return Invalid((FieldFlaw("/reason", LOOKS_LIKE_A_CARD),))
    for _ in range(_CONFLICTS_MAX):
        async with transaction(system.pool) as connection:
            found = await _read(connection, system, order_id)
            if isinstance(found, NotFound):
                return found
            stored, opened = found
            conflict = expected.refuse(stored.account.version or None)  # that was never written is as if not there
            if conflict is not None:
                return conflict
            now = system.door.now()
            acted = act(opened, now)
            if not isinstance(acted, tuple):
                return acted
            account, event = acted
            if not await write_account(connection, stored.account, replace(stored, account=account)):
                continue
            await touch_account(connection, order_id, now)
            await append_event(connection, event, subject=order_id, at=now, actor=actor)
            await after(connection, account)
            return account
    raise RuntimeError(f"the account of order {order_id} changes faster than it can be written")


async def _read(connection: Connection, system: System, order_id: OrderId) -> tuple[StoredAccount, Account] | NotFound:
    """An order's account as it is stored, and with what its channel reported; it is made where there is none."""
    order = (await read_orders(connection, [order_id])).get(order_id)
    if order is None:
        return NotFound("order", order_id)
    await open_empty_account(connection, order_id, order.currency)
    stored = (await read_accounts(connection, [order_id]))[order_id]
    account = stored.account
    if not account.tenders:
        account = replace(account, tenders=open_account(order, system.providers).tenders)
    return stored, account
