"""What a node is to pick, in the order in which it should."""

from datetime import timedelta
from typing import Annotated, Final

import msgspec
from pydantic import Field

from troth.engine.work_times.pick_order import PickTurn
from troth.flows.orders.pick_turns import TO_PICK, find_turns
from troth.http.edge.body import Query
from troth.http.edge.bounds import is_visible
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.http.orders import examples
from troth.http.orders.orders import Filter
from troth.model.ids import NodeId, Sku
from troth.model.refusals import NotFound
from troth.store.console import find_work


class PickTasksQuery(Query):
    """Of which node, and how many."""

    node: Filter
    limit: Annotated[int, Field(ge=1, le=200, description="At most so many of those that are due first.")] = 50


class PickTaskAnswer(msgspec.Struct, frozen=True):
    """Work that is to be picked: out or ready by `ship_by`, and picked by `pick_by`.

    That is sooner than it would have to be the likelier it is (`gone_risk`, 0 to 1) that goods of it, of `sku`, would
    not be there at the last moment: sold to somebody who walked in, or never there.
    """

    fulfillment_id: str
    ship_by: Instant
    pick_by: Instant
    gone_risk: float
    sku: str | None


class PickTasksAnswer(msgspec.Struct, frozen=True):
    """The tasks, those that are to be picked first first."""

    items: tuple[PickTaskAnswer, ...]


def answer_turn(turn: PickTurn) -> PickTaskAnswer:
    """A turn as it is answered."""
    return PickTaskAnswer(turn.fulfillment_id, turn.ship_by, turn.pick_by, round(turn.risk, 4), turn.sku)


async def list_pick_tasks(call: Call[Nothing, PickTasksQuery]) -> Reply:
    """What a node is to pick."""
    node = NodeId(call.query.node)
    if node not in call.system.door.reference.network.index or not call.actor.may_at(node):
        raise Refused(NotFound("node", node))
    async with call.system.pool.acquire() as connection:
        found = await find_work(connection, sorted(TO_PICK), node=node, limit=call.query.limit)
    visible = [(order, work) for order, work in found if is_visible(call.actor, order)]
    turns = await find_turns(call.system, node, visible)
    return json_reply(PickTasksAnswer(tuple(map(answer_turn, turns))))


_TURN: Final = PickTurn(
    examples.FULFILLMENT_ID, examples.WORK.ship_by, examples.AT + timedelta(hours=2), 0.1532, Sku("A-1001")
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/pick-tasks",
        name="list_pick_tasks",
        summary="What a node is to pick, in the order of promise, of how likely it is still there, and of its queue",
        tag="fulfillments",
        run=list_pick_tasks,
        shown=(Shown(200, "The tasks", PickTasksAnswer, PickTasksAnswer((answer_turn(_TURN),))),),
        body=NO_BODY,
        query=PickTasksQuery,
        scope="fulfillments:read",
        refusals=(NotFound("node", "DC-PA"),),
    ),
)
