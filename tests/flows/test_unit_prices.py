"""Unit prices in a running system: who follows them, what is held of them, and what is sold where they say nothing."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from tests.builders import NOW, Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.explained import explained
from troth.flows.documents.families import ROUTINGS
from troth.flows.door.system import System, open_system
from troth.flows.log.maintain import PRICES_KEPT, delete_old
from troth.flows.memory import price_memory
from troth.flows.orders.dry_run import DryRun, dry_run
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate
from troth.flows.publishing.unit_prices import list_prices, publish_prices
from troth.model.ids import NodeId, Sku
from troth.model.prices import PriceLine

DC, STORE = "DC-PA", "ST-NYC"
COVER = 'node.type != "store" || stock.weeks_of_supply >= 4.0'
WEEKS = {
    "name": "weeks",
    "tiers": [
        {"name": "cover", "filters": [{"name": "enough", "expression": COVER}], "sort": [{"by": "nearest"}]},
        {"name": "anywhere"},
    ],
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(node(DC), node(STORE, handling_minor=1)), items=tuple(map(item, "ABC")))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {(sku, name): 9 for sku in "ABC" for name in (DC, STORE)})
        yield opened


async def publish(system: System, version: str, *lines: PriceLine, hours_old: float = 1.0) -> None:
    made_at = NOW - timedelta(hours=hours_old)
    done = await publish_prices(system, version, made_at, lines, is_last=True, actor="test")
    assert isinstance(done, tuple), done


def dear(sku: str, name: str, minor: float = 9_000.0) -> PriceLine:
    return PriceLine(Sku(sku), NodeId(name), minor)


async def sells(system: System, weekly: Sequence[tuple[str, str, float]], clock: Clock) -> None:
    await system.pool.executemany(
        "INSERT INTO sales_rates VALUES ($1, $2, $3, 0, 7, $4)",
        [(*row, clock.now - timedelta(hours=1)) for row in weekly],
    )
    await system.pool.execute("UPDATE reference_versions SET version = version + 1 WHERE family = 'sales-rates'")
    await system.door.follow()


async def route_by_weeks(system: System) -> None:
    saved = await save_draft(system, ROUTINGS, "weeks", WEEKS, actor="ann")
    assert isinstance(saved, Saved), saved
    acted = await activate(system, ROUTINGS, "weeks", saved.document.version, reason="test", actor="ann")
    assert isinstance(acted, Acted), acted


async def sent_from(system: System, external_id: str, sku: str = "A") -> str:
    order = accepted(await system.door.one(capture(external_id, {sku: 1}), actor="web"))
    return str(order.fulfillments[0].node)


async def test_another_process_plans_with_a_set_from_when_it_follows(system: System, database: Database) -> None:
    near = await sent_from(system, "before")
    async with open_system(database.dsn, clock=Clock(NOW + timedelta(minutes=1))) as other:
        await publish(other, "p@1", dear("A", near))
        assert await sent_from(other, "theirs") != near
    await system.door.follow()
    assert await sent_from(system, "ours") != near


async def test_a_process_holds_no_more_than_the_skus_asked_for_last(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_memory, "SKUS_MAX", 2)
    await publish(system, "p@1", *(dear(sku, DC, 5.0) for sku in "ABC"))
    reference = system.door.reference
    for sku in "ABCA":
        prices = await reference.need_prices([Sku(sku)])
        assert prices is not None
        assert (prices.version, dict(prices.minor)) == ("p@1", {Sku(sku): {NodeId(DC): 5.0}})
    assert list(reference._prices._known) == ["C", "A"]
    both = await reference.need_prices([Sku("B"), Sku("A"), Sku("C")])
    assert both is not None
    assert sorted(both.minor) == ["A", "B", "C"]


async def test_stores_give_only_what_they_can_spare_by_the_feed_of_sales_rates(system: System, clock: Clock) -> None:
    await route_by_weeks(system)
    assert await sent_from(system, "unknown") == DC
    await sells(system, [("A", STORE, 1.0), ("B", STORE, 5.0)], clock)
    assert [await sent_from(system, f"W-{sku}", sku) for sku in "AB"] == [STORE, DC]


async def test_a_set_says_what_is_sold_before_the_feed_does(system: System, clock: Clock) -> None:
    await route_by_weeks(system)
    await sells(system, [("A", STORE, 1.0), ("B", STORE, 1.0)], clock)
    await publish(system, "p@1", PriceLine(Sku("A"), NodeId(STORE), weekly_units=7.0))
    assert [await sent_from(system, f"W-{sku}", sku) for sku in "AB"] == [DC, STORE]
    clock.advance(hours=24)  # the set is too old by now
    assert await sent_from(system, "later") == STORE


async def test_a_decision_by_sales_is_explained_until_they_change(system: System, clock: Clock) -> None:
    await route_by_weeks(system)
    await sells(system, [("A", STORE, 1.0)], clock)
    order = accepted(await system.door.one(capture(), actor="web"))
    (decided,) = await explained(system, order)
    assert (decided.is_reproduced, decided.missing) == (True, "")
    await system.pool.execute("UPDATE sales_rates SET weekly_units = 8, changed_at = $1", NOW + timedelta(hours=1))
    (decided,) = await explained(system, order)
    assert (decided.is_reproduced, decided.missing) == (None, "what the nodes sold then")


async def test_a_dry_run_looks_at_sales_also_where_only_the_tried_routing_does(system: System, clock: Clock) -> None:
    order = accepted(await system.door.one(capture(), actor="web"))
    await sells(system, [("A", STORE, 1.0)], clock)
    done = await dry_run(system, "weeks", order.order_id, body=WEEKS)
    assert isinstance(done, DryRun), done
    assert [plan.shipments[0].node for plan in (done.tried, done.in_force)] == [STORE, DC]


async def test_a_set_is_kept_while_it_is_in_force_and_for_ninety_days(system: System, clock: Clock) -> None:
    await publish(system, "p@1", dear("A", STORE))
    order = accepted(await system.door.one(capture(), actor="web"))
    clock.advance(days=PRICES_KEPT.days + 1)
    await delete_old(system.pool, clock.now)
    assert [listed.prices.version for listed in await list_prices(system, limit=10)] == ["p@1"]
    await publish(system, "p@2", dear("A", STORE), hours_old=0.5)
    await publish_prices(system, "p@3", NOW, [dear("A", DC)], is_last=False, actor="test")
    await delete_old(system.pool, clock.now)
    assert [listed.prices.version for listed in await list_prices(system, limit=10)] == ["p@3", "p@2"]
    assert await system.pool.fetchval("SELECT count(*) FROM unit_prices") == 2
    (decided,) = await explained(system, order)
    assert decided.missing == "the unit prices p@1"
    clock.advance(days=8)
    await delete_old(system.pool, clock.now)
    assert [listed.prices.version for listed in await list_prices(system, limit=10)] == ["p@2"]
