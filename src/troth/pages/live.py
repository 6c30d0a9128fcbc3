"""Server-sent events: which orders changed, so that a page asks again for the rows that it shows."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from troth.pages.desk import Desk, Visit
from troth.pages.feed import Feed, News
from troth.pages.session import guarded

_KEEP_ALIVE_SECONDS: Final = 15.0
_LASTS_SECONDS: Final = 900.0  # then the browser comes again, and its session is looked at again
_ORDERS_MAX: Final = 100
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def show_events(visit: Visit) -> Response:
    """The stream of news, without end."""
    is_again = "last-event-id" in visit.request.headers
    return StreamingResponse(
        _stream(visit.desk.feed, is_again=is_again), media_type="text/event-stream", headers=HEADERS
    )


def messages_of(news: News) -> str:
    """The messages of one piece of news: `order:ID` for each order, `captured` where there are new ones, then `tick`.

    Where it is too much for that it is `resync`: everything shown may be stale.

    >>> messages_of(News(("O-1",), 0))
    'event: order:O-1\\ndata:\\n\\nevent: tick\\ndata:\\nid: 1\\n\\n'
    """
    names = [f"order:{order}" for order in news.orders]
    if news.is_cut or len(names) > _ORDERS_MAX:
        names = ["resync"]
    if news.captured or news.is_cut:
        names.append("captured")
    return "".join(f"event: {name}\ndata:\n\n" for name in names) + "event: tick\ndata:\nid: 1\n\n"


def end_streams(*entrances: Starlette) -> None:
    """End the streams of all who watch at these entrances, which do not end by themselves."""
    for entrance in entrances:
        desk: Desk = entrance.state.desk
        desk.feed.close()


async def _stream(feed: Feed, *, is_again: bool) -> AsyncIterator[str]:
    ends_at = asyncio.get_running_loop().time() + _LASTS_SECONDS
    async with feed.listen() as queue:
        yield "retry: 1000\n\n" + (messages_of(News(is_cut=True)) if is_again else ": hello\n\n")
        while asyncio.get_running_loop().time() < ends_at:
            try:
                news = await asyncio.wait_for(queue.get(), _KEEP_ALIVE_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
            else:
                if news is None:
                    return
                yield messages_of(news)


routes = [Route("/events", guarded(show_events, scope="orders:read"), name="events")]
