"""What is in force decides orders: at once, at its time, for some of them, and not a moment longer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NEW_YORK, NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.documents import rate_card, routing
from troth.engine.supply.in_force import share_of
from troth.flows.documents.families import RATE_CARDS, ROUTINGS, Family
from troth.flows.door.system import System, open_system
from troth.flows.orders.capture import ContentLine, OrderContent
from troth.flows.orders.quote import Quote, quote
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate, retire, roll_back
from troth.model.ids import LineId, OrderId, Sku, derive_order_id
from troth.model.order import Customer, Order
from troth.model.refusals import Invalid, NotFound
from troth.store.orders import read_orders


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node("DC-PA"), node("DC-IL")), items=(item("A"),))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "DC-PA"): 500, ("A", "DC-IL"): 500})
        yield opened


async def _save(system: System, name: str, family: Family[Any] = ROUTINGS, **changes: Any) -> int:
    body = routing(**changes) if family is ROUTINGS else rate_card(**changes)
    saved = await save_draft(system, family, name, body, actor="ann")
    assert isinstance(saved, Saved), saved
    return saved.document.version


async def _activate(system: System, name: str, version: int, family: Family[Any] = ROUTINGS, **more: Any) -> None:
    acted = await activate(system, family, name, version, reason="test", actor="ann", **more)
    assert isinstance(acted, Acted), acted


async def _order(system: System, external_id: str) -> Order:
    return accepted(await system.door.one(capture(external_id), actor="web"))


async def test_the_next_order_is_decided_by_the_version_that_was_activated_and_says_so(system: System) -> None:
    before = await _order(system, "W-1")
    await _activate(system, "everyday", await _save(system, "everyday"))
    after = await _order(system, "W-2")
    await _activate(system, "everyday", await _save(system, "everyday", description="Second"))
    second = await _order(system, "W-3")

    assert [order.policy_version for order in (before, after, second)] == ["default-1", "everyday@1", "everyday@2"]
    async with system.pool.acquire() as connection:
        kept = await read_orders(connection, [before.order_id, after.order_id])
        events = await connection.fetch("SELECT policy_version FROM events WHERE kind = 'OrderCaptured' ORDER BY seq")
    assert [kept[order.order_id].policy_version for order in (before, after)] == ["default-1", "everyday@1"]
    assert [row["policy_version"] for row in events] == ["default-1", "everyday@1", "everyday@2"]


async def test_a_draft_decides_nothing(system: System) -> None:
    await _save(system, "everyday")

    assert (await _order(system, "W-1")).policy_version == "default-1"


async def test_the_policy_in_force_is_the_default_with_what_the_routing_says_instead(system: System) -> None:
    version = await _save(system, "everyday", weights={"split_minor": 777, "carbon": 2.0}, limits={"shipments_max": 2})
    await _activate(system, "everyday", version)

    policy = system.door.reference.policy
    assert (policy.version, policy.split_minor, policy.shipments_max) == ("everyday@1", 777, 2)
    assert policy.weights == {"carbon": 2.0}
    assert policy.remorse_minutes == 30
    assert policy.routing is not None
    assert [tier.name for tier in policy.routing.tiers] == ["DCs", "anybody"]


async def test_another_process_sees_an_activation_when_it_follows(
    system: System, database: Database, clock: Clock
) -> None:
    async with open_system(database.dsn, clock=clock) as other:
        await _activate(system, "everyday", await _save(system, "everyday"))
        await other.door.follow()

        assert (await _order(other, "W-1")).policy_version == "everyday@1"
        assert not other.door.reference.has_canary


async def test_a_process_that_starts_later_begins_with_what_is_in_force(
    system: System, database: Database, clock: Clock
) -> None:
    await _activate(system, "everyday", await _save(system, "everyday"))

    async with open_system(database.dsn, clock=clock) as other:
        assert (await _order(other, "W-1")).policy_version == "everyday@1"


async def test_a_scheduled_activation_takes_effect_at_its_time_without_a_restart(system: System, clock: Clock) -> None:
    await _activate(system, "everyday", await _save(system, "everyday"))
    tonight = NOW + timedelta(hours=3)
    await _activate(system, "everyday", await _save(system, "everyday", description="2"), effective_from=tonight)

    clock.now = tonight - timedelta(seconds=1)
    before = await _order(system, "W-1")
    clock.now = tonight
    after = await _order(system, "W-2")

    assert (before.policy_version, after.policy_version) == ("everyday@1", "everyday@2")
    assert system.door.reference.policy.version == "everyday@2"


async def test_a_scheduled_activation_that_is_taken_back_never_comes(system: System, clock: Clock) -> None:
    await _activate(system, "everyday", await _save(system, "everyday"))
    later = NOW + timedelta(hours=3)
    await _activate(system, "everyday", await _save(system, "everyday", description="2"), effective_from=later)

    assert isinstance(await roll_back(system, ROUTINGS, "everyday", reason="no", actor="ann"), Acted)

    clock.advance(hours=4)
    assert (await _order(system, "W-1")).policy_version == "everyday@1"


async def test_rolling_back_returns_to_the_version_before_and_in_the_end_to_what_is_built_in(system: System) -> None:
    for text in ("1", "2"):
        await _activate(system, "everyday", await _save(system, "everyday", description=text))

    seen = [system.door.reference.policy.version]
    for _ in range(2):
        await roll_back(system, ROUTINGS, "everyday", reason="test", actor="ann")
        seen.append(system.door.reference.policy.version)

    assert seen == ["everyday@2", "everyday@1", "default-1"]


async def test_a_customer_is_quoted_by_the_routing_that_decides_about_their_orders(system: System) -> None:
    await _activate(system, "everyday", await _save(system, "everyday"))
    tried = await _save(
        system, "everyday", tiers=[{"name": "IL", "filters": [{"name": "IL", "expression": "node.id == 'DC-IL'"}]}]
    )
    await _activate(system, "everyday", tried, canary_percent=50)

    seen = set()
    for number in range(12):
        customer = Customer(f"C-{number}")
        content = OrderContent("web", "", (ContentLine(LineId("1"), Sku("A"), 1),), ship_to=NEW_YORK, customer=customer)
        quoted = await quote(system, content)
        assert isinstance(quoted, Quote)
        order = accepted(await system.door.one(capture(f"W-{number}", customer=customer), actor="web"))
        assert quoted.options[0].plan.shipments[0].node == order.fulfillments[0].node
        seen.add(order.policy_version)

    assert seen == {"everyday@1", "everyday@2"}


async def test_a_canary_decides_the_orders_whose_ids_fall_to_it_and_rolling_back_ends_it(system: System) -> None:
    await _activate(system, "everyday", await _save(system, "everyday"))
    await _activate(system, "everyday", await _save(system, "everyday", description="2"), canary_percent=30)
    has_canary = [system.door.reference.has_canary]

    names = [f"W-{number}" for number in range(60)]
    unknown = [capture(name, customer=Customer()) for name in names]
    orders = [accepted(one) for one in await asyncio.gather(*(system.door.one(one, actor="web") for one in unknown))]

    expected = [
        "everyday@2"
        if share_of(derive_order_id(channel="web", external_id=name), "everyday@2") < 3000
        else "everyday@1"
        for name in names
    ]
    assert [order.policy_version for order in orders] == expected
    assert set(expected) == {"everyday@1", "everyday@2"}
    await roll_back(system, ROUTINGS, "everyday", reason="enough seen", actor="ann")
    has_canary.append(system.door.reference.has_canary)
    assert has_canary == [True, False]
    assert {system.door.reference.policy_for(order.order_id, NOW + timedelta(1)).version for order in orders} == {
        "everyday@1"
    }


async def test_without_a_canary_every_order_has_the_same_policy(system: System) -> None:
    reference = system.door.reference

    assert reference.policy_for(OrderId("O-1"), NOW) is reference.policy_for(None, NOW) is reference.policy


async def test_an_active_rate_card_takes_the_place_of_the_built_in_one_of_its_service_until_it_is_retired(
    system: System,
) -> None:
    async def shipping(name: str) -> int:
        return (await _order(system, name)).fulfillments[0].cost["shipping"]

    built_in = await shipping("W-1")
    await _activate(system, "cheap", await _save(system, "cheap", RATE_CARDS), RATE_CARDS)
    cheap = await shipping("W-2")
    services = [card.service for card in system.door.reference.network.ship.cards]
    await retire(system, RATE_CARDS, "cheap", reason="contract ended", actor="ann")

    assert (cheap, await shipping("W-3")) == (100, built_in)
    assert sorted(services) == ["express", "next_day", "standard"]


async def test_a_rate_card_takes_effect_at_its_time(system: System, clock: Clock) -> None:
    later = NOW + timedelta(hours=1)
    await _activate(system, "cheap", await _save(system, "cheap", RATE_CARDS), RATE_CARDS, effective_from=later)

    before = (await _order(system, "W-1")).fulfillments[0].cost["shipping"]
    clock.now = later
    await system.door.follow()

    assert before != 100
    assert (await _order(system, "W-2")).fulfillments[0].cost["shipping"] == 100


async def test_a_rate_card_has_no_canary(system: System) -> None:
    version = await _save(system, "cheap", RATE_CARDS)

    refused = await activate(system, RATE_CARDS, "cheap", version, canary_percent=10, reason="test", actor="ann")

    assert isinstance(refused, Invalid)
    assert [flaw.pointer for flaw in refused.flaws] == ["/canary_percent"]


async def test_a_version_that_cannot_be_read_any_more_leaves_in_force_what_it_replaced(
    system: System, database: Database, clock: Clock
) -> None:
    await _activate(system, "everyday", await _save(system, "everyday"))
    await _activate(system, "everyday", await _save(system, "everyday", description="2"))
    await database.pool.execute("""UPDATE documents SET body = '{"tiers": 5}' WHERE version = 2""")

    async with open_system(database.dsn, clock=clock) as other:
        assert (await _order(other, "W-1")).policy_version == "everyday@1"
    again = await activate(system, ROUTINGS, "everyday", 2, canary_percent=5, reason="test", actor="ann")
    assert isinstance(again, Invalid)
    assert {flaw.pointer for flaw in again.flaws} >= {"/version"}


async def test_many_who_activate_at_once_are_recorded_one_after_the_other(system: System) -> None:
    versions = [await _save(system, "everyday", description=str(number)) for number in range(8)]

    await asyncio.gather(*(_activate(system, "everyday", version) for version in versions))

    rows = await system.pool.fetch("SELECT number, version FROM activations ORDER BY number")
    assert [row["number"] for row in rows] == list(range(1, 9))
    assert {row["version"] for row in rows} == set(versions)
    assert system.door.reference.policy.version == f"everyday@{rows[-1]['version']}"


async def test_what_is_not_there_cannot_be_activated(system: System) -> None:
    assert await activate(system, ROUTINGS, "nothing", 1, reason="test", actor="ann") == NotFound("routing", "nothing")
