"""Orders that a store has to do, and forms as its phones send them."""

import re
from typing import Any

import httpx

from tests.builders import accepted, capture
from tests.storefloor.conftest import STORE
from troth.flows.door.system import System
from troth.model.commands import ReleaseOrder
from troth.model.ids import FulfillmentId, LineId, NodeId
from troth.model.order import Method, Order
from troth.store.orders import read_orders


async def ordered(system: System, name: str, lines: dict[str, int], *, ship: bool = False, **changes: Any) -> Order:
    """An order of the store that was released to it: a pickup, or what it sends."""
    how = {} if ship else {"ship_to": None, "method": Method.PICKUP, "pickup_node": NodeId(STORE)}
    asked = capture(name, lines, **how, **changes)
    order = accepted(await system.door.one(asked, actor="key/web"))
    return accepted(await system.door.one(ReleaseOrder(order.order_id), actor="clock"))


async def read_order(system: System, order: Order) -> Order:
    """The order as it is now."""
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order.order_id]))[order.order_id]


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
