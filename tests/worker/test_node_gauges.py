"""How nodes do is measured, and what is not known of one is not said to be nothing."""

from prometheus_client import REGISTRY

from tests.builders import Clock, accepted, capture
from troth.flows.door.system import System
from troth.flows.memory.node_work import learn_work
from troth.model.commands import LineQuantity, PickWork, RejectWork, ReleaseOrder, ShipWork
from troth.model.ids import LineId
from troth.worker.nodes import measure_nodes


def rate(name: str, node: str = "DC-PA") -> float | None:
    return REGISTRY.get_sample_value("troth_node_rate", {"node": node, "rate": name})


async def test_shares_of_the_work_of_a_node_are_gauges(system: System, clock: Clock) -> None:
    for number in range(4):
        order = accepted(await system.door.one(capture(f"W-{number}", {"A": 2}), actor="test"))
        accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
        work = order.fulfillments[0].fulfillment_id
        clock.advance(minutes=6)
        if number == 3:
            accepted(await system.door.one(RejectWork(work, "damaged"), actor="dc"))
            continue
        if number == 0:
            found = (LineQuantity(LineId("1"), 1, "not_found"),)
            accepted(await system.door.one(PickWork(work, found), actor="dc"))
        accepted(await system.door.one(ShipWork(work), actor="dc"))
    await learn_work(system.pool, system.door.reference.network)
    await measure_nodes(system)

    assert (rate("accepted"), rate("on_time"), rate("short")) == (0.75, 1.0, 1 / 6)
    assert rate("accepted", "DC-XX") is None
    assert REGISTRY.get_sample_value("troth_node_task_minutes", {"node": "DC-PA"}) is not None
