"""Customers whose terms are known: set, told what they left unpaid, and let go what is on hold for want of credit."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from troth.engine.money.credit import PLACED_BY, has_limit, paid_by, use_of
from troth.flows.door.expected import ANYTHING, Expected
from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System
from troth.flows.records.configure import Set
from troth.model.agreement_moves import BalanceTold, CustomerSet
from troth.model.commands import ReviewCredit
from troth.model.credit import Credit, CustomerTerms
from troth.model.events import ConfigurationSet
from troth.model.money import Money
from troth.model.order import Fulfillment, Order
from troth.model.refusals import FieldFlaw, Invalid, NotFound, VersionConflict
from troth.model.value import dataclass
from troth.store.configure import append_configuration_events, subject_of
from troth.store.customers import (
    delete_credit_uses,
    find_orders_held_for_credit,
    find_orders_of_customer,
    find_terms,
    keep_guide,
    lock_credits,
    lock_terms,
    read_credits,
    read_terms_of,
    read_told,
    tell_balance,
    write_credit_uses,
    write_paid,
    write_terms,
)
from troth.store.database import Connection, transaction
from troth.store.events import append_event
from troth.store.orders import read_orders
from troth.store.payments import read_accounts
from troth.store.reference import Versioned

_REVIEWS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer, their credit (None: it is not limited), what is held for want of it (minor units), and as of when
    their balance was told last.
    """

    terms: CustomerTerms
    credit: Credit | None
    held_minor: int
    told_at: datetime | None


async def set_terms(
    system: System, terms: CustomerTerms, *, actor: str, expected: Expected = ANYTHING
) -> Set | VersionConflict:
    """Create or replace a customer, which orders in this process see from then on; unchanged content writes nothing.

    Where the credit was not limited before, or in another currency, what their orders use of it is counted now.
    """
    async with transaction(system.pool) as connection:
        await lock_terms(connection)
        before = await read_terms_of(connection, terms.customer_id)
        conflict = expected.refuse(before.version if before else None)
        if conflict is not None:
            return conflict
        terms = _with_guide(terms, before)
        if before is not None and before.value == terms:
            return Set(before.version, is_new=False)
        at = system.door.now()
        version = await write_terms(connection, terms, at)
        was = None if before is None else before.value
        if terms.guide is not None and (was is None or terms.guide != was.guide):
            await keep_guide(connection, terms.guide, at)
        if has_limit(terms) and (was is None or not has_limit(was) or was.currency != terms.currency):
            await _count_anew(connection, terms, at)
        event = ConfigurationSet(
            "customer",
            terms.customer_id,
            msgspec.to_builtins(terms),
            before=None if was is None else msgspec.to_builtins(was),
        )
        await append_configuration_events(connection, (event,), at=at, actor=actor)
        told = CustomerSet(terms, version, at, was)
        await append_event(connection, told, subject=subject_of("customer", terms.customer_id), at=at, actor=actor)
    await system.door.follow()
    await review_credit(system)
    return Set(version, before is None)


def _with_guide(terms: CustomerTerms, before: Versioned[CustomerTerms] | None) -> CustomerTerms:
    """The terms with the name of their routing guide: that of the version that said it first."""
    if terms.guide is None:
        return terms
    known = None if before is None else before.value.guide
    if known is not None and replace(known, name="") == replace(terms.guide, name=""):
        return replace(terms, guide=known)
    version = 1 if before is None else before.version + 1
    return replace(terms, guide=replace(terms.guide, name=f"{terms.customer_id}@{version}"))


async def find(
    system: System, *, text: str | None, after: str | None, only: Collection[str] | None, limit: int
) -> Sequence[Standing]:
    """A page of customers by id with what they owe, after the one given; `only` these (None: any)."""
    async with system.pool.acquire() as connection:
        found = await find_terms(connection, text=text, after=after, only=only, limit=limit)
        return [await _standing(connection, one.value) for one in found]


async def read(system: System, customer_id: str) -> Versioned[Standing] | None:
    """A customer with what they owe, if it is there."""
    async with system.pool.acquire() as connection:
        found = await read_terms_of(connection, customer_id)
        return None if found is None else Versioned(await _standing(connection, found.value), found.version)


async def tell(
    system: System, customer_id: str, unpaid: Money, as_of: datetime, *, actor: str
) -> Standing | NotFound | Invalid:
    """Set what a customer has left unpaid of all that was invoiced until an instant; orders that fit now are let go."""
    async with transaction(system.pool) as connection:
        known = await read_terms_of(connection, customer_id)
        if known is None:
            return NotFound("customer", customer_id)
        flaws = _balance_flaws(known.value, unpaid, as_of, system.door.now())
        if flaws:
            return Invalid(flaws)
        if not await tell_balance(connection, customer_id, unpaid.minor, as_of):
            return Invalid((FieldFlaw("/as_of", "a later balance was told already"),))
        after = {"unpaid": unpaid.amount, "currency": unpaid.currency, "as_of": as_of.isoformat()}
        event, at = ConfigurationSet("customer_balance", customer_id, after), system.door.now()
        await append_configuration_events(connection, (event,), at=at, actor=actor)
        news = BalanceTold(customer_id, unpaid.minor, unpaid.currency, as_of, at)
        await append_event(connection, news, subject=subject_of("customer", customer_id), at=at, actor=actor)
    await review_credit(system)
    async with system.pool.acquire() as connection:
        return await _standing(connection, known.value)


async def review_credit(system: System, *, limit: int = _REVIEWS_MAX) -> int:
    """Let orders go that are on hold for want of credit and fit now, those first that were held first; how many did.

    All are one request, so that they are decided one after the other, each from what the one before left.
    """
    async with system.pool.acquire() as connection:
        held = await find_orders_held_for_credit(connection, PLACED_BY, limit=limit)
    if not held:
        return 0
    result = await system.door.submit(Request(tuple(map(ReviewCredit, held)), PLACED_BY, PLACED_BY))
    return sum(isinstance(one, Accepted) and bool(one.decision.events) for one in result.outcomes)


def _balance_flaws(terms: CustomerTerms, unpaid: Money, as_of: datetime, now: datetime) -> tuple[FieldFlaw, ...]:
    flaws = []
    if unpaid.currency != terms.currency:
        flaws.append(FieldFlaw("/unpaid/currency", f"the credit of {terms.customer_id} is in {terms.currency}"))
    if as_of > now:
        flaws.append(FieldFlaw("/as_of", "lies in the future"))
    return tuple(flaws)


async def _count_anew(connection: Connection, terms: CustomerTerms, at: datetime) -> None:
    """Count what the customer's orders use of a credit that is limited from now on."""
    await lock_credits(connection, {terms.customer_id})
    await delete_credit_uses(connection, terms.customer_id)
    orders = await read_orders(connection, await find_orders_of_customer(connection, terms.customer_id))
    paid = {
        order_id: paid_by(stored.account)
        for order_id, stored in (await read_accounts(connection, orders)).items()
        if stored.account.tenders
    }
    await write_paid(connection, paid)
    used = [
        (terms.customer_id, order.order_id, use_of(order, paid.get(order.order_id)))
        for order in orders.values()
        if order.currency == terms.currency
    ]
    left = {order.order_id: _left_at(order, at) for order in orders.values()}
    invoiced = [
        (customer_id, order_id, orders[order_id].version, left[order_id], use.invoiced_minor)
        for customer_id, order_id, use in used
        if use.invoiced_minor
    ]
    await write_credit_uses(connection, used, invoiced)


def _left_at(order: Order, at: datetime) -> datetime:
    """When the last goods of an order left, or this instant where that is not known."""
    return max((_gone_at(work) or at for work in order.fulfillments if _gone_at(work)), default=at)


def _gone_at(work: Fulfillment) -> datetime | None:
    return work.shipped_at or work.delivered_at


async def _standing(connection: Connection, terms: CustomerTerms) -> Standing:
    (credit, held) = (await read_credits(connection, {terms.customer_id}))[0]
    return Standing(terms, credit, held, await read_told(connection, terms.customer_id))
