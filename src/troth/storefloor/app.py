"""The store app as an application, to be mounted at `/store`."""

from itertools import chain
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from troth.flows.door.system import System
from troth.pages.desk import Desk, Memory
from troth.pages.feed import Feed
from troth.pages.render import page_of_nobody
from troth.pages.session import routes_of
from troth.settings import Settings
from troth.storefloor import (
    counts,
    handover,
    install,
    labels,
    live,
    nodes,
    pick,
    sell,
    sent,
    stock,
    switch,
    tasks,
    work,
)
from troth.storefloor.entrance import ENTRANCE

_STATIC: Final = Path(__file__).parent / "static"


def create_store(system: System, settings: Settings) -> Starlette:
    """The pages for who works in a store, over a system.

    Its event reader runs only while somebody watches. A server that stops calls `end_streams` first.
    """
    modules = (nodes, tasks, live, pick, work, labels, handover, counts, sell, sent, stock, switch, install)
    routes: list[BaseRoute] = [*routes_of(ENTRANCE.scope)]
    routes.extend(chain.from_iterable(module.routes for module in modules))
    routes.append(Mount("/static", StaticFiles(directory=_STATIC, packages=[("troth.pages", "static")]), name="static"))
    store = Starlette(routes=routes, exception_handlers={HTTPException: _say_no})
    label = "" if settings.sample == "none" else "Sample data"
    store.state.desk = Desk(ENTRANCE, system, Feed(system.pool), Memory(), label)
    store.state.touched = live.Touched(system)
    return store


async def _say_no(request: Request, error: Exception) -> Response:
    """What stands where there is no page."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return page_of_nobody(request, "nothing.html", status=status)
