"""The intake: orders from any entrance, captured at once or kept with what is wrong, until a person settles them."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.exceptions import intake
from troth.http.edge.body import Body, NoQuery, Strict, Text
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.orders import examples
from troth.http.orders.intake_answer import IntakeAnswer, answer_document
from troth.http.orders.intake_attempt import attempt_for
from troth.http.orders.order_body import ORDER_EXAMPLE, Channel
from troth.model.intake import IntakeDocument, IntakeState
from troth.model.refusals import FieldFlaw, NotFound, NotPossibleNow, Refusal, VersionConflict
from troth.store.intake import find_intake, read_intake


class TakeInQuery(NoQuery):
    """Through which entrance it came."""

    entrance: Annotated[
        str, Field(max_length=40, pattern=r"^[a-z0-9_.-]+$", description="Such as `edi` or `file`.")
    ] = "api"


class IntakeQuery(PageQuery):
    """Which documents, the oldest first."""

    state: Annotated[tuple[Annotated[IntakeState, Field(strict=False)], ...], Field(description="Any of them.")] = (
        IntakeState.WAITING,
    )
    channel: Channel | None = None


class MendBody(Strict):
    """The document as it should have been."""

    version: Annotated[int, Field(ge=1)]
    body: dict[str, Any]


class SubmitBody(Strict):
    """The document as it was looked at; `despite` captures it whatever is only odd about it."""

    version: Annotated[int, Field(ge=1)]
    despite: bool = False


class DropBody(Strict):
    """Why nothing is to come of it."""

    version: Annotated[int, Field(ge=1)]
    reason: Annotated[Text, Field(min_length=1)]


class TakenAnswer(msgspec.Struct, frozen=True):
    """The order that a document became, or the document that waits."""

    order_id: str | None
    document: IntakeAnswer | None


async def take_in(call: Call[dict[str, Any], TakeInQuery]) -> Reply:
    """Capture an order, or keep it with what is wrong."""
    done = await intake.take_in(
        call.system, call.body, call.query.entrance, attempt_for(call.system, call.actor), actor=call.actor.name
    )
    if isinstance(done, IntakeDocument):
        return json_reply(TakenAnswer(None, answer_document(done)), status=202)
    return json_reply(TakenAnswer(done, None), status=201, headers=(("location", f"/v1/orders/{done}"),))


async def list_intake(call: Call[Nothing, IntakeQuery]) -> Reply:
    """A page of documents."""
    asked = call.query
    _ensure_unbound(call)
    async with call.system.pool.acquire() as connection:
        found = await find_intake(
            connection,
            states=asked.state or (IntakeState.WAITING,),
            channel=asked.channel,
            after=decode_cursor(asked.cursor, tuple[datetime, str]),
            limit=asked.limit + 1,
        )
    return page_reply(
        call, found, limit=asked.limit, shown=answer_document, position=lambda one: (one.received_at, one.intake_id)
    )


async def get_intake(call: Plain) -> Reply:
    """One document."""
    _ensure_unbound(call)
    async with call.system.pool.acquire() as connection:
        found = await read_intake(connection, call.path("intake_id"))
    if found is None:
        raise Refused(NotFound("intake document", call.path("intake_id")))
    return json_reply(answer_document(found))


async def mend_intake(call: Call[MendBody, NoQuery]) -> Reply:
    """Another content for a document, captured where nothing is wrong with it."""
    _ensure_unbound(call)
    body = call.body
    return _settled(
        await intake.mend(
            call.system,
            call.path("intake_id"),
            body.body,
            attempt_for(call.system, call.actor),
            version=body.version,
            actor=call.actor.name,
        )
    )


async def submit_intake(call: Call[SubmitBody, NoQuery]) -> Reply:
    """Try a document once more."""
    _ensure_unbound(call)
    body = call.body
    return _settled(
        await intake.submit(
            call.system,
            call.path("intake_id"),
            attempt_for(call.system, call.actor),
            version=body.version,
            is_despite=body.despite,
            actor=call.actor.name,
        )
    )


async def drop_intake(call: Call[DropBody, NoQuery]) -> Reply:
    """Put a document away."""
    _ensure_unbound(call)
    body = call.body
    return _settled(
        await intake.drop(
            call.system, call.path("intake_id"), version=body.version, reason=body.reason, actor=call.actor.name
        )
    )


def _settled(done: Any) -> Reply:
    if not isinstance(done, IntakeDocument):
        raise Refused(done)
    return json_reply(answer_document(done))


def _ensure_unbound(call: Call[Any, Any]) -> None:
    """Refused for who is bound to customers or nodes: what waits is nobody's yet."""
    if call.actor.customers is not None or call.actor.nodes is not None:
        raise Refused(NotFound("intake document", call.scope.get("path_params", {}).get("intake_id", "")))


_ID: Final = "D-0f3a90c2d17f3a90"
_PATH: Final = (("intake_id", _ID),)
_NONE: Final = NotFound("intake document", _ID)
_DOCUMENT: Final = IntakeDocument(
    _ID,
    1,
    IntakeState.WAITING,
    "edi",
    "web",
    "W-1001",
    "",
    msgspec.json.encode(ORDER_EXAMPLE).decode(),
    (FieldFlaw("/lines/0/sku", "there is no item A-1001"),),
    "USD",
    3980,
    1,
    examples.AT,
    "key/edi",
    examples.AT,
    "key/edi",
)
_SHOWN: Final = answer_document(_DOCUMENT)
_ANY: Final = Body(TypeAdapter(dict[str, Any]), ORDER_EXAMPLE)


def _settling(
    name: str, path: str, summary: str, run: Any, body: Body[Any], no: Refusal, *, method: str = "POST"
) -> Operation[Any, Any]:
    """The operation by which a document that waits is settled."""
    return Operation(
        method=method,
        path=f"/v1/intake/{{intake_id}}{path}",
        name=name,
        summary=summary,
        tag="exceptions",
        run=run,
        shown=(Shown(200, "The document as it is now", IntakeAnswer, _SHOWN),),
        body=body,
        query=NoQuery,
        scope="orders:write",
        refusals=(_NONE, VersionConflict("1", "2"), no),
        path_examples=_PATH,
    )


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/intake",
        name="take_in",
        summary="Capture an order, or keep it with everything that is wrong with it until a person has settled it",
        tag="exceptions",
        run=take_in,
        shown=(
            Shown(201, "It was captured", TakenAnswer, TakenAnswer(examples.ORDER_ID, None)),
            Shown(202, "It waits, with what is wrong", TakenAnswer, TakenAnswer(None, _SHOWN)),
        ),
        body=_ANY,
        query=TakeInQuery,
        scope="orders:write",
    ),
    Operation(
        method="GET",
        path="/v1/intake",
        name="list_intake",
        summary="What could not be captured, the oldest first",
        tag="exceptions",
        run=list_intake,
        shown=(Shown(200, "A page of documents", Page[IntakeAnswer], Page((_SHOWN,), None)),),
        body=NO_BODY,
        query=IntakeQuery,
        scope="orders:read",
    ),
    Operation(
        method="GET",
        path="/v1/intake/{intake_id}",
        name="get_intake",
        summary="One document as it was sent, with what is wrong with which field",
        tag="exceptions",
        run=get_intake,
        shown=(Shown(200, "The document", IntakeAnswer, _SHOWN),),
        body=NO_BODY,
        query=NoQuery,
        scope="orders:read",
        refusals=(_NONE,),
        path_examples=_PATH,
    ),
    _settling(
        "mend_intake",
        "",
        "Fix a document; where nothing is wrong any more it is captured",
        mend_intake,
        Body(TypeAdapter(MendBody), {"version": 1, "body": ORDER_EXAMPLE}),
        NotPossibleNow("change", "captured"),
        method="PUT",
    ),
    _settling(
        "submit_intake",
        "/submit",
        "Try to capture a document once more, despite what is only odd about it where that is asked",
        submit_intake,
        Body(TypeAdapter(SubmitBody), {"version": 1, "despite": True}),
        NotPossibleNow("submit", "dropped"),
    ),
    _settling(
        "drop_intake",
        "/drop",
        "Put a document away, for a reason",
        drop_intake,
        Body(TypeAdapter(DropBody), {"version": 1, "reason": "sent by mistake"}),
        NotPossibleNow("drop", "captured"),
    ),
)
