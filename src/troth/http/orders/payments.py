"""The money of orders: how it stands, what a person can ask for, what gateways say, and their books against ours."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter

from troth.engine.money.dues import dues_of
from troth.flows.money import account_actions
from troth.flows.money.account_actions import After
from troth.flows.money.notices import take_notice
from troth.flows.money.reconcile import reconcile
from troth.http.edge.body import Body, Instant, MoneyBody, Name, NoQuery, Query, Strict, Text
from troth.http.edge.bounds import is_bound, order_id_of, read_visible
from troth.http.edge.idempotency import Keep, once_written
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.preconditions import expected_of
from troth.http.edge.problems import Refused
from troth.http.edge.replies import NO_CONTENT, Reply, etag, json_reply
from troth.http.orders.orders import NO_ORDER, ORDER_PATH
from troth.http.orders.payment_answer import (
    EXAMPLE,
    RECONCILED,
    AccountAnswer,
    ReconciliationsAnswer,
    answer_account,
    answer_reconciled,
)
from troth.model.card_numbers import LOOKS_LIKE_A_CARD
from troth.model.order import Order, Payment
from troth.model.payment import PENDING, Account
from troth.model.refusals import FieldFlaw, Forbidden, Invalid, NotFound, NotPossibleNow, Refusal
from troth.store.database import Connection
from troth.store.payments import StoredAccount, read_accounts

_LOOKED_BACK: Final = timedelta(days=7)


class ReasonBody(Strict):
    """Why something is asked for."""

    reason: Annotated[Text, Field(min_length=1)]


class VoidBody(ReasonBody):
    """Of which tender no more is to be taken."""

    tender: Annotated[int, Field(ge=1, le=1_000)]


class RefundBody(ReasonBody):
    """Which amount is to be given back."""

    amount: MoneyBody


class MorePaymentBody(Strict):
    """One more way to pay: a gateway's token, never a card number, and up to which amount."""

    provider: Name
    reference: Name
    amount: MoneyBody
    status: Name = "pending"


class ReconciliationQuery(Query):
    """Since when payments are compared."""

    since: Annotated[Instant | None, Field(description="Left out: the last seven days.")] = None


async def read_payments(call: Plain) -> Reply:
    """How the money of an order stands."""
    order = await read_visible(call, order_id_of(call))
    async with call.system.pool.acquire() as connection:
        return await _shown(connection, order)


async def add_payment(call: Call[MorePaymentBody, NoQuery]) -> Reply:
    """Let an order be paid in one more way."""
    asked = call.body
    if is_bound(call.actor) and asked.status != PENDING:
        raise Refused(Invalid((FieldFlaw("/status", f"must be {PENDING}: what was paid is not theirs to say"),)))
    payment = Payment(asked.provider, asked.reference, await _minor(call, asked.amount), asked.status)
    return await _act(
        call,
        lambda order, after: account_actions.pay_also(
            call.system, order.order_id, payment, actor=call.actor.name, after=after, expected=expected_of(call)
        ),
    )


async def retry_payments(call: Call[ReasonBody, NoQuery]) -> Reply:
    """Try again what was refused."""
    await _ensure_ours(call)
    return await _act(
        call,
        lambda order, after: account_actions.retry(
            call.system,
            order.order_id,
            reason=call.body.reason,
            actor=call.actor.name,
            after=after,
            expected=expected_of(call),
        ),
    )


async def void_payment(call: Call[VoidBody, NoQuery]) -> Reply:
    """Take no more of a tender."""
    await _ensure_ours(call)
    return await _act(
        call,
        lambda order, after: account_actions.close_tender(
            call.system,
            order.order_id,
            call.body.tender,
            reason=call.body.reason,
            actor=call.actor.name,
            after=after,
            expected=expected_of(call),
        ),
    )


async def refund_payment(call: Call[RefundBody, NoQuery]) -> Reply:
    """Give an amount back."""
    await _ensure_ours(call)
    minor = await _minor(call, call.body.amount)
    return await _act(
        call,
        lambda order, after: account_actions.give_back(
            call.system,
            order.order_id,
            minor,
            reason=call.body.reason,
            actor=call.actor.name,
            after=after,
            expected=expected_of(call),
        ),
    )


async def take_payment_notice(call: Call[dict[str, Any], NoQuery]) -> Reply:
    """Take what a gateway says unasked."""
    headers = dict(call.headers.items())
    taken = await take_notice(call.system, call.path("gateway"), call.raw, headers)
    if isinstance(taken, NotFound | Invalid):
        raise Refused(taken)
    return NO_CONTENT


async def read_reconciliation(call: Call[Nothing, ReconciliationQuery]) -> Reply:
    """Compare the books of the gateways with ours; changes nothing."""
    if is_bound(call.actor):
        raise Refused(Forbidden("orders:read", is_bound=True))
    since: datetime = call.query.since or call.system.door.now() - _LOOKED_BACK
    found = await reconcile(call.system, since=since, is_repairing=False)
    return json_reply(ReconciliationsAnswer(tuple(map(answer_reconciled, found))))


async def _ensure_ours(call: Call[Any, Any]) -> None:
    """Whoever is bound, to customers or nodes, lets orders be paid; what is given back, or asked for again, is not
    theirs to say.
    """
    if is_bound(call.actor):
        await read_visible(call, order_id_of(call))  # that of somebody else is not there
        raise Refused(Forbidden("orders:write", is_bound=True))


async def _act(call: Call[Any, Any], act: Callable[[Order, After], Awaitable[Account | Refusal]]) -> Reply:
    """What an action makes of an account, kept under the request's key; an action never happens twice under one."""
    order = await read_visible(call, order_id_of(call))

    async def run(keep: Keep) -> Reply:
        reply: Reply | None = None

        async def after(connection: Connection, _account_now: Account) -> None:
            nonlocal reply
            reply = await _shown(connection, order)
            await keep(connection, reply)

        done = await act(order, after)
        if not isinstance(done, Account):
            raise Refused(done)
        if reply is None:
            raise RuntimeError("an action on an account was written without its answer")
        return reply

    return await once_written(call, run)


async def _shown(connection: Connection, order: Order) -> Reply:
    """The account of an order as it is answered, with its version; an empty one, of none, where there is none."""
    found = (await read_accounts(connection, [order.order_id])).get(order.order_id)
    stored = found or StoredAccount(Account(order.order_id, order.currency), False, False, 0, None)
    version = stored.account.version
    return json_reply(answer_account(stored, dues_of(order)), headers=(etag(version),) if version else ())


async def _minor(call: Call[Any, Any], given: MoneyBody) -> int:
    """An amount in minor units; Refused where it is in another currency than the order."""
    order = await read_visible(call, order_id_of(call))
    amount = given.parse("/amount")
    if amount.currency != order.currency:
        raise Refused(Invalid((FieldFlaw("/amount/currency", f"the order is in {order.currency}"),)))
    return amount.minor


_SHOWN: Final = Shown(200, "The order's money as it is now", AccountAnswer, EXAMPLE)
_NO_CARD: Final = Invalid((FieldFlaw("/reference", LOOKS_LIKE_A_CARD),))
_TOO_MUCH: Final = Invalid((FieldFlaw("/amount/amount", "must be above 0, and at most the 39.80 that was captured"),))
_UNSIGNED: Final = Invalid((FieldFlaw("", "the notice is not signed as stripe signs it, or not in time"),))
_NOTICE: Final = {
    "id": "evt_1",
    "type": "payment_intent.succeeded",
    "data": {"object": {"object": "payment_intent", "id": "pi_1", "metadata": {"troth_key": "O-1-P1-S1"}}},
}


def _action(name: str, path: str, summary: str, run: Any, body: Body[Any], *refusals: Refusal) -> Operation[Any, Any]:
    return Operation(
        method="POST",
        path=f"/v1/orders/{{order_id}}/payments{path}",
        name=name,
        summary=summary,
        tag="payments",
        run=run,
        shown=(_SHOWN,),
        body=body,
        query=NoQuery,
        scope="orders:write",
        refusals=(NO_ORDER, *refusals),
        path_examples=ORDER_PATH,
        has_if_match=True,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/orders/{order_id}/payments",
        name="read_payments",
        summary="How the money of an order stands: what is owed, authorized, captured and refunded, step by step",
        tag="payments",
        run=read_payments,
        shown=(_SHOWN,),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:read",
        refusals=(NO_ORDER,),
        path_examples=ORDER_PATH,
    ),
    _action(
        "add_payment",
        "",
        "Let an order be paid in one more way",
        add_payment,
        Body(
            TypeAdapter(MorePaymentBody),
            {"provider": "sandbox", "reference": "tok_visa", "amount": {"amount": "39.80", "currency": "USD"}},
        ),
        _NO_CARD,
    ),
    _action(
        "retry_payments",
        "/retry",
        "Try again what the tenders of an order have refused",
        retry_payments,
        Body(TypeAdapter(ReasonBody), {"reason": "the customer called their bank"}),
    ),
    _action(
        "void_payment",
        "/void",
        "Take no more of a tender, and release what is authorized on it",
        void_payment,
        Body(TypeAdapter(VoidBody), {"tender": 1, "reason": "the customer pays otherwise"}),
        NotFound("tender", "2"),
    ),
    _action(
        "refund_payment",
        "/refund",
        "Give an amount back that was captured, to the tenders in proportion",
        refund_payment,
        Body(
            TypeAdapter(RefundBody), {"amount": {"amount": "5.00", "currency": "USD"}, "reason": "a scratch on the lid"}
        ),
        _TOO_MUCH,
        NotPossibleNow("refund", "disputed"),
    ),
    Operation(
        method="POST",
        path="/v1/payment-notices/{gateway}",
        name="take_payment_notice",
        summary="What a gateway says unasked, with its signature; it makes us look, and is not believed",
        tag="payments",
        run=take_payment_notice,
        shown=(Shown(204, "The notice was taken, now or when it came before"),),
        body=Body(TypeAdapter(dict[str, Any]), _NOTICE),
        query=NoQuery,
        scope=None,
        refusals=(NotFound("gateway", "stripe"), _UNSIGNED),
        path_examples=(("gateway", "stripe"),),
    ),
    Operation(
        method="GET",
        path="/v1/payments/reconciliation",
        name="read_reconciliation",
        summary="What gateways say of their payments held against the accounts, and what each difference means",
        tag="payments",
        run=read_reconciliation,
        shown=(
            Shown(200, "By gateway, what is not the same", ReconciliationsAnswer, ReconciliationsAnswer((RECONCILED,))),
        ),
        body=NO_BODY,
        query=ReconciliationQuery,
        scope="orders:read",
    ),
)
