"""Builders: values that are whole by default, of which a test says only what matters to it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from troth.flows.door import door
from troth.flows.door.requests import Accepted, Outcome
from troth.flows.door.system import System
from troth.flows.exceptions.fixing import Fixed
from troth.model.capture_order import CaptureOrder
from troth.model.commands import AdjustStock
from troth.model.ids import LineId, NodeId, Sku, derive_order_id
from troth.model.inventory import SupplyKey
from troth.model.item import Item
from troth.model.network import Address, Calendar, Node, NodeType
from troth.model.order import Customer, Line, Method, Order
from troth.model.refusals import Refusal
from troth.store.database import Pool
from troth.store.reference import write_items, write_nodes

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # a Monday, before noon in New York and in Chicago
NEW_YORK = Address(
    country="US", name="Ada Park", line1="1 Main St", city="New York", region="NY", postcode="10001",
    latitude=40.75, longitude=-73.99,
)  # fmt: skip

LOS_ANGELES = replace(
    NEW_YORK, line1="1 Palm Dr", city="Los Angeles", region="CA", postcode="90012", latitude=34.06, longitude=-118.24
)

PLACES = {
    "DC-PA": (40.0, -76.3, "America/New_York"),
    "DC-IL": (41.9, -87.6, "America/Chicago"),
    "ST-NYC": (40.76, -73.98, "America/New_York"),
    "DC-CA": (34.0, -117.5, "America/Los_Angeles"),
}


class Clock:
    """A clock that a test sets; it moves a microsecond with each look, so that no two batches are of one instant."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def advance(self, **delta: float) -> None:
        """Let time pass."""
        self.now += timedelta(**delta)


def node(name: str = "DC-PA", **changes: Any) -> Node:
    """A node at one of the known places, or where the changes say."""
    latitude, longitude, zone = PLACES.get(name, (40.0, -80.0, "America/New_York"))
    values: dict[str, Any] = {
        "node": NodeId(name),
        "type": NodeType.STORE if name.startswith("ST") else NodeType.DC,
        "name": name,
        "latitude": latitude,
        "longitude": longitude,
        "time_zone": zone,
        "cut_off": time(14, 0),
        "calendar": Calendar(),
        "pickup": name.startswith("ST"),
    }
    return Node(**values | changes)


def item(sku: str = "A", **changes: Any) -> Item:
    """An item of half a kilogram."""
    values: dict[str, Any] = {"sku": Sku(sku), "name": f"Item {sku}", "price_minor": 1990, "weight_grams": 500}
    return Item(**values | changes)


def capture(external_id: str = "W-1", lines: Mapping[str, int] | None = None, **changes: Any) -> CaptureOrder:
    """A web order shipped to New York; `lines` is quantity by SKU."""
    wanted = lines or {"A": 1}
    values: dict[str, Any] = {
        "order_id": derive_order_id(channel="web", external_id=external_id),
        "channel": "web",
        "external_id": external_id,
        "digest": f"digest of {external_id} {sorted(wanted.items())}",
        "currency": "USD",
        "ordered_at": NOW,
        "customer": Customer("C-1", "Ada Park", "ada@example.com", ""),
        "ship_to": NEW_YORK,
        "method": Method.SHIP,
        "pickup_node": None,
        "service": "",
        "ship_complete": False,
        "lines": tuple(
            Line(LineId(str(number)), Sku(sku), quantity, 1990)
            for number, (sku, quantity) in enumerate(wanted.items(), 1)
        ),
    }
    return CaptureOrder(**values | changes)


async def set_up(pool: Pool, *, nodes: tuple[Node, ...] = (node(),), items: tuple[Item, ...] = (item(),)) -> None:
    """Write nodes and items."""
    async with pool.acquire() as connection, connection.transaction():
        await write_nodes(connection, nodes, NOW)
        await write_items(connection, items, NOW)


async def stock(system: System, stock_by_key: Mapping[tuple[str, str], int]) -> None:
    """Put units on hand, by (SKU, node)."""
    for (sku, name), units in stock_by_key.items():
        outcome = await system.door.one(AdjustStock(SupplyKey(Sku(sku), NodeId(name)), units, "initial"), actor="test")
        assert isinstance(outcome, Accepted)


def accepted(outcome: Outcome) -> Order:
    """The order of an accepted command; fails the test where it was refused."""
    assert isinstance(outcome, Accepted), outcome
    assert outcome.order is not None
    return outcome.order


def fixed(done: Fixed | Refusal) -> Order:
    """The order as it is after a fix; fails the test where the fix was refused, or is of no order."""
    assert isinstance(done, Fixed), done
    assert done.order is not None
    return done.order


def follow_only_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes that are opened from now on take over what others write only when a test asks them to: between two
    of its lines nobody knows how much time passes.
    """
    monkeypatch.setattr(door, "_FOLLOW_SECONDS", 3_600.0)
