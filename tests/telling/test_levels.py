"""What a product page says of stock does not flicker, is true, and is told to subscribers when it changes."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import accepted, capture, item
from tests.flows.moving import ANN
from tests.telling.telling import Shop
from troth.engine.supply.available_to_sell import Stock, StockStatus
from troth.engine.supply.stock_levels import Thresholds, next_level
from troth.flows.people.access import create_key
from troth.flows.stock.levels import watch_levels
from troth.flows.stock.stock import Counted, count
from troth.http.app import create_app
from troth.model.events import EVENTS
from troth.model.ids import NodeId, Sku
from troth.model.stock_level_events import StockLevelChanged
from troth.settings import Settings
from troth.store.codec import decode_event
from troth.store.reference import write_items

WATCHED = {"units": 3, "leave_units": 6, "channels": ["web"]}
STORE = NodeId("ST-NYC")
B = Sku("B")


@pytest.fixture
async def page(shop: Shop) -> httpx.AsyncClient:
    made = await create_key(shop.system.pool, name="page", scopes=("availability:read",), actor="test")
    assert isinstance(made, tuple)
    app = create_app(shop.system, Settings())
    headers = {"authorization": f"Bearer {made[1]}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://tea.example", headers=headers)


async def says(page: httpx.AsyncClient, sku: str = "B", channel: str = "web", **more: Any) -> tuple[str, str]:
    answer = await page.get("/v1/availability", params={"sku": sku, "channel": channel, **more})
    (found,) = answer.json()["items"]
    return found["status"], found["message"]


async def hold(shop: Shop, units: int, sku: Sku = B, node: str = "DC-PA") -> None:
    """Let so many units be counted, and levels be looked at."""
    await count(shop.system, NodeId(node), shop.system.door.now(), [Counted(sku, units)], actor=ANN)
    while await watch_levels(shop.system):
        pass
    await shop.system.door.follow()


async def changes(shop: Shop) -> list[StockLevelChanged]:
    rows = await shop.system.pool.fetch(
        "SELECT kind, body::text AS body FROM events WHERE kind = 'StockLevelChanged' ORDER BY xid, seq"
    )
    found = [decode_event(row["kind"], row["body"]) for row in rows]
    return [event for event in found if isinstance(event, StockLevelChanged)]


async def test_a_page_says_how_few_are_left_until_there_are_clearly_more(shop: Shop, page: httpx.AsyncClient) -> None:
    await shop.texts({"low_stock": [WATCHED]})
    told = []
    for units in (10, 5, 3, 5, 6, 7, 5):
        await hold(shop, units)
        told.append(await says(page))

    assert told == [
        ("in_stock", "In stock"),
        ("in_stock", "In stock"),
        ("low_stock", "Only 3 left"),
        ("low_stock", "Only 5 left"),
        ("low_stock", "Only 6 left"),
        ("in_stock", "In stock"),
        ("in_stock", "In stock"),
    ]
    assert [(one.before, one.after, one.available, one.message) for one in await changes(shop)] == [
        ("in_stock", "low_stock", 3, "Only 3 left"),
        ("low_stock", "in_stock", 7, "In stock"),
    ]
    assert await says(page, channel="pos") == ("low_stock", "Only 5 left")  # that channel is not watched


async def test_orders_that_take_the_last_units_change_what_the_page_says(shop: Shop, page: httpx.AsyncClient) -> None:
    await shop.texts({"low_stock": [{"units": 3, "leave_units": 6}]})
    await hold(shop, 5)
    accepted(await shop.system.door.one(capture("W-1", {"B": 3}), actor="web"))
    while await watch_levels(shop.system):
        pass
    few = await says(page)
    accepted(await shop.system.door.one(capture("W-2", {"B": 2}), actor="web"))
    while await watch_levels(shop.system):
        pass

    assert few == ("low_stock", "Only 2 left")
    assert await says(page) == ("out_of_stock", "Out of stock")
    assert [(one.channel, one.after, one.available) for one in await changes(shop)] == [
        ("", "low_stock", 2), ("", "out_of_stock", 0),
    ]  # fmt: skip


async def test_what_was_gone_is_said_to_be_back_once_there_are_enough(shop: Shop, page: httpx.AsyncClient) -> None:
    await shop.texts({"low_stock": [{**WATCHED, "back_units": 3}]})
    for units in (9, 0, 1, 0, 2, 8):
        await hold(shop, units)

    assert [(one.before, one.after, one.available) for one in await changes(shop)] == [
        ("in_stock", "out_of_stock", 0), ("out_of_stock", "in_stock", 8),
    ]  # fmt: skip
    await hold(shop, 0)
    await hold(shop, 1)
    assert await says(page) == ("low_stock", "Only 1 left")  # the page does not keep to itself what can be bought


async def test_each_store_has_a_level_of_its_own(shop: Shop, page: httpx.AsyncClient) -> None:
    await shop.texts({"low_stock": [{**WATCHED, "by_node": True}]})
    for units in (9, 2, 5, 0):
        await hold(shop, units, Sku("A"), "ST-NYC")

    at_store = [(one.node, one.before, one.after, one.message) for one in await changes(shop)]
    assert at_store == [
        (STORE, "in_stock", "low_stock", "Only 2 left"),
        (STORE, "low_stock", "out_of_stock", "Not at Fifth Avenue, but in stock elsewhere"),
    ]


async def test_nothing_is_watched_where_no_document_says_so_and_the_cursor_moves_on(shop: Shop) -> None:
    await hold(shop, 2)
    await shop.texts({"low_stock": [WATCHED]})
    assert await watch_levels(shop.system) == 0
    assert await shop.system.pool.fetchval("SELECT count(*) FROM stock_levels") == 0
    assert "StockLevelChanged" in EVENTS  # which is how subscribers ask for it


async def test_a_second_worker_tells_nothing_twice(shop: Shop) -> None:
    await shop.texts({"low_stock": [WATCHED]})
    await hold(shop, 9)
    await count(shop.system, NodeId("DC-PA"), shop.system.door.now(), [Counted(B, 1)], actor=ANN)
    await watch_levels(shop.system)
    await shop.system.pool.execute("UPDATE cursors SET xid = '0', seq = 0 WHERE name = 'stock_levels'")
    await watch_levels(shop.system)

    assert len(await changes(shop)) == 1


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2)), min_size=1, max_size=40),
    st.integers(0, 10),
    st.integers(0, 10),
    st.integers(1, 5),
)
def test_a_level_never_says_more_than_there_is_and_is_left_only_beyond_its_band(
    walk: list[tuple[int, int]], enter: int, band: int, back: int
) -> None:
    at = Thresholds(enter, enter + band, back)
    level: StockStatus | None = None
    for units, incoming in walk:
        before, level = level, next_level(level, Stock(units, incoming, None), at)
        gone = StockStatus.BACKORDER if incoming else StockStatus.OUT_OF_STOCK
        if level is StockStatus.IN_STOCK:
            assert units > (at.enter if before in (StockStatus.IN_STOCK, None) else at.leave)
        elif level is StockStatus.LOW_STOCK:
            assert 0 < units <= at.leave
        else:
            assert level is gone
            assert units < (back if before in (StockStatus.BACKORDER, StockStatus.OUT_OF_STOCK) else 1)


async def test_a_kit_has_the_level_of_what_its_components_make_up(shop: Shop, page: httpx.AsyncClient) -> None:
    async with shop.system.pool.acquire() as connection:
        service = item("SERVICE", name="Tea service", kit=((Sku("A"), 1), (B, 2)))
        await write_items(connection, (service, item("BOX", kit=((Sku("SERVICE"), 1),))), shop.clock.now)
    await shop.texts({"low_stock": [WATCHED]})
    told = []
    for units in (40, 7, 9, 1, 14):
        await hold(shop, units)
        told.append(await says(page, "SERVICE"))

    assert told == [
        ("in_stock", "In stock"),
        ("low_stock", "Only 3 left"),
        ("low_stock", "Only 4 left"),
        ("out_of_stock", "Out of stock"),
        ("in_stock", "In stock"),
    ]
    found = {sku: [one for one in await changes(shop) if one.sku == sku] for sku in ("SERVICE", "BOX")}
    assert [(one.before, one.after, one.available) for one in found["SERVICE"]] == [
        ("in_stock", "low_stock", 3), ("low_stock", "out_of_stock", 0), ("out_of_stock", "in_stock", 7),
    ]  # fmt: skip
    assert [one.after for one in found["BOX"]] == [one.after for one in found["SERVICE"]]
