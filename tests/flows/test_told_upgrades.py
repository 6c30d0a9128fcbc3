"""A node with a system of its own is told that its work goes by another service now."""

from datetime import timedelta

from tests.builders import LOS_ANGELES, Clock, accepted, capture, item, set_up, stock
from tests.conftest import Database
from tests.flows.telling_nodes import inbox, partner, tell
from troth.flows.door.system import open_system
from troth.model.commands import ReleaseOrder, UpgradeWork
from troth.model.node_messages import MessageKind


async def test_an_upgrade_is_told_as_a_change_of_the_work_with_its_new_service(database: Database) -> None:
    clock = Clock()
    await set_up(database.pool, nodes=(partner(),), items=(item("A"),))
    async with open_system(database.dsn, clock=clock) as system:
        await stock(system, {("A", "3PL-1"): 5})
        order = accepted(await system.door.one(capture("W-1", {"A": 1}, ship_to=LOS_ANGELES), actor="web"))
        accepted(await system.door.one(ReleaseOrder(order.order_id), actor="ann"))
        await tell(system)
        (work,) = order.fulfillments
        clock.now = work.ship_by + timedelta(hours=15)
        accepted(await system.door.one(UpgradeWork(work.fulfillment_id, "express", "late"), actor="alerts"))
        await tell(system)

        told = [message.told for message in await inbox(system)]

    assert [(one.kind, one.work.service) for one in told] == [
        (MessageKind.RELEASE, "standard"), (MessageKind.CHANGE, "express"),
    ]  # fmt: skip
