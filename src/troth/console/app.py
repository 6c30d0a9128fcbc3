"""The console as an application, to be mounted at `/console`."""

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from troth.console import (
    account,
    blanket_orders,
    carrier_claims,
    catalog,
    chargebacks,
    configuration,
    count_tasks,
    customers,
    exposure_preview,
    inventory,
    manifests,
    message_preview,
    node_switch,
    node_trial,
    notifications,
    order,
    order_change,
    orders,
    overview,
    packages,
    partners,
    promises_kept,
    quote,
    record_edit,
    records,
    return_label,
    return_open,
    returns,
    transfers,
    trial,
    unit_prices,
    waterfall,
    waves,
    work,
    workbench,
)
from troth.console.entrance import ENTRANCE
from troth.flows.door.system import System
from troth.flows.exceptions.intake import Try
from troth.flows.people.access import Actor
from troth.flows.records.bodies import Bodies
from troth.pages import live
from troth.pages.desk import Desk, Memory
from troth.pages.feed import Feed
from troth.pages.render import page_of_nobody
from troth.pages.session import routes_of
from troth.settings import Settings

_STATIC: Final = Path(__file__).parent / "static"


def create_console(
    system: System,
    settings: Settings,
    *,
    attempt_for: Callable[[System, Actor], Try] | None = None,
    bodies: Bodies | None = None,
) -> Starlette:
    """The pages for operations over a system.

    Its event reader runs only while somebody watches, so there is nothing to start. A server that stops calls
    `end_streams` first: it would otherwise wait for everybody who watches. `attempt_for` captures documents of the
    intake, and `bodies` checks nodes and items, as the API does.
    """
    modules = (
        *(
            overview,
            orders,
            order,
            account,
            order_change,
            return_label,
            return_open,
            returns,
            workbench,
            quote,
            work,
            packages,
            manifests,
            waterfall,
        ),
        *(
            inventory,
            count_tasks,
            transfers,
            record_edit,
            node_switch,
            node_trial,
            catalog,
            waves,
            customers,
            blanket_orders,
            chargebacks,
        ),
        *(
            notifications,
            promises_kept,
            carrier_claims,
            trial,
            unit_prices,
            exposure_preview,
            message_preview,
            partners,
            configuration,
            records,
        ),
    )
    routes: list[BaseRoute] = [*routes_of(ENTRANCE.scope), *live.routes]
    routes.extend(chain.from_iterable(module.routes for module in modules))
    routes.append(Mount("/static", StaticFiles(directory=_STATIC, packages=[("troth.pages", "static")]), name="static"))
    console = Starlette(routes=routes, exception_handlers={HTTPException: _say_no})
    label = "" if settings.sample == "none" else "Sample data"
    console.state.desk = Desk(ENTRANCE, system, Feed(system.pool), Memory(), label, attempt_for, bodies)
    return console


async def _say_no(request: Request, error: Exception) -> Response:
    """What stands where there is no page."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return page_of_nobody(request, "nothing.html", status=status)
