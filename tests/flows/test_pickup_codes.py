"""Wrong codes are counted once each, however many counters try at the same time."""

import asyncio

import pytest

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.engine.pickups import handing_over
from troth.engine.pickups.codes import pickup_code
from troth.flows.door.requests import Accepted
from troth.flows.door.system import open_system
from troth.model.commands import CollectWork, ReleaseOrder, StageWork
from troth.model.ids import NodeId
from troth.model.order import Method
from troth.model.pickup import Pickup
from troth.model.pickup_moves import PickupCodeRefused
from troth.model.refusals import PickupLocked

TRIES = 12


async def tried(database: Database) -> tuple[list[int], int]:
    """What twelve wrong codes at once over two processes were counted as, and how many were not looked at."""
    await set_up(database.pool, nodes=(node("ST-NYC"),), items=(item("A"),))
    clock = Clock()
    async with open_system(database.dsn, clock=clock) as one, open_system(database.dsn, clock=clock) as other:
        await stock(one, {("A", "ST-NYC"): 3})
        asked = capture(method=Method.PICKUP, pickup_node=NodeId("ST-NYC"), ship_to=None)
        order = accepted(await one.door.one(asked, actor="web"))
        accepted(await one.door.one(ReleaseOrder(order.order_id), actor="test"))
        work = order.fulfillments[0].fulfillment_id
        accepted(await one.door.one(StageWork(work), actor="store"))
        code = pickup_code(order, work)
        wrong = CollectWork(work, code="0" * 6 if code != "0" * 6 else "1" * 6)
        systems = [one, other] * (TRIES // 2)
        outcomes = await asyncio.gather(*(system.door.one(wrong, actor="counter") for system in systems))
    counted = [
        event.failures
        for outcome in outcomes
        if isinstance(outcome, Accepted)
        for _, event in outcome.decision.events
        if isinstance(event, PickupCodeRefused)
    ]
    return sorted(counted), sum(isinstance(outcome, PickupLocked) for outcome in outcomes)


async def test_five_codes_are_looked_at_and_then_none(database: Database) -> None:
    assert await tried(database) == ([1, 2, 3, 4, 5], TRIES - 5)


async def test_without_the_count_all_of_them_would_be(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # The negative control: an attempt that does not see those before it is always the first.
    monkeypatch.setattr(handing_over, "pickup_of", lambda _order, work: Pickup(work.fulfillment_id))
    assert await tried(database) == ([1] * TRIES, 0)
