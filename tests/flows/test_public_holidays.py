"""Public holidays: what calendars there are, and that orders are dated by those of the places, nodes and carriers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import msgspec
import pytest

from tests.builders import Clock, accepted, capture, node, set_up, stock
from tests.conftest import Database
from troth.engine.carriage.network import compile_network
from troth.engine.carriage.public_holidays import no_days
from troth.engine.carriage.rate_cards import BEFORE_BOXES, DELIVERY_BEFORE_BOXES, STANDARD
from troth.engine.promising.record import digest_network
from troth.flows.documents.families import RATE_CARDS
from troth.flows.door.system import System, open_system
from troth.flows.memory.offered import compile_offered, offer_cards
from troth.flows.places.public_holidays import find_days, is_calendar, name_days
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate
from troth.flows.publishing.recall import recall_network
from troth.model.lanes import NO_LANES
from troth.model.network import Address, Calendar
from troth.model.refusals import FieldFlaw, Invalid


def days(calendar: str, year: int) -> list[str]:
    return [f"{day:%m-%d}" for day in sorted(find_days(calendar)) if day.year == year]


def test_the_calendar_of_the_us_has_the_federal_holidays_and_that_of_its_carriers_six_of_them() -> None:
    assert days("US", 2026) == [
        *("01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "07-04", "09-07", "10-12", "11-11", "11-26", "12-25")
    ]
    assert days("US-carriers", 2026) == [*("01-01", "05-25", "07-03", "07-04", "09-07", "11-26", "12-25")]


def test_a_region_has_the_holidays_of_its_country_and_its_own() -> None:
    assert name_days("DE-BY")[date(2026, 1, 6)] == "Epiphany"
    assert date(2026, 10, 3) in find_days("DE-BY")
    assert date(2026, 1, 6) not in find_days("DE")


def test_an_unknown_region_has_the_holidays_of_its_country_and_an_unknown_country_none() -> None:
    assert find_days("DE-XX") == find_days("DE")
    assert find_days("XX") == find_days("") == frozenset()
    assert [is_calendar(name) for name in ("DE-XX", "XX", "", "de")] == [False] * 4


@pytest.fixture
def clock() -> Clock:
    """Tuesday noon in New York, before Thanksgiving."""
    return Clock(datetime.fromisoformat("2026-11-24T17:00:00Z"))


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool)
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 500})
        yield opened


async def arrival(system: System, external_id: str) -> date:
    """The day on which an order would be delivered, in New York."""
    order = accepted(await system.door.one(capture(external_id), actor="web"))
    return (order.fulfillments[0].promised_at - timedelta(hours=5)).date()


async def put_card(system: System, **facts: object) -> None:
    """Put the built-in standard card in force, with a day of transit and with these facts."""
    body = msgspec.to_builtins(replace(STANDARD, transit_days=(1,) * 7)) | facts
    saved = await save_draft(system, RATE_CARDS, "parcel", body, actor="ann")
    assert isinstance(saved, Saved), saved
    acted = await activate(system, RATE_CARDS, "parcel", saved.document.version, reason="test", actor="ann")
    assert isinstance(acted, Acted), acted


async def test_nothing_is_picked_up_or_delivered_on_thanksgiving_unless_the_carrier_works_then(
    system: System, clock: Clock
) -> None:
    clock.now = datetime.fromisoformat("2026-11-25T17:00:00Z")  # Wednesday

    rests = await arrival(system, "W-1")
    await put_card(system, public_holidays=[])

    assert (rests, await arrival(system, "W-2")) == (date(2026, 11, 27), date(2026, 11, 26))


async def test_a_carrier_may_keep_other_holidays_than_the_place(system: System, clock: Clock) -> None:
    clock.now = datetime.fromisoformat("2026-10-09T17:00:00Z")  # the Friday before Columbus Day
    federal = await arrival(system, "W-1")
    await put_card(system, public_holidays=["US-carriers"])
    columbus = await arrival(system, "W-2")
    clock.now = datetime.fromisoformat("2026-11-25T17:00:00Z")

    assert (federal, columbus) == (date(2026, 10, 13), date(2026, 10, 12))
    assert await arrival(system, "W-3") == date(2026, 11, 27)


async def test_a_node_takes_the_days_off_of_the_calendars_that_it_names_but_for_its_special_days(
    system: System, clock: Clock
) -> None:
    clock.now = datetime.fromisoformat("2026-11-11T17:00:00Z")  # Veterans Day
    await put_card(system, public_holidays=[])
    works = await arrival(system, "W-1")
    await set_up(system.pool, nodes=(node("DC-PA", calendar=Calendar(public_holidays=("local",))),))
    await system.door.follow()

    assert (works, await arrival(system, "W-2")) == (date(2026, 11, 12), date(2026, 11, 13))


async def test_a_rate_card_that_names_an_unknown_calendar_is_refused(system: System) -> None:
    body = msgspec.to_builtins(STANDARD) | {"public_holidays": ["local", "US-federal"]}

    refused = await save_draft(system, RATE_CARDS, "parcel", body, actor="ann")

    detail = "there is no calendar US-federal; write local, US, DE-BY or US-carriers"
    assert refused == Invalid((FieldFlaw("/public_holidays/1", detail),))
    assert await system.pool.fetchval("SELECT count(*) FROM documents") == 0


async def test_a_network_is_found_again_as_it_was_before_public_holidays_were_kept(
    system: System, clock: Clock
) -> None:
    now = system.door.reference.network
    cards = offer_cards((), BEFORE_BOXES, DELIVERY_BEFORE_BOXES)
    before = digest_network(compile_network(now.nodes, cards))

    found = await recall_network(system, clock.now, before)

    assert found is not None
    assert before != digest_network(now)
    assert (digest_network(found), found.public_holidays) == (before, no_days)


def test_the_holidays_of_a_node_far_away_are_those_of_its_own_region() -> None:
    munich = node("M", address=Address("DE", region="BY"), calendar=Calendar(public_holidays=("local",)))

    network = compile_offered([munich], (STANDARD,), NO_LANES)

    assert date(2026, 1, 6) in network.clocks[0].holidays
    assert date(2026, 1, 6) in network.clocks[0].local_holidays
