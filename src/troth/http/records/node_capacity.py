"""What a node can do on the next days: its hours, and what is promised and free of each."""

from datetime import date, timedelta
from typing import Annotated, Final

import msgspec
from pydantic import Field

from troth.engine.carriage.calendars import day_date, local_day, minute_of
from troth.engine.carriage.node_days import NodeDay, find_node_days
from troth.flows.memory.offered import with_days_off, with_region_code
from troth.http.edge.body import Query
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.model.capacity import CapacityUnit
from troth.model.ids import NodeId
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.store.node_days import read_node_days
from troth.store.reference import read_node

_DAYS: Final = 14
_DAYS_MAX: Final = 92


class DaySlotAnswer(msgspec.Struct, frozen=True):
    """A working day, or a shift of it: what can be done, what of it is promised, and what is free (null: no limit)."""

    shift: int
    begins: Instant
    ends: Instant
    capacity: int | None
    promised: int | None
    free: int | None


class NodeDayAnswer(msgspec.Struct, frozen=True):
    """A day of a node in its own time zone; without hours and slots where it is closed."""

    date: date
    opens: Instant | None
    closes: Instant | None
    cut_off: Instant | None
    slots: tuple[DaySlotAnswer, ...]


class NodeCapacityAnswer(msgspec.Struct, frozen=True):
    """What a node can do on some days, in its unit."""

    node_id: str
    time_zone: str
    capacity_unit: CapacityUnit
    days: tuple[NodeDayAnswer, ...]


class NodeCapacityQuery(Query):
    """Of which days."""

    from_: Annotated[date | None, Field(alias="from", description="Left out: today at the node.")] = None
    to: Annotated[date | None, Field(description="The last day; left out: two weeks in all. At most 92 days.")] = None


async def get_node_capacity(call: Call[Nothing, NodeCapacityQuery]) -> Reply:
    """The days of a node, with what is promised of each."""
    node_id = NodeId(call.path("node_id"))
    async with call.system.pool.acquire() as connection:
        found = await read_node(connection, node_id)
        if found is None:
            raise Refused(NotFound("node", node_id))
        node = with_days_off(with_region_code(found.value))
        now = minute_of(call.system.door.now().timestamp())
        first = call.query.from_ or day_date(local_day(node.time_zone, now))
        last = call.query.to or first + timedelta(days=_DAYS - 1)
        if not 0 <= (last - first).days < _DAYS_MAX:
            raise Refused(Invalid((FieldFlaw("?to", f"must be from 0 to {_DAYS_MAX - 1} days after the first day"),)))
        used = dict(await read_node_days(connection, first, nodes=(node_id,)))
    days = find_node_days(node, used, first, last)
    return json_reply(
        NodeCapacityAnswer(node.node, node.time_zone, node.capacity_unit, tuple(answer_day(day) for day in days))
    )


def answer_day(day: NodeDay) -> NodeDayAnswer:
    """A day of a node as it is answered."""
    return NodeDayAnswer(
        day.day,
        day.opens,
        day.closes,
        day.cut_off,
        tuple(
            DaySlotAnswer(slot.shift, slot.begins, slot.ends, slot.capacity, slot.promised, slot.free)
            for slot in day.slots
        ),
    )


_EXAMPLE: Final = {
    "node_id": "ST-NYC",
    "time_zone": "America/New_York",
    "capacity_unit": "lines",
    "days": [
        {
            "date": "2026-11-27",
            "opens": "2026-11-27T14:00:00Z",
            "closes": "2026-11-28T02:00:00Z",
            "cut_off": "2026-11-27T21:00:00Z",
            "slots": [
                {
                    "shift": 0,
                    "begins": "2026-11-27T14:00:00Z",
                    "ends": "2026-11-28T02:00:00Z",
                    "capacity": 200,
                    "promised": 158,
                    "free": 42,
                }
            ],
        },
        {"date": "2026-11-29", "opens": None, "closes": None, "cut_off": None, "slots": []},
    ],
}

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/nodes/{node_id}/capacity",
        name="get_node_capacity",
        summary="Read what a node can do on its next days, and what of it is promised",
        tag="configuration",
        run=get_node_capacity,
        shown=(Shown(200, "The days, one by one", NodeCapacityAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=NodeCapacityQuery,
        scope="configuration:read",
        refusals=(
            NotFound("node", "ST-NYC"),
            Invalid((FieldFlaw("?to", "must be from 0 to 91 days after the first day"),)),
        ),
        path_examples=(("node_id", "ST-NYC"),),
    ),
)
