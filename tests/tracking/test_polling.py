"""Carriers are asked where parcels are: each for itself, ever more seldom, and what they tell is recorded once."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tests.builders import NOW, Clock, accepted
from tests.conftest import Database
from tests.tracking.carrier import Carrier, open_carrier
from tests.tracking.conftest import released, stored
from troth.adapters.tracking.codes import ESTIMATES, SILENT, TABLES
from troth.adapters.tracking.polling import HttpPoller, open_pollers
from troth.engine.tracking.asking import DOOR_PAUSE, GIVEN_UP_AFTER, PAUSE_MAX, PAUSE_MIN, ask_again_at
from troth.engine.tracking.parcels import Standing
from troth.flows.door.system import System
from troth.flows.memory.trackers import Silent
from troth.flows.tracking.poll import CLAIM_SECONDS, follow_parcels, poll_carrier
from troth.model.commands import DeliverWork, ShipWork
from troth.model.order import Order, Package
from troth.model.status import OrderStatus, order_status
from troth.model.tracking import Checkpoint, Proof, TrackStatus
from troth.settings import Settings

X12_CODES = (
    "A3 A7 A9 AF AG AH AI AJ AM AN AP AR AV B6 BA BC C1 CA CD CL CP D1 I1 J1 K1 L1 OA OO P1 PR R1 RL S1 SD X1 X2 X3 "
    "X4 X5 X6 X8 XB"
)


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    async with open_carrier() as one:
        yield one


@pytest.fixture
async def poller(carrier: Carrier) -> AsyncIterator[HttpPoller]:
    async with httpx.AsyncClient() as client:
        yield HttpPoller(client, carrier.url, key="secret")


async def shipped(system: System, external_id: str, *numbers: str, carrier: str = "UPS") -> Order:
    order = await released(system, external_id)
    parcels = tuple(Package(str(at), carrier=carrier, tracking_number=one) for at, one in enumerate(numbers))
    return accepted(await system.door.one(ShipWork(order.fulfillments[0].fulfillment_id, parcels), actor="node"))


async def told(system: System, order: Order) -> list[tuple[str, datetime]]:
    order = await stored(system, order.order_id)
    return [(one.status, one.at) for one in order.fulfillments[0].packages[0].checkpoints]


async def ask(system: System, poller: HttpPoller, carrier: str = "ups") -> int | Silent:
    while await follow_parcels(system.pool, {"ups", "dhl"}):
        pass
    return await poll_carrier(system, carrier, poller)


async def test_a_carrier_is_asked_until_the_parcel_is_there_and_each_checkpoint_is_recorded_once(
    system: System, clock: Clock, carrier: Carrier, poller: HttpPoller
) -> None:
    order = await shipped(system, "W-1", "1Z-1")
    proof = {"name": "Ada", "photo": "https://x.test/1.jpg"}
    way = {3: ("handed_over", {}), 30: ("out_for_delivery", {}), 34: ("delivered", {"proof": proof})}
    happened = []
    for hour in range(1, 49):
        clock.advance(hours=1)
        if hour in way:
            status, more = way[hour]
            happened.append((status, clock.now))
            carrier.tell("1Z-1", status, clock.now, **more)
        await ask(system, poller)

    assert await told(system, order) == happened
    order = await stored(system, order.order_id)
    assert order.fulfillments[0].packages[0].checkpoints[-1].proof == Proof("Ada", "https://x.test/1.jpg")
    assert order_status(order) is OrderStatus.DELIVERED
    kinds = await system.pool.fetch("SELECT kind FROM events WHERE kind = 'TrackingRecorded'")
    assert len(kinds) == 3
    assert 10 < len(carrier.asked) < 25  # of 48 hours, in each of which it could have been
    assert set(carrier.keys) == {"Bearer secret"}
    assert await system.pool.fetchval("SELECT count(*) FROM polled_parcels") == 0


async def test_a_carrier_is_asked_about_many_at_a_time_and_about_no_other_carriers_parcels(
    system: System, clock: Clock, carrier: Carrier, poller: HttpPoller
) -> None:
    await shipped(system, "W-1", *(f"1Z-{number:02}" for number in range(25)))
    await shipped(system, "W-2", "DHL-1", carrier="dhl")
    await shipped(system, "W-3", "X-1", carrier="nobody")
    clock.advance(minutes=1)

    assert [await ask(system, poller) for _ in range(3)] == [20, 5, 0]
    assert sorted(one for numbers in carrier.asked for one in numbers) == [f"1Z-{number:02}" for number in range(25)]


@pytest.mark.parametrize(
    ("answer", "reason", "seconds"),
    [
        (PlainTextResponse("busy", 503, {"retry-after": "90"}), "answered 503", 90.0),
        (PlainTextResponse("who?", 401), "answered 401", None),
        (PlainTextResponse("<html>"), "cannot be read: JSON is malformed: invalid character (byte 0)", None),
        (JSONResponse([{"tracking_number": "1Z-1"}]), "cannot be read: Object missing required field `status`", None),
    ],
)
async def test_what_a_carrier_does_not_answer_stays_to_be_asked(
    system: System, clock: Clock, carrier: Carrier, poller: HttpPoller, answer: Response, reason: str, seconds: float
) -> None:
    order = await shipped(system, "W-1", "1Z-1")
    clock.advance(hours=1)
    at = clock.now
    carrier.tell("1Z-1", "in_transit", at)
    carrier.answers = [answer]

    silent = await ask(system, poller)

    assert isinstance(silent, Silent)
    assert (silent.reason[: len(reason)], silent.seconds) == (reason, seconds)
    assert await told(system, order) == []
    assert await ask(system, poller) == 1
    assert await told(system, order) == [("in_transit", at)]


async def test_one_carrier_that_is_away_holds_up_no_other(
    system: System, clock: Clock, carrier: Carrier, poller: HttpPoller
) -> None:
    await shipped(system, "W-1", "1Z-1")
    other = await shipped(system, "W-2", "DHL-1", carrier="DHL")
    clock.advance(minutes=1)
    at = clock.now
    carrier.tell("DHL-1", "picked_up", at)

    async with httpx.AsyncClient() as client:
        away = HttpPoller(client, "http://127.0.0.1:9/parcels")
        silent = await ask(system, away)
    assert isinstance(silent, Silent)
    assert await ask(system, poller, "dhl") == 1

    assert "ConnectError" in silent.reason
    assert await told(system, other) == [("handed_over", at)]


async def test_what_lies_in_the_future_is_recorded_once_it_has_come(
    system: System, clock: Clock, carrier: Carrier, poller: HttpPoller
) -> None:
    order = await shipped(system, "W-1", "1Z-1")
    at = clock.now + timedelta(hours=5)
    carrier.tell("1Z-1", "in_transit", at)
    for _ in range(10):
        clock.advance(hours=1)
        await ask(system, poller)

    assert await told(system, order) == [("in_transit", at)]


async def test_what_is_told_without_a_time_is_news_once(
    system: System, clock: Clock, carrier: Carrier, poller: HttpPoller
) -> None:
    order = await shipped(system, "W-1", "1Z-1")
    carrier.tell("1Z-1", "weighed", None)
    for _ in range(5):
        clock.advance(hours=1)
        await ask(system, poller)

    assert [status for status, _ in await told(system, order)] == ["weighed"]


async def test_who_delivers_by_other_means_is_not_asked_any_more(
    system: System, clock: Clock, carrier: Carrier, poller: HttpPoller
) -> None:
    await shipped(system, "W-1", "1Z-1")
    await ask(system, poller)
    clock.advance(hours=1)
    (row,) = await system.pool.fetch("SELECT order_id, fulfillment_id FROM polled_parcels")
    order = await stored(system, row["order_id"])
    accepted(await system.door.one(DeliverWork(order.fulfillments[0].fulfillment_id), actor="ann"))

    assert await ask(system, poller) == 0
    assert await system.pool.fetchval("SELECT count(*) FROM polled_parcels") == 0


@pytest.mark.parametrize("gap", ["asked", "recorded"])
async def test_a_worker_that_is_killed_in_a_gap_records_nothing_twice_and_loses_nothing(
    database: Database, system: System, clock: Clock, carrier: Carrier, poller: HttpPoller, gap: str
) -> None:
    order = await shipped(system, "W-1", "1Z-1")
    clock.advance(hours=1)
    at = clock.now
    carrier.tell("1Z-1", "in_transit", at)
    ahead = str((clock.now - NOW).total_seconds())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.tracking.carrier", database.dsn, carrier.url, gap, ahead,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"here\n"
    process.kill()
    await process.wait()

    assert await ask(system, poller) == 0  # whoever died has claimed it
    clock.advance(seconds=CLAIM_SECONDS)
    assert await ask(system, poller) == 1

    assert await told(system, order) == [("in_transit", at)]
    assert await system.pool.fetchval("SELECT count(*) FROM events WHERE kind = 'TrackingRecorded'") == 1


async def test_two_workers_ask_about_each_parcel_once(
    system: System, clock: Clock, carrier: Carrier, poller: HttpPoller
) -> None:
    await shipped(system, "W-1", *(f"1Z-{number:02}" for number in range(30)))
    clock.advance(minutes=1)
    while await follow_parcels(system.pool, {"ups"}):
        pass

    asked = await asyncio.gather(*(poll_carrier(system, "ups", poller) for _ in range(4)))

    assert sum(one for one in asked if isinstance(one, int)) == 30
    assert sorted(one for numbers in carrier.asked for one in numbers) == [f"1Z-{number:02}" for number in range(30)]


def test_the_pause_grows_with_the_silence_and_ends_with_the_parcel() -> None:
    def pause(hours: float, status: str = "in_transit") -> timedelta | None:
        now = NOW + timedelta(hours=hours)
        again = ask_again_at(Standing(Checkpoint(status, NOW)), shipped_at=NOW - timedelta(hours=1), now=now)
        return None if again is None else again - now

    assert [pause(hours) for hours in (0, 1, 4, 10, 100)] == [
        PAUSE_MIN, PAUSE_MIN, timedelta(hours=2), timedelta(hours=5), PAUSE_MAX,
    ]  # fmt: skip
    assert [pause(hours, "out_for_delivery") for hours in (0, 20, 30)] == [DOOR_PAUSE, DOOR_PAUSE, PAUSE_MAX]
    assert [pause(1, status) for status in ("delivered", "returned", "lost")] == [None, None, PAUSE_MIN]
    assert pause(GIVEN_UP_AFTER / timedelta(hours=1)) is None
    assert ask_again_at(Standing(), shipped_at=NOW, now=NOW + timedelta(hours=8)) == NOW + timedelta(hours=12)


async def test_settings_say_who_is_asked_and_in_whose_codes_they_answer(carrier: Carrier) -> None:
    settings = Settings(
        carrier_urls={"Freight": carrier.url},  # type: ignore[dict-item]
        carrier_keys={"Freight": "k"},  # type: ignore[dict-item]
        carrier_codes={"Freight": "x12_214"},
    )
    carrier.tell("P-1", "D1", NOW)
    carrier.tell("P-1", "AG", NOW + timedelta(days=1))
    async with open_pollers(settings) as pollers:
        found = await pollers["freight"].ask(["P-1"])
        carrier.answers = [PlainTextResponse("none of them", 404)]
        unknown = await pollers["freight"].ask(["P-2"])

    assert isinstance(found, tuple)
    assert [(one.status, one.told, one.at, one.estimated_delivery_at) for one in found] == [
        ("delivered", "D1", NOW, None),
        ("ag", "AG", None, NOW + timedelta(days=1)),
    ]
    assert carrier.keys == ["Bearer k"] * 2
    assert unknown == ()


def test_every_code_of_a_list_is_in_its_table_or_is_said_to_say_nothing() -> None:
    whole = {
        "x12_214": X12_CODES.split(),
        "iftsta": [str(code) for code in range(1, 104)],
    }
    for name, codes in whole.items():
        parts = [set(TABLES[name]), set(ESTIMATES[name]), set(SILENT[name])]
        assert set(codes) <= set.union(*parts)
        assert sum(map(len, parts)) == len(set.union(*parts))
    assert {status for table in TABLES.values() for status in table.values()} == set(TrackStatus)
