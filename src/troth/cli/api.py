"""One API process: the app on an open system, served from a socket that it shares with its siblings."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from troth.cli.processes import Life
from troth.cli.running import run_loop
from troth.console.app import create_console
from troth.flows.system import System, open_system
from troth.http.app import create_app
from troth.settings import Settings
from troth.worker import run_worker

_FINISH_SECONDS_MAX: Final = 20
_BACKLOG: Final = 2048


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready and takes signals through the loop: its own way raises them again later."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


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
    async with open_system(dsn, pool_size=settings.pool_size) as system:
        config = uvicorn.Config(
            create_app(system, settings, more=_pages(system, settings)),
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
        server = _Server(config, life.say_ready)
        _when_orphaned(life, lambda: server.handle_exit(signal.SIGTERM, None))
        await server.serve([listener])


def _pages(system: System, settings: Settings) -> list[BaseRoute]:
    """What people see: the console, also for who types only the address."""

    async def go(request: Request) -> Response:
        return RedirectResponse("/console/")

    console = Mount("/console", create_console(system, settings))
    return [console, Route("/", go, methods=["GET"]), Route("/console", go, methods=["GET"])]


async def _work(settings: Settings, dsn: str, life: Life) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    _when_orphaned(life, stop.set)
    async with open_system(dsn, pool_size=settings.pool_size) as system:
        life.say_ready()
        await run_worker(system, settings, stop)


def _when_orphaned(life: Life, act: Callable[[], None]) -> None:
    """Do something once the parent is gone, however it ended."""
    loop = asyncio.get_running_loop()

    def hear() -> None:
        loop.remove_reader(life.parent)
        act()

    loop.add_reader(life.parent, hear)
