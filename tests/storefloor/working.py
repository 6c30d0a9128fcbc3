"""Orders that a store has to do, and forms as its phones send them."""

import re
from typing import Any

import httpx

from tests.builders import accepted, capture, item, set_up, stock
from tests.storefloor.conftest import STORE
from troth.flows.documents.families import ROUTINGS
from troth.flows.door.system import System
from troth.flows.publishing.draft import save_draft
from troth.flows.publishing.publish import activate
from troth.model.commands import PackWork, ReleaseOrder, ShipWork
from troth.model.ids import FulfillmentId, LineId, NodeId
from troth.model.lifecycle import AllocationState
from troth.model.order import Method, Order, Package, PackageLine
from troth.model.refusals import Invalid
from troth.model.status import fulfillment_status
from troth.store.events import read_subject_events
from troth.store.orders import read_orders


async def ordered(system: System, name: str, lines: dict[str, int], *, ship: bool = False, **changes: Any) -> Order:
    """An order of the store that was released to it: a pickup, or what it sends."""
    how = {} if ship else {"ship_to": None, "method": Method.PICKUP, "pickup_node": NodeId(STORE)}
    asked = capture(name, lines, **how | changes)
    order = accepted(await system.door.one(asked, actor="key/web"))
    return accepted(await system.door.one(ReleaseOrder(order.order_id), actor="clock"))


async def sent_to_store(system: System, name: str, **changes: Any) -> Order:
    """An order of two units that the store lacks, and that a DC has sent there in two parcels."""
    saved = await save_draft(system, ROUTINGS, "default", {"weights": {"ship_to_store": 1}}, actor="test")
    assert not isinstance(saved, Invalid), saved
    await activate(system, ROUTINGS, "default", 1, reason="test", actor="test")
    await set_up(system.pool, items=(item("KAYAK", name="Red Kayak"),))
    await system.door.follow()
    await stock(system, {("KAYAK", "DC-PA"): 9})
    order = await ordered(system, name, {"KAYAK": 2}, **changes)
    parcels = tuple(
        Package(str(number), (PackageLine(LineId("1"), 1),), carrier="ups", tracking_number=f"1Z{number}")
        for number in (1, 2)
    )
    for step in (PackWork(work_of(order), parcels), ShipWork(work_of(order), parcels)):
        order = accepted(await system.door.one(step, actor="key/dc"))
    return order


async def read_order(system: System, order: Order) -> Order:
    """The order as it is now."""
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order.order_id]))[order.order_id]


async def kinds(system: System, order: Order, *wanted: str) -> list[str]:
    """The kinds of an order's events in their order: all, or those that are wanted."""
    async with system.pool.acquire() as connection:
        found = [event.kind for event in await read_subject_events(connection, order.order_id)]
    return [kind for kind in found if kind in wanted or not wanted]


def state(order: Order) -> AllocationState:
    """Where its first work stands."""
    return fulfillment_status(order, work_of(order))


def work_of(order: Order) -> FulfillmentId:
    """Its first work."""
    return order.fulfillments[0].fulfillment_id


def picked(order: Order, line: str = "1") -> str:
    """The field of a pick that says how many of a line were taken."""
    return f"picked~{work_of(order)}~{LineId(line)}"


def csrf_in(response: httpx.Response) -> str:
    """The token in a form of a page."""
    found = re.search(r'name="csrf" (?:value|content)="(\w+)"', response.text)
    assert found, response.text
    return found[1]


async def send(client: httpx.AsyncClient, path: str, *, key: str = "k", script: object = True, **fields: Any) -> Any:
    """Send a form of the store: as its script does, or as a browser without one. Of a field's name `__` is `~`."""
    csrf = csrf_in(await client.get(f"/store/at/{STORE}"))
    headers = {"accept": "application/json"} if script else {}
    data = {"csrf": csrf, "key": key, **{name.replace("__", "~"): value for name, value in fields.items()}}
    return await client.post(f"/store/at/{STORE}{path}", data=data, headers=headers)
