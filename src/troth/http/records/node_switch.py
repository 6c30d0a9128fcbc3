"""The switch of a node: off for a reason and until a time, and on again."""

from typing import Any, Final

import msgspec
from pydantic import TypeAdapter

from troth.flows.records.node_switch import switch_off, switch_on
from troth.http.edge.body import Body, Instant, NoQuery, Strict, Text
from troth.http.edge.idempotency import once
from troth.http.edge.operations import NO_BODY, AnyOperation, Call, Operation, Plain, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant as Shows
from troth.http.orders.examples import AT
from troth.model.ids import NodeId
from troth.model.network import SwitchedOff
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.store.node_switches import read_node_switches


class SwitchBody(Strict):
    """Why a node is asked for nothing more, and until when; left out: until it is switched on."""

    reason: Text
    until: Instant | None = None


class SwitchAnswer(msgspec.Struct, frozen=True):
    """Whether a node is on; where it is off, since when, why, by whom and until when (null: until it is switched)."""

    node_id: str
    is_on: bool
    reason: str | None = None
    since: Shows | None = None
    until: Shows | None = None
    switched_by: str | None = None


class SwitchesAnswer(msgspec.Struct, frozen=True):
    """The nodes that are switched off, by id."""

    items: tuple[SwitchAnswer, ...]


def answer_switch(node: NodeId, off: SwitchedOff | None) -> SwitchAnswer:
    """The switch of a node as it is answered."""
    if off is None:
        return SwitchAnswer(node, is_on=True)
    return SwitchAnswer(node, False, off.reason, off.since, off.until, off.by)


async def list_switches(call: Plain) -> Reply:
    """The nodes that are off, of those that the actor may see."""
    async with call.system.pool.acquire() as connection:
        found = await read_node_switches(connection, call.system.door.now())
    items = tuple(answer_switch(node, off) for node, off in found.items() if call.actor.may_at(node))
    return json_reply(SwitchesAnswer(items))


async def turn_off(call: Call[SwitchBody, NoQuery]) -> Reply:
    """Switch a node off."""
    node = _node_of(call)

    async def run() -> Reply:
        done = await switch_off(
            call.system, node, reason=call.body.reason, until=call.body.until, actor=call.actor.name
        )
        if not isinstance(done, SwitchedOff):
            raise Refused(done)
        return json_reply(answer_switch(node, done))

    return await once(call, run)


async def turn_on(call: Plain) -> Reply:
    """Switch a node on again."""
    node = _node_of(call)

    async def run() -> Reply:
        done = await switch_on(call.system, node, actor=call.actor.name)
        if isinstance(done, NotFound):
            raise Refused(done)
        return json_reply(answer_switch(node, None))

    return await once(call, run)


def _node_of(call: Call[Any, Any]) -> NodeId:
    """The node of the path; one that the actor has nothing to do with is not there for them."""
    node = NodeId(call.path("node_id"))
    if not call.actor.may_at(node):
        raise Refused(NotFound("node", node))
    return node


_OFF: Final = answer_switch(NodeId("ST-NYC"), SwitchedOff("no staff", AT, AT.replace(hour=20), "user/ann"))


def _operation(verb: str, summary: str, **how: Any) -> AnyOperation:
    return Operation(
        method="POST",
        path=f"/v1/nodes/{{node_id}}/{verb}",
        name=f"{verb.replace('-', '_')}_node",
        summary=summary,
        tag="configuration",
        query=NoQuery,
        scope="fulfillments:write",
        path_examples=(("node_id", "ST-NYC"),),
        **how,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/node-switches",
        name="list_node_switches",
        summary="Which nodes are switched off, since when, why and until when",
        tag="configuration",
        run=list_switches,
        shown=(Shown(200, "The nodes that are off", SwitchesAnswer, SwitchesAnswer((_OFF,))),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:read",
    ),
    _operation(
        "switch-off",
        "Ask a node for nothing more, for a reason and until a time; what it has of work stays with it",
        run=turn_off,
        body=Body(TypeAdapter(SwitchBody), {"reason": "no staff", "until": "2026-11-23T15:00:00-05:00"}),
        shown=(Shown(200, "The switch as it is now", SwitchAnswer, _OFF),),
        refusals=(
            NotFound("node", "ST-NYC"),
            Invalid((FieldFlaw("/until", "must be later than now, and within a year"),)),
        ),
    ),
    _operation(
        "switch-on",
        "Ask a node again",
        run=turn_on,
        body=NO_BODY,
        shown=(Shown(200, "The switch as it is now", SwitchAnswer, answer_switch(NodeId("ST-NYC"), None)),),
        refusals=(NotFound("node", "ST-NYC"),),
    ),
)
