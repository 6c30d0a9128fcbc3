"""What trading partners take off under their routing guides: each chargeback, what they add up to, decisions."""

from datetime import timedelta
from typing import Annotated, Final, Literal

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.money.chargebacks import decide_chargeback
from troth.http.edge import body
from troth.http.edge.body import Body, MoneyBody, NoQuery, Query, Strict, Text
from troth.http.edge.bounds import is_bound
from troth.http.edge.idempotency import once
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant, MoneyAnswer, money
from troth.http.orders.examples import AT, FULFILLMENT_ID, ORDER_ID
from troth.model.chargeback import (
    Charge,
    Chargeback,
    ChargebackEvent,
    ChargebackRule,
    ChargebackState,
    ChargebackStatement,
    ChargebackSums,
    statements_of,
)
from troth.model.ids import FulfillmentId, LineId, OrderId, named_order
from troth.model.refusals import FieldFlaw, Forbidden, Invalid, NotFound, NotPossibleNow
from troth.store.chargebacks import ChargebackFilter, find_chargebacks, sum_chargebacks

_READ: Final = "orders:read"
_WRITE: Final = "orders:write"


class PeriodQuery(Query):
    """With whom, and when it happened."""

    customer: Text | None = None
    since: Annotated[body.Instant | None, Field(description="Incurred at this instant or later.")] = None
    until: Annotated[body.Instant | None, Field(description="And before this one.")] = None


class ChargebacksQuery(PageQuery):
    """Which chargebacks: all filters must fit, the newest come first."""

    customer: Text | None = None
    state: Annotated[ChargebackState | None, Field(strict=False)] = None
    rule: Annotated[ChargebackRule | None, Field(strict=False)] = None
    order: Annotated[Text | None, Field(description="By its id or as `channel:external_id`.")] = None
    since: Annotated[body.Instant | None, Field(description="Incurred at this instant or later.")] = None
    until: Annotated[body.Instant | None, Field(description="And before this one.")] = None


class DecisionBody(Strict):
    """What is decided: to dispute it, to accept it (an `amount` of it, the rest is waived; left out: all), or that the
    partner waived it. `reference` is by what the partner knows it.
    """

    decision: Literal["dispute", "accept", "waive"]
    amount: MoneyBody | None = None
    reason: Text = ""
    reference: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


class ChargebackAnswer(msgspec.Struct, frozen=True):
    """A chargeback: which `rule` of which `guide` a shipment or a line broke, since when, and what it costs.

    Of `amount` we bear what was `accepted`; it was `decided` by whom, when and for which reason.
    """

    chargeback_id: str
    order_id: OrderId
    customer_id: str
    guide: str
    rule: ChargebackRule
    fulfillment_id: str | None
    line_id: str | None
    quantity: int | None
    state: ChargebackState
    amount: MoneyAnswer
    accepted: MoneyAnswer | None
    incurred_at: Instant
    written_at: Instant
    reason: str
    reference: str
    decided_at: Instant | None
    decided_by: str


class ChargebackSumsAnswer(msgspec.Struct, frozen=True):
    """What was `expected` of orders that were promised in the period, and what was `incurred` in it: what is `open`,
    `disputed`, `accepted` and `waived` adds up to that.
    """

    rule: ChargebackRule | None
    expected: MoneyAnswer
    incurred: MoneyAnswer
    open: MoneyAnswer
    disputed: MoneyAnswer
    accepted: MoneyAnswer
    waived: MoneyAnswer


class ChargebackStatementAnswer(msgspec.Struct, frozen=True):
    """What the chargebacks of a customer come to, rule by rule and all together (a `total` of no rule)."""

    customer_id: str
    currency: str
    rules: tuple[ChargebackSumsAnswer, ...]
    total: ChargebackSumsAnswer


class ChargebackStatementsAnswer(msgspec.Struct, frozen=True):
    """The statements of customers, by their ids."""

    items: tuple[ChargebackStatementAnswer, ...]


async def list_chargebacks(call: Call[Nothing, ChargebacksQuery]) -> Reply:
    """A page, the newest first."""
    asked = call.query
    wanted = ChargebackFilter(
        asked.customer,
        _only(call),
        asked.state,
        asked.rule,
        None if asked.order is None else named_order(asked.order),
        asked.since,
        asked.until,
    )
    before = decode_cursor(asked.cursor, tuple[Instant, str])
    async with call.system.pool.acquire() as connection:
        found = await find_chargebacks(connection, wanted, before=before, limit=asked.limit + 1)
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=answer_chargeback,
        position=lambda one: (one.charge.incurred_at, one.chargeback_id),
    )


async def read_statements(call: Call[Nothing, PeriodQuery]) -> Reply:
    """What chargebacks come to by customer."""
    asked = call.query
    wanted = ChargebackFilter(asked.customer, _only(call), since=asked.since, until=asked.until)
    async with call.system.pool.acquire() as connection:
        found = await sum_chargebacks(connection, wanted)
    return json_reply(ChargebackStatementsAnswer(tuple(map(_statement, statements_of(found)))))


async def decide(call: Call[DecisionBody, NoQuery]) -> Reply:
    """Decide about a chargeback."""
    if is_bound(call.actor):
        raise Refused(Forbidden(_WRITE, is_bound=True))

    async def run() -> Reply:
        asked = call.body
        decided = await decide_chargeback(
            call.system,
            call.path("chargeback_id"),
            ChargebackEvent(asked.decision),
            accepted=None if asked.amount is None else asked.amount.parse("/amount"),
            reason=asked.reason,
            reference=asked.reference,
            actor=call.actor.name,
        )
        if not isinstance(decided, Chargeback):
            raise Refused(decided)
        return json_reply(answer_chargeback(decided))

    return await once(call, run)


def answer_chargeback(one: Chargeback) -> ChargebackAnswer:
    """A chargeback as it is answered."""
    charge = one.charge
    return ChargebackAnswer(
        one.chargeback_id,
        one.order_id,
        one.customer_id,
        one.guide,
        charge.rule,
        charge.subject or None,
        charge.line_id or None,
        charge.quantity or None,
        one.state,
        money(charge.amount_minor, one.currency),
        money(one.accepted_minor, one.currency) if one.accepted_minor else None,
        charge.incurred_at,
        one.written_at,
        one.reason,
        one.reference,
        one.decided_at,
        one.decided_by,
    )


def _only(call: Call[Nothing, ChargebacksQuery] | Call[Nothing, PeriodQuery]) -> frozenset[str] | None:
    """The customers that the actor may see (None: all); Refused where a node is all they see."""
    if call.actor.nodes is not None:
        raise Refused(Forbidden(_READ, is_bound=True))
    return None if call.actor.customers is None else frozenset(call.actor.customers)


def _statement(one: ChargebackStatement) -> ChargebackStatementAnswer:
    total = one.total
    return ChargebackStatementAnswer(
        total.customer_id, total.currency, tuple(map(_answer_sums, one.rules)), _answer_sums(total)
    )


def _answer_sums(one: ChargebackSums) -> ChargebackSumsAnswer:
    amounts = (one.expected, one.incurred, one.open, one.disputed, one.accepted, one.waived)
    return ChargebackSumsAnswer(one.rule, *(money(minor, one.currency) for minor in amounts))


_EXAMPLE: Final = Chargeback(
    f"{ORDER_ID}-B1",
    OrderId(ORDER_ID),
    "ACCOUNT-1",
    "ACCOUNT-1@3",
    Charge(ChargebackRule.LATE_NOTICE, FulfillmentId(FULFILLMENT_ID), LineId(""), 0, 20_000, AT),
    "USD",
    AT + timedelta(seconds=1),
)
_ANSWER: Final = answer_chargeback(_EXAMPLE)
_DECIDED: Final = msgspec.structs.replace(
    _ANSWER,
    state=ChargebackState.ACCEPTED,
    accepted=MoneyAnswer("150.00", "USD"),
    reason="half of it was theirs",
    reference="CB-881",
    decided_at=AT + timedelta(days=9),
    decided_by="user/ann",
)
_STATEMENTS: Final = statements_of(
    (
        ChargebackSums("ACCOUNT-1", "USD", ChargebackRule.LATE, expected=5_299, open=5_299),
        ChargebackSums("ACCOUNT-1", "USD", ChargebackRule.LATE_NOTICE, accepted=15_000, waived=5_000),
    )
)
_EXAMPLES: Final = ChargebackStatementsAnswer(tuple(map(_statement, _STATEMENTS)))

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/v1/chargebacks",
        name="list_chargebacks",
        summary="List what trading partners take off under their routing guides, the newest first",
        tag="customers",
        run=list_chargebacks,
        shown=(Shown(200, "A page", Page[ChargebackAnswer], Page((_ANSWER,), None)),),
        body=NO_BODY,
        query=ChargebacksQuery,
        scope=_READ,
        refusals=(Forbidden(_READ, is_bound=True),),
    ),
    Operation(
        method="GET",
        path="/v1/chargebacks/statements",
        name="read_chargeback_statements",
        summary="What chargebacks come to by customer and rule in a period, expected and incurred",
        tag="customers",
        run=read_statements,
        shown=(Shown(200, "A statement a customer", ChargebackStatementsAnswer, _EXAMPLES),),
        body=NO_BODY,
        query=PeriodQuery,
        scope=_READ,
        refusals=(Forbidden(_READ, is_bound=True),),
    ),
    Operation(
        method="POST",
        path="/v1/chargebacks/{chargeback_id}/decide",
        name="decide_chargeback",
        summary="Dispute or accept a chargeback, or say that the partner waived it",
        tag="customers",
        run=decide,
        shown=(Shown(200, "The chargeback", ChargebackAnswer, _DECIDED),),
        body=Body(
            TypeAdapter(DecisionBody),
            {
                "decision": "accept",
                "amount": {"amount": "150.00", "currency": "USD"},
                "reason": "half of it was theirs",
                "reference": "CB-881",
            },
        ),
        query=NoQuery,
        scope=_WRITE,
        refusals=(
            Invalid((FieldFlaw("/amount", "must be above zero and at most 200.00 USD"),)),
            NotFound("chargeback", f"{ORDER_ID}-B1"),
            NotPossibleNow("accept", "waived"),
            Forbidden(_WRITE, is_bound=True),
        ),
        path_examples=(("chargeback_id", f"{ORDER_ID}-B1"),),
    ),
)
