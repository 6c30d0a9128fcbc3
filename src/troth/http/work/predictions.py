"""What is expected of work on its way: how likely each promise is missed, the likeliest first."""

from datetime import datetime
from typing import Annotated

import msgspec
from pydantic import Field

from troth.http.edge.body import Name
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.replies import Reply
from troth.http.edge.values import Instant
from troth.http.orders import examples
from troth.http.stock.positions import visible_nodes
from troth.model.lifecycle import AllocationState
from troth.store.watch import Predicted, find_predicted


class PredictionsQuery(PageQuery):
    """Which work, and from which probability on."""

    node: Annotated[Name | None, Field(description="The node that does the work.")] = None
    percent_min: Annotated[int, Field(ge=0, le=100, description="The least probability of being late, in percent.")] = 0


class PredictionAnswer(msgspec.Struct, frozen=True):
    """What is expected of work: it is late with `percent`, and there before `early_at`, `expected_at` and `late_at`
    with 10, 50 and 90 %. `step` is due next. A person was called at `called_at` by `rule`; null: nobody was for this
    promise. `trouble` is what its carrier said of a parcel that a person must know.
    """

    order_id: str
    channel: str
    external_id: str
    fulfillment_id: str
    node: str
    status: AllocationState
    service: str
    carrier: str | None
    step: str
    promised_at: Instant
    percent: int
    early_at: Instant
    expected_at: Instant
    late_at: Instant
    predicted_at: Instant
    trouble: str | None
    called_at: Instant | None
    rule: str | None


async def list_predictions(call: Call[Nothing, PredictionsQuery]) -> Reply:
    """The work that is on its way, the likeliest to be late first."""
    asked = call.query
    async with call.system.pool.acquire() as connection:
        found = await find_predicted(
            connection,
            nodes=visible_nodes(call, () if asked.node is None else (asked.node,)),
            customers=call.actor.customers,
            percent_min=asked.percent_min,
            after=decode_cursor(asked.cursor, tuple[int, str]),
            limit=asked.limit + 1,
        )
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=answer_predicted,
        position=lambda one: (one.expected.percent, one.expected.fulfillment_id),
    )


def answer_predicted(one: Predicted) -> PredictionAnswer:
    """What is expected of work as it is answered."""
    expected = one.expected
    return PredictionAnswer(
        expected.order_id,
        one.channel,
        one.external_id,
        expected.fulfillment_id,
        one.node,
        one.status,
        one.service,
        one.carrier or None,
        expected.step,
        expected.promised_at,
        expected.percent,
        expected.early_at,
        expected.expected_at,
        expected.late_at,
        expected.predicted_at,
        expected.trouble or None,
        expected.called_at,
        expected.rule or None,
    )


_AT = datetime.fromisoformat
_EXAMPLE = PredictionAnswer(
    examples.ORDER_ID,
    "web",
    "W-1001",
    examples.FULFILLMENT_ID,
    "ST-NYC",
    AllocationState.RELEASED,
    "standard",
    "ups",
    "picked",
    _AT("2026-11-25T20:00:00-05:00"),
    83,
    _AT("2026-11-25T17:10:00-05:00"),
    _AT("2026-11-26T15:40:00-05:00"),
    _AT("2026-11-27T18:30:00-05:00"),
    _AT("2026-11-23T16:30:00-05:00"),
    None,
    _AT("2026-11-23T16:30:00-05:00"),
    "late@3/stores that are slow",
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/predictions",
        name="list_predictions",
        summary="What is expected of work on its way: how likely each promise is missed, the likeliest first",
        tag="fulfillments",
        run=list_predictions,
        shown=(Shown(200, "A page of work", Page[PredictionAnswer], Page((_EXAMPLE,), None)),),
        body=NO_BODY,
        query=PredictionsQuery,
        scope="fulfillments:read",
    ),
)
