"""The list of what to count: its reasons, its links, and what it says where nothing is worth a count."""

import html

import httpx

from tests.builders import accepted, capture, item, set_up, stock
from tests.console.conftest import HOSTILE
from troth.flows.door.system import System
from troth.flows.memory.accuracy import learn_from_log
from troth.flows.people.access import Actor
from troth.flows.stock.stock import Counted, count
from troth.model.commands import LineQuantity, PickWork, ReleaseOrder
from troth.model.ids import LineId, NodeId, Sku

ANN = Actor("key/ann", frozenset({"inventory:write"}))


async def miss(system: System, sku: str) -> None:
    """Have one of two units not be found."""
    await set_up(system.pool, nodes=(), items=(item(sku, name=HOSTILE, price_minor=9_000),))
    await system.door.follow()
    await stock(system, {(sku, "DC-PA"): 9})
    order = accepted(await system.door.one(capture(f"W-{sku}", {sku: 2}), actor="test"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="test"))
    picked = PickWork(order.fulfillments[0].fulfillment_id, (LineQuantity(LineId("1"), 1, "not_found"),))
    accepted(await system.door.one(picked, actor="test"))
    await learn(system)


async def learn(system: System) -> None:
    while await learn_from_log(system.pool):
        pass
    await system.door.follow()


async def test_a_missed_position_is_listed_with_its_reasons_and_leads_to_its_ledger(
    client: httpx.AsyncClient, system: System
) -> None:
    await miss(system, "T/1")

    shown = await client.get("/console/count-tasks")

    text = html.unescape(shown.text)
    assert shown.status_code == 200
    assert 'href="/console/inventory/T%2F1/at/DC-PA"' in shown.text
    assert "1 unit not found at a pick" in text
    assert "never counted" in text
    assert "<script>alert" not in shown.text
    position = await client.get("/console/inventory/T%2F1/at/DC-PA")
    assert position.status_code == 200


async def test_it_is_shown_by_node_and_its_count_takes_a_position_off_it(
    client: httpx.AsyncClient, system: System
) -> None:
    await miss(system, "T-2")
    await miss(system, "T-3")

    elsewhere = await client.get("/console/count-tasks?node=DC-IL")
    await count(system, NodeId("DC-PA"), system.door.now(), [Counted(Sku("T-2"), 8)], actor=ANN)
    await learn(system)
    after = await client.get("/console/count-tasks?node=DC-PA")

    assert "T-3" not in elsewhere.text
    assert ("T-2" in after.text, "T-3" in after.text) == (False, True)


async def test_where_nothing_is_worth_a_count_it_says_so_and_the_inventory_leads_to_it(
    client: httpx.AsyncClient,
) -> None:
    shown = await client.get("/console/count-tasks")
    inventory = await client.get("/console/inventory")

    assert 'class="empty"' in shown.text
    assert 'aria-current="page"' in shown.text
    assert 'href="/console/count-tasks"' in inventory.text
