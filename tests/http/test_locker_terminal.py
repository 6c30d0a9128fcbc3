"""The simulated terminal of a locker: it knows a locker and a key of its vendor, and what the API says."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.http.conftest import Api
from tests.http.test_lockers import SMALL, bank, captured
from troth.adapters.lockers.terminal import create_terminal

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def vendor(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Who stands at the terminal of a locker of two compartments."""
    await bank(api, "LK-TERM", SMALL)
    headers = {"authorization": f"Bearer {await api.key_for('fulfillments:write', nodes=['LK-TERM'])}"}
    server = httpx.ASGITransport(app=api.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=server, base_url="http://troth.test", headers=headers) as own:
        terminal = httpx.ASGITransport(app=create_terminal(own, "LK-TERM"))
        async with httpx.AsyncClient(
            transport=terminal, base_url="http://terminal.test", follow_redirects=True
        ) as client:
            yield client


def doors(page: httpx.Response) -> list[str]:
    found = re.findall(r'<li class="door.*?</li>', page.text, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in found]


async def test_a_clerk_loads_and_a_customer_opens_by_code_and_takes_it(api: Api, vendor: httpx.AsyncClient) -> None:
    sku = await api.stocked("TERMINAL", {"ST-NYC": 5})
    path, work = await captured(api, "terminal-1", sku, "LK-TERM")
    empty = await vendor.get("/")
    wrong = await vendor.post("/open", data={"code": "000000"})
    occupied = {"work": work["fulfillment_id"], "compartment": "2", "key": "once"}
    loaded = [await vendor.post("/load", data=occupied) for _ in range(2)]
    opened = await vendor.post("/open", data={"code": work["pickup_code"]})
    left = await vendor.post("/shut")
    again = await vendor.post("/open", data={"code": work["pickup_code"]})
    taken = await vendor.post("/take", data={"key": "taken"})

    assert doors(empty) == ["1 S empty", "2 S empty"]
    assert "terminal-1: size S, released" in empty.text
    assert (wrong.status_code, "opens no compartment of this locker" in wrong.text) == (409, True)
    assert [doors(page)[1] for page in loaded] == ["2 S terminal-1"] * 2
    assert "It lies in compartment 2. The customer is told." in loaded[0].text
    assert (doors(opened)[1], doors(left)[1], doors(again)[1]) == ("2 S open", "2 S terminal-1", "2 S open")
    assert "The door of compartment <strong>2</strong> is open." in opened.text
    assert "Thank you. The compartment is free." in taken.text
    assert doors(taken) == ["1 S empty", "2 S empty"]
    assert (await api.get(path)).json()["status"] == "collected"


async def test_it_says_that_nobody_came_and_what_the_server_refuses(api: Api, vendor: httpx.AsyncClient) -> None:
    sku = await api.stocked("LATE", {"ST-NYC": 5})
    path, work = await captured(api, "terminal-2", sku, "LK-TERM")
    foreign = await vendor.post("/load", data={"work": work["fulfillment_id"], "compartment": "9"})
    await vendor.post("/load", data={"work": work["fulfillment_id"], "compartment": "1"})
    early = await vendor.post("/lapse", data={"compartment": "1"})
    api.clock.advance(hours=60)
    late = await vendor.post("/lapse", data={"compartment": "1"})

    assert "compartment must be the number of a compartment of LK-TERM: S 1-2" in foreign.text
    assert (early.status_code, "its goods are kept until" in early.text) == (409, True)
    assert "Take the goods out, and put them back in the store." in late.text
    assert doors(late)[0] == "1 S terminal-2: to be taken out"
    assert (await api.get(path)).json()["status"] == "uncollected"


async def test_other_pages_of_the_browser_open_no_door(vendor: httpx.AsyncClient) -> None:
    for path in ("open", "take", "shut", "load", "lapse"):
        answer = await vendor.post(f"/{path}", data={"code": "1"}, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403
