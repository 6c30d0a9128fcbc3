"""A carrier tells of parcels by whatever it knows of them, and it is recorded of those that it means."""

from collections.abc import Callable

import pytest

from tests.builders import Clock, accepted, capture, stock
from tests.flows.telling_nodes import stored
from troth.flows.door.system import System
from troth.flows.memory.trackers import NamedBy, Reference, ToldCheckpoint
from troth.flows.orders.due import act_on_due
from troth.flows.tracking.notices import Recorded, record_checkpoints
from troth.model.commands import ShipWork
from troth.model.ids import OrderId, derive_order_id
from troth.model.order import Order, Package

FIRST, SECOND = "003400000000000014", "003400000000000021"


@pytest.fixture
async def shipped(system: System, clock: Clock) -> Order:
    """An order of two parcels with UPS and one with a courier."""
    await stock(system, {("A", "DC-PA"): 50})
    order = accepted(await system.door.one(capture("W-1", {"A": 3}), actor="web"))
    clock.advance(minutes=30)
    assert await act_on_due(system, system.door.now(), limit=10) == 1
    packages = (
        Package(FIRST, carrier="ups", tracking_number="1Z1"),
        Package(SECOND, carrier="UPS", tracking_number=SECOND),
        Package("3", carrier="courier", tracking_number="C-3"),
    )
    ship = ShipWork(order.fulfillments[0].fulfillment_id, packages)
    return accepted(await system.door.one(ship, actor="test"))


def told(number: str = "", *references: Reference) -> ToldCheckpoint:
    return ToldCheckpoint(number, "in_transit", None, references=references)


async def record(system: System, *checkpoints: ToldCheckpoint) -> list[Recorded]:
    return await record_checkpoints(system, "ups", checkpoints, actor="edi/ups", cause="interchange")


async def scanned(system: System, order_id: OrderId) -> list[int]:
    """How many checkpoints each parcel has."""
    order = await stored(system, order_id)
    return [len(package.checkpoints) for package in order.fulfillments[0].packages]


WORK = NamedBy.WORK
WAYS: dict[str, tuple[Callable[[Order], ToldCheckpoint], list[int]]] = {
    "its tracking number": (lambda order: told("1Z1"), [1, 0, 0]),
    "its code": (lambda order: told(FIRST), [1, 0, 0]),
    "its code, which is its tracking number": (lambda order: told(SECOND), [0, 1, 0]),
    "its code beside a number that nobody knows": (
        lambda order: told("X-9", Reference(NamedBy.PACKAGE, FIRST)),
        [1, 0, 0],
    ),
    "another number of its carrier": (lambda order: told("X-9", Reference(NamedBy.NUMBER, "1Z1")), [1, 0, 0]),
    "the work": (lambda order: told("", Reference(WORK, order.fulfillments[0].fulfillment_id)), [1, 1, 0]),
    "the order as its channel calls it": (lambda order: told("", Reference(NamedBy.ORDER, "W-1")), [1, 1, 0]),
    "a number before the work": (
        lambda order: told("1Z1", Reference(WORK, order.fulfillments[0].fulfillment_id)),
        [1, 0, 0],
    ),
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_parcel_is_found_by(system: System, shipped: Order, way: str) -> None:
    checkpoint, expected = WAYS[way]

    fates = await record(system, checkpoint(shipped))
    assert fates == [Recorded.DONE]
    assert await scanned(system, shipped.order_id) == expected


async def test_what_names_no_parcel_is_unknown_and_hurts_no_other(system: System, shipped: Order) -> None:
    fates = await record(
        system,
        told("X-9"),
        told("1Z1"),
        told("", Reference(WORK, "O-26SR2YAV7FYG310C5Q3V-F9"), Reference(NamedBy.ORDER, "W-9")),
    )

    assert fates == [Recorded.UNKNOWN, Recorded.DONE, Recorded.UNKNOWN]
    assert await scanned(system, shipped.order_id) == [1, 0, 0]


async def test_a_name_that_several_channels_give_is_that_of_no_order(system: System, shipped: Order) -> None:
    other = derive_order_id(channel="phone", external_id="W-1")
    accepted(await system.door.one(capture("W-1", {"A": 1}, channel="phone", order_id=other), actor="web"))

    assert await record(system, told("", Reference(NamedBy.ORDER, "W-1"))) == [Recorded.UNKNOWN]
    assert await scanned(system, shipped.order_id) == [0, 0, 0]
