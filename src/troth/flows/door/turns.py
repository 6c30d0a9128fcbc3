"""Who is next where a few do large work at a time: kinds of work take turns, and none waits without end.

Each kind has a queue of its own, and whoever is done passes on to the next kind that waits: so one explanation waits
for the work that is being done, and not for all the large quotes that came before it. How long work of a size takes is
learned for each kind from what it took, and begins with an estimate, so that the first burst is no surprise; what would
wait longer than is worth waiting for is told so at once.
"""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
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

FIRST_SECONDS: Final[Mapping[Kind, float]] = {"quote": 0.003, "change": 0.003, "explanation": 0.006, "trial": 0.003}
"""What is thought of a line of each kind before any was done: measured with 1,000 lines and nodes on a slow machine."""

_LEARNED: Final = 0.3
"""The share by which the last work of a kind changes what is thought of the next."""

_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(slots=True, eq=False)
class _Work:
    """Work of a size (lines): its turn, while it waits, and when it began."""

    kind: Kind
    size: float
    turn: asyncio.Future[None] | None = None
    began: float = 0.0


class Turns:
    """The turns of one event loop: at most `at_once` works are done at a time, and the kinds that wait take turns.

    `first` is how many seconds work of size 1 is thought to take before any of its kind was done.
    """

    __slots__ = ("_at_once", "_clock", "_doing", "_last", "_seconds", "_waiting")

    def __init__(
        self, at_once: int, *, clock: Callable[[], float] = monotonic, first: Mapping[Kind, float] = FIRST_SECONDS
    ) -> None:
        self._at_once = at_once
        self._clock = clock
        self._doing: list[_Work] = []
        self._last = 0
        self._seconds = {kind: first.get(kind, 0.0) for kind in _KINDS}
        self._waiting: dict[Kind, deque[_Work]] = {kind: deque() for kind in _KINDS}

    async def run(self, kind: Kind, work: Callable[[], Awaitable[T]], *, size: float = 1.0) -> T | Busy:
        """What the work returns or raises, once its turn has come; Busy where that would be too long. `size` (above 0)
        is how much work it is: its lines.
        """
        mine = _Work(kind, size)
        if len(self._doing) < self._at_once:
            self._doing.append(mine)
        else:
            wait = self._expected(kind)
            if len(self._waiting[kind]) >= WAITING_MAX or wait > WAIT_SECONDS_MAX:
                return Busy(0, retry_seconds=max(1, math.ceil(wait)))
            await self._wait(mine)
        mine.began = self._clock()
        try:
            return await work()
        finally:
            self._seconds[kind] += _LEARNED * ((self._clock() - mine.began) / size - self._seconds[kind])
            self._pass_on(mine)

    def _expected(self, kind: Kind) -> float:
        """The seconds until work of a kind that came now would begin: what is left of the work at hand, its own kind
        before it, and as many of each other, one more of those whose turn is before that of its kind.
        """
        now, ahead = self._clock(), len(self._waiting[kind])
        seconds = sum(max(0.0, self._thought((work,)) - (now - work.began)) for work in self._doing)
        for at, other in enumerate(_KINDS):
            is_before = self._steps_to(at) < self._steps_to(_KINDS.index(kind))
            seconds += self._thought(islice(self._waiting[other], ahead + is_before))
        return seconds / self._at_once

    def _steps_to(self, at: int) -> int:
        """After how many others the turn comes to a kind (its position)."""
        return (at - self._last - 1) % len(_KINDS)

    def _thought(self, works: Iterable[_Work]) -> float:
        """How many seconds works are thought to take, one after the other."""
        return sum(work.size * self._seconds[work.kind] for work in works)

    async def _wait(self, mine: _Work) -> None:
        """Until the turn has come; whoever passes it on puts the work among those that are done."""
        turn = mine.turn = asyncio.get_running_loop().create_future()
        self._waiting[mine.kind].append(mine)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # its turn had come just before it was called off
                self._pass_on(mine)
            elif mine in self._waiting[mine.kind]:  # else it was passed over already
                self._waiting[mine.kind].remove(mine)
            raise

    def _pass_on(self, done: _Work) -> None:
        """The first of the next kind that waits begins; where nobody waits, there is one more place."""
        self._doing.remove(done)
        for step in range(1, len(_KINDS) + 1):
            at = (self._last + step) % len(_KINDS)
            waiting = self._waiting[_KINDS[at]]
            while waiting:
                work = waiting.popleft()
                if work.turn is not None and not work.turn.done():
                    self._last = at
                    work.began = self._clock()
                    self._doing.append(work)
                    work.turn.set_result(None)
                    return
