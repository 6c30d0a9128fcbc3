"""Server-sent events for a node: that its tasks changed, so that a phone asks again only for what concerns it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from troth.flows.door.system import System
from troth.pages.desk import Desk, Visit
from troth.pages.feed import News
from troth.pages.live import HEADERS
from troth.pages.session import guarded
from troth.store.store_floor import find_touched_nodes
from troth.storefloor.entrance import SCOPE
from troth.storefloor.nodes import node_here

_KEEP_ALIVE_SECONDS: Final = 15.0
_LASTS_SECONDS: Final = 900.0  # then the browser comes again, and its session is looked at again
_TASKS: Final = "event: tasks\ndata:\nid: 1\n\n"


async def show_events(visit: Visit) -> Response:
    """The stream of a node's news, without end."""
    node = node_here(visit)
    is_again = "last-event-id" in visit.request.headers
    return StreamingResponse(
        _stream(visit.desk, visit.request.app.state.touched, node.node, is_again=is_again),
        media_type="text/event-stream",
        headers=HEADERS,
    )


class Touched:
    """Which nodes the last news are about: all who listen in a process ask once for each piece of news."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._lock = asyncio.Lock()
        self._orders: tuple[str, ...] = ()
        self._nodes: frozenset[str] = frozenset()

    async def has(self, news: News, node: str) -> bool:
        """Whether news are about work of a node."""
        if news.is_cut:
            return True
        async with self._lock:
            if news.orders != self._orders:
                async with self._system.pool.acquire() as connection:
                    self._nodes = await find_touched_nodes(connection, news.orders)
                self._orders = news.orders
            return node in self._nodes


async def _stream(desk: Desk, touched: Touched, node: str, *, is_again: bool) -> AsyncIterator[str]:
    ends_at = asyncio.get_running_loop().time() + _LASTS_SECONDS
    async with desk.feed.listen() as queue:
        yield "retry: 1000\n\n" + (_TASKS if is_again else ": hello\n\n")
        while asyncio.get_running_loop().time() < ends_at:
            try:
                news = await asyncio.wait_for(queue.get(), _KEEP_ALIVE_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
            else:
                if news is None:
                    return
                if await touched.has(news, node):
                    yield _TASKS


routes = [Route("/at/{node}/events", guarded(show_events, scope=SCOPE), name="events")]
