"""One API process: the app on an open system, served from a socket that it shares with its siblings."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from troth.adapters.carriers.opening import open_carriers
from troth.adapters.edi.tongue import EdiTongue
from troth.adapters.messages.opening import origin_of
from troth.adapters.payments.opening import open_gateways, settled_providers
from troth.adapters.tracking.notices import make_trackers
from troth.cli.processes import Life
from troth.cli.running import collect_seldom, risk_weights, run_loop
from troth.cli.worker_metrics import publishing_metrics
from troth.console.app import create_console
from troth.flows.door.system import open_system
from troth.flows.places.load_places import load_places
from troth.flows.stock.warm_up import WarmUp, warming_up
from troth.http.app import create_app
from troth.http.orders.intake_attempt import attempt_for
from troth.http.records.bodies import BODIES
from troth.pages.live import end_streams
from troth.settings import Settings
from troth.storefloor.app import create_store
from troth.tracking.app import create_tracking, end_news
from troth.worker.run import run_worker

_FINISH_SECONDS_MAX: Final = 20
_BACKLOG: Final = 2048


class _Server(uvicorn.Server):
    """uvicorn that says when it listens and takes signals through the loop: its own way raises them again later."""

    def __init__(self, config: uvicorn.Config, *, on_end: Callable[[], None]) -> None:
        super().__init__(config)
        self.is_listening = asyncio.Event()
        self._on_end = on_end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.is_listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.end)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGTERM)

    def end(self) -> None:
        """End after the requests under way; asked again, without them."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._on_end()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; OSError where the address is not ours or the port is taken."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.set_inheritable(True)
    except BaseException:
        listener.close()
        raise
    return listener


def serve_api(settings: Settings, dsn: str, listener: socket.socket, life: Life) -> None:
    """Serve the API until told to stop; requests under way end first."""
    run_loop(_serve(settings, dsn, listener, life))


def serve_worker(settings: Settings, dsn: str, life: Life) -> None:
    """Run the worker until told to stop; what it is at is finished first."""
    run_loop(_work(settings, dsn, life))


async def _serve(settings: Settings, dsn: str, listener: socket.socket, life: Life) -> None:
    collect_seldom()
    await asyncio.to_thread(load_places)  # else the first address abroad would keep everybody waiting
    async with (
        open_system(
            dsn,
            pool_size=settings.pool_size,
            cart_units_max=settings.cart_units_max,
            currency=settings.currency,
            providers=settled_providers(settings),
            gateways=partial(open_gateways, settings),
            risk=risk_weights(settings),
            trackers=make_trackers(settings),
            origin=origin_of(settings),
            carriers=partial(open_carriers, settings),
            gs1_prefix=settings.gs1_prefix,
            font_dirs=settings.font_dirs,
            tongue=EdiTongue(),
        ) as system,
        warming_up(system, balances_max=settings.warm_balances_max) as warm_up,
    ):
        console = create_console(system, settings, attempt_for=attempt_for, bodies=BODIES)
        store, tracking = create_store(system, settings), create_tracking(system)
        pages = [*_pages(console, store), Mount("/track", tracking)]
        config = uvicorn.Config(
            create_app(system, settings, more=pages, warm_up=warm_up),
            http="httptools",
            ws="none",
            loop="none",
            access_log=False,
            log_config=None,
            log_level=logging.WARNING,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_FINISH_SECONDS_MAX,
        )
        server = _Server(config, on_end=_ending(console, store, tracking=tracking))
        _when_orphaned(life, server.end)
        telling = asyncio.create_task(_say_ready(server, warm_up, life))
        try:
            await server.serve([listener])
        finally:
            telling.cancel()


async def _say_ready(server: _Server, warm_up: WarmUp, life: Life) -> None:
    await server.is_listening.wait()
    await warm_up.until_warm()
    life.say_ready()


def _ending(*apps: Starlette, tracking: Starlette) -> Callable[[], None]:
    """Ends the streams of all who watch."""

    def end() -> None:
        end_streams(*apps)
        end_news(tracking)

    return end


def _pages(console: Starlette, store: Starlette) -> list[BaseRoute]:
    """What people see: the console, also for who types only the address, and the store app."""

    async def go(request: Request) -> Response:
        return RedirectResponse("/console/")

    async def go_to_store(request: Request) -> Response:
        return RedirectResponse("/store/")

    return [
        Mount("/console", console),
        Mount("/store", store),
        Route("/", go, methods=["GET"]),
        Route("/console", go, methods=["GET"]),
        Route("/store", go_to_store, methods=["GET"]),
    ]


async def _work(settings: Settings, dsn: str, life: Life) -> None:
    collect_seldom()
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    _when_orphaned(life, stop.set)
    async with open_system(
        dsn,
        pool_size=settings.pool_size,
        cart_units_max=settings.cart_units_max,
        currency=settings.currency,
        providers=settled_providers(settings),
        gateways=partial(open_gateways, settings),
        risk=risk_weights(settings),
        origin=origin_of(settings),
        carriers=partial(open_carriers, settings),
        gs1_prefix=settings.gs1_prefix,
        font_dirs=settings.font_dirs,
        tongue=EdiTongue(),
    ) as system:
        life.say_ready()
        with publishing_metrics(settings):
            await run_worker(system, settings, stop)


def _when_orphaned(life: Life, act: Callable[[], None]) -> None:
    """Do something once the parent is gone, however it ended."""
    loop = asyncio.get_running_loop()

    def hear() -> None:
        loop.remove_reader(life.parent)
        act()

    loop.add_reader(life.parent, hear)
