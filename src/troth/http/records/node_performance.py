"""How well nodes do their work, over some days."""

from datetime import date
from typing import Annotated, Final

import msgspec
from pydantic import Field

from troth.flows.records.node_performance import DAYS_MAX, Performance, read_performance
from troth.http.edge.body import Query
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.orders.orders import Filter
from troth.model.ids import NodeId
from troth.model.refusals import NotFound
from troth.model.work_times import DayTally, TaskTimes, WorkRates


class PerformanceQuery(Query):
    """Of which node, over how many days."""

    days: Annotated[int, Field(ge=1, le=DAYS_MAX, description="Over so many days, today among them.")] = 28
    node: Filter | None = None


class RatesAnswer(msgspec.Struct, frozen=True):
    """What routing rules and costs count on of a node: shares of 28 days that lean on its type where little is known of
    it, and how long a task takes in all its hours together.
    """

    accept_rate: float
    short_rate: float
    on_time_rate: float
    task_minutes: float


class PerformanceAnswer(msgspec.Struct, frozen=True):
    """How a node did over some `days`; a rate is null where nothing happened that it could be of.

    Works `done` were ready or had left, so many of them `on_time`; others were `rejected`, or not accepted in time
    (`missed`), or not answered in its time
    (`silent`). Of `units` that were looked for `short` were not there. A task took `task_minutes` of its hours; at this
    hour one takes `task_minutes_now` (with its deviation), and a pickup that is ordered now is ready in
    `ready_minutes`, where enough tasks were seen to say so. `rules_count_on` is the same whatever `days` are asked for.
    """

    node: str
    days: int
    done: int
    on_time: int
    rejected: int
    missed: int
    silent: int
    units: int
    short: int
    accept_rate: float | None
    on_time_rate: float | None
    short_rate: float | None
    task_minutes: float | None
    task_minutes_now: float | None
    task_minutes_deviation: float | None
    tasks_known: float | None
    ready_minutes: int | None
    rules_count_on: RatesAnswer


class PerformancesAnswer(msgspec.Struct, frozen=True):
    """The nodes at which anything happened, by id."""

    items: tuple[PerformanceAnswer, ...]


def answer_performance(one: Performance) -> PerformanceAnswer:
    """How a node did, as it is answered."""
    tally, times = one.tally, one.times
    return PerformanceAnswer(
        one.node,
        one.days,
        tally.done,
        tally.on_time,
        tally.rejected,
        tally.missed,
        tally.silent,
        tally.units,
        tally.short,
        _rounded(one.accept_rate),
        _rounded(one.on_time_rate),
        _rounded(one.short_rate),
        _rounded(one.task_minutes),
        None if times is None else _rounded(times.mean),
        None if times is None else _rounded(times.deviation),
        None if times is None else _rounded(times.tasks),
        one.ready_minutes,
        RatesAnswer(*one.rates),
    )


async def list_performance(call: Call[Nothing, PerformanceQuery]) -> Reply:
    """How the nodes did that the actor may see."""
    node = None if call.query.node is None else NodeId(call.query.node)
    known = call.system.door.reference.network.index
    if node is not None and (node not in known or not call.actor.may_at(node)):
        raise Refused(NotFound("node", node))
    found = await read_performance(call.system, call.query.days, node=node, visible=call.actor.nodes)
    return json_reply(PerformancesAnswer(tuple(map(answer_performance, found))))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


_EXAMPLE: Final = answer_performance(
    Performance(
        NodeId("ST-NYC"),
        28,
        DayTally(NodeId("ST-NYC"), date(2026, 11, 23), 240, 228, 6, 2, 410, 5, 236, 1_652.0),
        TaskTimes(6.4, 4.1, 181.5),
        48,
        WorkRates(0.9732, 0.0131, 0.9496, 6.4),
    )
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/node-performance",
        name="list_node_performance",
        summary="How well nodes do their work: taken on, found, in time, and how long it takes",
        tag="configuration",
        run=list_performance,
        shown=(Shown(200, "The nodes", PerformancesAnswer, PerformancesAnswer((_EXAMPLE,))),),
        body=NO_BODY,
        query=PerformanceQuery,
        scope="fulfillments:read",
        refusals=(NotFound("node", "ST-NYC"),),
    ),
)
