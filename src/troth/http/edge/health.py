"""For operators: whether the process lives, whether it can serve, and what it measures."""

from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg
from starlette.types import Receive, Scope, Send

from troth.flows.door.system import System
from troth.flows.stock.warm_up import Warmth, WarmUp
from troth.http.edge.metrics import Metrics
from troth.http.edge.problems import MethodNotAllowed, Unavailable, WarmingUp, problem_reply
from troth.http.edge.replies import Reply, json_reply, send_reply
from troth.store.reference import read_versions

_READY_SECONDS: Final = 2.0
_METHODS: Final = ("GET", "HEAD")


class Spot:
    """The ASGI app of a path for operators, which takes GET without authentication."""

    def __init__(self, render: Callable[[], Awaitable[Reply]]) -> None:
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_allowed = scope["method"] in _METHODS
        await send_reply(await self._render() if is_allowed else problem_reply(MethodNotAllowed(_METHODS)), send)


async def live() -> Reply:
    """That the process answers."""
    return json_reply({"status": "ok"})


def ready(system: System, warm_up: WarmUp | None = None) -> Callable[[], Awaitable[Reply]]:
    """Whether the database is there and has the schema, and what was ordered lately is loaded; how far the rest is."""

    async def render() -> Reply:
        try:
            async with system.pool.acquire(timeout=_READY_SECONDS) as connection:
                await read_versions(connection)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return problem_reply(Unavailable())
        warmth = Warmth.LOADED if warm_up is None else warm_up.warmth
        if warmth is Warmth.COLD:
            return problem_reply(WarmingUp())
        return json_reply({"status": "ok", "nodes": len(system.door.reference.network.nodes), "stock": warmth})

    return render


def measured(metrics: Metrics) -> Callable[[], Awaitable[Reply]]:
    """The metrics, in the text format of Prometheus."""

    async def render() -> Reply:
        return Reply(200, metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return render
