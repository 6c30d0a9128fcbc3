"""Who changed which reference data, when, from what to what."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field

from troth.http.edge.body import Text
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply
from troth.http.edge.values import Instant as At
from troth.model.events import ConfigurationSet
from troth.model.refusals import FieldFlaw, Invalid
from troth.store.configure import find_changes, subject_of
from troth.store.events import LoggedEvent

_Place = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class ChangeAnswer(msgspec.Struct, frozen=True):
    """A change of reference data. `before` is null where it was new, `after` where it was deleted."""

    at: At
    actor: str
    what: str
    id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditQuery(PageQuery):
    """Which changes: all filters must fit."""

    what: Annotated[Text | None, Field(description="A kind of reference data, together with `id`.")] = None
    id: Annotated[Text | None, Field(description="Which of that kind.")] = None
    actor: Annotated[Text | None, Field(description="By whom.")] = None


async def list_changes(call: Call[Nothing, AuditQuery]) -> Reply:
    """A page of changes, the newest first."""
    asked = call.query
    if (asked.what is None) is not (asked.id is None):
        missing = "what" if asked.what is None else "id"
        raise Refused(Invalid((FieldFlaw(f"?{missing}", "is required where the other one is given"),)))
    subject = None if asked.what is None or asked.id is None else subject_of(asked.what, asked.id)
    async with call.system.pool.acquire() as connection:
        found = await find_changes(
            connection,
            subject=subject,
            actor=asked.actor,
            before=decode_cursor(asked.cursor, tuple[_Place, _Place]),
            limit=asked.limit + 1,
        )
    return page_reply(call, found, limit=asked.limit, shown=_answer, position=lambda one: one.position)


def _answer(logged: LoggedEvent) -> ChangeAnswer:
    event = logged.event
    if not isinstance(event, ConfigurationSet):
        raise TypeError(f"{logged.kind} is no change of reference data")
    return ChangeAnswer(
        logged.at,
        logged.actor,
        event.what,
        event.id,
        None if event.before is None else dict(event.before),
        None if event.after is None else dict(event.after),
    )


_EXAMPLE: Final = ChangeAnswer(
    datetime.fromisoformat("2026-11-23T15:00:00+00:00"),
    "user/ann",
    "node",
    "ST-NYC",
    {"node": "ST-NYC", "active": True},
    {"node": "ST-NYC", "active": False},
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/audit",
        name="list_changes",
        summary="Who changed which configuration, the newest change first",
        tag="administration",
        run=list_changes,
        shown=(Shown(200, "A page of changes", Page[ChangeAnswer], Page((_EXAMPLE,), None)),),
        body=NO_BODY,
        query=AuditQuery,
        scope="audit:read",
    ),
)
