"""Feeds of somebody who is bound to nodes: under names of their own, and none of others."""

from tests.flows.feeding import HEAD, IL, chunks, taken_in
from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.stock.feed import Feed, FeedReport
from troth.flows.stock.feeds import find, take_in
from troth.model.refusals import Busy, FieldFlaw, Invalid


async def test_who_is_bound_to_nodes_sends_nothing_under_the_name_of_others_and_does_not_see_theirs(
    system: System,
) -> None:
    vendor = Actor("key/vendor", frozenset({"feeds:write"}), frozenset({IL}))
    text = f"{HEAD}\nC,{IL},4\n"
    theirs = await taken_in(system, text, sequence=7)

    async def send(name: str) -> FeedReport | Invalid | Busy:
        feed = Feed(name, system.door.now(), "V-1", sequence=2**53)
        return await take_in(system, feed, chunks(text), actor=vendor)

    foreign = await send("WMS")
    own = [await send(name) for name in (IL, "of the vendor")]
    later = await taken_in(system, text, sequence=8, reference="R-2")

    why = "the feed WMS is somebody else's; name yours after a node of yours"
    assert foreign == Invalid((FieldFlaw("feed", why),))
    assert [isinstance(one, FeedReport) for one in own] == [True, True]
    assert (theirs.status, later.status) == ("taken_in", "taken_in")
    assert await find(system, "WMS", limit=9, actor=vendor) == []
    assert [one.reference for one in await find(system, IL, limit=9, actor=vendor)] == ["V-1"]
