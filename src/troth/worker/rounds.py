"""How tasks go round: each on its own, at once where it had all the work it takes in a round, after a short pause else.

A task that fails is logged and tried again after a growing pause, and the others do not notice.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from prometheus_client import Counter, Histogram

from troth.model.value import dataclass

IDLE_SECONDS: Final = 0.25
"""Between looks of which somebody waits for the outcome."""

LEARN_SECONDS: Final = 1.0
"""Between looks of which nobody does."""

UPKEEP_SECONDS: Final = 60.0

_FAILURE_SECONDS_MAX: Final = 60.0

ROUNDS: Final = Histogram("troth_worker_round_seconds", "Time of a round of a task", ["task"])
FAILURES: Final = Counter("troth_worker_failures_total", "Rounds of a task that failed", ["task"])

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """Something that goes round until the worker stops: `run` gives the seconds until it wants to run again."""

    name: str
    run: Callable[[], Awaitable[float]]


def counting(
    name: str, look: Callable[[], Awaitable[int]], *, most: int, pause: float, counter: Counter | None = None
) -> Task:
    """A task whose rounds say how many they saw to: after `most` it goes on at once, else it rests (seconds)."""

    async def run() -> float:
        done = await look()
        if counter is not None:
            counter.inc(done)
        return 0.0 if done >= most else pause

    return Task(name, run)


async def repeat(task: Task, stop: asyncio.Event, *, failure_seconds: float = 0.5) -> None:
    """Run a task again and again until `stop` is set; after a failure it rests for a doubling, bounded time."""
    failures = 0
    while not stop.is_set():
        began_at = time.perf_counter()
        try:
            pause = await task.run()
            failures = 0
        except Exception:
            failures += 1
            pause = min(_FAILURE_SECONDS_MAX, failure_seconds * 2.0 ** min(failures - 1, 10))
            FAILURES.labels(task.name).inc()
            _log.exception("task %s failed, next try in %.1f s", task.name, pause, extra={"task": task.name})
        ROUNDS.labels(task.name).observe(time.perf_counter() - began_at)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=max(pause, 0.001))
