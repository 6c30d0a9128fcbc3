"""The ASGI app: every operation of the API under its path, and what operators and readers of the docs ask for."""

from collections.abc import Iterable, Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Lifespan

from troth.flows.door.system import System
from troth.flows.stock.warm_up import WarmUp
from troth.http.access import api_keys, audit, webhooks
from troth.http.documents import (
    alert_rules,
    boxes,
    exposure_rules,
    hold_rules,
    lane_tables,
    lifecycles,
    message_templates,
    notification_rules,
    rate_cards,
    release_rules,
    return_rules,
    routing_catalog,
    routings,
    work_rules,
)
from troth.http.edge.docs import render_docs
from troth.http.edge.endpoint import Edge, Resource
from troth.http.edge.health import Spot, live, measured, ready
from troth.http.edge.metrics import make_metrics
from troth.http.edge.openapi import describe_api
from troth.http.edge.operations import AnyOperation
from troth.http.edge.problems import PROBLEMS, MethodNotAllowed, NoSuchPath, problem_reply
from troth.http.edge.replies import Reply
from troth.http.edi import interchanges, partners
from troth.http.orders import (
    carts,
    exceptions,
    holds,
    intake,
    order_actions,
    order_changes,
    order_history,
    order_tracking,
    orders,
    payments,
    quotes,
    tracking_links,
)
from troth.http.records import (
    blanket_orders,
    chargebacks,
    customers,
    items,
    node_capacity,
    node_feeds,
    node_performance,
    node_switch,
    nodes,
    public_holidays,
    seller_credits,
)
from troth.http.returns import return_actions, return_label, return_shipping_label, returnable_orders, returns
from troth.http.stock import (
    accuracy,
    availability,
    count_tasks,
    drift,
    expiring,
    inventory,
    positions,
    purchase_orders,
    sales_rates,
    serials,
    shelf_places,
    stock_counts,
    stock_feeds,
    transfers,
    unit_prices,
    waterfall,
)
from troth.http.telling import notifications, opt_outs
from troth.http.telling.links import ROUTES as LINK_ROUTES
from troth.http.work import (
    carrier_claims,
    fulfillments,
    labels,
    lockers,
    manifests,
    node_answers,
    node_messages,
    packing,
    papers,
    pick_tasks,
    pickups,
    planned_releases,
    predictions,
    promises_kept,
    recalls,
    reports,
    ship_notices,
    shipping_rates,
    tracking,
    waves,
)
from troth.settings import Settings
from troth.store.codec import encode_bytes

OPERATIONS: Final[tuple[AnyOperation, ...]] = (
    *orders.OPERATIONS,
    *availability.OPERATIONS,
    *quotes.OPERATIONS,
    *carts.OPERATIONS,
    *order_actions.OPERATIONS,
    *holds.OPERATIONS,
    *order_changes.OPERATIONS,
    *order_history.OPERATIONS,
    *order_tracking.OPERATIONS,
    *tracking_links.OPERATIONS,
    *exceptions.OPERATIONS,
    *intake.OPERATIONS,
    *payments.OPERATIONS,
    *planned_releases.OPERATIONS,
    *waves.OPERATIONS,
    *recalls.OPERATIONS,
    *fulfillments.OPERATIONS,
    *packing.OPERATIONS,
    *labels.OPERATIONS,
    *papers.OPERATIONS,
    *shipping_rates.OPERATIONS,
    *manifests.OPERATIONS,
    *ship_notices.OPERATIONS,
    *reports.OPERATIONS,
    *lockers.OPERATIONS,
    *pickups.OPERATIONS,
    *pick_tasks.OPERATIONS,
    *tracking.OPERATIONS,
    *carrier_claims.OPERATIONS,
    *predictions.OPERATIONS,
    *promises_kept.OPERATIONS,
    *serials.OPERATIONS,
    *returns.OPERATIONS,
    *return_actions.OPERATIONS,
    *return_label.OPERATIONS,
    *return_shipping_label.OPERATIONS,
    *returnable_orders.OPERATIONS,
    *positions.OPERATIONS,
    *expiring.OPERATIONS,
    *waterfall.OPERATIONS,
    *inventory.OPERATIONS,
    *accuracy.OPERATIONS,
    *count_tasks.OPERATIONS,
    *purchase_orders.OPERATIONS,
    *customers.OPERATIONS,
    *blanket_orders.OPERATIONS,
    *chargebacks.OPERATIONS,
    *transfers.OPERATIONS,
    *stock_counts.OPERATIONS,
    *stock_feeds.OPERATIONS,
    *node_feeds.OPERATIONS,
    *drift.OPERATIONS,
    *sales_rates.OPERATIONS,
    *shelf_places.OPERATIONS,
    *nodes.OPERATIONS,
    *node_capacity.OPERATIONS,
    *node_switch.OPERATIONS,
    *node_messages.OPERATIONS,
    *node_answers.OPERATIONS,
    *partners.OPERATIONS,
    *interchanges.OPERATIONS,
    *node_performance.OPERATIONS,
    *seller_credits.OPERATIONS,
    *public_holidays.OPERATIONS,
    *items.OPERATIONS,
    *routing_catalog.OPERATIONS,
    *routings.OPERATIONS,
    *rate_cards.OPERATIONS,
    *lane_tables.OPERATIONS,
    *exposure_rules.OPERATIONS,
    *message_templates.OPERATIONS,
    *alert_rules.OPERATIONS,
    *hold_rules.OPERATIONS,
    *release_rules.OPERATIONS,
    *return_rules.OPERATIONS,
    *work_rules.OPERATIONS,
    *notification_rules.OPERATIONS,
    *notifications.OPERATIONS,
    *opt_outs.OPERATIONS,
    *boxes.OPERATIONS,
    *unit_prices.OPERATIONS,
    *audit.OPERATIONS,
    *api_keys.OPERATIONS,
    *lifecycles.OPERATIONS,
    *webhooks.OPERATIONS,
)
"""All operations. The busiest paths come first, since they are tried in order."""


def create_app(
    system: System,
    settings: Settings,
    *,
    more: Sequence[BaseRoute] = (),
    lifespan: Lifespan[Starlette] | None = None,
    warm_up: WarmUp | None = None,
) -> Starlette:
    """The app of an open system; `more` are routes of others, such as the console's, tried after ours. It is ready once
    the `warm_up` says so (None: at once).
    """
    metrics = make_metrics()
    document = describe_api(OPERATIONS)
    openapi, page = encode_bytes(document), render_docs(document)

    async def answer_openapi() -> Reply:
        return Reply(200, openapi)

    async def answer_docs() -> Reply:
        return Reply(200, page, media_type="text/html; charset=utf-8")

    routes = _routes(OPERATIONS, system)
    spots = [
        Route("/healthz", Spot(live), methods=["GET"]),
        Route("/readyz", Spot(ready(system, warm_up)), methods=["GET"]),
        Route("/metrics", Spot(measured(metrics)), methods=["GET"]),
        Route("/v1/openapi.json", Spot(answer_openapi), methods=["GET"]),
        Route("/docs", Spot(answer_docs), methods=["GET"]),
    ]
    app = Starlette(
        routes=[
            *routes,
            *spots,
            Route("/problems/{code}", _show_problem, methods=["GET"]),
            *LINK_ROUTES,
            *more,
        ],
        middleware=[
            Middleware(
                Edge,
                metrics=metrics,
                direct={route.path: route.app for route in (*routes, *spots) if not route.param_convertors},
            )
        ],
        exception_handlers={HTTPException: _answer_stray},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.system, app.state.settings, app.state.metrics = system, settings, metrics
    return app


def _routes(operations: Iterable[AnyOperation], system: System) -> list[Route]:
    """One route a path, with all of its methods."""
    paths: dict[str, dict[str, AnyOperation]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = operation
    return [Route(path, Resource(methods, system)) for path, methods in paths.items()]


async def _show_problem(request: Request) -> Response:
    """Where a problem's type is explained, so that the type can be followed as a link."""
    code = request.path_params["code"]
    if code not in PROBLEMS:
        raise HTTPException(404)
    return RedirectResponse(f"/docs#problem-{code}", 303)


async def _answer_stray(request: Request, error: Exception) -> Response:
    """The problem of a request that no operation has taken; what other routes refuse keeps their words."""
    match error:
        case HTTPException(status_code=404):
            reply = problem_reply(NoSuchPath())
        case HTTPException(status_code=405):
            allowed = sorted((error.headers or {}).get("Allow", "GET, HEAD").split(", "))
            reply = problem_reply(MethodNotAllowed(tuple(allowed)))
        case HTTPException():
            return PlainTextResponse(error.detail, error.status_code, error.headers)
        case _:
            raise error
    return Response(reply.body, reply.status, dict(reply.headers), reply.media_type)
