"""Routings in the console: written, judged where they stand, tried on an order, put in force and back."""

import html
import json
import re
from typing import Any

import httpx
import pytest

from tests.builders import accepted, capture, stock
from tests.console.conftest import HOSTILE, begin_session, csrf_in, post
from tests.documents import routing
from troth.flows.door.system import System


@pytest.fixture
async def planner(stranger: httpx.AsyncClient, system: System) -> httpx.AsyncClient:
    token = await begin_session(system, "pia", "planner")
    stranger.cookies.set("troth_session", token, domain="console.test", path="/console")
    return stranger


async def _save(
    client: httpx.AsyncClient, name: str = "everyday", revision: str = "", **changes: Any
) -> httpx.Response:
    written = json.dumps(routing(**changes))
    return await post(client, "/routing-new", "/routing-save", name=name, written=written, revision=revision)


async def _revision(client: httpx.AsyncClient, name: str) -> str:
    page = await client.get(f"/console/routing/{name}")
    found = re.search(r'name="revision" value="(\d+)"', page.text)
    assert found, page.text
    return found[1]


async def _act(client: httpx.AsyncClient, action: str, name: str = "everyday", **fields: str) -> httpx.Response:
    values = {"revision": await _revision(client, name), "reason": "test", **fields}
    return await post(client, f"/routing/{name}", f"/routing/{name}/{action}", **values)


async def test_a_routing_is_written_activated_and_rolled_back(planner: httpx.AsyncClient, system: System) -> None:
    saved = await _save(planner)
    assert (saved.status_code, saved.headers["location"]) == (303, "/console/routing/everyday?version=1&done=save")
    page = await planner.get("/console/routing/everyday")
    for told in (
        "DCs only",
        "node.type == &#39;dc&#39;",
        "Where it covers a part",
        "Draft",
        "What is built in decides",
    ):
        assert told in page.text

    acted = await _act(planner, "activate", version="1")
    assert acted.status_code == 303
    assert system.door.reference.policy.version == "everyday@1"
    listed = await planner.get("/console/routing")
    assert "everyday@1</a> decides" in listed.text

    back = await _act(planner, "roll-back")
    assert back.status_code == 303
    assert system.door.reference.policy.version == "default-1"
    audit = await planner.get("/console/audit?subject=routing:everyday")
    assert [word in audit.text for word in ("rolled back", "activated", "saved")] == [True] * 3


async def test_what_is_wrong_is_shown_where_it_is_and_nothing_is_saved(planner: httpx.AsyncClient) -> None:
    written = json.dumps(
        routing(tiers=[{"name": "a", "filters": [{"name": "b", "expression": "node.kind == 1"}]}]), indent=2
    )

    checked = await post(planner, "/routing-new", "/routing-check", name="bad", written=written)
    saved = await post(planner, "/routing-new", "/routing-save", name="bad", written=written)
    half = await post(planner, "/routing-new", "/routing-check", name="bad", written='{"tiers": [}')

    assert (checked.status_code, saved.status_code) == (200, 422)
    for page in (checked, saved):
        assert "/tiers/0/filters/0/expression" in page.text
        assert "node.<mark>k</mark>ind == 1" in page.text
        line = written[: written.index("node.kind")].count("\n") + 1
        assert f'data-line="{line}"' in page.text
    assert "The text is no JSON" in half.text
    assert 'data-line="1" data-column="12"' in half.text
    assert (await planner.get("/console/routing/bad")).status_code == 404


async def test_of_two_who_edit_the_same_version_the_second_is_told(planner: httpx.AsyncClient) -> None:
    await _save(planner)
    seen = await _revision(planner, "everyday")

    first = await _save(planner, revision=seen, description="First")
    second = await _save(planner, revision=seen, description="Second")

    assert (first.status_code, second.status_code) == (303, 409)
    assert "changed by somebody else" in second.text
    assert "Second" in second.text  # what was written is not lost


async def test_a_form_that_is_older_than_the_last_act_changes_nothing(
    planner: httpx.AsyncClient, system: System
) -> None:
    await _save(planner)
    seen = await _revision(planner, "everyday")
    await _act(planner, "activate", version="1")

    late = await _act(planner, "roll-back", revision=seen)

    assert late.status_code == 409
    assert system.door.reference.policy.version == "everyday@1"


async def test_an_activation_without_a_reason_or_at_no_time_is_refused_in_words(planner: httpx.AsyncClient) -> None:
    await _save(planner)

    silent = await _act(planner, "activate", version="1", reason=" ")
    late = await _act(planner, "activate", version="1", effective_from="2020-01-01T00:00")
    never = await _act(planner, "activate", version="1", effective_from="soon")

    assert [page.status_code for page in (silent, late, never)] == [409] * 3
    assert "Reason is required: it is what the audit shows." in silent.text
    assert "Effective from must not be in the past" in late.text
    assert "is not a time" in never.text


async def test_an_order_is_tried_under_a_draft_beside_what_is_in_force(
    planner: httpx.AsyncClient, system: System
) -> None:
    order = accepted(await system.door.one(capture("W-1", {"A": 2}), actor="key/web"))
    await _save(planner, weights={"split_minor": 5})

    page = await planner.get("/console/routing/everyday/try", params={"order": "web:W-1", "version": "1"})
    missing = await planner.get("/console/routing/everyday/try?order=O-none")
    chosen = await planner.get("/console/routing/everyday/try")

    assert page.status_code == 200
    assert all(
        told in page.text
        for told in ("In force: default-1", "Tried: everyday@1", "Both promise the same", "Node by node")
    )
    assert (missing.status_code, "O-none" in missing.text) == (409, True)
    assert order.order_id in chosen.text


async def test_every_candidate_is_shown_with_its_standing_before_and_after(
    planner: httpx.AsyncClient, system: System
) -> None:
    await stock(system, {("A", "DC-IL"): 20})
    order = accepted(await system.door.one(capture("W-1", {"A": 2}), actor="key/web"))
    (sender,) = {part.node for part in order.fulfillments}
    other = next(name for name in ("DC-PA", "DC-IL") if name != sender)
    barred = [{"name": "not them", "expression": f"node.id != '{sender}'"}]
    await _save(planner, tiers=[{"name": "rest", "filters": barred}])

    page = await planner.get("/console/routing/everyday/try", params={"order": "web:W-1", "version": "1"})

    table = page.text[page.text.index("Node by node") :]
    rows = {
        name: re.sub(r"<[^>]+>|\s+", " ", row)
        for name, row in re.findall(r'<th scope="row"><a href="/console/nodes/([\w-]+)">(.*?)</tr>', table, re.DOTALL)
    }
    assert "2 of 3 stand otherwise" in table
    assert list(rows)[2] == "ST-NYC"
    assert "chosen → removed" in rows[sender]
    assert "barred by" in rows[sender]
    assert re.search(r"(dearer|behind) → chosen", rows[other])
    assert "→" not in rows["ST-NYC"]
    assert rows["ST-NYC"].count("Removed") == 2
    assert rows[other].count("$") >= 2


async def test_what_sooner_or_fewer_shipments_would_cost_is_shown_where_it_is_asked_for(
    planner: httpx.AsyncClient, system: System
) -> None:
    accepted(await system.door.one(capture("W-1", {"A": 2}), actor="key/web"))
    await _save(planner, weights={"split_minor": 5})

    without = await planner.get("/console/routing/everyday/try", params={"order": "web:W-1", "version": "1"})
    page = await planner.get("/console/routing/everyday/try", params={"order": "web:W-1", "version": "1", "front": "1"})

    assert "front=1" in without.text
    assert "Would be chosen with" not in without.text
    assert page.text.count("Would be chosen with") == 2
    assert "a further shipment $0.05." in page.text
    assert "a further shipment $1.00." in page.text


async def test_a_preset_is_gone_on_from_with_its_parameters(planner: httpx.AsyncClient) -> None:
    page = await planner.get("/console/routing-new?preset=protect_stores&units=7")
    wrong = await planner.get("/console/routing-new?preset=protect_stores&units=many")
    none = await planner.get("/console/routing-new?preset=nothing")

    assert ("? 7 : 0" in page.text, 'value="protect-stores"' in page.text) == (True, True)
    assert "Units must be a whole number." in wrong.text
    assert (none.status_code, "nothing" in none.text) == (200, True)


async def test_who_comes_first_and_the_floors_of_classes_are_written_by_a_form_and_told_in_words(
    planner: httpx.AsyncClient,
) -> None:
    begun = await planner.get("/console/routing-new?preset=classes_first&classes=gold,+silver&floor_percent=15")
    written = html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", begun.text, re.DOTALL)[1])  # type: ignore[index]
    assert json.loads(written)["class_floors"] == [
        {"customer_class": "silver", "percent": 15},
        {"customer_class": "", "percent": 15},
    ]

    await post(planner, "/routing-new", "/routing-save", name="turns", written=written, revision="")
    page = await planner.get("/console/routing/turns")

    for told in ("1. gold", "2. silver", "3. all others", "silver: 15 %", "all others: 15 %"):
        assert told in page.text


async def test_an_operator_reads_routings_but_has_no_button_to_change_them(
    client: httpx.AsyncClient, system: System
) -> None:
    page = await client.get("/console/routing")
    refused = await client.get("/console/routing-new")
    sent = await client.post("/console/routing-save", data={"name": "x", "written": "{}", "csrf": csrf_in(page)})

    assert (page.status_code, "New routing" in page.text) == (200, False)
    assert (refused.status_code, sent.status_code) == (403, 403)
    assert await system.pool.fetchval("SELECT count(*) FROM documents") == 0


async def test_what_is_written_is_escaped(planner: httpx.AsyncClient) -> None:
    await _save(planner, description=HOSTILE)

    page = await planner.get("/console/routing/everyday")
    editor = await planner.get("/console/routing/everyday/edit")

    assert "<script>alert" not in page.text + editor.text


async def test_what_is_not_there_is_said_so(planner: httpx.AsyncClient) -> None:
    for path in ("/routing/nothing", "/routing/nothing/edit", "/routing/nothing/try", "/routing/nothing?version=9"):
        assert (await planner.get(f"/console{path}")).status_code == 404
