"""Lockers as their vendors see them: what lies in which compartment by which code, and what happened to it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, StringConstraints, TypeAdapter

from troth.engine.pickups.codes import pickup_code
from troth.flows.door.requests import Accepted, Answer, Outcome
from troth.flows.nodes.lockers import LockerNow, Lying, find_lying, find_staying, read_locker
from troth.http.edge.body import Body, Id, NoQuery
from troth.http.edge.idempotency import once, problem_answer, reply_of, submit
from troth.http.edge.operations import NO_BODY, Call, Operation, Plain, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.http.work.fulfillments import WORK_ANSWER
from troth.http.work.reports import find_wrong_code
from troth.http.work.work_answer import WorkAnswer, answer_work
from troth.http.work.work_body import AtBody
from troth.model.commands import ActOnDue, CollectWork, Command, StageWork
from troth.model.ids import FulfillmentId, NodeId
from troth.model.lifecycle import NOT_COLLECTED, AllocationState
from troth.model.network import Node
from troth.model.pickup_moves import OpenLocker
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.model.ways import pickup_of
from troth.store.codec import encode_bytes
from troth.store.reference import read_node


class LockerEvent(StrEnum):
    """What a locker tells."""

    LOADED = "loaded"
    OPENED = "opened"
    COLLECTED = "collected"
    LAPSED = "lapsed"


class LockerEventBody(AtBody):
    """What happened at a locker: something was laid into a compartment, somebody opened one by a code, took what lay in
    it, or nobody came in time. Without its number the compartment is the one whose code was entered.
    """

    event: Annotated[LockerEvent, Field(strict=False)]
    compartment: Annotated[int, Field(ge=1, le=9_999)] | None = None
    code: Annotated[str, StringConstraints(max_length=32, pattern=r"^[0-9]*$")] | None = None
    fulfillment_id: Annotated[Id | None, Field(description="What was laid there, of `loaded`.")] = None


class LyingAnswer(msgspec.Struct, frozen=True):
    """What lies in a compartment, or is still to be laid into one of a size (`compartment` null): by which code it is
    opened, and until when it is kept.
    """

    fulfillment_id: str
    external_id: str
    status: AllocationState
    compartment: int | None
    size: str
    first_day: date
    last_day: date
    code: str
    keep_until: Instant | None
    opened_at: Instant | None


class SizeAnswer(msgspec.Struct, frozen=True):
    """The compartments of one size, by their numbers."""

    name: str
    numbers: tuple[int, ...]


class SizeDayAnswer(msgspec.Struct, frozen=True):
    """How many compartments of a size are promised on a day, and how many are not."""

    size: str
    day: date
    promised: int
    free: int


class LockerNowAnswer(msgspec.Struct, frozen=True):
    """A locker as it is: its compartments, what lies in them or is still to be laid there, and its next seven days."""

    node_id: str
    home: str
    sizes: tuple[SizeAnswer, ...]
    lying: tuple[LyingAnswer, ...]
    coming: tuple[LyingAnswer, ...]
    days: tuple[SizeDayAnswer, ...]


async def get_locker(call: Plain) -> Reply:
    """What lies in a locker now."""
    found = await read_locker(call.system, await _locker_of(call), call.system.door.now())
    if found is None:
        raise Refused(NotFound("locker", call.path("node_id")))
    return json_reply(_answer(found))


async def tell_locker(call: Call[LockerEventBody, NoQuery]) -> Reply:
    """Take what a locker tells of a compartment; told again under its key it is answered as before."""

    async def run() -> Reply:
        return await _tell(call)

    return await once(call, run)


async def _tell(call: Call[LockerEventBody, NoQuery]) -> Reply:
    node = await _locker_of(call)
    one = await (_find_loaded if call.body.event is LockerEvent.LOADED else _find_lying)(call, node.node)
    command = _command(call, one)
    if command is None:
        return json_reply(answer_work(one.order, one.work, call.system.door.reference.policy.currency))
    answer = await submit(call, (command,), _renderer(call, one))
    return reply_of(answer)


async def _find_loaded(call: Call[LockerEventBody, NoQuery], locker: NodeId) -> Lying:
    """The work that was laid into a compartment; Refused where it is none of this locker."""
    body = call.body
    if body.fulfillment_id is None or body.compartment is None:
        missing = "fulfillment_id" if body.fulfillment_id is None else "compartment"
        raise Refused(Invalid((FieldFlaw(f"/{missing}", "is required of what was loaded"),)))
    found = await find_staying(call.system, locker, FulfillmentId(body.fulfillment_id))
    if found is None:
        raise Refused(Invalid((FieldFlaw("/fulfillment_id", "is not to be laid into this locker"),)))
    return found


async def _find_lying(call: Call[LockerEventBody, NoQuery], locker: NodeId) -> Lying:
    """What lies in the compartment that is named, or whose code was entered; Refused where that is not one."""
    body = call.body
    if body.compartment is None and not body.code:
        raise Refused(Invalid((FieldFlaw("/compartment", "is required where no code was entered"),)))
    found = await find_lying(call.system, locker, number=body.compartment, code=body.code)
    if len(found) != 1:
        pointer = "/code" if body.compartment is None else "/compartment"
        detail = "opens no compartment of this locker" if body.compartment is None else "has nothing in it"
        raise Refused(Invalid((FieldFlaw(pointer, detail if not found else "opens several; name the compartment"),)))
    return found[0]


def _command(call: Call[LockerEventBody, NoQuery], one: Lying) -> Command | None:
    """What an event asks for; None: it is so already."""
    body, name = call.body, one.work.fulfillment_id
    if one.status in NOT_COLLECTED:
        if body.event is LockerEvent.LAPSED:
            return None
        raise Refused(NotPossibleNow(body.event.value, one.status))
    match body.event:
        case LockerEvent.LOADED:
            is_there = one.stay.number == body.compartment
            return None if is_there else StageWork(name, str(body.compartment), body.at)
        case LockerEvent.OPENED:
            return OpenLocker(name, body.code, body.at)
        case LockerEvent.COLLECTED:
            return CollectWork(name, one.order.customer.name, body.at, code=body.code)
        case LockerEvent.LAPSED:
            ends_at = pickup_of(one.order, one.work).ends_at
            if ends_at is not None and ends_at > call.system.door.now():
                raise Refused(NotPossibleNow("lapse", f"its goods are kept until {ends_at.isoformat()}"))
            return ActOnDue(one.order.order_id)


def _renderer(call: Call[LockerEventBody, NoQuery], one: Lying) -> Callable[[tuple[Outcome, ...]], Answer]:
    currency = call.system.door.reference.policy.currency

    def render(outcomes: tuple[Outcome, ...]) -> Answer:
        (outcome,) = outcomes
        if isinstance(outcome, Invalid):  # the compartment is what everybody else calls the staging place
            flaws = (replace(flaw, pointer=flaw.pointer.replace("/staging", "/compartment")) for flaw in outcome.flaws)
            return problem_answer(Invalid(tuple(flaws)))
        if not isinstance(outcome, Accepted):
            return problem_answer(outcome)
        wrong = find_wrong_code(outcome)
        if wrong is not None:
            return problem_answer(wrong)
        after = outcome.order or one.order
        work = next(work for work in after.fulfillments if work.fulfillment_id == one.work.fulfillment_id)
        return Answer(200, encode_bytes(answer_work(after, work, currency)))

    return render


async def _locker_of(call: Call[Any, Any]) -> Node:
    """The locker that the path names; Refused where there is none, or it is not the actor's."""
    node_id = NodeId(call.path("node_id"))
    async with call.system.pool.acquire() as connection:
        found = await read_node(connection, node_id)
    if found is None or found.value.locker is None or not call.actor.may_at(node_id):
        raise Refused(NotFound("locker", node_id))
    return found.value


def _answer(found: LockerNow) -> LockerNowAnswer:
    names = [size.name for size in found.locker.sizes]

    def told(one: Lying) -> LyingAnswer:
        pickup = pickup_of(one.order, one.work)
        return LyingAnswer(
            one.work.fulfillment_id,
            one.order.external_id,
            one.status,
            one.stay.number or None,
            names[one.stay.size] if one.stay.size < len(names) else "",
            one.stay.first,
            one.stay.last,
            pickup_code(one.order, one.work.fulfillment_id),
            pickup.keep_until,
            pickup.opened_at,
        )

    return LockerNowAnswer(
        found.node.node,
        found.locker.home,
        tuple(SizeAnswer(size.name, size.numbers) for size in found.locker.sizes),
        tuple(map(told, found.lying)),
        tuple(map(told, found.coming)),
        tuple(SizeDayAnswer(names[one.size], one.day, one.promised, one.free) for one in found.days),
    )


_NODE_ID: Final = (("node_id", "LK-NYC"),)
_EXAMPLE: Final = {
    "node_id": "LK-NYC",
    "home": "ST-NYC",
    "sizes": [{"name": "S", "numbers": [1, 2, 3, 4, 5, 6, 7, 8]}],
    "lying": [
        {
            "fulfillment_id": "O-1-F1",
            "external_id": "W-1001",
            "status": "ready",
            "compartment": 7,
            "size": "S",
            "first_day": "2026-11-23",
            "last_day": "2026-11-26",
            "code": "402913",
            "keep_until": "2026-11-26T20:10:00Z",
            "opened_at": None,
        }
    ],
    "coming": [],
    "days": [{"size": "S", "day": "2026-11-23", "promised": 5, "free": 3}],
}

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/lockers/{node_id}",
        name="get_locker",
        summary="What lies in which compartment of a locker and by which code it opens, and what is free",
        tag="fulfillments",
        run=get_locker,
        shown=(Shown(200, "The locker as it is now", LockerNowAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(NotFound("locker", "LK-NYC"),),
        path_examples=_NODE_ID,
    ),
    Operation(
        method="POST",
        path="/v1/lockers/{node_id}/events",
        name="tell_locker",
        summary="A compartment was loaded, opened by a code, emptied by its customer, or nobody came in time",
        tag="fulfillments",
        run=tell_locker,
        shown=(Shown(200, "The work that lies there, as it is now", WorkAnswer, WORK_ANSWER),),
        body=Body(TypeAdapter(LockerEventBody), {"event": "opened", "code": "402913"}),
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(
            NotFound("locker", "LK-NYC"),
            Invalid((FieldFlaw("/code", "opens no compartment of this locker"),)),
            NotPossibleNow("lapse", "its goods are kept until 2026-11-26T20:10:00+00:00"),
        ),
        path_examples=_NODE_ID,
    ),
)
