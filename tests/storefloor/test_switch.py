"""The switch in the store app, and that a task whose goods may be gone comes first."""

import httpx

from tests.builders import Clock
from tests.storefloor.conftest import STORE
from tests.storefloor.working import ordered, send
from troth.flows.door.system import System
from troth.model.ids import NodeId, Sku
from troth.model.sales_rate import PlacedSalesRate
from troth.store.node_switches import read_node_switches
from troth.store.sales_rates import write_sales_rates


async def test_a_store_is_switched_off_with_a_reason_and_on_again(
    client: httpx.AsyncClient, system: System, clock: Clock
) -> None:
    without = await send(client, "/switch", script=None, switch="off", reason=" ", hours="2")
    no_hours = await send(client, "/switch", script=None, switch="off", reason="no staff", hours="-1")
    off = await send(client, "/switch", script=None, switch="off", reason="no staff", hours="2")
    shown = await client.get(f"/store/at/{STORE}/switch")
    async with system.pool.acquire() as connection:
        known = await read_node_switches(connection, clock())
    on = await send(client, "/switch", script=None, switch="on")

    assert (without.status_code, no_hours.status_code, off.status_code, on.status_code) == (409, 409, 303, 303)
    assert "Broadway is off" in shown.text
    assert "no staff" in shown.text
    assert (list(known), known[NodeId(STORE)].by) == ([STORE], "user/ana")
    assert "Broadway is on" in (await client.get(f"/store/at/{STORE}/switch")).text


async def test_a_task_whose_goods_may_be_gone_is_first_and_says_so(client: httpx.AsyncClient, system: System) -> None:
    async with system.pool.acquire() as connection:
        await write_sales_rates(
            connection, [PlacedSalesRate(Sku("MUG"), NodeId(STORE), 900.0, 0.0, 0.0)], system.door.now()
        )
    first = await ordered(system, "W-1", {"TENT": 1})
    second = await ordered(system, "W-2", {"MUG": 9})
    page = (await client.get(f"/store/at/{STORE}")).text
    assert page.index(second.fulfillments[0].fulfillment_id) < page.index(first.fulfillments[0].fulfillment_id)
    assert "soon: MUG may be gone" in page
