"""What an operator asks for about an order's money: to try again, to take no more of a tender, to give money back."""

from collections.abc import Coroutine
from hashlib import blake2b
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from troth.console.order import after_action, order_id_of
from troth.flows.money import account_actions
from troth.flows.money.account_actions import After
from troth.model.money import parse_money
from troth.model.order import Payment
from troth.model.payment import PENDING, Account
from troth.model.refusals import Refusal
from troth.pages.asking import new_key, text, whole_number
from troth.pages.desk import Visit
from troth.pages.session import guarded
from troth.pages.views_refusal import flaw, tell_refusal
from troth.store.database import Connection
from troth.store.keys import keep_key
from troth.store.orders import read_orders
from troth.store.payments import read_accounts
from troth.store.save import UsedKey


class _SentBefore(Exception):
    """Undoes what a form asks for that was sent before."""


async def retry(visit: Visit) -> Response:
    """Try again what was refused."""
    form = await visit.request.form()
    reason = text(form, "reason")
    if not reason:
        return await after_action(visit, "retry", flaw("trying again needs a reason"))
    return await _done(
        visit,
        "retry",
        account_actions.retry(
            visit.system, order_id_of(visit), reason=reason, actor=visit.actor.name, after=_once(visit, form)
        ),
    )


async def pay(visit: Visit) -> Response:
    """Let the order be paid in one more way: by a token, up to an amount or up to what is lacking."""
    form, order_id = await visit.request.form(), order_id_of(visit)
    provider, token = text(form, "provider", length_max=64), text(form, "token", length_max=100)
    async with visit.system.pool.acquire() as connection:
        stored = (await read_accounts(connection, [order_id])).get(order_id)
    if not provider or not token or stored is None:
        return await after_action(visit, "pay", flaw("paying needs the provider and its token"))
    try:
        given = text(form, "amount", length_max=20)
        minor = parse_money(given, stored.account.currency).minor if given else stored.lacking_minor
    except ValueError:
        return await after_action(visit, "pay", flaw("the amount is not an amount"))
    payment = Payment(provider, token, minor, PENDING)
    return await _done(
        visit,
        "pay",
        account_actions.pay_also(visit.system, order_id, payment, actor=visit.actor.name, after=_once(visit, form)),
    )


async def close(visit: Visit) -> Response:
    """Take no more of a tender."""
    form = await visit.request.form()
    reason, tender = text(form, "reason"), whole_number(form, "tender")
    if not reason or tender is None:
        return await after_action(visit, "close", flaw("taking no more of a tender needs the tender and a reason"))
    return await _done(
        visit,
        "close",
        account_actions.close_tender(
            visit.system, order_id_of(visit), tender, reason=reason, actor=visit.actor.name, after=_once(visit, form)
        ),
    )


async def give_back(visit: Visit) -> Response:
    """Give an amount back, in the order's currency."""
    form = await visit.request.form()
    reason = text(form, "reason")
    async with visit.system.pool.acquire() as connection:
        order = (await read_orders(connection, [order_id_of(visit)])).get(order_id_of(visit))
    try:
        amount = parse_money(text(form, "amount", length_max=24), "USD" if order is None else order.currency)
    except ValueError:
        return await after_action(visit, "give_back", flaw("the amount is not an amount"))
    if not reason:
        return await after_action(visit, "give_back", flaw("giving money back needs a reason"))
    return await _done(
        visit,
        "give_back",
        account_actions.give_back(
            visit.system,
            order_id_of(visit),
            amount.minor,
            reason=reason,
            actor=visit.actor.name,
            after=_once(visit, form),
        ),
    )


def _once(visit: Visit, form: FormData) -> After:
    """Keeps the form's key in the transaction of what it asks for, so that sending it twice asks once."""
    key = f"console/{text(form, 'key') or new_key()}"
    digest = blake2b(repr(sorted(form.items())).encode(), digest_size=16).hexdigest()

    async def keep(connection: Connection, _account: Account) -> None:
        if not await keep_key(connection, UsedKey(visit.actor.name, key, digest, 303, b""), visit.now):
            raise _SentBefore

    return keep


async def _done(visit: Visit, action: str, acting: Coroutine[Any, Any, Account | Refusal]) -> Response:
    try:
        done = await acting
    except _SentBefore:
        return await after_action(visit, action, None)
    return await after_action(visit, action, None if isinstance(done, Account) else tell_refusal(done))


routes = [
    Route("/orders/{order_id}/payments/pay", guarded(pay, scope="orders:write"), methods=["POST"]),
    Route("/orders/{order_id}/payments/retry", guarded(retry, scope="orders:write"), methods=["POST"]),
    Route("/orders/{order_id}/payments/close", guarded(close, scope="orders:write"), methods=["POST"]),
    Route("/orders/{order_id}/payments/give-back", guarded(give_back, scope="orders:write"), methods=["POST"]),
]
