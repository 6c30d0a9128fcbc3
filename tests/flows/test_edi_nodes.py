"""Nodes that speak EDI: what they are told goes to a partner, and what it answers is done."""

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests.builders import Clock, accepted, item, set_up, stock
from tests.conftest import Database
from tests.edi.partner import Parcel, Put, Shipment, SimulatedPartner
from tests.edi.test_simulated_partner import SPOKEN, WHY, sent, ships_by
from tests.flows.telling_nodes import PARTNER, answer, inbox, partner, released, stored, tell
from troth.adapters.edi.maps.answers import read_answers
from troth.adapters.edi.maps.release import write_release
from troth.adapters.edi.segments import Transaction
from troth.adapters.edi.terms import Documents, Known, Terms
from troth.flows.door.system import System, open_system
from troth.flows.nodes.answers import Fate
from troth.model.commands import PickWork, RecallWork
from troth.model.lifecycle import AllocationState
from troth.model.recall import RecallKind

pytestmark = pytest.mark.parametrize("spoken", SPOKEN, ids=lambda one: f"{one.version} {one.documents}")
FIRST, SECOND = "003400000000000014", "003400000000000021"


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(partner(),), items=tuple(item(sku) for sku in "ABC"))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {(sku, "3PL-1"): 10 for sku in "ABC"})
        yield opened


def local(clock: Clock) -> datetime:
    """What the partner's clock shows, which hangs in New York."""
    return clock.now.astimezone(ZoneInfo("America/New_York"))


async def last_told(system: System, spoken: Terms) -> tuple[Transaction, Known]:
    """The last message to the node as a transaction that was sent, and what is known of its work."""
    told = (await inbox(system))[-1].told
    known = Known(works={told.work.fulfillment_id: told.work}, at=system.door.now())
    return sent(write_release(told, spoken, known), spoken), known


async def fates(system: System, said: Transaction, spoken: Terms, known: Known) -> list[tuple[str, Fate]]:
    """What becomes of what the partner says."""
    read = read_answers(sent(said, spoken), spoken, known)
    assert read.flaws == ()
    taken = await answer(system, *read.answers)
    assert [one.refusal for one in taken] == [None] * len(taken)
    return [(read.answers[one.index].answer.value, one.fate) for one in taken]


async def test_what_a_partner_ships_and_has_not_is_done_once(system: System, clock: Clock, spoken: Terms) -> None:
    order = await released(system, clock, A=3, B=1, C=2)
    told, known = await last_told(system, spoken)
    plays = SimulatedPartner(spoken)
    heard = plays.hear(told)
    a, b, c = heard.lines
    parcels = (
        Parcel(FIRST, "1Z1", (Put(a, Decimal(2)), Put(c, Decimal(1)))),
        Parcel(SECOND, "1Z2", (Put(a, Decimal(1)),)),
    )
    said = plays.ship(Shipment(heard, parcels, ((b, WHY[ships_by(spoken)]),), local(clock)))

    assert await fates(system, said, spoken, known) == [("short", Fate.DONE), ("ship", Fate.DONE)]

    after = await stored(system, order.order_id)
    (work,) = [one for one in after.fulfillments if one.packages]
    assert work.node == PARTNER
    assert [(one.package_id, one.carrier, one.tracking_number, one.weight_grams) for one in work.packages] == [
        (FIRST, "ups", "1Z1", 907),
        (SECOND, "ups", "1Z2", 907),
    ]
    contents = [{one.line_id: one.quantity for one in package.lines} for package in work.packages]
    assert contents == [{"1": 2, "3": 1}, {"1": 1}]
    shipped = {part.line_id: part.quantity for part in after.allocations if part.state is AllocationState.SHIPPED}
    assert shipped == {"1": 3, "3": 1}
    missing = {part.line_id: part.quantity for part in after.allocations if part.state is AllocationState.SHORT}
    assert missing == {"2": 1, "3": 1}
    assert {fate for _, fate in await fates(system, said, spoken, known)} == {Fate.KNOWN}


async def test_what_is_asked_back_and_does_not_leave_is_given_back(system: System, clock: Clock, spoken: Terms) -> None:
    order = await released(system, clock, A=2)
    (work,) = order.fulfillments
    accepted(await system.door.one(PickWork(work.fulfillment_id), actor="test"))
    accepted(await system.door.one(RecallWork(work.fulfillment_id, RecallKind.CANCEL, "changed mind"), actor="web"))
    await tell(system)
    told, known = await last_told(system, spoken)
    plays = SimulatedPartner(spoken)
    heard = plays.hear(told)
    assert (heard.what, heard.lines) == ("cancel", ())

    if spoken.documents is Documents.VENDOR:
        said = plays.reply(heard, is_change=True)
    else:
        before = plays.hear(sent(write_release((await inbox(system))[0].told, spoken, known), spoken))
        said = plays.ship(Shipment(before, (), ((before.lines[0], WHY[ships_by(spoken)]),), local(clock)))

    assert await fates(system, said, spoken, known) == [("give_back", Fate.DONE)]
    assert {part.state for part in (await stored(system, order.order_id)).allocations} == {AllocationState.CANCELED}
