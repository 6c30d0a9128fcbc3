"""Warming up: a process that has just started loads what pages are going to ask for before they do.

First the SKUs that were ordered lately, which are those that people look at; until they are there the process says that
it is not ready, so that others get the traffic. Then all others. It answers all the time, and stops at a bound of
memory.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from typing import Final

import asyncpg

from troth.flows.door.system import System
from troth.model.ids import Sku
from troth.store.database import UNAVAILABLE
from troth.store.warm_up import find_skus, find_skus_promised_last

_MOVES_MAX: Final = 50_000
_SKUS_A_PAGE: Final = 20_000
"""Between pages the database waits for what is packed last."""
_SKUS_AT_ONCE_MAX: Final = 1_000
_BALANCES_AT_ONCE: Final = 10_000
"""Requests wait while so many are packed: some milliseconds."""
_SIDE_BY_SIDE: Final = 2
"""The database reads the next while these are packed; the write door keeps connections for itself."""
_PAUSE_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class Warmth(StrEnum):
    """How much a process has loaded since its start: not yet what was ordered lately, not yet the rest, or all."""

    COLD = "cold"
    LOADING = "loading"
    LOADED = "loaded"


class WarmUp:
    """The warm-up of a process: at most `balances_max` are loaded; of none it is warm at once."""

    def __init__(self, system: System, *, balances_max: int) -> None:
        self._system = system
        self._balances_max = balances_max
        self._skus_at_once = 1
        self._is_warm = asyncio.Event()
        self.warmth = Warmth.COLD
        if not balances_max:
            self._reach(Warmth.LOADED)

    async def until_warm(self) -> None:
        """Wait until what was ordered lately is there."""
        await self._is_warm.wait()

    async def run(self) -> None:
        """Load until all is there, or as much as may be; begun again after a pause where the database went away."""
        while self.warmth is not Warmth.LOADED:
            try:
                await self._load_all()
            except (*UNAVAILABLE, asyncpg.PostgresError):
                _log.warning("the warm-up was interrupted, and begins again", exc_info=True)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _load_all(self) -> None:
        if self.warmth is Warmth.COLD:
            async with self._system.pool.acquire() as connection:
                recent = await find_skus_promised_last(connection, moves=_MOVES_MAX)
            await self._load(recent)
            self._reach(Warmth.LOADING)
        after = Sku("")
        while not self._is_full:
            async with self._system.pool.acquire() as connection:
                page = await find_skus(connection, after=after, limit=_SKUS_A_PAGE)
            if not page:
                break
            await self._load(page)
            after = page[-1]
        self._reach(Warmth.LOADED)

    def _reach(self, warmth: Warmth) -> None:
        self.warmth = warmth
        self._is_warm.set()

    @property
    def _is_full(self) -> bool:
        return self._system.door.index.size >= self._balances_max

    async def _load(self, skus: Sequence[Sku]) -> None:
        """Load SKUs, so many at once as have some thousand balances."""
        waiting = deque(skus)
        await self._load_next(waiting)  # which says how much one of them is
        await asyncio.gather(*(self._load_from(waiting) for _ in range(_SIDE_BY_SIDE)))

    async def _load_from(self, waiting: deque[Sku]) -> None:
        while waiting and not self._is_full:
            await self._load_next(waiting)

    async def _load_next(self, waiting: deque[Sku]) -> None:
        door = self._system.door
        part = [waiting.popleft() for _ in range(min(self._skus_at_once, len(waiting)))]
        loaded = await door.load_stock(await door.reference.need_kits(part))
        each = max(1, loaded // max(1, len(part)))
        self._skus_at_once = max(1, min(_SKUS_AT_ONCE_MAX, _BALANCES_AT_ONCE // each, 2 * self._skus_at_once))
        await asyncio.sleep(0)


@asynccontextmanager
async def warming_up(system: System, *, balances_max: int) -> AsyncIterator[WarmUp]:
    """The warm-up of a process, under way beside everything else until the block ends."""
    warm_up = WarmUp(system, balances_max=balances_max)
    task = asyncio.create_task(warm_up.run())
    try:
        yield warm_up
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
