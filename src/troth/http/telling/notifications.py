"""What customers were told: the log of it, once more, as it would be, and what came back."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.documents.families import MESSAGE_TEMPLATES
from troth.flows.publishing.draft import flaws_of
from troth.flows.telling.media import Letter
from troth.flows.telling.preview import Draft, preview_notification, resend
from troth.flows.telling.send import record_bounce
from troth.http.edge.body import Body, Id, NoQuery, Strict, Text
from troth.http.edge.idempotency import once
from troth.http.edge.languages import Language
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, json_reply
from troth.http.telling.notification_answer import (
    LETTER,
    NOTIFICATION,
    NotificationAnswer,
    NotificationDetail,
    PreviewedAnswer,
    answer_detail,
    answer_letter,
    answer_notification,
)
from troth.model.ids import named_order
from troth.model.notification import KINDS, Medium, NotificationState
from troth.model.refusals import FieldFlaw, Forbidden, Invalid, NotFound
from troth.store.codec import encode
from troth.store.notifications import (
    Notification,
    NotificationFilter,
    find_by_message,
    find_notifications,
    read_notification,
)

_READ: Final = "orders:read"
_WRITE: Final = "orders:write"
_BOUNCES_MAX: Final = 500


class NotificationsQuery(PageQuery):
    """Which notifications."""

    order_id: Annotated[
        Text | None, Field(max_length=200, description="An order, by its id or as `channel:external_id`.")
    ] = None
    kind: Text | None = None
    medium: Medium | None = None
    state: NotificationState | None = None
    address: Text | None = None


class NotificationPreviewBody(Strict):
    """Which kind is looked at for which order, as which medium, in which language, and with which texts instead."""

    order_id: Annotated[Text, Field(max_length=200, description="By its id or as `channel:external_id`.")]
    kind: Text
    medium: Annotated[Medium, Field(strict=False)] = Medium.EMAIL
    language: Language | None = None
    name: Annotated[Id, Field(description="Under which name the texts would stand.")] = "draft"
    templates: Annotated[dict[str, Any] | None, Field(description="A document of texts.")] = None


class BounceBody(Strict):
    """A message that came back: which one, whether for good (then nothing more is sent there), and why."""

    message_id: Annotated[str, Field(min_length=3, max_length=400, pattern=r"^[\x21-\x7e]+$")]
    is_permanent: bool = True
    reason: Text = ""


class BouncesBody(Strict):
    """Messages that came back."""

    bounces: Annotated[tuple[BounceBody, ...], Field(min_length=1, max_length=_BOUNCES_MAX)]


class BounceAnswer(msgspec.Struct, frozen=True):
    """What became of one: the notification that it was (null: none was sent under that id), and whether it is news."""

    message_id: str
    notification_id: str | None
    is_new: bool


class BouncesAnswer(msgspec.Struct, frozen=True):
    """What became of each, in their order."""

    bounces: tuple[BounceAnswer, ...]


async def list_notifications(call: Call[Nothing, NotificationsQuery]) -> Reply:
    """A page of notifications, newest first."""
    _ensure_unbound(call, _READ)
    asked = call.query
    before = decode_cursor(asked.cursor, tuple[datetime, str])
    wanted = NotificationFilter(
        None if asked.order_id is None else named_order(asked.order_id),
        asked.kind,
        asked.medium,
        asked.state,
        asked.address,
    )
    async with call.system.pool.acquire() as connection:
        found = await find_notifications(connection, wanted, before=before, limit=asked.limit + 1)
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=answer_notification,
        position=lambda one: (one.made_at, one.notification_id),
    )


async def get_notification(call: Plain) -> Reply:
    """One notification with what is sent."""
    _ensure_unbound(call, _READ)
    name = call.path("notification_id")
    async with call.system.pool.acquire() as connection:
        found = await read_notification(connection, name)
    if found is None:
        raise Refused(NotFound("notification", name))
    return json_reply(answer_detail(found))


async def resend_notification(call: Plain) -> Reply:
    """Tell it once more."""
    _ensure_unbound(call, _WRITE)
    name = call.path("notification_id")

    async def ask() -> Reply:
        made = await resend(call.system, name)
        if isinstance(made, Invalid | NotFound):
            raise Refused(made)
        return json_reply(answer_notification(made), status=202)

    return await once(call, ask)


async def preview(call: Call[NotificationPreviewBody, NoQuery]) -> Reply:
    """What an order's customer would be told."""
    _ensure_unbound(call, _READ)
    asked = call.body
    if asked.kind not in KINDS:
        raise Refused(Invalid((FieldFlaw("/kind", f"there is no notification {asked.kind}; {_kinds()}"),)))
    draft = None
    if asked.templates is not None:
        templates = MESSAGE_TEMPLATES.read(asked.templates)
        if isinstance(templates, tuple):
            flaws = (FieldFlaw(f"/templates{flaw.pointer}", flaw.detail) for flaw in flaws_of(templates))
            raise Refused(Invalid(tuple(flaws)))
        draft = Draft(asked.name, templates)
    found = await preview_notification(
        call.system,
        named_order(asked.order_id),
        asked.kind,
        call.system.origin,
        medium=asked.medium,
        language=asked.language or "",
        draft=draft,
    )
    if isinstance(found, NotFound):
        raise Refused(found)
    if isinstance(found, Letter):
        return json_reply(PreviewedAnswer(answer_letter(found), ""))
    return json_reply(PreviewedAnswer(None, found))


async def record_bounces(call: Call[BouncesBody, NoQuery]) -> Reply:
    """Take in what came back."""
    _ensure_unbound(call, _WRITE)
    done = []
    for bounce in call.body.bounces:
        async with call.system.pool.acquire() as connection:
            one = await find_by_message(connection, bounce.message_id)
        is_new = one is not None and await record_bounce(
            call.system, one, bounce.reason, is_permanent=bounce.is_permanent, said_by=call.actor.name
        )
        done.append(BounceAnswer(bounce.message_id, None if one is None else one.notification_id, is_new))
    return json_reply(BouncesAnswer(tuple(done)))


def _ensure_unbound(call: Call[Any, Any], scope: str) -> None:
    """Refused for who is bound to nodes or customers: what is told is of all of them."""
    if call.actor.nodes is not None or call.actor.customers is not None:
        raise Refused(Forbidden(scope))


def _kinds() -> str:
    return f"there are {', '.join(KINDS)}"


_SENT: Final[Notification] = replace(NOTIFICATION, letter=encode(LETTER))
_NO_NOTIFICATION: Final = NotFound("notification", NOTIFICATION.notification_id)
_PATH: Final = (("notification_id", NOTIFICATION.notification_id),)
_ONE: Final = "/v1/notifications/{notification_id}"

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/v1/notifications",
        name="list_notifications",
        summary="List what customers were, will be or could not be told, newest first",
        tag="notifications",
        run=list_notifications,
        shown=(Shown(200, "A page", Page[NotificationAnswer], Page((answer_notification(NOTIFICATION),), None)),),
        body=NO_BODY,
        query=NotificationsQuery,
        scope=_READ,
        refusals=(Forbidden(_READ),),
    ),
    Operation(
        method="POST",
        path="/v1/notifications/preview",
        name="preview_notification",
        summary="What an order's customer would be told of what happened to it, also with other texts; nothing is sent",
        tag="notifications",
        run=preview,
        shown=(Shown(200, "What would be sent", PreviewedAnswer, PreviewedAnswer(answer_letter(LETTER), "")),),
        body=Body(
            TypeAdapter(NotificationPreviewBody),
            {"order_id": "web:W-1001", "kind": "promise_changed", "language": "en"},
        ),
        query=NoQuery,
        scope=_READ,
        refusals=(NotFound("order", "O-1"), Forbidden(_READ)),
    ),
    Operation(
        method="POST",
        path="/v1/notifications/bounces",
        name="record_bounces",
        summary="Take in mail that came back; what did for good, no more is sent to",
        tag="notifications",
        run=record_bounces,
        shown=(
            Shown(
                200,
                "What became of each",
                BouncesAnswer,
                BouncesAnswer((BounceAnswer(NOTIFICATION.message_id, NOTIFICATION.notification_id, True),)),
            ),
        ),
        body=Body(
            TypeAdapter(BouncesBody),
            {"bounces": [{"message_id": NOTIFICATION.message_id, "reason": "550 no such mailbox"}]},
        ),
        query=NoQuery,
        scope=_WRITE,
        refusals=(Forbidden(_WRITE),),
    ),
    Operation(
        method="GET",
        path=_ONE,
        name="get_notification",
        summary="Read a notification with what is sent, but for the links that are its customer's",
        tag="notifications",
        run=get_notification,
        shown=(Shown(200, "The notification", NotificationDetail, answer_detail(_SENT)),),
        body=NO_BODY,
        query=NoQuery,
        scope=_READ,
        refusals=(_NO_NOTIFICATION, Forbidden(_READ)),
        path_examples=_PATH,
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/resend",
        name="resend_notification",
        summary="Tell it once more, of what is true now",
        tag="notifications",
        run=resend_notification,
        shown=(
            Shown(202, "The notification that will be sent", NotificationAnswer, answer_notification(NOTIFICATION)),
        ),
        body=NO_BODY,
        query=NoQuery,
        scope=_WRITE,
        refusals=(_NO_NOTIFICATION, Invalid((FieldFlaw("", "is still being sent"),)), Forbidden(_WRITE)),
        path_examples=_PATH,
    ),
)
