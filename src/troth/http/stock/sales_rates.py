"""Sales rates: taken in line by line, and read."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.stock.sales_rates import set_sales_rates
from troth.http.edge.body import Body, Id, NoQuery, Strict, Text
from troth.http.edge.idempotency import once
from troth.http.edge.line_results import LineResultAnswer, LineResultsAnswer, line_results_reply
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.replies import Reply
from troth.http.edge.sifted import Sifted
from troth.http.edge.values import Instant
from troth.http.stock.inventory import LINES_MAX
from troth.http.stock.positions import visible_nodes
from troth.model.ids import NodeId, Sku
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.model.sales_rate import PlacedSalesRate
from troth.store.sales_rates import find_sales_rates

_UNITS_MAX: Final = 1e9
_DAYS_MAX: Final = 3650.0
_Units = Annotated[float, Field(ge=0, le=_UNITS_MAX, allow_inf_nan=False)]


class SalesRateBody(Strict):
    """What sells of a SKU at a node."""

    sku: Id
    node: Id
    weekly_units: Annotated[_Units, Field(description="Units that sell in a week.")]
    weekly_deviation: Annotated[_Units, Field(description="Their standard deviation over weeks.")] = 0.0
    lead_days: Annotated[float, Field(ge=0, le=_DAYS_MAX, description="Days until ordered units are there.")] = 0.0


class SalesRatesBody(Strict):
    """Sales rates, each taken in or refused for itself; those that it does not name stay as they are."""

    rates: Annotated[tuple[SalesRateBody, ...], Field(min_length=1, max_length=LINES_MAX)]


class SalesRateAnswer(msgspec.Struct, frozen=True):
    """What sells of a SKU at a node: units in a week, their standard deviation, and days until new ones are there."""

    sku: str
    node: str
    weekly_units: float
    weekly_deviation: float
    lead_days: float
    changed_at: Instant | None


class SalesRatesQuery(PageQuery):
    """Which sales rates."""

    sku: Annotated[tuple[Text, ...], Field(max_length=200, description="May be given more than once.")] = ()
    node: Annotated[tuple[Text, ...], Field(max_length=200, description="May be given more than once.")] = ()


async def post_sales_rates(call: Call[SalesRatesBody, NoQuery]) -> Reply:
    """Take in sales rates."""
    rates = [
        PlacedSalesRate(Sku(one.sku), NodeId(one.node), one.weekly_units, one.weekly_deviation, one.lead_days)
        for one in call.body.rates
    ]

    sifted = Sifted(call.body.rates, call.flawed)

    async def run() -> Reply:
        done = await set_sales_rates(call.system, rates, actor=call.actor, places=sifted.places)
        return line_results_reply(sifted.results(done), "/rates")

    return await once(call, run)


async def list_sales_rates(call: Call[Nothing, SalesRatesQuery]) -> Reply:
    """A page of sales rates, by SKU and node."""
    asked = call.query
    async with call.system.pool.acquire() as connection:
        found = await find_sales_rates(
            connection,
            skus=asked.sku or None,
            nodes=visible_nodes(call, asked.node),
            after=decode_cursor(asked.cursor, tuple[str, str]),
            limit=asked.limit + 1,
        )
    return page_reply(call, found, limit=asked.limit, shown=_answer, position=lambda one: (one.sku, one.node))


def _answer(rate: PlacedSalesRate) -> SalesRateAnswer:
    return SalesRateAnswer(
        rate.sku, rate.node, rate.weekly_units, rate.weekly_deviation, rate.lead_days, rate.changed_at
    )


_RATE: Final = PlacedSalesRate(
    Sku("A-1001"), NodeId("DC-PA"), 42.5, 11.2, 14.0, datetime.fromisoformat("2026-11-23T06:30:00-05:00")
)
_BODY: Final = Body(
    TypeAdapter(SalesRatesBody),
    {"rates": [{"sku": "A-1001", "node": "DC-PA", "weekly_units": 42.5, "weekly_deviation": 11.2, "lead_days": 14.0}]},
    lines="rates",
)
_DONE: Final = LineResultsAnswer(1, 0, (LineResultAnswer(0, ok=True, problem=None),))

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/inventory/sales-rates",
        name="post_sales_rates",
        summary="Take in what sells where, line by line",
        tag="inventory",
        run=post_sales_rates,
        shown=(Shown(200, "What became of every line; at least one was accepted", LineResultsAnswer, _DONE),),
        body=_BODY,
        query=NoQuery,
        scope="inventory:write",
        refusals=(Invalid((FieldFlaw("/rates/0/sku", "there is no item A-1001"),)),),
    ),
    Operation(
        method="GET",
        path="/v1/inventory/sales-rates",
        name="list_sales_rates",
        summary="List what sells where, by SKU and node",
        tag="inventory",
        run=list_sales_rates,
        shown=(Shown(200, "A page of sales rates", Page[SalesRateAnswer], Page((_answer(_RATE),), None)),),
        body=NO_BODY,
        query=SalesRatesQuery,
        scope="inventory:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
)
