"""Feeds as tests send them: in pieces that end anywhere, and what is on hand afterwards."""

from collections.abc import AsyncIterator
from dataclasses import replace

from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.stock.feed import Feed, FeedReport
from troth.flows.stock.feeds import take_in
from troth.model.ids import NodeId
from troth.model.refusals import FieldFlaw, Invalid
from troth.store.balances import find_balances

ANN = Actor("key/wms", frozenset({"inventory:write"}))
PA, IL = NodeId("DC-PA"), NodeId("DC-IL")
HEAD = "sku,node,on_hand\n"


async def chunks(text: str | bytes, size: int = 7) -> AsyncIterator[bytes]:
    """The text in pieces that end anywhere."""
    data = text if isinstance(text, bytes) else text.encode()
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def taken_in(system: System, text: str | bytes, **changes: object) -> FeedReport:
    feed = replace(Feed("WMS", system.door.now(), "R-1"), **changes)  # type: ignore[arg-type]
    done = await take_in(system, feed, chunks(text), actor=ANN)
    assert isinstance(done, FeedReport), done
    return done


async def refused(system: System, text: str | bytes, **changes: object) -> list[FieldFlaw]:
    feed = replace(Feed("WMS", system.door.now(), "R-1"), **changes)  # type: ignore[arg-type]
    done = await take_in(system, feed, chunks(text), actor=ANN)
    assert isinstance(done, Invalid), done
    return list(done.flaws)


async def on_hand(system: System) -> dict[tuple[str, str], tuple[int, int]]:
    """The units on hand and reserved, by SKU and node."""
    async with system.pool.acquire() as connection:
        found = await find_balances(connection, limit=1000)
    return {(one.key.sku, one.key.node): (one.on_hand, one.reserved) for one in found if one.expected_at is None}
