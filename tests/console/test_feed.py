"""The one reader of the log, and all who listen."""

import asyncio

import pytest

from tests.builders import NOW, accepted, capture
from troth.flows.door.system import System
from troth.model.commands import PlaceHold
from troth.pages.feed import Feed, News, news_of
from troth.pages.live import messages_of
from troth.store.console import Head


def _head(subject: str, kind: str = "HoldPlaced") -> Head:
    return Head(subject, NOW, (1, 1), kind)


async def test_everybody_who_listens_hears_of_an_order_once_and_nobody_else_reads(system: System) -> None:
    feed = Feed(system.pool, every_seconds=0.01)
    before = accepted(await system.door.one(capture("W-0"), actor="test"))
    async with feed.listen() as first, feed.listen() as second:
        assert feed.listeners == 2
        order = accepted(await system.door.one(capture("W-1"), actor="test"))
        for queue in (first, second):
            news = await asyncio.wait_for(queue.get(), 10)
            assert news == News((order.order_id,), 1)
        accepted(await system.door.one(PlaceHold(before.order_id, "fraud", "odd"), actor="test"))
        news = await asyncio.wait_for(first.get(), 10)
        assert news == News((before.order_id,), 0)
    assert feed.listeners == 0
    assert feed.behind_seconds is not None


async def test_who_comes_later_hears_only_what_comes_later(system: System) -> None:
    feed = Feed(system.pool, every_seconds=0.01)
    async with feed.listen():
        pass
    accepted(await system.door.one(capture("W-1"), actor="test"))
    async with feed.listen() as queue:
        order = accepted(await system.door.one(capture("W-2"), actor="test"))
        assert await asyncio.wait_for(queue.get(), 10) == News((order.order_id,), 1)


async def test_who_does_not_keep_up_is_told_that_something_is_missing(system: System) -> None:
    feed = Feed(system.pool, every_seconds=3600)
    async with feed.listen() as queue:
        for number in range(12):
            accepted(await system.door.one(capture(f"W-{number}"), actor="test"))
            await system.door.follow()
            await feed.look()
        heard = [queue.get_nowait() for _ in range(queue.qsize())]
    assert len(heard) <= 8
    assert any(news is not None and news.is_cut for news in heard)


async def test_the_end_reaches_everybody_even_who_does_not_keep_up(system: System) -> None:
    feed = Feed(system.pool, every_seconds=3600)
    async with feed.listen() as first, feed.listen() as second:
        for _ in range(second.maxsize):
            second.put_nowait(News())
        feed.close()
        assert first.get_nowait() is None
        assert second.get_nowait() is None


def test_news_names_each_order_once_and_no_other_subject() -> None:
    heads = [_head("O-1", "OrderCaptured"), _head("sku:A", "StockAdjusted"), _head("O-2"), _head("O-1")]
    assert news_of(heads, is_cut=False) == News(("O-1", "O-2"), 1)


@pytest.mark.parametrize(
    ("news", "names"),
    [
        (News(("O-1", "O-2"), 1), ["order:O-1", "order:O-2", "captured", "tick"]),
        (News(), ["tick"]),
        (News(("O-1",), 0, is_cut=True), ["resync", "captured", "tick"]),
        (News(tuple(f"O-{number}" for number in range(101))), ["resync", "tick"]),
    ],
)
def test_messages_say_which_rows_are_stale_or_that_all_are(news: News, names: list[str]) -> None:
    lines = messages_of(news).splitlines()
    assert [line.removeprefix("event: ") for line in lines if line.startswith("event: ")] == names
