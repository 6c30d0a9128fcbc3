"""The simulated carrier: parcels travel as it is set, and tell of it through the ordinary entrance."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW, Clock, accepted
from tests.conftest import Database
from tests.shipping.sending import label, opened, packed, read, work_of
from troth.adapters.carriers.simulated import Behavior, journey, number_parcel
from troth.flows.door.system import System
from troth.flows.shipping.labels import void_label
from troth.flows.tracking.poll import follow_parcels, poll_carrier
from troth.model.barcodes import check_digit
from troth.model.commands import ShipWork
from troth.model.lifecycle import AllocationState
from troth.model.order import Order
from troth.model.status import fulfillment_status
from troth.store.simulated_parcels import SimulatedParcel


@pytest.fixture
def clock() -> Clock:
    return Clock()


def parcel(number: str = "SP1", *, is_abroad: bool = False) -> SimulatedParcel:
    left = NOW + timedelta(hours=1)
    return SimulatedParcel("k", number, NOW, NOW + timedelta(days=3), is_abroad, "Harrisburg", "New York", None, left)


def statuses(order: Order) -> list[str]:
    return [one.status for package in work_of(order).packages for one in package.checkpoints]


async def shipped(system: System) -> Order:
    order = await packed(system)
    await label(system, order)
    return accepted(await system.door.one(ShipWork(work_of(order).fulfillment_id), actor="test"))


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    async with opened(database, clock) as one:
        yield one


async def ask(system: System) -> int:
    """Ask the carrier about all parcels that are due; how many were."""
    while await follow_parcels(system.pool, {"parcel"}):
        pass
    poller = system.carriers["parcel"].poller
    assert poller is not None
    asked = await poll_carrier(system, "parcel", poller)
    assert isinstance(asked, int)
    return asked


async def test_a_parcel_travels_once_it_left_and_is_delivered_within_its_promise(system: System, clock: Clock) -> None:
    order = await packed(system)
    await label(system, order)
    clock.advance(hours=30)
    assert await ask(system) == 0  # nobody asks about what lies at its node
    order = accepted(await system.door.one(ShipWork(work_of(order).fulfillment_id), actor="test"))
    seen = []
    while clock.now < work_of(order).promised_at:
        clock.advance(hours=2)
        await ask(system)
        order = await read(system, order.order_id)
        seen.append(tuple(statuses(order)))

    assert seen[-1] == ("announced", "handed_over", "in_transit", "out_for_delivery", "delivered")
    assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(seen))
    assert fulfillment_status(order, work_of(order).fulfillment_id) is AllocationState.DELIVERED
    version = order.version
    clock.advance(days=1)
    assert await ask(system) == 0  # it has arrived: nobody asks any more
    assert (await read(system, order.order_id)).version == version


@pytest.mark.parametrize(
    ("behavior", "end"),
    [(Behavior(lost_percent=100), "lost"), (Behavior(delayed_percent=100, speed=24), "delivered")],
)
async def test_parcels_are_lost_and_delayed_as_it_is_set(
    database: Database, clock: Clock, behavior: Behavior, end: str
) -> None:
    async with opened(database, clock, behavior) as system:
        order = await shipped(system)
        clock.advance(days=20)
        await ask(system)
        told = statuses(await read(system, order.order_id))

    assert told[-1] == end
    assert ("delayed" in told) is (end == "delivered")


async def test_a_void_parcel_is_told_of_no_more(system: System, clock: Clock) -> None:
    order = await packed(system)
    (bought,) = await label(system, order)
    await void_label(system, bought.label_id, reason="", actor="test")
    simulated = system.carriers["parcel"].poller
    assert simulated is not None

    assert await simulated.ask([bought.tracking_number]) == ()


async def test_what_crosses_a_border_is_with_the_customs(system: System) -> None:
    told = [one.status for one in journey(parcel(is_abroad=True), Behavior())]

    assert told.index("in_transit") < told.index("customs") < told.index("out_for_delivery")


@given(st.text(min_size=1), st.floats(0, 100), st.floats(0.5, 1_000))
def test_a_journey_goes_forward_in_time_and_has_one_end(key: str, percent: float, speed: float) -> None:
    behavior = Behavior(delayed_percent=percent, lost_percent=(100 - percent) / 2, speed=speed)

    told = list(journey(parcel(number_parcel(key)), behavior))

    times = [one.at for one in told if one.at is not None]
    assert times == sorted(times)
    assert [one.status for one in told if one.status in ("delivered", "lost")] == [told[-1].status]
    assert told == list(journey(parcel(number_parcel(key)), behavior))


@given(st.text(min_size=1, max_size=40))
def test_a_number_can_be_checked_and_one_wrong_digit_is_found(key: str) -> None:
    number = number_parcel(key)
    digits = number[2:-1]

    assert check_digit(digits) == number[-1]
    for at, digit in enumerate(digits):
        wrong = digits[:at] + str((int(digit) + 1) % 10) + digits[at + 1 :]
        assert check_digit(wrong) != number[-1]


def test_the_shares_that_are_set_are_the_shares_that_come() -> None:
    behavior = Behavior(delayed_percent=20, lost_percent=5)
    ends = [[one.status for one in journey(parcel(number_parcel(f"k{n}")), behavior)] for n in range(2_000)]

    assert 60 <= sum("lost" in told for told in ends) <= 140
    assert 320 <= sum("delayed" in told for told in ends) <= 480


async def test_a_fast_carrier_is_asked_as_much_sooner(database: Database, clock: Clock) -> None:
    async with opened(database, clock, Behavior(speed=1_000)) as system:
        order = await shipped(system)
        await ask(system)
        clock.advance(seconds=2)
        assert await ask(system) == 1
        clock.advance(minutes=20)
        await ask(system)
        assert statuses(await read(system, order.order_id))[-1] == "delivered"
