"""Texts of messages and late stock feeds in the console."""

from html import unescape

import httpx
import pytest

from tests.builders import node
from tests.console.conftest import HOSTILE, begin_session, post
from tests.flows.feeding import taken_in
from troth.flows.door.system import System
from troth.flows.records.configure import set_node
from troth.model.ids import NodeId

TEXTS = '{"texts": [{"language": "es", "channels": ["tienda"], "texts": {"in_stock": "Aquí está"}}]}'


@pytest.fixture
async def planner(stranger: httpx.AsyncClient, system: System) -> httpx.AsyncClient:
    token = await begin_session(system, "pia", "planner")
    stranger.cookies.set("troth_session", token, domain="console.test", path="/console")
    return stranger


async def test_a_version_shows_what_it_would_say_in_a_language_and_a_channel(planner: httpx.AsyncClient) -> None:
    saved = await post(planner, "/message-templates-new", "/message-templates-save", name="one", written=TEXTS)
    at = "/console/message-templates/one"

    shown = await planner.get(at)
    spanish = await planner.get(f"{at}/preview", params={"version": "1", "language": "es", "channel": "tienda"})
    hostile = await planner.get(f"{at}/preview", params={"language": HOSTILE, "channel": HOSTILE, "brand": HOSTILE})
    missing = await planner.get("/console/message-templates/none/preview")

    assert (saved.status_code, shown.status_code, spanish.status_code) == (303, 200, 200)
    assert "What would it say?" in shown.text
    assert "Aquí está" in spanish.text
    assert "Solo queda 1" in spanish.text
    assert "Out of stock" not in spanish.text
    assert (hostile.status_code, HOSTILE in hostile.text, HOSTILE in unescape(hostile.text)) == (200, False, True)
    assert "Out of stock" in hostile.text
    assert missing.status_code == 404


async def test_a_late_feed_is_told_on_the_overview_and_at_its_node(client: httpx.AsyncClient, system: System) -> None:
    before = [(await client.get(path)).text for path in ("/console/", "/console/nodes/DC-IL")]
    await set_node(system, node("DC-IL", feed_due_every_hours=6), actor="test")
    await system.door.follow()

    after = [(await client.get(path)).text for path in ("/console/", "/console/nodes/DC-IL")]

    assert [("Late stock feeds" in text, "Stock feed</dt>" in text) for text in before] == [(False, False)] * 2
    assert "Late stock feeds" in after[0]
    assert "late: its stock is not counted on" in after[1]
    assert "none so far, due every 6 h" in after[1]

    await taken_in(system, "sku,node,on_hand\n", nodes=(NodeId("DC-IL"),))
    fed = (await client.get("/console/nodes/DC-IL")).text
    assert ("</time>, due every 6 h" in fed, "ago ago" in fed, "</time> ago" in fed) == (True, False, False)


async def test_a_service_of_a_node_that_no_rate_card_is_of_is_told_at_the_node(
    client: httpx.AsyncClient, system: System
) -> None:
    known, unknown = node("DC-IL", services=("standard", "delivery")), node("DC-IL", services=("standard", "warp"))
    told = []
    for one in (known, unknown):
        await set_node(system, one, actor="test")
        told.append((await client.get("/console/nodes/DC-IL")).text)

    assert ["no rate card is of" in text for text in told] == [False, True]
    assert "no rate card is of warp: nothing goes by it" in told[1]
