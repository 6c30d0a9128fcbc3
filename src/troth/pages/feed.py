"""The event log for people who watch: read once in a process, however many pages are open.

Nothing is read while nobody watches. Who watches learns which subjects changed, not what changed: the page then asks
for what it shows.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Final

import asyncpg

from troth.model.value import dataclass
from troth.store.balances import read_horizon
from troth.store.console import Head, read_heads_after
from troth.store.database import Pool
from troth.store.events import Position

_EVERY_SECONDS: Final = 0.5
_HEADS_MAX: Final = 2_000
_WAITING_MAX: Final = 8
_SEQ_MAX: Final = 2**63 - 1
_CAPTURED: Final = "OrderCaptured"
_ORDER: Final = "O-"


@dataclass(frozen=True, slots=True)
class News:
    """What happened since the last news: orders that changed, each once, and how many are new.

    `is_cut` says that there was more than this, so that all that is shown may be stale.
    """

    orders: tuple[str, ...] = ()
    captured: int = 0
    is_cut: bool = False


class Feed:
    """The one reader of the log in this process, and all who listen to it."""

    def __init__(self, pool: Pool, *, every_seconds: float = _EVERY_SECONDS) -> None:
        self._pool = pool
        self._every = every_seconds
        self._listeners: set[asyncio.Queue[News | None]] = set()
        self._reading: asyncio.Task[None] | None = None
        self._position: Position = (0, 0)
        self.behind_seconds: float | None = None
        """How long after it happened the newest event was read; None before there was one."""

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator["asyncio.Queue[News | None]"]:
        """A queue of all news from now on, and None when there will be no more.

        One that is not emptied gets a single piece that says it was cut.
        """
        queue: asyncio.Queue[News | None] = asyncio.Queue(_WAITING_MAX)
        if not self._listeners:
            self._position = await self._end()
        self._listeners.add(queue)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_while_heard())
        try:
            yield queue
        finally:
            self._listeners.discard(queue)
            if not self._listeners and self._reading is not None:
                self._reading.cancel()
                self._reading = None  # it may take a moment to end, and who comes then needs a new one

    async def look(self) -> None:
        """Read what happened since the last look, and tell everybody."""
        async with self._pool.acquire() as connection:
            heads = await read_heads_after(connection, self._position, limit=_HEADS_MAX)
        if not heads:
            return
        is_cut = len(heads) == _HEADS_MAX
        self._position = await self._end() if is_cut else heads[-1].position
        self.behind_seconds = max(0.0, (datetime.now(UTC) - heads[-1].at).total_seconds())
        news = news_of(heads, is_cut=is_cut)
        for queue in self._listeners:
            _put(queue, news)

    def close(self) -> None:
        """Tell everybody who listens that there will be no more, so that a server that stops waits for nobody."""
        for queue in self._listeners:
            _put(queue, None)

    async def _end(self) -> Position:
        async with self._pool.acquire() as connection:
            return (await read_horizon(connection) - 1, _SEQ_MAX)

    async def _read_while_heard(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await self.look()


def news_of(heads: list[Head], *, is_cut: bool) -> News:
    """The news that these events are, in the order in which they happened."""
    orders = dict.fromkeys(head.subject for head in heads if head.subject.startswith(_ORDER))
    return News(tuple(orders), sum(head.kind == _CAPTURED for head in heads), is_cut)


def _put(queue: "asyncio.Queue[News | None]", news: News | None) -> None:
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        news = News(is_cut=True) if news is not None else None
    queue.put_nowait(news)
