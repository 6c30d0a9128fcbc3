"""What is recorded about configuration and subscribers: the audit, and the state of webhooks."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from troth.console.views_audit import view_changes
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import query
from troth.store.configure import find_changes
from troth.store.deliveries import find_deliveries
from troth.store.subscriptions import (
    find_subscriptions,
    parse_position,
    position_text,
    read_lags,
    read_subscription,
)

_PAGE: Final = 50
_SUBSCRIPTIONS_MAX: Final = 200


async def show_audit(visit: Visit) -> Response:
    """Who set what, newest first, with each field before and after."""
    subject, actor, before = visit.asked("subject"), visit.asked("actor"), parse_position(visit.asked("before"))
    async with visit.system.pool.acquire() as connection:
        found = await find_changes(
            connection, subject=subject or None, actor=actor or None, before=before, limit=_PAGE + 1
        )
    shown = found[:_PAGE]
    more = query(subject=subject, actor=actor, before=position_text(shown[-1].position)) if len(found) > _PAGE else ""
    return page(
        visit,
        "audit.html",
        section="audit",
        title="Audit",
        subject=subject,
        by=actor,
        changes=view_changes(shown),
        more=more,
        is_first=before is None,
    )


async def show_webhooks(visit: Visit) -> Response:
    """Every subscription: whether it is delivered, and how far it is behind."""
    async with visit.system.pool.acquire() as connection:
        subscriptions = await find_subscriptions(connection, limit=_SUBSCRIPTIONS_MAX)
        lags = {lag.subscription_id: lag for lag in await read_lags(connection, visit.now)}
    return page(visit, "webhooks.html", section="webhooks", title="Webhooks", subscriptions=subscriptions, lags=lags)


async def show_webhook(visit: Visit) -> Response:
    """One subscription with its newest deliveries."""
    name = visit.request.path_params["subscription_id"]
    before = parse_position(visit.asked("before"))
    async with visit.system.pool.acquire() as connection:
        subscription = await read_subscription(connection, name)
        if subscription is None:
            return page(visit, "missing.html", status=404, section="webhooks", title="No such subscription", name=name)
        found = await find_deliveries(connection, name, before=before, limit=_PAGE + 1)
    shown = found[:_PAGE]
    return page(
        visit,
        "webhook.html",
        section="webhooks",
        title=subscription.name,
        subscription=subscription,
        deliveries=shown,
        more=query(before=position_text(shown[-1].position)) if len(found) > _PAGE else "",
        is_first=before is None,
    )


routes = [
    Route("/audit", guarded(show_audit, scope="audit:read"), name="audit"),
    Route("/webhooks", guarded(show_webhooks, scope="webhooks:write"), name="webhooks"),
    Route("/webhooks/{subscription_id}", guarded(show_webhook, scope="webhooks:write"), name="webhook"),
]
