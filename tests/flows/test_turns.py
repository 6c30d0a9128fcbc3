"""Large work takes turns by kind, and what would wait too long is told so at once."""

import asyncio
from collections.abc import Mapping
from math import ceil
from typing import get_args

import pytest

from troth.flows.door.turns import FIRST_SECONDS, WAIT_SECONDS_MAX, WAITING_MAX, Kind, Turns
from troth.http.edge.problems import problem_reply
from troth.model.refusals import Busy

pytestmark = pytest.mark.asyncio


class Bench:
    """Work that is done when the test says so, by a clock that the test moves."""

    def __init__(self, at_once: int = 1, first: Mapping[Kind, float] = {}) -> None:
        self.now = 0.0
        self.begun: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.turns = Turns(at_once, clock=lambda: self.now, first=first)

    def start(self, kind: Kind, name: str, size: float = 1.0) -> asyncio.Task[str | Busy]:
        self.ends[name] = asyncio.Event()

        async def work() -> str:
            self.begun.append(name)
            await self.ends[name].wait()
            return name

        return asyncio.create_task(self.turns.run(kind, work, size=size))

    async def end(self, name: str, task: asyncio.Task[str | Busy], seconds: float = 1.0) -> str | Busy:
        self.now += seconds
        self.ends[name].set()
        found = await task
        await settle()
        return found


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_explanation_waits_for_the_work_at_hand_and_not_for_all_quotes_before_it() -> None:
    bench = Bench()
    quotes = {f"q{at}": bench.start("quote", f"q{at}") for at in range(4)}
    await settle()
    why = bench.start("explanation", "why")
    await settle()
    assert bench.begun == ["q0"]

    assert await bench.end("q0", quotes["q0"]) == "q0"
    assert bench.begun == ["q0", "why"]
    assert await bench.end("why", why) == "why"
    for name in ("q1", "q2", "q3"):
        assert await bench.end(name, quotes[name]) == name
    assert bench.begun == ["q0", "why", "q1", "q2", "q3"]


async def test_what_would_wait_too_long_is_busy_and_told_when_to_come_again() -> None:
    bench = Bench()
    first = bench.start("quote", "first")
    await settle()
    await bench.end("first", first, seconds=20.0)  # now a quote is thought to take 6 s
    bench.start("quote", "doing")
    await settle()
    waiting = bench.start("quote", "waiting")
    await settle()

    refused = await bench.start("quote", "refused")
    assert refused == Busy(0, retry_seconds=12)
    assert isinstance(refused, Busy)
    reply = problem_reply(refused)
    assert (reply.status, dict(reply.headers)["retry-after"]) == (503, "12")
    assert not waiting.done()
    assert ceil(WAIT_SECONDS_MAX) < 12

    asked = bench.start("explanation", "asked")  # of which nobody waits
    await settle()
    assert not asked.done()
    for task in (waiting, asked):
        task.cancel()


async def test_no_more_wait_than_there_are_places_however_quick_they_are() -> None:
    bench = Bench()
    tasks = [bench.start("trial", f"t{at}") for at in range(WAITING_MAX + 1)]
    await settle()
    assert await bench.start("trial", "one more") == Busy(0, retry_seconds=1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await bench.end("after", bench.start("quote", "after")) == "after"


async def test_who_is_called_off_gives_the_turn_to_the_next() -> None:
    bench = Bench()
    doing, gone, next_one = (bench.start("quote", name) for name in ("doing", "gone", "next"))
    await settle()
    gone.cancel()
    await settle()
    await bench.end("doing", doing)
    assert bench.begun == ["doing", "next"]
    await bench.end("next", next_one)

    doing, late, last = (bench.start("quote", name) for name in ("doing", "late", "last"))
    await settle()
    bench.ends["doing"].set()
    await doing  # the turn has passed to the second, which has not begun
    late.cancel()
    await settle()
    assert bench.begun[-1] == "last"
    await bench.end("last", last)


async def test_work_that_fails_passes_its_turn_on() -> None:
    bench = Bench()

    async def fail() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await bench.turns.run("quote", fail)
    assert await bench.end("next", bench.start("quote", "next")) == "next"


async def test_a_first_burst_of_large_work_is_told_to_wait_by_its_size() -> None:
    bench = Bench(2, first={"quote": 0.003})
    tasks = [bench.start("quote", f"q{at}", size=2000) for at in range(4)]  # thought to take 6 s each, two at a time
    await settle()

    assert await bench.start("quote", "refused", size=2000) == Busy(0, retry_seconds=12)
    assert [task.done() for task in tasks] == [False] * 4
    bench.now += 4.0
    late = bench.start("quote", "late", size=2000)  # 2 + 2 + 6 + 6 s, two at a time
    await settle()
    assert not late.done()
    for task in (*tasks, late):
        task.cancel()


async def test_what_is_learned_of_small_work_counts_for_large_work_by_its_size() -> None:
    bench = Bench()
    small = bench.start("change", "small", size=10)
    await settle()
    await bench.end("small", small, seconds=1.0)  # 0.1 s a line, of which 0.3 is learned
    doing = bench.start("change", "doing", size=500)
    await settle()

    assert await bench.start("change", "refused") == Busy(0, retry_seconds=15)
    doing.cancel()


async def test_a_first_estimate_is_known_for_each_kind_of_work() -> None:
    assert set(FIRST_SECONDS) == set(get_args(Kind))


async def test_who_is_called_off_and_passed_over_at_once_leaves_the_queue_as_it_is() -> None:
    bench = Bench()
    doing, gone, last = (bench.start("quote", name) for name in ("doing", "gone", "last"))
    await settle()
    gone.cancel()
    bench.ends["doing"].set()
    await asyncio.gather(doing, gone, return_exceptions=True)
    await settle()

    assert gone.cancelled()
    assert bench.begun == ["doing", "last"]
    await bench.end("last", last)
