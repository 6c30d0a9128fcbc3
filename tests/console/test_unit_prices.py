"""The page of unit prices: which set decides and why, its lines, published and taken back."""

from datetime import timedelta

import httpx
import pytest

from tests.builders import Clock
from tests.console.conftest import HOSTILE, begin_session, post
from tests.console.test_record_forms import fields_in, flaw_at
from troth.flows.door.system import System
from troth.flows.publishing.unit_prices import list_prices, publish_prices, read_prices
from troth.model.ids import NodeId, Sku
from troth.model.prices import PriceLine


@pytest.fixture
async def client(stranger: httpx.AsyncClient, system: System) -> httpx.AsyncClient:
    token = await begin_session(system, "root", "administrator")
    stranger.cookies.set("troth_session", token, domain="console.test", path="/console")
    return stranger


async def made(system: System, version: str, *, hours_old: float, minor: float = 100.0) -> None:
    at = system.door.now() - timedelta(hours=hours_old)
    lines = [PriceLine(Sku("A"), NodeId("DC-PA"), minor)]
    done = await publish_prices(system, version, at, lines, is_last=True, actor="test")
    assert isinstance(done, tuple), done


async def lines_of(system: System, version: str) -> list[PriceLine]:
    found = await read_prices(system, version, limit=10)
    return found[1] if isinstance(found, tuple) else []


async def test_a_set_is_published_looked_through_and_taken_back(client: httpx.AsyncClient, system: System) -> None:
    empty = await client.get("/console/unit-prices")
    await made(system, "earlier", hours_old=3.0)
    typed = {"version": "by hand", "prices": "A; DC-PA; 412.5; ; 3.2\nA; DC-IL; 0\nB; DC-IL; 7; 2.5"}

    published = await post(client, "/unit-prices", "/unit-prices", **typed)
    page = await client.get(published.headers["location"])
    of_one = await client.get("/console/unit-prices/by%20hand?sku=A&node=DC-PA")

    assert "None is in force" in empty.text
    assert await lines_of(system, "by hand") == [
        PriceLine(Sku("A"), NodeId("DC-IL"), 0.0),
        PriceLine(Sku("A"), NodeId("DC-PA"), 412.5, None, 3.2),
        PriceLine(Sku("B"), NodeId("DC-IL"), 7.0, 2.5),
    ]
    assert ("Applied" in page.text, "Published: it decides" in page.text) == (True, True)
    assert ("412.5" in of_one.text, "/nodes/DC-IL" in of_one.text) == (True, False)

    silent = await post(client, "/unit-prices/by%20hand", "/unit-prices/by%20hand/take-back", reason=" ")
    taken = await post(client, "/unit-prices/by%20hand", "/unit-prices/by%20hand/take-back", reason="a trial")
    listed = await list_prices(system, limit=10)

    assert (silent.status_code, "Reason is required" in silent.text) == (409, True)
    assert taken.status_code == 303
    assert [(one.prices.version, one.is_applied) for one in listed] == [("by hand", False), ("earlier", True)]
    after = await client.get("/console/unit-prices/by%20hand")
    assert ("Taken back" in after.text, 'name="reason"' in after.text) == (True, False)
    assert "a trial" in (await client.get("/console/audit?subject=unit-prices:by%20hand")).text


async def test_a_set_that_is_too_old_says_by_which_rule_it_is_not_applied(
    client: httpx.AsyncClient, system: System, clock: Clock
) -> None:
    await made(system, "old", hours_old=1.0)
    clock.advance(hours=24)

    page = await client.get("/console/unit-prices")

    assert "It is not applied: the policy default-1 applies prices of at most 24 h." in page.text
    assert "Older than 24 h" in page.text


async def test_what_is_wrong_with_a_line_is_told_with_its_row_and_nothing_is_published(
    client: httpx.AsyncClient, system: System
) -> None:
    rows = f"A; DC-PA; much\nA; DC-PA; 1\nNONE; DC-PA; 1\n; DC-PA; 1\nA; DC-IL; 1; 2; 3; {HOSTILE}"
    unread = await post(client, "/unit-prices", "/unit-prices", version="v", made_at="soon", prices=rows)
    unknown = await post(client, "/unit-prices", "/unit-prices", version="v", prices="A; DC-PA; 1\nNONE; NOWHERE; 1")
    empty = await post(client, "/unit-prices", "/unit-prices", version="", prices="")

    assert [page.status_code for page in (unread, unknown, empty)] == [409] * 3
    assert flaw_at(unread, "prices") == "Row 1, minor: must be a number, and not below zero."
    assert "Row 4, sku: is required." in unread.text
    assert flaw_at(unread, "made_at") == "Must be a time, such as 2026-11-23T04:00."
    assert (fields_in(unread)["prices"], HOSTILE in unread.text) == (rows, False)
    assert flaw_at(unknown, "prices") == "Row 2, sku: there is no item NONE."
    assert "Row 2, node: there is no node NOWHERE." in unknown.text
    assert flaw_at(empty, "version") == "Must be 1 to 64 characters, without a slash."
    assert await list_prices(system, limit=10) == []


async def test_an_operator_sees_unit_prices_and_can_publish_none(stranger: httpx.AsyncClient, system: System) -> None:
    token = await begin_session(system, "maya", "operator")
    stranger.cookies.set("troth_session", token, domain="console.test", path="/console")
    await made(system, "v", hours_old=1.0)

    page = await stranger.get("/console/unit-prices")
    one = await stranger.get("/console/unit-prices/v")

    assert (page.status_code, "Publish a set" in page.text) == (200, False)
    assert ("100" in one.text, 'name="reason"' in one.text) == (True, False)
    assert (await stranger.get("/console/unit-prices/none")).status_code == 404
