"""What to count next at nodes, the most valuable count first, each with its reasons."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from pydantic import Field

from troth.flows.stock.count_tasks import propose_counts
from troth.http.edge.body import Query, Text
from troth.http.edge.measures import Units
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant as At
from troth.http.edge.values import MoneyAnswer, money
from troth.http.stock.accuracy import choose_nodes
from troth.model.accuracy import PositionRecord
from troth.model.count_task import Candidate, CountTask, Reason
from troth.model.ids import NodeId, Sku
from troth.model.measure import shown
from troth.model.refusals import NotFound


class ReasonAnswer(msgspec.Struct, frozen=True):
    """Why a position should be counted; `at` is since when it is so, where that is an instant."""

    code: str
    detail: str
    at: At | None


class LotToCount(msgspec.Struct, frozen=True):
    """A lot that is to be counted by its name, and what the books say of it."""

    lot: str
    on_hand: Units


class CountTaskAnswer(msgspec.Struct, frozen=True):
    """A position to count, each of its `lots` by its name. `value` is `wrong_probability` times `missing_units` times
    `asked_share` times `unit_cost`, less what the count costs.
    """

    node: str
    sku: str
    name: str
    on_hand: Units
    available: Units
    probability: float
    wrong_probability: float
    missing_units: float
    asked_share: float
    unit_cost: MoneyAnswer
    value: MoneyAnswer
    counted_at: At | None
    reasons: tuple[ReasonAnswer, ...]
    lots: tuple[LotToCount, ...]


class CountTasksQuery(Query):
    """Of which node, and how many."""

    node: Annotated[Text | None, Field(description="Left out: of all nodes.", examples=["ST-NYC"])] = None
    limit: Annotated[int, Field(ge=1, le=200, description="How many items at most.")] = 50


async def list_count_tasks(call: Call[Nothing, CountTasksQuery]) -> Reply:
    """The counts that are worth most."""
    nodes = choose_nodes(call, call.query.node)
    tasks = await propose_counts(call.system, nodes=nodes, limit=call.query.limit)
    currency = call.system.door.reference.policy.currency
    return json_reply(Page(tuple(answer_count_task(task, currency) for task in tasks), None))


def answer_count_task(task: CountTask, currency: str) -> CountTaskAnswer:
    """A proposed count as it is answered."""
    of = task.candidate
    return CountTaskAnswer(
        node=of.node,
        sku=of.sku,
        name=of.name,
        on_hand=shown(of.on_hand, of.decimals),
        available=shown(of.available, of.decimals),
        probability=round(task.probability, 4),
        wrong_probability=round(task.wrong_probability, 4),
        missing_units=round(task.missing_units, 2),
        asked_share=round(task.asked_share, 4),
        unit_cost=money(round(task.unit_minor), currency),
        value=money(round(task.value_minor), currency),
        counted_at=of.record.counted_at if of.record else None,
        reasons=tuple(ReasonAnswer(reason.code, reason.detail, reason.at) for reason in task.reasons),
        lots=tuple(LotToCount(lot, shown(units, of.decimals)) for lot, units in of.lots),
    )


_AT: Final = datetime.fromisoformat("2026-11-23T15:00:00+00:00")
_RECORD: Final = PositionRecord("camping", _AT, missed=1.0, missed_at=_AT, missed_units=1, missed_by="short_pick")
_EXAMPLE: Final = CountTask(
    Candidate(Sku("A-1001"), NodeId("ST-NYC"), "Tent", "camping", 5, 0, 1_990, 2, _RECORD),
    probability=0.6179,
    wrong_probability=0.6651,
    missing_units=2.87,
    asked_share=0.25,
    unit_minor=1_097.5,
    value_minor=464.0,
    reasons=(
        Reason("short_pick", "1 unit not found at a pick", _AT),
        Reason("never_counted", "never counted"),
        Reason("find_rate", "93 % of its category is found here"),
    ),
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/count-tasks",
        name="list_count_tasks",
        summary="What to count next, the most valuable count first",
        tag="inventory",
        run=list_count_tasks,
        shown=(
            Shown(
                200,
                "The counts that are worth more than they cost; one that was posted is not proposed again",
                Page[CountTaskAnswer],
                Page((answer_count_task(_EXAMPLE, "USD"),), None),
            ),
        ),
        body=NO_BODY,
        query=CountTasksQuery,
        scope="inventory:read",
        refusals=(NotFound("node", "ST-NYC"),),
    ),
)
