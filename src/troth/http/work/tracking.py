"""What carriers report of parcels, one checkpoint or a list of them."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from pydantic import Discriminator, Field, Tag, TypeAdapter

from troth.flows.door.requests import Accepted, Answer, Outcome
from troth.flows.orders.fulfill import find_tracked
from troth.flows.tracking.notices import TakenNotice, take_carrier_notice
from troth.http.edge.body import Body, NoQuery
from troth.http.edge.idempotency import problem_answer, reply_of, submit
from troth.http.edge.operations import Call, Operation, Shown
from troth.http.edge.problems import Refused, problem_of
from troth.http.edge.replies import Reply, json_reply
from troth.http.orders import examples
from troth.http.work.work_body import TRACKED_MAX, TrackedBody
from troth.model.commands import RecordTracking
from troth.model.ids import FulfillmentId
from troth.model.lifecycle import AllocationState
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.model.status import fulfillment_status
from troth.store.codec import encode_bytes

Checkpoints = tuple[TrackedBody, ...]


class TrackingResult(msgspec.Struct, frozen=True):
    """What became of a checkpoint, by its place in what was sent: recorded for a fulfillment, or a problem."""

    index: int
    tracking_number: str
    is_recorded: bool
    fulfillment_id: str | None
    status: AllocationState | None
    problem: dict[str, Any] | None


class TrackingAnswer(msgspec.Struct, frozen=True):
    """How many checkpoints were recorded and refused, and each result."""

    recorded: int
    refused: int
    results: tuple[TrackingResult, ...]


class NoticeAnswer(msgspec.Struct, frozen=True):
    """How many checkpoints of a carrier's notice were recorded, and how many are of parcels that are not known here."""

    recorded: int
    unknown: int


async def record_tracking(call: Call[TrackedBody | Checkpoints, NoQuery]) -> Reply:
    """Record checkpoints; each for itself, so that one unknown parcel does not hold up the others."""
    checkpoints = (call.body,) if isinstance(call.body, TrackedBody) else call.body
    found = await find_tracked(call.system.pool, [checkpoint.tracking_number for checkpoint in checkpoints])
    commands = tuple(
        RecordTracking(
            found[checkpoint.tracking_number],
            checkpoint.carrier,
            checkpoint.tracking_number,
            checkpoint.status,
            checkpoint.at or call.system.door.now(),
            checkpoint.place,
            checkpoint.estimated_delivery_at,
            proof=None if checkpoint.proof is None else checkpoint.proof.told(),
        )
        for checkpoint in checkpoints
        if checkpoint.tracking_number in found
    )
    render = _renderer(checkpoints, found, is_list=not isinstance(call.body, TrackedBody))
    return reply_of(await submit(call, commands, render) if commands else render(()))


def _renderer(
    checkpoints: Sequence[TrackedBody], found: dict[str, FulfillmentId], *, is_list: bool
) -> Callable[[tuple[Outcome, ...]], Answer]:
    def render(outcomes: tuple[Outcome, ...]) -> Answer:
        left = iter(outcomes)
        results = []
        for index, checkpoint in enumerate(checkpoints):
            number = checkpoint.tracking_number
            outcome = next(left) if number in found else NotFound("tracking number", number)
            if not isinstance(outcome, Accepted):
                if not is_list:
                    return problem_answer(outcome)
                results.append(TrackingResult(index, number, False, found.get(number), None, problem_of(outcome)))
                continue
            order = outcome.order
            status = None if order is None else fulfillment_status(order, found[number])
            results.append(TrackingResult(index, number, True, found[number], status, None))
        recorded = sum(result.is_recorded for result in results)
        return Answer(200, encode_bytes(TrackingAnswer(recorded, len(results) - recorded, tuple(results))))

    return render


async def take_tracking_notice(call: Call[dict[str, Any] | list[dict[str, Any]], NoQuery]) -> Reply:
    """Take what a carrier says unasked."""
    headers = dict(call.headers.items())
    taken = await take_carrier_notice(call.system, call.path("carrier"), call.raw, headers)
    if not isinstance(taken, TakenNotice):
        raise Refused(taken)
    return json_reply(NoticeAnswer(taken.recorded, taken.unknown))


_EXAMPLE = {
    "carrier": "ups",
    "tracking_number": "1Z999AA10123456784",
    "status": "in_transit",
    "at": "2026-11-24T06:12:00-05:00",
    "place": "Newark, NJ",
    "estimated_delivery_at": "2026-11-25T17:00:00-05:00",
}

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/tracking",
        name="record_tracking",
        summary="Record checkpoints that a carrier reports, by tracking number",
        tag="fulfillments",
        run=record_tracking,
        shown=(
            Shown(
                200,
                "What became of each checkpoint; a single one that is refused is a problem instead",
                TrackingAnswer,
                TrackingAnswer(
                    1,
                    0,
                    (
                        TrackingResult(
                            0, "1Z999AA10123456784", True, examples.FULFILLMENT_ID, AllocationState.SHIPPED, None
                        ),
                    ),
                ),
            ),
        ),
        body=Body(
            TypeAdapter(
                Annotated[
                    Annotated[TrackedBody, Tag("one")]
                    | Annotated[Checkpoints, Field(min_length=1, max_length=TRACKED_MAX, strict=False), Tag("list")],
                    Discriminator(lambda body: "list" if isinstance(body, list | tuple) else "one"),
                ]
            ),
            _EXAMPLE,
            alternatives=frozenset({"one", "list"}),
        ),
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(NotFound("tracking number", "1Z999AA10123456784"),),
    ),
    Operation(
        method="POST",
        path="/v1/tracking-notices/{carrier}",
        name="take_tracking_notice",
        summary="What a carrier says unasked of parcels, with its signature",
        tag="fulfillments",
        run=take_tracking_notice,
        shown=(Shown(200, "The notice was taken, now or when it came before", NoticeAnswer, NoticeAnswer(1, 0)),),
        body=Body(
            TypeAdapter(dict[str, Any] | list[dict[str, Any]]),
            {"tracking_number": "1Z999AA10123456784", "status": "X6", "at": "2026-11-24T06:12:00-05:00"},
        ),
        query=NoQuery,
        scope=None,
        refusals=(
            NotFound("carrier", "ups"),
            Invalid((FieldFlaw("", "the notice is not signed as ups signs it, or not in time"),)),
        ),
        path_examples=(("carrier", "ups"),),
    ),
)
