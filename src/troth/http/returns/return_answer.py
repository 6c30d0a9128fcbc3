"""What a return looks like in an answer: itself, what came, what is credited, and where it could go."""

from datetime import date

import msgspec
from msgspec.structs import asdict

from troth.engine.returns.routing import NodeWorth
from troth.flows.orders.returns import ReturnQuote
from troth.http.edge.measures import Units, decimals_of_lines
from troth.http.edge.values import Instant, MoneyAnswer, money
from troth.model.lifecycle import DISPOSITION, RECEPTION, Disposition, DispositionState, ReceptionState
from troth.model.measure import shown
from troth.model.order import Order
from troth.model.returns import (
    Credit,
    CreditKind,
    ReceivedUnits,
    RefundTiming,
    Return,
    ReturnKind,
    ReturnLine,
    ReturnMethod,
)


class ReturnLineAnswer(msgspec.Struct, frozen=True):
    """Units that are to come back, and when they are credited."""

    line_id: str
    sku: str
    quantity: Units
    reason: str
    timing: RefundTiming
    serials: tuple[str, ...]


class ReceivedAnswer(msgspec.Struct, frozen=True):
    """Units that came back, and what became of them; without a line they were not expected, and `note` says why.

    `possible` are the dispositions that they may get from here.
    """

    number: int
    line_id: str | None
    sku: str
    quantity: Units
    node: str
    at: Instant
    grade: str
    state: DispositionState
    lot: str
    expires_on: date | None
    serials: tuple[str, ...]
    note: str
    credited: Units
    possible: tuple[Disposition, ...]


class CreditAnswer(msgspec.Struct, frozen=True):
    """An amount that is credited, after a fee."""

    kind: CreditKind
    line_id: str | None
    sku: str | None
    quantity: Units
    amount: MoneyAnswer
    fee: MoneyAnswer
    at: Instant
    by: str
    reason: str


class ExchangeAnswer(msgspec.Struct, frozen=True):
    """The order that replaces the goods; `applied` of the credit pays for its `total`."""

    order_id: str
    advance: bool
    total: MoneyAnswer
    applied: MoneyAnswer


class NodeWorthAnswer(msgspec.Struct, frozen=True):
    """What the goods are worth at a node: resale, less markdown, plus what they save later orders, less the costs."""

    node: str
    worth: MoneyAnswer
    resale: MoneyAnswer
    markdown: MoneyAnswer
    later: MoneyAnswer
    freight: MoneyAnswer
    handling: MoneyAnswer
    processing: MoneyAnswer
    miles: float | None


class ReturnAnswer(msgspec.Struct, frozen=True):
    """A return. `credited` is all that was credited, and `due` what of it goes back to the customer (below zero: what
    a replacement was paid with beyond that, which is owed once no more is expected to come); `version` is
    that of its order.
    """

    return_id: str
    order_id: str
    channel: str
    external_id: str
    customer_id: str
    version: int
    kind: ReturnKind
    method: ReturnMethod
    state: ReceptionState
    node: str | None
    label: str | None
    lines: tuple[ReturnLineAnswer, ...]
    received: tuple[ReceivedAnswer, ...]
    credits: tuple[CreditAnswer, ...]
    credited: MoneyAnswer
    due: MoneyAnswer
    exchange: ExchangeAnswer | None
    opened_at: Instant
    opened_by: str
    expires_at: Instant
    closed_at: Instant | None
    rules: str
    flags: tuple[str, ...]
    refund_held: bool
    without_receipt: bool
    exception: str
    carrier: str
    tracking_number: str
    possible: tuple[str, ...]


class QuotedReturn(ReturnAnswer, frozen=True):
    """A return as it would be: what it would credit, the nodes by worth, and the nearest stores."""

    would_credit: MoneyAnswer
    fee: MoneyAnswer
    nodes: tuple[NodeWorthAnswer, ...]
    stores: tuple[NodeWorthAnswer, ...]


def answer_return(order: Order, one: Return) -> ReturnAnswer:
    """A return of an order as it is answered."""
    decimals = decimals_of_lines(order)
    exchange = one.exchange
    return ReturnAnswer(
        one.return_id,
        order.order_id,
        order.channel,
        order.external_id,
        order.customer.id,
        order.version,
        one.kind,
        one.method,
        one.state,
        one.node,
        label_path(one),
        tuple(_line(line, decimals.get(line.line_id, 0)) for line in one.lines),
        tuple(_received(got, decimals.get(got.line_id, 0) if got.line_id else 0) for got in one.received),
        tuple(_credit(credit, order.currency, decimals.get(credit.line_id or "", 0)) for credit in one.credits),
        money(one.credited_minor, order.currency),
        money(one.due_minor, order.currency),
        None
        if exchange is None
        else ExchangeAnswer(
            exchange.order_id,
            exchange.is_advance,
            money(exchange.total_minor, order.currency),
            money(exchange.applied_minor, order.currency),
        ),
        one.opened_at,
        one.opened_by,
        one.expires_at,
        one.closed_at,
        one.rules_version,
        one.flags,
        one.is_refund_held,
        one.is_without_receipt,
        one.exception,
        one.carrier,
        one.tracking_number,
        tuple(event.value for state, event in RECEPTION if state is one.state),
    )


def answer_quote(quote: ReturnQuote, currency: str) -> QuotedReturn:
    """A quote of a return as it is answered; worths are in the currency of costs."""
    answer = answer_return(quote.order, quote.opened)
    return QuotedReturn(
        **asdict(answer),
        would_credit=money(sum(credit.amount_minor for credit in quote.credits), quote.order.currency),
        fee=money(sum(credit.fee_minor for credit in quote.credits), quote.order.currency),
        nodes=tuple(answer_worth(one, currency) for one in quote.worths),
        stores=tuple(answer_worth(one, currency) for one in quote.stores),
    )


def answer_worth(one: NodeWorth, currency: str) -> NodeWorthAnswer:
    """What goods are worth at a node as it is answered."""
    return NodeWorthAnswer(
        one.node,
        money(one.worth_minor, currency),
        money(one.resale_minor, currency),
        money(one.markdown_minor, currency),
        money(one.later_minor, currency),
        money(one.freight_minor, currency),
        money(one.handling_minor, currency),
        money(one.processing_minor, currency),
        one.miles,
    )


def label_path(one: Return) -> str | None:
    """Where the slip is that goes with goods that are mailed."""
    return f"/v1/returns/{one.return_id}/label" if one.method is ReturnMethod.MAIL else None


def _line(line: ReturnLine, decimals: int) -> ReturnLineAnswer:
    return ReturnLineAnswer(
        line.line_id, line.sku, shown(line.quantity, decimals), line.reason, line.timing, line.serials
    )


def _received(got: ReceivedUnits, decimals: int) -> ReceivedAnswer:
    return ReceivedAnswer(
        got.number,
        got.line_id,
        got.sku,
        shown(got.quantity, decimals),
        got.node,
        got.at,
        got.grade,
        got.state,
        got.lot,
        got.expires_on,
        got.serials,
        got.note,
        shown(got.credited, decimals),
        tuple(disposition for state, disposition in DISPOSITION if state is got.state),
    )


def _credit(credit: Credit, currency: str, decimals: int) -> CreditAnswer:
    return CreditAnswer(
        credit.kind,
        credit.line_id,
        credit.sku,
        shown(credit.quantity, decimals),
        money(credit.amount_minor, currency),
        money(credit.fee_minor, currency),
        credit.at,
        credit.by,
        credit.reason,
    )
