"""The page on kept promises shows what was delivered, by whom, and what will probably be late."""

from datetime import timedelta

import httpx

from tests.builders import Clock, accepted, capture
from troth.flows.door.system import System
from troth.flows.tracking.watch import Watcher, follow_watched, look_at_due
from troth.model.commands import DeliverWork, ReleaseOrder, ShipWork


async def test_what_was_delivered_and_what_will_be_late_are_shown(
    system: System, client: httpx.AsyncClient, clock: Clock
) -> None:
    await follow_watched(system.pool, system.door.now())
    order = accepted(await system.door.one(capture("W-1", {"A": 1}), actor="web"))
    name = order.fulfillments[0].fulfillment_id
    late = accepted(await system.door.one(capture("W-LATE", {"B": 1}), actor="web"))
    for one in (order, late):
        accepted(await system.door.one(ReleaseOrder(one.order_id), actor="ann"))
    accepted(await system.door.one(ShipWork(name), actor="node"))
    clock.advance(hours=1)
    accepted(await system.door.one(DeliverWork(name), actor="node"))
    clock.now = late.fulfillments[0].ship_by + timedelta(hours=2)
    while await follow_watched(system.pool, system.door.now()):
        pass
    await look_at_due(system, Watcher())

    by_node = (await client.get("/console/promises-kept")).text
    by_carrier = (await client.get("/console/promises-kept?by=carrier&days=7")).text

    assert "<td>DC-PA</td>" in by_node
    assert "100.0 %" in by_node
    assert "W-LATE" in by_node
    assert "Promises kept by carrier" in by_carrier
