"""Interchanges with trading partners: posted, listed, asked for, read as they came, sent and done once more."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field

from troth.flows.edi.receive import Received, receive, take_again
from troth.flows.edi.send import send_again
from troth.flows.edi.tongue import Tongue
from troth.http.edge.body import NoQuery, read_raw
from troth.http.edge.idempotency import once
from troth.http.edge.operations import NO_BODY, AnyOperation, Call, Nothing, Operation, Plain, Shown, Stream
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edi.interchange_answer import (
    INTERCHANGE,
    InterchangeAnswer,
    PutOutAnswer,
    ReceivedAnswer,
    ReceivedInterchange,
    answer_interchange,
)
from troth.http.edi.partners import NO_PARTNER, PARTNER_PATH
from troth.model.edi_interchange import Direction, InterchangeState, StoredInterchange
from troth.model.edi_partner import EdiPartner, Syntax
from troth.model.refusals import FieldFlaw, Invalid, NotFound, NotPossibleNow
from troth.store.edi_interchanges import find_interchanges, find_put_out, read_interchange
from troth.store.edi_partners import read_partner

_NUMBER_DIGITS_MAX: Final = 18
_MEDIA_TYPES: Final = {Syntax.X12: "application/edi-x12", Syntax.EDIFACT: "application/edifact"}


class InterchangesQuery(PageQuery):
    """Which interchanges; newest first."""

    direction: Direction | None = None
    state: InterchangeState | None = None


class PutOutQuery(NoQuery):
    """What was put out after what is known already."""

    after: Annotated[int, Field(ge=0, lt=2**63, description="The `last` of the answer before.")] = 0
    limit: Annotated[int, Field(ge=1, le=200)] = 50


async def post_interchanges(call: Call[Nothing, NoQuery]) -> Reply:
    """Take in what a partner sends."""
    partner = await _partner(call)
    if call.receive is None:
        raise RuntimeError("the body of an operation that takes a stream is not there")
    content = await read_raw(call.receive)
    received = await receive(call.system, _tongue(call), partner, content)
    if received.is_refused:
        raise Refused(Invalid(tuple(_flaws(received))))
    shown = tuple(
        ReceivedInterchange(answer_interchange(one), is_known)
        for one, is_known in zip(received.interchanges, received.is_known, strict=True)
    )
    return json_reply(ReceivedAnswer(shown))


async def list_interchanges(call: Call[Nothing, InterchangesQuery]) -> Reply:
    """A page of interchanges with a partner, newest first."""
    asked, partner = call.query, await _partner(call)
    before = decode_cursor(asked.cursor, tuple[datetime, Direction, int])
    async with call.system.pool.acquire() as connection:
        found = await find_interchanges(
            connection,
            partner.partner,
            direction=asked.direction,
            state=asked.state,
            before=before,
            limit=asked.limit + 1,
        )
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=answer_interchange,
        position=lambda one: (one.at, one.direction, one.number),
    )


async def list_put_out(call: Call[Nothing, PutOutQuery]) -> Reply:
    """What a partner is to be sent after a position, in order, with what each says."""
    asked, partner = call.query, await _partner(call)
    async with call.system.pool.acquire() as connection:
        found = await find_put_out(connection, partner.partner, after=asked.after, limit=asked.limit)
    last = next((one.position for one in reversed(found) if one.position is not None), asked.after)
    return json_reply(PutOutAnswer(tuple(map(answer_interchange, found)), last))


async def get_interchange(call: Plain) -> Reply:
    """One interchange with what became of it."""
    return json_reply(answer_interchange(await _interchange(call)))


async def get_content(call: Plain) -> Reply:
    """An interchange as it came or went."""
    partner, found = await _partner(call), await _interchange(call)
    return Reply(200, found.content, media_type=_MEDIA_TYPES[partner.syntax])


async def post_send_again(call: Plain) -> Reply:
    """Send an interchange once more."""
    partner, found = await _partner(call), await _interchange(call)
    if found.direction is not Direction.OUT:
        raise Refused(NotPossibleNow("send again", "it came from the partner"))

    async def run() -> Reply:
        refusal = await send_again(call.system, partner.partner, found.number)
        if refusal is not None:
            raise Refused(refusal)
        return json_reply(answer_interchange(await _interchange(call)), status=202)

    return await once(call, run)


async def post_take_again(call: Plain) -> Reply:
    """Do an interchange once more of which something was refused."""
    partner, found = await _partner(call), await _interchange(call)
    if found.direction is not Direction.IN:
        raise Refused(NotPossibleNow("take again", "it is for the partner"))

    async def run() -> Reply:
        done = await take_again(call.system, _tongue(call), partner, found.number)
        if not isinstance(done, StoredInterchange):
            raise Refused(done)
        return json_reply(answer_interchange(done))

    return await once(call, run)


async def _partner(call: Call[Any, Any]) -> EdiPartner:
    """The partner of the path; one that speaks for others than the actor has to do with is not there for them."""
    name = call.path("partner_id")
    async with call.system.pool.acquire() as connection:
        found = await read_partner(connection, name)
    bound = call.actor.nodes is not None
    if found is None or call.actor.customers is not None:
        raise Refused(NotFound("trading partner", name))
    nodes = found.value.nodes
    if bound and not (nodes and all(map(call.actor.may_at, nodes))):
        raise Refused(NotFound("trading partner", name))
    return found.value


async def _interchange(call: Call[Any, Any]) -> StoredInterchange:
    partner = await _partner(call)
    direction, number = call.path("direction"), call.path("number")
    found = None
    if direction in set(Direction) and number.isdecimal() and len(number) <= _NUMBER_DIGITS_MAX:
        async with call.system.pool.acquire() as connection:
            found = await read_interchange(connection, partner.partner, Direction(direction), int(number))
    if found is None:
        raise Refused(NotFound("interchange", f"{partner.partner}/{direction}/{number}"))
    return found


def _tongue(call: Call[Any, Any]) -> Tongue:
    if call.system.tongue is None:
        raise RuntimeError("this system speaks with no trading partners")
    return call.system.tongue


def _flaws(received: Received) -> list[FieldFlaw]:
    """Why nothing was taken, by the place of each interchange in the body."""
    return [
        FieldFlaw(f"/interchanges/{place}", f"{detail}; it is kept as number {one.number}")
        for place, one in enumerate(received.interchanges)
        for detail in one.why_refused
    ]


_PATH: Final = (*PARTNER_PATH, ("direction", "out"), ("number", "17"))
_NO_INTERCHANGE: Final = NotFound("interchange", "3PL-EAST/out/17")
_SHOWN: Final = answer_interchange(INTERCHANGE)
_ONE: Final = "/v1/edi-partners/{partner_id}/interchanges/{direction}/{number}"
_MANY: Final = "/v1/edi-partners/{partner_id}/interchanges"

OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    Operation(
        method="POST",
        path=_MANY,
        name="post_edi_interchanges",
        summary="Take in interchanges of a partner, X12 or EDIFACT; one that came before does nothing",
        tag="edi",
        run=post_interchanges,
        shown=(
            Shown(
                200,
                "What became of each",
                ReceivedAnswer,
                ReceivedAnswer((ReceivedInterchange(_SHOWN, is_known=False),)),
            ),
        ),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(
            NO_PARTNER,
            Invalid((FieldFlaw("/interchanges/0", "the sender is ZZ OTHER, not ZZ 3PLEAST; it is kept as number 5"),)),
        ),
        path_examples=PARTNER_PATH,
        streams=(
            Stream("application/edi-x12", "ISA*00*          *00*          *ZZ*3PLEAST        *ZZ*TROTHRETAIL    *…~"),
            Stream("application/edifact", "UNB+UNOA:2+3PLEAST:ZZ+TROTHRETAIL:ZZ+…'"),
            Stream("application/octet-stream", "ISA*00*…"),
        ),
    ),
    Operation(
        method="GET",
        path=_MANY,
        name="list_edi_interchanges",
        summary="List what came and went with a partner, newest first",
        tag="edi",
        run=list_interchanges,
        shown=(Shown(200, "A page of interchanges", Page[InterchangeAnswer], Page((_SHOWN,), None)),),
        body=NO_BODY,
        query=InterchangesQuery,
        scope="fulfillments:read",
        refusals=(NO_PARTNER,),
        path_examples=PARTNER_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/edi-partners/{partner_id}/outbox",
        name="list_edi_outbox",
        summary="What a partner is to be sent after a position, in order; what is sent again comes again",
        tag="edi",
        run=list_put_out,
        shown=(Shown(200, "The interchanges", PutOutAnswer, PutOutAnswer((_SHOWN,), 21)),),
        body=NO_BODY,
        query=PutOutQuery,
        scope="fulfillments:read",
        refusals=(NO_PARTNER,),
        path_examples=PARTNER_PATH,
    ),
    Operation(
        method="GET",
        path=_ONE,
        name="get_edi_interchange",
        summary="Read an interchange with what became of each of its transactions",
        tag="edi",
        run=get_interchange,
        shown=(Shown(200, "The interchange", InterchangeAnswer, _SHOWN),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:read",
        refusals=(_NO_INTERCHANGE,),
        path_examples=_PATH,
    ),
    Operation(
        method="GET",
        path=f"{_ONE}/content",
        name="get_edi_content",
        summary="Get an interchange as it came or went, byte for byte",
        tag="edi",
        run=get_content,
        shown=(Shown(200, "The interchange"),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:read",
        refusals=(_NO_INTERCHANGE,),
        path_examples=_PATH,
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/send-again",
        name="send_edi_interchange_again",
        summary="Send an interchange once more as it was, under its control number",
        tag="edi",
        run=post_send_again,
        shown=(Shown(202, "It is sent next", InterchangeAnswer, _SHOWN),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(_NO_INTERCHANGE, NotPossibleNow("send again", "it came from the partner")),
        path_examples=_PATH,
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/take-again",
        name="take_edi_interchange_again",
        summary="Do an interchange once more of which something was refused",
        tag="edi",
        run=post_take_again,
        shown=(Shown(200, "What became of it", InterchangeAnswer, _SHOWN),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:write",
        refusals=(_NO_INTERCHANGE, NotPossibleNow("take again", "taken")),
        path_examples=(*PARTNER_PATH, ("direction", "in"), ("number", "5")),
    ),
)
