"""Feeds of stock from other systems, taken in while they stream: absolute positions merged with what moved since, or
movements; sent again, cut off or in part wrong without harm.

A feed that was cut off goes on where it was when it is sent again; one that is in whole already, or older than one that
is, is answered as such.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime

from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.stock.feed import Feed, FeedAccount, FeedReport
from troth.flows.stock.feed_intake import Intake, OtherContent, Overtaken, Refused
from troth.flows.stock.feed_rows import FeedUnreadable
from troth.model.refusals import Busy, FieldFlaw, Invalid
from troth.store.database import Connection, transaction
from troth.store.stock_feeds import (
    StoredFeed,
    begin_stock_feed,
    find_stock_feeds,
    read_newest_sequence,
    read_stock_feed,
)


async def take_in(
    system: System,
    feed: Feed,
    chunks: AsyncIterator[bytes],
    *,
    actor: Actor,
    progress: Callable[[int], None] = lambda _rows: None,
    refused: Refused = lambda _flaws: None,
) -> FeedReport | Invalid | Busy:
    """Take in a feed; `progress` is told after each transaction how many rows were read, `refused` of every row
    that is refused.
    """
    flaws = _flaws(system, feed, actor)
    if flaws:
        return Invalid(flaws)
    stored = await _begin(system, feed, actor)
    if isinstance(stored, FeedReport | Invalid):
        return stored
    # What was begun goes on as of the same instant, whatever is said now.
    intake = Intake(system, replace(feed, as_of=stored.as_of), stored, actor, refused)
    try:
        await intake.read(chunks, progress)
        return await intake.finish()
    except FeedUnreadable as error:
        return Invalid((FieldFlaw("", str(error)),))
    except OtherContent:
        return Invalid((FieldFlaw("?reference", f"{feed.reference} was used for a feed with other rows"),))
    except Overtaken:
        return Busy(1)


async def find(
    system: System, name: str, *, before: tuple[datetime, str] | None = None, limit: int, actor: Actor
) -> list[StoredFeed[FeedAccount]]:
    """A page of the feeds of a name, newest first; none of a name that somebody else has."""
    async with system.pool.acquire() as connection:
        if await _is_others(connection, name, actor):
            return []
        return await find_stock_feeds(connection, name, FeedAccount, before=before, limit=limit)


async def _is_others(connection: Connection, name: str, actor: Actor) -> bool:
    """Whether somebody who is bound to nodes has nothing to do with the feeds of a name: it is no node of theirs, and
    others sent the newest of them. What they send under it could keep those of others from being taken in.
    """
    if actor.nodes is None or name in actor.nodes:
        return False
    newest = await find_stock_feeds(connection, name, FeedAccount, limit=1)
    return bool(newest) and newest[0].actor != actor.name


def _flaws(system: System, feed: Feed, actor: Actor) -> tuple[FieldFlaw, ...]:
    flaws = []
    if feed.as_of > system.door.now():
        flaws.append(FieldFlaw("?as_of", "a feed cannot have been taken in the future"))
    if feed.zeroes_missing and not (feed.is_full and feed.mode == "positions"):
        flaws.append(FieldFlaw("?missing", "only a full feed of positions says what is missing"))
    for node in feed.nodes:
        if node not in system.door.reference.network.index:
            flaws.append(FieldFlaw("?node", f"there is no node {node}"))
        elif not actor.may_at(node):
            flaws.append(FieldFlaw("?node", f"you are not bound to node {node}"))
    return tuple(flaws)


async def _begin(system: System, feed: Feed, actor: Actor) -> StoredFeed[FeedAccount] | FeedReport | Invalid:
    """The feed as far as it was taken in before; the report, or why not, where nothing of it shall be."""
    async with transaction(system.pool) as connection:
        if await _is_others(connection, feed.name, actor):
            why = f"the feed {feed.name} is somebody else's; name yours after a node of yours"
            return Invalid((FieldFlaw("feed", why),))
        stored = await read_stock_feed(connection, feed.name, feed.reference, FeedAccount)
        if stored is not None:
            return stored
        newest = await read_newest_sequence(connection, feed.name)
        # Movements that come late moved units all the same; of positions only the newest matter.
        if feed.mode == "positions" and feed.sequence is not None and newest is not None and feed.sequence < newest:
            detail = f"sequence {newest} of this feed is taken in already, so nothing of this one is"
            return FeedReport(feed.reference, "outdated", detail, FeedAccount())
        await begin_stock_feed(
            connection,
            feed.name,
            feed.reference,
            sequence=feed.sequence,
            mode=feed.mode,
            as_of=feed.as_of,
            account=FeedAccount(),
            actor=actor.name,
            at=system.door.now(),
        )
        stored = await read_stock_feed(connection, feed.name, feed.reference, FeedAccount)
    if stored is None:
        raise RuntimeError(f"feed {feed.name} {feed.reference} went away")
    return stored
