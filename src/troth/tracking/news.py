"""Server-sent events of one order: that something happened to it, so that its page is shown anew."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from troth.model.ids import OrderId
from troth.pages.feed import Feed, News

_KEEP_ALIVE_SECONDS: Final = 15.0
_LASTS_SECONDS: Final = 900.0  # then the browser comes again, and its link is looked at again
_CHANGED: Final = "event: changed\ndata:\n\n"


async def stream_news(feed: Feed, order_id: OrderId, is_stale: Callable[[], Awaitable[bool]]) -> AsyncIterator[str]:
    """`changed` for each piece of news that is about the order, or may be; at once where the page `is_stale` when its
    news begin, since what happens between is told to nobody.
    """
    ends_at = asyncio.get_running_loop().time() + _LASTS_SECONDS
    async with feed.listen() as queue:
        yield "retry: 2000\nid: 1\n\n" + (_CHANGED if await is_stale() else "")
        while asyncio.get_running_loop().time() < ends_at:
            try:
                news = await asyncio.wait_for(queue.get(), _KEEP_ALIVE_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
            else:
                if news is None:
                    return
                if is_about(news, order_id):
                    yield _CHANGED


def is_about(news: News, order_id: OrderId) -> bool:
    """Whether news may be about an order.

    >>> is_about(News(("O-1",)), OrderId("O-1")), is_about(News(("O-2",)), OrderId("O-1"))
    (True, False)
    """
    return news.is_cut or order_id in news.orders
