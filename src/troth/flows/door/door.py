"""The one write door: commands that wait are decided and written together, each completely or not at all.

While one batch is being written the next gathers, so that a busy process pays once for the commit of many, and waits a
moment for those whom it just answered; an idle one waits for nobody. Choosing is optimistic, from what the process
remembers; what was chosen is locked late, in sorted order, and checked by the statement that writes it. A plan that no
longer holds is made again from what is true now, at last with everything it might choose locked.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg

from troth.flows.door.attempt import Attempt
from troth.flows.door.requests import Outcome, Request, Result
from troth.flows.memory.reference import Reference
from troth.model.capture_order import CaptureOrder
from troth.model.commands import Command
from troth.model.ids import CartHoldId, OrderId, Sku
from troth.model.refusals import Busy
from troth.store.balances import Snapshot, find_moved_balances, read_snapshot, read_stock
from troth.store.database import UNAVAILABLE, Pool
from troth.store.node_days import NEVER_OVERBOOKED
from troth.store.stock_index import StockIndex

_BATCH_MAX: Final = 128
_CROWD_MIN: Final = 8
_CROWD_SECONDS: Final = 0.004
"""A busy process waits at most this long for a crowd. Without it those who come back after an answer find the next
batch gone, so that half of them are always in one batch and half in the other. A statement costs as much before its
first order as for three more, so larger batches cost less an order.
"""
_ATTEMPTS: Final = 4
_LOCKING_ATTEMPTS: Final = 2
_RECENT_MAX: Final = 100_000
_FOLLOW_SECONDS: Final = 0.25
_SETTLED_AT_ONCE: Final = 2_000
_TRANSIENT: Final = (
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.SerializationError,
    asyncpg.UniqueViolationError,
)


@dataclass(slots=True)
class _Waiting:
    request: Request
    done: "asyncio.Future[Result]"


class _PlanLost(Exception):
    """Undoes the transaction of a batch whose plan no longer holds."""


class Door:
    """The write door of a process, with what the process remembers: the reference data and the stock index."""

    def __init__(self, pool: Pool, reference: Reference, *, clock: Callable[[], datetime] | None = None) -> None:
        self._pool = pool
        self._clock = clock or (lambda: datetime.now(UTC))
        self._waiting: list[_Waiting] = []
        self._draining: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._crowd: asyncio.Future[None] | None = None
        self._crowd_size = 0
        self._lane = asyncio.Lock()
        self._recent: dict[OrderId, None] = {}
        self._own: set[int] = set()
        self._seen = Snapshot("1:1:", 1)
        self.reference = reference
        self.index = StockIndex(reference.network)

    def now(self) -> datetime:
        """The door's time."""
        return self._clock()

    async def open(self) -> None:
        """Load the reference data, and follow from now on what other processes write."""
        async with self._pool.acquire() as connection:
            self._seen = await read_snapshot(connection)
        await self._refresh()
        self._following = asyncio.create_task(self._follow_forever())

    async def close(self) -> None:
        """Stop following, and wait until everything that was submitted is written."""
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following
        while self._draining is not None and not self._draining.done():
            await self._draining

    async def submit(self, request: Request) -> Result:
        """Decide and write a request, together with whatever else waits.

        What is accepted is durable when this returns.
        """
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._count_crowd()
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
        return await waiting.done

    async def one(self, command: Command, *, actor: str, cause: str = "") -> Outcome:
        """Decide and write a single command."""
        return (await self.submit(Request((command,), actor, cause))).outcomes[0]

    async def need_stock(self, skus: Collection[Sku]) -> None:
        """Make the index remember these SKUs, for a reader."""
        if self.index.missing(skus):
            async with self._lane, self._pool.acquire() as connection:
                missing = self.index.missing(skus)
                self.index.put(missing, await read_stock(connection, missing))

    async def load_stock(self, skus: Collection[Sku]) -> int:
        """Make the index remember these SKUs while the door goes on, but for those of which something moves meanwhile:
        what was read of them may be of before, and they are read when they are needed. Gives how many balances it read.
        """
        with self.index.noting_moves() as moved:
            async with self._pool.acquire() as connection:
                stocks = await read_stock(connection, self.index.missing(skus))
            wanted = {sku for sku in self.index.missing(skus) if sku not in moved}
            self.index.put(wanted, [stock for stock in stocks if stock.sku in wanted])
        return sum(len(stock.nodes) for stock in stocks)

    async def follow(self) -> None:
        """Take over what other processes wrote since the last time."""
        async with self._lane:
            since = self._seen
            async with self._pool.acquire() as connection:
                seen = await read_snapshot(connection)
                moved = await find_moved_balances(connection, since, without=self._own)
            for first in range(0, len(moved), _SETTLED_AT_ONCE):
                self.index.settle(moved[first : first + _SETTLED_AT_ONCE])
                await asyncio.sleep(0)  # a large feed moves tens of thousands: readers go on between
            await self.reference.follow_load(since.horizon)
            await self.reference.follow_draws(since.horizon)
            # Whatever this process wrote has ended, so that the snapshot saw it; what it did not see comes next time.
            self._seen = seen
            self._own.clear()
            self.index.tidy()
            await self._refresh()

    async def _follow_forever(self) -> None:
        while True:
            await asyncio.sleep(_FOLLOW_SECONDS)
            with suppress(asyncpg.PostgresError, *UNAVAILABLE):
                await self.follow()

    async def _refresh(self) -> None:
        if await self.reference.refresh():
            self.index.use(self.reference.network)

    async def _drain(self) -> None:
        while self._waiting:
            taken = self._take()
            async with self._lane:
                await self._serve(taken)
            if len(taken) >= _CROWD_MIN:
                await self._gather(len(taken))

    async def _gather(self, answered: int) -> None:
        """Wait until as many wait as were there at the last batch, in it or behind it, but not for long."""
        loop = asyncio.get_running_loop()
        self._crowd, self._crowd_size = loop.create_future(), min(answered + len(self._waiting), _BATCH_MAX)
        timer = loop.call_later(_CROWD_SECONDS, self._end_crowd)
        self._count_crowd()
        await self._crowd
        timer.cancel()
        self._crowd = None

    def _count_crowd(self) -> None:
        if self._crowd is not None and len(self._waiting) >= self._crowd_size:
            self._end_crowd()

    def _end_crowd(self) -> None:
        if self._crowd is not None and not self._crowd.done():
            self._crowd.set_result(None)

    def _take(self) -> list[_Waiting]:
        """The requests at the head of the queue that fit into a batch and are of one family."""
        is_about_stock = self._waiting[0].request.is_about_stock
        size = count = 0
        for waiting in self._waiting:
            if count and (size >= _BATCH_MAX or waiting.request.is_about_stock is not is_about_stock):
                break
            size += len(waiting.request.commands)
            count += 1
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    async def _serve(self, taken: list[_Waiting]) -> None:
        """Answer every request of a batch.

        One that breaks the batch is found by trying each alone, so that it hurts only itself. Where the database went
        away nothing is tried again: the batch may have been written, and whoever asked must ask again under the same
        name.
        """
        try:
            results = await self._run([waiting.request for waiting in taken])
        except UNAVAILABLE as error:
            for waiting in taken:
                if not waiting.done.done():
                    waiting.done.set_exception(error)
            return
        except Exception as error:
            if len(taken) > 1:
                for waiting in taken:
                    await self._serve([waiting])
            elif not taken[0].done.done():
                taken[0].done.set_exception(error)
            return
        for waiting, result in zip(taken, results, strict=True):
            if not waiting.done.done():
                waiting.done.set_result(result)

    async def _run(self, requests: Sequence[Request]) -> list[Result]:
        overdue: Collection[CartHoldId] = ()
        for number in range(_ATTEMPTS):
            # The first try trusts that a new order is new, unless this process saw it before.
            lookup = _captured(requests) if number else self._recent
            attempt = Attempt(
                requests,
                reference=self.reference,
                index=self.index,
                now=self.now(),
                lookup=lookup,
                is_locking=number >= _ATTEMPTS - _LOCKING_ATTEMPTS,
                overdue=overdue,
            )
            results = await self._try(attempt)
            overdue = attempt.overdue or overdue
            if results is not None:
                self._remember(requests)
                return results
        return [Result((Busy(_ATTEMPTS),) * len(request.commands)) for request in requests]

    async def _try(self, attempt: Attempt) -> list[Result] | None:
        """The results, written; None where the plan was lost, with nothing written and nothing of it remembered."""
        try:
            async with self._pool.acquire() as connection:
                if attempt.is_plain:
                    results = await attempt.run(connection)
                else:
                    async with connection.transaction():
                        results = await attempt.run(connection)
                        if results is None:
                            raise _PlanLost
        except (_PlanLost, *_TRANSIENT):
            results = None
        except asyncpg.CheckViolationError as error:
            if error.constraint_name != NEVER_OVERBOOKED:
                self._forget(attempt)
                raise
            results = None
        except BaseException:
            self._forget(attempt)
            raise
        if results is None:
            self._forget(attempt)
            if attempt.written.batch.slots:
                await self.reference.read_load({slot.node for slot in attempt.written.batch.slots})
            if attempt.written.batch.draws:
                await self.reference.read_draws()
        elif attempt.written.saved is not None:
            self.index.settle(attempt.written.saved.balances)
            self._own.add(attempt.written.saved.xid)
        return results

    def _forget(self, attempt: Attempt) -> None:
        """Let nothing be remembered of what was not written."""
        self.index.forget(attempt.written.skus)
        attempt.written.give_back()

    def _remember(self, requests: Sequence[Request]) -> None:
        """Remember which orders came lately.

        So that a channel that sends one again does not cost its neighbors a second try.
        """
        self._recent.update(dict.fromkeys(_captured(requests)))
        while len(self._recent) > _RECENT_MAX:
            del self._recent[next(iter(self._recent))]


def _captured(requests: Sequence[Request]) -> dict[OrderId, None]:
    return {
        command.order_id: None
        for request in requests
        for command in request.commands
        if isinstance(command, CaptureOrder)
    }
