"""How many promises were kept: on time and in full, by node, carrier, service or supply."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from pydantic import Field

from troth.http.edge import values
from troth.http.edge.body import Instant, Query
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.stock.positions import visible_nodes
from troth.model.refusals import FieldFlaw, Invalid
from troth.store.promise_kept import Kept, KeptBy, count_kept_promises

_LOOKED_BACK: Final = timedelta(days=28)
_LONGEST: Final = timedelta(days=400)


class KeptQuery(Query):
    """Of what was delivered when, and by what it is told apart."""

    by: Annotated[KeptBy, Field(description="By what it is told apart.")] = "node"
    since: Annotated[Instant | None, Field(description="Delivered from then on; left out: the last 28 days.")] = None
    until: Annotated[Instant | None, Field(description="Delivered before then; left out: now.")] = None


class KeptAnswer(msgspec.Struct, frozen=True):
    """What was delivered of one node, carrier, service, or supply (`on hand`, `to come`): so many works in time, in
    full (nothing of them was rejected or not found), both, and by what was promised first, whoever sent it then.

    Rates are shares; the late ones were `hours_late` late on average (null: none was).
    """

    name: str
    done: int
    on_time: int
    in_full: int
    on_time_in_full: int
    first_promise_kept: int
    on_time_rate: float
    otif_rate: float
    hours_late: float | None


class KeptsAnswer(msgspec.Struct, frozen=True):
    """Those of whom anything was delivered in the span, those of whom most was first."""

    since: values.Instant
    until: values.Instant
    items: tuple[KeptAnswer, ...]


async def read_promises_kept(call: Call[Nothing, KeptQuery]) -> Reply:
    """How many promises were kept."""
    asked = call.query
    until = asked.until or call.system.door.now()
    since = asked.since or until - _LOOKED_BACK
    if not since < until <= since + _LONGEST:
        raise Refused(Invalid((FieldFlaw("?since", f"must be before until, by at most {_LONGEST.days} days"),)))
    async with call.system.pool.acquire() as connection:
        found = await count_kept_promises(connection, since, until, by=asked.by, nodes=visible_nodes(call, ()))
    return json_reply(KeptsAnswer(since, until, tuple(map(answer_kept, found))))


def answer_kept(one: Kept) -> KeptAnswer:
    """What was kept as it is answered."""
    return KeptAnswer(
        one.name,
        one.done,
        one.on_time,
        one.in_full,
        one.on_time_in_full,
        one.first_kept,
        round(one.on_time / one.done, 4),
        round(one.on_time_in_full / one.done, 4),
        None if one.hours_late is None else round(one.hours_late, 2),
    )


_AT = datetime.fromisoformat
_EXAMPLE = KeptsAnswer(
    _AT("2026-10-26T00:00:00-04:00"),
    _AT("2026-11-23T10:00:00-05:00"),
    (answer_kept(Kept("ups", 412, 396, 405, 391, 394, 19.25)),),
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/promises-kept",
        name="read_promises_kept",
        summary="How many promises were kept, on time and in full, by node, carrier, service or supply",
        tag="fulfillments",
        run=read_promises_kept,
        shown=(Shown(200, "Each node, carrier, service or kind of supply", KeptsAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=KeptQuery,
        scope="fulfillments:read",
        refusals=(Invalid((FieldFlaw("?since", "must be before until, by at most 400 days"),)),),
    ),
)
