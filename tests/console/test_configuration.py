"""Versioned configuration of every family in the console: listed, written, compared, put in force and back."""

import json
import re
from typing import Any

import httpx
import pytest

from tests.builders import accepted, capture
from tests.console.conftest import HOSTILE, begin_session, csrf_in, post
from tests.documents import rate_card, routing
from troth.console.configuration import FAMILIES
from troth.console.family_pages import FamilyPages
from troth.console.views_content import ROWS_MAX, lay_out
from troth.console.views_shape import shapes_of
from troth.flows.door.system import System
from troth.model.network import RateCard

CONTENTS: dict[str, dict[str, Any]] = {
    "routing": routing(),
    "rate-cards": rate_card(),
    "lane-tables": {"lanes": [{"country": "US", "postcode_prefix": "995", "zone": 6}], "holidays": []},
}


@pytest.fixture
async def planner(stranger: httpx.AsyncClient, system: System) -> httpx.AsyncClient:
    token = await begin_session(system, "pia", "planner")
    stranger.cookies.set("troth_session", token, domain="console.test", path="/console")
    return stranger


def content_of(pages: FamilyPages) -> Any:
    """A content of a family that is beyond those above: what a new one of it begins with."""
    return CONTENTS.get(pages.path, pages.blank)


async def save(client: httpx.AsyncClient, path: str, content: Any, revision: str = "", name: str = "one") -> int:
    form = f"/{path}/{name}/edit" if revision else f"/{path}-new"
    written = json.dumps(content)
    return (await post(client, form, f"/{path}-save", name=name, written=written, revision=revision)).status_code


async def act(client: httpx.AsyncClient, path: str, action: str, **fields: str) -> int:
    values = {"revision": await revision_of(client, path), "reason": "test", **fields}
    return (await post(client, f"/{path}/one", f"/{path}/one/{action}", **values)).status_code


async def revision_of(client: httpx.AsyncClient, path: str) -> str:
    found = re.search(r'name="revision" value="(\d+)"', (await client.get(f"/console/{path}/one")).text)
    assert found
    return found[1]


@pytest.mark.parametrize("pages", FAMILIES, ids=lambda pages: pages.path)
async def test_a_document_of_any_family_is_saved_activated_put_off_rolled_back_and_put_out_of_force(
    planner: httpx.AsyncClient, pages: FamilyPages
) -> None:
    path = pages.path
    assert await save(planner, path, content_of(pages)) == 303
    assert "Draft" in (await planner.get(f"/console/{path}")).text

    assert await act(planner, path, "activate", version="1") == 303
    assert "one@1</a> decides" in (await planner.get(f"/console/{path}/one")).text
    assert await act(planner, path, "roll-back") == 303
    assert "one@1</a> decides" not in (await planner.get(f"/console/{path}/one")).text

    assert await act(planner, path, "activate", version="1", effective_from="2026-12-01T00:00") == 303
    page = (await planner.get(f"/console/{path}/one")).text
    assert [word in page for word in ("Scheduled", "From <time")] == [True, True]
    assert await act(planner, path, "activate", version="1") == 303
    assert await act(planner, path, "retire") == 303
    assert "Retired" in (await planner.get(f"/console/{path}")).text
    audit = (await planner.get(f"/console/audit?subject={pages.subject}:one")).text
    assert f'href="/console/{path}/one"' in audit


@pytest.mark.parametrize("pages", FAMILIES, ids=lambda pages: pages.path)
async def test_what_a_new_document_begins_with_could_be_saved_as_it_is(
    planner: httpx.AsyncClient, pages: FamilyPages
) -> None:
    page = await planner.get(f"/console/{pages.path}-new")
    assert page.status_code == 200
    assert await save(planner, pages.path, pages.blank) == 303


async def test_what_is_wrong_with_a_card_is_shown_where_it_is_and_nothing_is_saved(planner: httpx.AsyncClient) -> None:
    written = json.dumps(rate_card(transit_days=[1, "two"]), indent=2)
    page = await post(planner, "/rate-cards-new", "/rate-cards-save", name="one", written=written)
    line = written[: written.index('"two"')].count("\n") + 1
    assert page.status_code == 422
    assert "must be a whole number, not text" in page.text.lower()
    assert f'data-line="{line}"' in page.text
    assert (await planner.get("/console/rate-cards/one")).status_code == 404


async def test_any_two_versions_are_compared(planner: httpx.AsyncClient) -> None:
    for number, service in enumerate(("standard", "economy", "express")):
        assert await save(planner, "rate-cards", rate_card(service=service), str(number) if number else "") == 303
    before = (await planner.get("/console/rate-cards/one?version=3")).text
    asked = (await planner.get("/console/rate-cards/one?version=3&against=1")).text
    none = (await planner.get("/console/rate-cards/one?version=1")).text
    assert "What differs from one@2: 1 place" in before
    assert ("<del>economy</del>" in before, "<ins>express</ins>" in before) == (True, True)
    assert ("What differs from one@1" in asked, "<del>standard</del>" in asked) == (True, True)
    assert "What differs from" not in none


async def test_only_what_can_decide_for_a_part_of_the_orders_asks_for_how_many(planner: httpx.AsyncClient) -> None:
    for pages in FAMILIES:
        await save(planner, pages.path, content_of(pages))
        page = (await planner.get(f"/console/{pages.path}/one")).text
        assert ("canary_percent" in page) is pages.family.has_canary


@pytest.mark.parametrize("pages", FAMILIES, ids=lambda pages: pages.path)
async def test_who_may_only_read_sees_no_button_and_may_send_nothing(
    client: httpx.AsyncClient, system: System, pages: FamilyPages
) -> None:
    page = await client.get(f"/console/{pages.path}")
    sent = await client.post(f"/console/{pages.path}-save", data={"name": "x", "written": "{}", "csrf": csrf_in(page)})
    assert (page.status_code, f"New {pages.what}" in page.text, sent.status_code) == (200, False, 403)
    assert await system.pool.fetchval("SELECT count(*) FROM documents") == 0


async def test_a_content_is_laid_out_and_escaped(planner: httpx.AsyncClient) -> None:
    lanes = [{"node": HOSTILE, "zone": number} for number in range(ROWS_MAX + 3)]
    assert await save(planner, "lane-tables", {"lanes": lanes}) == 303
    page = (await planner.get("/console/lane-tables/one")).text
    assert "<script>alert" not in page
    assert '<th scope="col">Node</th>' in page
    assert "3 more are in the JSON below." in page


def test_plain_json_is_laid_out_by_its_shape() -> None:
    content = {
        "a": True,
        "b": [],
        "m": [[1, 2], [3]],
        "t": [{"x": 1, "y": ["p", "q"]}],
        "o": [{"z": {"w": None}}],
    }
    laid = dict(lay_out(content).fields)
    assert (laid["a"].text, laid["b"].text) == ("yes", "none")
    assert (laid["m"].columns, laid["m"].rows) == (("0", "1"), (("1", "2"), ("3", "")))
    assert (laid["t"].columns, laid["t"].rows) == (("x", "y"), (("1", "p, q"),))
    assert dict(dict(laid["o"].items[0].fields)["z"].fields)["w"].text == "—"


def test_what_a_document_may_hold_is_read_from_its_type() -> None:
    card, *others = shapes_of(RateCard)
    kinds = {field.name: (field.kind, field.is_required) for field in card.fields}
    assert kinds["rates_minor"] == ("list of list of whole number", True)
    assert kinds["surcharges"] == ("list of Surcharge", False)
    assert kinds["grams_max"] == ("whole number or null", False)
    assert [other.name for other in others] == ["Surcharge"]


async def test_a_rate_card_and_a_lane_table_are_tried_on_an_order(planner: httpx.AsyncClient, system: System) -> None:
    accepted(await system.door.one(capture("W-1", {"A": 2}), actor="key/web"))
    card = json.dumps(rate_card(rates_minor=[[7]]))
    table = json.dumps({"lanes": [{"country": "US", "served": False}]})
    await post(planner, "/rate-cards-new", "/rate-cards-save", name="cheap", written=card, revision="")
    await post(planner, "/lane-tables-new", "/lane-tables-save", name="shut", written=table, revision="")

    document = await planner.get("/console/rate-cards/cheap")
    cheap = await planner.get("/console/rate-cards/cheap/try", params={"order": "web:W-1"})
    shut = await planner.get("/console/lane-tables/shut/try", params={"order": "web:W-1"})

    assert "/console/rate-cards/cheap/try?version=1" in document.text
    assert (cheap.status_code, shut.status_code) == (200, 200)
    for told in ("In force: without it", "Tried: cheap@1", "less", "$0.07"):
        assert told in cheap.text
    assert "Nothing is promised." in shut.text
    assert await system.pool.fetchval("SELECT count(*) FROM orders") == 1
