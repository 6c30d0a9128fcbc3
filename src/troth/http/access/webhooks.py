"""Webhooks: subscriptions to the event log, what was delivered to them, replays, and single deliveries sent again."""

from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from troth.flows.log.subscribe import (
    ACTIVE,
    AUDIT_KIND,
    PAUSED,
    Choice,
    change,
    find_deliveries,
    find_subscription,
    find_subscriptions,
    replay,
    resend,
    subscribe,
    unsubscribe,
)
from troth.http.access.webhook_answer import (
    DELIVERY,
    POSITION,
    SUBSCRIBED,
    WEBHOOK,
    ChangeBody,
    DeliveriesQuery,
    DeliveryAnswer,
    NewWebhookAnswer,
    ReplayBody,
    SubscribeBody,
    WebhookAnswer,
    answer_delivery,
    answer_subscribed,
    answer_subscription,
)
from troth.http.edge.body import Body, NoQuery
from troth.http.edge.idempotency import once
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import expected_of
from troth.http.edge.problems import Refused
from troth.http.edge.replies import NO_CONTENT, Reply, etag, json_reply
from troth.model.ids import NodeId
from troth.model.refusals import FieldFlaw, Forbidden, Invalid, NotFound, VersionConflict
from troth.store.subscriptions import Subscription, parse_position, position_text

T = TypeVar("T")

_SCOPE: Final = "webhooks:write"
_AUDIT_SCOPE: Final = "audit:read"


async def create_webhook(call: Call[SubscribeBody, NoQuery]) -> Reply:
    """Subscribe to events."""
    asked = call.body
    _ensure_may_see(call, asked.kinds)

    async def create() -> Reply:
        made = _accepted(
            await subscribe(
                call.system,
                url=asked.url,
                kinds=asked.kinds,
                name=asked.name,
                batch_max=asked.batch_max,
                is_from_start=asked.start == "beginning",
                node=None if asked.node is None else NodeId(asked.node),
                actor=call.actor.name,
            )
        )
        shown = answer_subscribed(made)
        location = ("location", f"/v1/webhooks/{shown.webhook_id}")
        return json_reply(shown, status=201, headers=(etag(made.subscription.version), location))

    return await once(call, create)


async def get_webhook(call: Plain) -> Reply:
    """One subscription."""
    return _reply(_accepted(await find_subscription(call.system, _id(call))))


async def list_webhooks(call: Call[Nothing, PageQuery]) -> Reply:
    """A page of subscriptions, by id."""
    asked = call.query
    _ensure_may_see(call)
    after = decode_cursor(asked.cursor, tuple[str])
    found = await find_subscriptions(call.system, after=after[0] if after else None, limit=asked.limit + 1)
    return page_reply(
        call, found, limit=asked.limit, shown=answer_subscription, position=lambda one: (one.subscription_id,)
    )


async def change_webhook(call: Call[ChangeBody, NoQuery]) -> Reply:
    """Change a subscription."""
    asked = call.body
    _ensure_may_see(call, asked.kinds or ())
    return await _change(call, Choice(name=asked.name, url=asked.url, kinds=asked.kinds, batch_max=asked.batch_max))


async def pause_webhook(call: Plain) -> Reply:
    """Send a subscription nothing until it is resumed; what happens meanwhile waits."""
    return await once(call, lambda: _change(call, Choice(state=PAUSED)))


async def resume_webhook(call: Plain) -> Reply:
    """Go on where a paused subscription stopped, at once and with its failures forgotten."""
    return await once(call, lambda: _change(call, Choice(state=ACTIVE)))


async def delete_webhook(call: Plain) -> Reply:
    """End a subscription."""
    _accepted(await unsubscribe(call.system, _id(call), actor=call.actor.name))
    return NO_CONTENT


async def replay_webhook(call: Call[ReplayBody, NoQuery]) -> Reply:
    """Send the log again from a place on."""
    asked = call.body
    if asked.after is not None and asked.since is not None:
        raise Refused(Invalid((FieldFlaw("/since", "cannot be given together with after"),)))
    position = None if asked.after is None else parse_position(asked.after)
    if asked.after is not None and position is None:
        raise Refused(Invalid((FieldFlaw("/after", "is not the position of an event, such as 735-12"),)))
    webhook_id = _id(call)

    async def begin() -> Reply:
        done = await replay(call.system, webhook_id, position=position, since=asked.since, actor=call.actor.name)
        return _reply(_accepted(done), status=202)

    return await once(call, begin)


async def list_deliveries(call: Call[Nothing, DeliveriesQuery]) -> Reply:
    """A page of a subscription's deliveries, newest event first."""
    asked = call.query
    before = decode_cursor(asked.cursor, tuple[int, int])
    found = await find_deliveries(
        call.system, _id(call), is_delivered=asked.is_delivered, before=before, limit=asked.limit + 1
    )
    return page_reply(
        call, _accepted(found), limit=asked.limit, shown=answer_delivery, position=lambda one: one.position
    )


async def resend_delivery(call: Plain) -> Reply:
    """Send an event once more, beside the order of the others."""
    webhook_id, given = _id(call), call.path("delivery_id")
    position = parse_position(given)
    if position is None:
        raise Refused(NotFound("delivery", given))

    async def ask() -> Reply:
        return json_reply(answer_delivery(_accepted(await resend(call.system, webhook_id, position))), status=202)

    return await once(call, ask)


async def _change(call: Call[Any, Any], choice: Choice) -> Reply:
    changed = await change(call.system, _id(call), choice, expected=expected_of(call), actor=call.actor.name)
    return _reply(_accepted(changed))


def _id(call: Call[Any, Any]) -> str:
    _ensure_may_see(call)
    return call.path("webhook_id")


def _ensure_may_see(call: Call[Any, Any], kinds: tuple[str, ...] = ()) -> None:
    """Refused for who is bound to nodes or customers, since events are of all of them, and the audit for who may not
    read it.
    """
    if call.actor.nodes is not None or call.actor.customers is not None:
        raise Refused(Forbidden(_SCOPE))
    if AUDIT_KIND in kinds and not call.actor.may(_AUDIT_SCOPE):
        raise Refused(Forbidden(_AUDIT_SCOPE))


def _accepted(result: T | Invalid | NotFound | VersionConflict) -> T:
    if isinstance(result, Invalid | NotFound | VersionConflict):
        raise Refused(result)
    return result


def _reply(one: Subscription, *, status: int = 200) -> Reply:
    return json_reply(answer_subscription(one), status=status, headers=(etag(one.version),))


_NOT_FOUND: Final = NotFound("webhook", WEBHOOK.subscription_id)
_PATH: Final = (("webhook_id", WEBHOOK.subscription_id),)
_SHOWN: Final = Shown(200, "The subscription; its version is the ETag", WebhookAnswer, answer_subscription(WEBHOOK))


def _operation(
    method: str,
    path: str,
    name: str,
    summary: str,
    run: Any,
    *,
    shown: Shown = _SHOWN,
    body: Body[Any] = NO_BODY,
    query: Any = NoQuery,
    refusals: tuple[Any, ...] = (_NOT_FOUND,),
    has_if_match: bool = False,
) -> Operation[Any, Any]:
    delivery = (("delivery_id", position_text(POSITION)),) if "{delivery_id}" in path else ()
    return Operation(
        method=method,
        path=path,
        name=name,
        summary=summary,
        tag="webhooks",
        run=run,
        shown=(shown,),
        body=body,
        query=query,
        scope=_SCOPE,
        refusals=refusals,
        has_if_match=has_if_match,
        path_examples=(_PATH if "{webhook_id}" in path else ()) + delivery,
    )


_URL_FLAW: Final = Invalid((FieldFlaw("/url", "must begin with http:// or https:// and name a host"),))
_ONE: Final = "/v1/webhooks/{webhook_id}"

OPERATIONS: Final = (
    _operation(
        "POST",
        "/v1/webhooks",
        "create_webhook",
        "Subscribe to events",
        create_webhook,
        shown=Shown(201, "The subscription with its secret", NewWebhookAnswer, answer_subscribed(SUBSCRIBED)),
        body=Body(
            TypeAdapter(SubscribeBody),
            {"url": WEBHOOK.url, "kinds": list(WEBHOOK.kinds), "name": WEBHOOK.name, "start": "now"},
        ),
        refusals=(_URL_FLAW, Forbidden(_AUDIT_SCOPE)),
    ),
    _operation(
        "GET",
        "/v1/webhooks",
        "list_webhooks",
        "List subscriptions, by id",
        list_webhooks,
        shown=Shown(200, "A page of subscriptions", Page[WebhookAnswer], Page((answer_subscription(WEBHOOK),), None)),
        query=PageQuery,
        refusals=(),
    ),
    _operation("GET", _ONE, "get_webhook", "Read a subscription", get_webhook),
    _operation(
        "PATCH",
        _ONE,
        "change_webhook",
        "Change a subscription",
        change_webhook,
        body=Body(TypeAdapter(ChangeBody), {"url": WEBHOOK.url}),
        refusals=(_NOT_FOUND, _URL_FLAW, Forbidden(_AUDIT_SCOPE)),
        has_if_match=True,
    ),
    _operation("DELETE", _ONE, "delete_webhook", "End a subscription", delete_webhook, shown=Shown(204, "It is gone")),
    _operation(
        "POST",
        f"{_ONE}/pause",
        "pause_webhook",
        "Send a subscription nothing for now",
        pause_webhook,
        has_if_match=True,
    ),
    _operation(
        "POST",
        f"{_ONE}/resume",
        "resume_webhook",
        "Go on where a paused subscription stopped",
        resume_webhook,
        has_if_match=True,
    ),
    _operation(
        "POST",
        f"{_ONE}/replay",
        "replay_webhook",
        "Send events again from a position or a time on",
        replay_webhook,
        shown=Shown(202, "The subscription, from where it will go on", WebhookAnswer, answer_subscription(WEBHOOK)),
        body=Body(TypeAdapter(ReplayBody), {"since": "2026-11-23T00:00:00Z"}, is_optional=True),
        refusals=(_NOT_FOUND, Invalid((FieldFlaw("/after", "is not the position of an event, such as 735-12"),))),
    ),
    _operation(
        "GET",
        f"{_ONE}/deliveries",
        "list_deliveries",
        "List what was delivered, newest event first",
        list_deliveries,
        shown=Shown(200, "A page of deliveries", Page[DeliveryAnswer], Page((answer_delivery(DELIVERY),), None)),
        query=DeliveriesQuery,
    ),
    _operation(
        "POST",
        f"{_ONE}/deliveries/{{delivery_id}}/resend",
        "resend_delivery",
        "Send an event once more",
        resend_delivery,
        shown=Shown(202, "The delivery, as it was until now", DeliveryAnswer, answer_delivery(DELIVERY)),
        refusals=(NotFound("delivery", position_text(POSITION)),),
    ),
)
