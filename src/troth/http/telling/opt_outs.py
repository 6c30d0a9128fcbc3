"""Who is not sent something any more: what they said, or what came back from there."""

from typing import Annotated, Final, Literal

import msgspec
from pydantic import Field, TypeAdapter

from troth.http.edge.body import Body, NoQuery, Strict, Text
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.edge.values import Instant
from troth.http.orders.examples import AT
from troth.model.notification import KINDS, Medium
from troth.model.refusals import FieldFlaw, Forbidden, Invalid
from troth.store.database import transaction
from troth.store.opt_outs import OptOut, delete_opt_out, find_opt_outs, write_opt_out

_SCOPE: Final = "orders:write"

Address = Annotated[str, Field(min_length=1, max_length=254, pattern=r"^[^\x00-\x1f\x7f]*$")]


class OptOutsQuery(PageQuery):
    """Whose."""

    address: Text | None = None


class OptOutBody(Strict):
    """What is not sent any more, or is again: to which address, by which medium, of which kind (none: all kinds that
    can be opted out of; what came back counts as none, too).
    """

    address: Address
    medium: Annotated[Medium, Field(strict=False)]
    kind: Text = ""
    action: Annotated[Literal["stop", "resume"], Field(description="`resume` also ends what a bounce began.")] = "stop"


class OptOutAnswer(msgspec.Struct, frozen=True):
    """Something that is not sent. `because`: a link, the API, or that it bounced (then nothing at all is sent)."""

    address: str
    medium: Medium
    kind: str
    because: str
    at: Instant
    said_by: str


class SaidAnswer(msgspec.Struct, frozen=True):
    """Whether it was another way before."""

    is_changed: bool


async def list_opt_outs(call: Call[Nothing, OptOutsQuery]) -> Reply:
    """A page, by address."""
    _ensure_unbound(call)
    asked = call.query
    after = decode_cursor(asked.cursor, tuple[str, str, str])
    async with call.system.pool.acquire() as connection:
        found = await find_opt_outs(connection, asked.address, after=after, limit=asked.limit + 1)
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=answer_opt_out,
        position=lambda one: (one.address, one.medium.value, one.kind),
    )


async def say_opt_out(call: Call[OptOutBody, NoQuery]) -> Reply:
    """Record what somebody said."""
    _ensure_unbound(call)
    asked = call.body
    kind = KINDS.get(asked.kind)
    if asked.kind and (kind is None or kind.is_needed):
        can = ", ".join(one.name for one in KINDS.values() if not one.is_needed)
        raise Refused(Invalid((FieldFlaw("/kind", f"cannot be opted out of; what can is {can}"),)))
    async with transaction(call.system.pool) as connection:
        if asked.action == "resume":
            is_changed = await delete_opt_out(connection, asked.address, asked.medium, asked.kind)
        else:
            at, said_by = call.system.door.now(), call.actor.name
            is_changed = await write_opt_out(
                connection, asked.address, asked.medium, asked.kind, because="API", at=at, said_by=said_by
            )
    return json_reply(SaidAnswer(is_changed))


def answer_opt_out(one: OptOut) -> OptOutAnswer:
    """Something that is not sent, as it is answered."""
    return OptOutAnswer(one.address, one.medium, one.kind, one.because, one.at, one.said_by)


def _ensure_unbound(call: Call[Nothing, OptOutsQuery] | Call[OptOutBody, NoQuery]) -> None:
    if call.actor.nodes is not None or call.actor.customers is not None:
        raise Refused(Forbidden(_SCOPE))


_EXAMPLE: Final = OptOutAnswer("ada@example.com", Medium.EMAIL, "delivered", "link", AT, "customer")

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/v1/opt-outs",
        name="list_opt_outs",
        summary="List what is not sent to whom any more, by address",
        tag="notifications",
        run=list_opt_outs,
        shown=(Shown(200, "A page", Page[OptOutAnswer], Page((_EXAMPLE,), None)),),
        body=NO_BODY,
        query=OptOutsQuery,
        scope=_SCOPE,
        refusals=(Forbidden(_SCOPE),),
    ),
    Operation(
        method="POST",
        path="/v1/opt-outs",
        name="say_opt_out",
        summary="Send somebody something no more, or again",
        tag="notifications",
        run=say_opt_out,
        shown=(Shown(200, "Whether that was another way before", SaidAnswer, SaidAnswer(True)),),
        body=Body(TypeAdapter(OptOutBody), {"address": "ada@example.com", "medium": "email", "kind": "delivered"}),
        query=NoQuery,
        scope=_SCOPE,
        refusals=(
            Invalid((FieldFlaw("/kind", "cannot be opted out of; what can is delivered"),)),
            Forbidden(_SCOPE),
        ),
    ),
)
