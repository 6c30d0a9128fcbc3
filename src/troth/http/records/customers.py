"""Customers whose terms are known: their class and rank, their credit, and what they left unpaid."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.records import customers
from troth.flows.records.configure import Set
from troth.flows.records.customers import Standing
from troth.http.edge.body import Body, Currency, Instant, MoneyBody, NoQuery, Strict, Text
from troth.http.edge.idempotency import once
from troth.http.edge.operations import NO_BODY, AnyOperation, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import expected_of, path_id, set_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, etag, json_reply
from troth.http.edge.values import Instant as At
from troth.http.edge.values import MoneyAnswer, money
from troth.http.records.routing_guide_body import RoutingGuideAnswer, RoutingGuideBody, answer_guide
from troth.model.credit import Credit, CustomerTerms
from troth.model.refusals import Busy, FieldFlaw, Invalid, NotFound

_PRIORITY_MAX: Final = 999_999_999
_DAYS_MAX: Final = 365


class CustomerTermsBody(Strict):
    """What is known of a customer. Class and priority count for orders that state none of their own."""

    name: Text = ""
    customer_class: Annotated[Text, Field(description="As rules of routing and exposure ask for it.")] = ""
    priority: Annotated[int, Field(ge=0, le=_PRIORITY_MAX, description="A larger number comes first.")] = 0
    currency: Currency = "USD"
    credit_limit: Annotated[
        MoneyBody | None,
        Field(
            description="The most that they may owe with their open orders; left out: it is not limited.",
            examples=[{"amount": "25000.00", "currency": "USD"}],
        ),
    ] = None
    payment_terms_days: Annotated[int, Field(ge=0, le=_DAYS_MAX, description="How long invoices may stay unpaid.")] = 0
    routing_guide: Annotated[
        RoutingGuideBody | None, Field(description="How goods have to come, and what is charged back if they do not.")
    ] = None

    def terms(self, customer_id: str) -> CustomerTerms:
        """The customer that this is; Refused where the limit does not fit the currency."""
        limit = None if self.credit_limit is None else self.credit_limit.parse("/credit_limit")
        if limit is not None and limit.currency != self.currency:
            raise Refused(
                Invalid((FieldFlaw("/credit_limit/currency", f"the customer's currency is {self.currency}"),))
            )
        if limit is not None and limit.minor < 0:
            raise Refused(Invalid((FieldFlaw("/credit_limit/amount", "must not be negative"),)))
        return CustomerTerms(
            customer_id,
            self.name,
            self.customer_class,
            self.priority,
            self.currency,
            None if limit is None else limit.minor,
            self.payment_terms_days,
            None if self.routing_guide is None else self.routing_guide.guide(self.currency, "/routing_guide"),
        )


class BalanceBody(Strict):
    """What a customer has left unpaid of all that was invoiced until an instant, as the books say."""

    unpaid: MoneyBody
    as_of: Instant


class CreditAnswer(msgspec.Struct, frozen=True):
    """What a customer may owe, and what is used of it: `unpaid` as it was told as of `unpaid_as_of`, `invoiced` since,
    less what was `charged_back` and accepted since, and `open` of orders that are still to leave. What is `held` for
    want of credit counts against nobody.
    """

    limit: MoneyAnswer
    used: MoneyAnswer
    available: MoneyAnswer
    unpaid: MoneyAnswer
    unpaid_as_of: At | None
    invoiced: MoneyAnswer
    charged_back: MoneyAnswer
    open: MoneyAnswer
    held: MoneyAnswer


class CustomerTermsAnswer(msgspec.Struct, frozen=True):
    """A customer with what they owe; without `credit` it is not limited."""

    customer_id: str
    name: str
    customer_class: str
    priority: int
    currency: str
    payment_terms_days: int
    credit: CreditAnswer | None
    routing_guide: RoutingGuideAnswer | None


class CustomersQuery(PageQuery):
    """Which customers."""

    q: Annotated[Text, Field(description="The beginning of an id, or a part of a name.")] = ""


async def put_customer(call: Call[CustomerTermsBody, NoQuery]) -> Reply:
    """Create or replace a customer."""
    terms = call.body.terms(path_id(call, "customer_id"))
    done = await customers.set_terms(call.system, terms, actor=call.actor.name, expected=expected_of(call))
    if not isinstance(done, Set):
        raise Refused(done)
    return set_reply(done, answer_customer(await _read(call, terms.customer_id)))


async def get_customer(call: Plain) -> Reply:
    """One customer with what they owe."""
    customer_id = call.path("customer_id")
    bound = call.actor.customers
    found = None if bound is not None and customer_id not in bound else await customers.read(call.system, customer_id)
    if found is None:
        raise Refused(NotFound("customer", customer_id))
    return json_reply(answer_customer(found.value), headers=(etag(found.version),))


async def list_customers(call: Call[Nothing, CustomersQuery]) -> Reply:
    """A page of customers, by id."""
    asked = call.query
    after = decode_cursor(asked.cursor, tuple[str])
    found = await customers.find(
        call.system,
        text=asked.q or None,
        after=after[0] if after else None,
        only=call.actor.customers,
        limit=asked.limit + 1,
    )
    return page_reply(
        call, found, limit=asked.limit, shown=answer_customer, position=lambda one: (one.terms.customer_id,)
    )


async def tell_balance(call: Call[BalanceBody, NoQuery]) -> Reply:
    """Tell what a customer has left unpaid."""
    customer_id, unpaid = call.path("customer_id"), call.body.unpaid.parse("/unpaid")

    async def run() -> Reply:
        told = await customers.tell(call.system, customer_id, unpaid, call.body.as_of, actor=call.actor.name)
        if not isinstance(told, Standing):
            raise Refused(told)
        return json_reply(answer_customer(told))

    return await once(call, run)


def answer_customer(one: Standing) -> CustomerTermsAnswer:
    """A customer as it is answered."""
    terms, credit = one.terms, one.credit
    return CustomerTermsAnswer(
        terms.customer_id,
        terms.name,
        terms.customer_class,
        terms.priority,
        terms.currency,
        terms.terms_days,
        None if credit is None else _credit(credit, one),
        None if terms.guide is None else answer_guide(terms.guide),
    )


def _credit(credit: Credit, one: Standing) -> CreditAnswer:
    currency = credit.currency
    return CreditAnswer(
        money(credit.limit_minor, currency),
        money(credit.used_minor, currency),
        money(credit.limit_minor - credit.used_minor, currency),
        money(credit.unpaid_minor, currency),
        one.told_at,
        money(credit.invoiced_minor, currency),
        money(credit.charged_back_minor, currency),
        money(credit.open_minor, currency),
        money(one.held_minor, currency),
    )


async def _read(call: Call[CustomerTermsBody, NoQuery], customer_id: str) -> Standing:
    found = await customers.read(call.system, customer_id)
    if found is None:
        raise Refused(NotFound("customer", customer_id))
    return found.value


_AT: Final = datetime.fromisoformat("2026-11-23T00:00:00-05:00")
_EXAMPLE: Final = answer_customer(
    Standing(
        CustomerTerms("ACCOUNT-1", "Park & Sons", "retail", 5, "USD", 2_500_000, 30),
        Credit("ACCOUNT-1", "USD", 2_500_000, 420_000, 39_800, 1_250_000),
        180_000,
        _AT,
    )
)
_PATH: Final = (("customer_id", "ACCOUNT-1"),)
_NO_CUSTOMER: Final = NotFound("customer", "ACCOUNT-1")

OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    Operation(
        method="PUT",
        path="/v1/customers/{customer_id}",
        name="put_customer",
        summary="Create or replace a customer: class, priority and credit",
        tag="customers",
        run=put_customer,
        shown=(
            Shown(200, "The customer, replaced", CustomerTermsAnswer, _EXAMPLE),
            Shown(201, "The customer, new", CustomerTermsAnswer, _EXAMPLE),
        ),
        body=Body(
            TypeAdapter(CustomerTermsBody),
            {
                "name": "Park & Sons",
                "customer_class": "retail",
                "priority": 5,
                "currency": "USD",
                "credit_limit": {"amount": "25000.00", "currency": "USD"},
                "payment_terms_days": 30,
            },
        ),
        query=NoQuery,
        scope="configuration:write",
        refusals=(
            Invalid((FieldFlaw("/credit_limit/currency", "the customer's currency is USD"),)),
            Busy(1),
        ),
        has_if_match=True,
        path_examples=_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/customers/{customer_id}",
        name="get_customer",
        summary="Read a customer with what they owe",
        tag="customers",
        run=get_customer,
        shown=(Shown(200, "The customer; its version is the ETag", CustomerTermsAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:read",
        refusals=(_NO_CUSTOMER,),
        path_examples=_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/customers",
        name="list_customers",
        summary="List customers whose terms are known, by id",
        tag="customers",
        run=list_customers,
        shown=(Shown(200, "A page of customers", Page[CustomerTermsAnswer], Page((_EXAMPLE,), None)),),
        body=NO_BODY,
        query=CustomersQuery,
        scope="orders:read",
    ),
    Operation(
        method="POST",
        path="/v1/customers/{customer_id}/balance",
        name="tell_balance",
        summary="Tell what a customer has left unpaid; orders that fit into the credit now are let go",
        tag="customers",
        run=tell_balance,
        shown=(Shown(200, "The customer with what they owe now", CustomerTermsAnswer, _EXAMPLE),),
        body=Body(
            TypeAdapter(BalanceBody),
            {"unpaid": {"amount": "4200.00", "currency": "USD"}, "as_of": "2026-11-23T00:00:00-05:00"},
        ),
        query=NoQuery,
        scope="configuration:write",
        refusals=(_NO_CUSTOMER, Invalid((FieldFlaw("/as_of", "a later balance was told already"),))),
        path_examples=_PATH,
    ),
)
