"""Who is next where a few do large work at a time: kinds of work take turns, and none waits without end.

Each kind has a queue of its own, and whoever is done passes on to the next kind that waits: so one explanation waits
for the work that is being done, and not for all the large quotes that came before it. How long work of a kind takes is
learned from what it took; what would wait longer than is worth waiting for is told so at once.
"""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, Literal, TypeVar, get_args

from troth.model.refusals import Busy

T = TypeVar("T")

Kind = Literal["quote", "change", "explanation", "trial"]
"""Large quotes; changes of orders that are tried out; explanations of orders; dry runs."""

WAITING_MAX: Final = 64
"""So many of one kind may wait, however quick they are."""

WAIT_SECONDS_MAX: Final = 10.0
"""Nothing begins to wait that would wait longer than this."""

_LEARNED: Final = 0.3
"""The share by which the last work of a kind changes what is thought of the next."""


class Turns:
    """The turns of one event loop: at most `at_once` works are done at a time, and the kinds that wait take turns."""

    __slots__ = ("_at_once", "_clock", "_doing", "_last", "_seconds", "_waiting")

    def __init__(self, at_once: int, *, clock: Callable[[], float] = monotonic) -> None:
        self._at_once = at_once
        self._clock = clock
        self._doing = 0
        self._last = 0
        self._seconds: dict[Kind, float] = dict.fromkeys(get_args(Kind), 0.0)
        self._waiting: dict[Kind, deque[asyncio.Future[None]]] = {kind: deque() for kind in get_args(Kind)}

    async def run(self, kind: Kind, work: Callable[[], Awaitable[T]]) -> T | Busy:
        """What the work returns or raises, once its turn has come; Busy where that would be too long."""
        if self._doing < self._at_once:
            self._doing += 1
        else:
            wait = self._expected(kind)
            if len(self._waiting[kind]) >= WAITING_MAX or wait > WAIT_SECONDS_MAX:
                return Busy(0, retry_seconds=max(1, math.ceil(wait)))
            await self._wait(kind)
        began = self._clock()
        try:
            return await work()
        finally:
            self._seconds[kind] += _LEARNED * (self._clock() - began - self._seconds[kind])
            self._pass_on()

    def _expected(self, kind: Kind) -> float:
        """The seconds until work of a kind that came now would begin: its own kind before it, and as many of others."""
        ahead = len(self._waiting[kind])
        seconds = (ahead + 1) * self._seconds[kind]
        for other, waiting in self._waiting.items():
            if other != kind:
                seconds += min(len(waiting), ahead + 1) * self._seconds[other]
        return seconds / self._at_once

    async def _wait(self, kind: Kind) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[kind].append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # its turn had come just before it was called off
                self._pass_on()
            else:
                self._waiting[kind].remove(turn)
            raise

    def _pass_on(self) -> None:
        """The first of the next kind that waits begins; where nobody waits, there is one more place."""
        kinds: tuple[Kind, ...] = get_args(Kind)
        for step in range(1, len(kinds) + 1):
            at = (self._last + step) % len(kinds)
            waiting = self._waiting[kinds[at]]
            while waiting:
                turn = waiting.popleft()
                if not turn.done():
                    self._last = at
                    turn.set_result(None)
                    return
        self._doing -= 1
