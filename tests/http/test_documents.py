"""Versioned configuration over HTTP: drafts, versions, checks, and what is refused."""

import asyncio
from typing import Any

import pytest

from tests.documents import rate_card, routing
from tests.http.conftest import Api
from tests.http.documents import written

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_draft_is_a_version_and_the_same_content_is_no_other(api: Api) -> None:
    first = await api.put("/v1/routings/everyday?note=First", routing())
    again = await api.put("/v1/routings/everyday", {"tiers": routing()["tiers"], **routing()})
    second = await api.put("/v1/routings/everyday", routing(description="Second"))

    assert (first.status_code, again.status_code, second.status_code) == (201, 200, 201)
    assert (first.json()["version"], again.json()["version"], second.json()["version"]) == (1, 1, 2)
    assert (first.json()["state"], first.json()["note"], first.json()["content"]) == ("draft", "First", routing())
    assert first.headers["etag"] == again.headers["etag"] != second.headers["etag"]
    read = await api.get("/v1/routings/everyday")
    assert read.json()["content"] == routing(description="Second")
    assert read.headers["etag"] == second.headers["etag"]
    assert read.json()["in_force"] == {"active": None, "canary": None, "scheduled": []}
    versions = (await api.get("/v1/routings/everyday/versions")).json()["items"]
    assert [(one["version"], one["state"]) for one in versions] == [(2, "draft"), (1, "draft")]
    assert (await api.get("/v1/routings/everyday/versions/1")).json()["content"] == routing()


async def test_a_flaw_of_an_expression_names_its_field_with_line_and_column(api: Api) -> None:
    filters = [{"name": "typo", "expression": "node.kind == 'dc'"}, {"name": "half", "expression": "node.type =="}]
    body = routing(tiers=[{"name": "a", "filters": filters}])

    saved = await api.put("/v1/routings/bad", body)
    checked = await api.post("/v1/routings/bad/check", body)

    assert saved.status_code == 422
    errors = saved.json()["errors"]
    assert [error["pointer"] for error in errors] == [f"/tiers/0/filters/{at}/expression" for at in (0, 1)]
    assert errors[0]["detail"].startswith("line 1, column 6: ")
    first = checked.json()["errors"][0]
    assert (first["line"], first["column"]) == (1, 6)


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"service": "Standard!"}, ["/service"]),
        ({"zone_miles": [600, 150]}, ["/zone_miles", "/rates_minor", "/over_minor", "/transit_days"]),
        ({"zone_miles": [], "rates_minor": [], "over_minor": [], "transit_days": []}, ["/zone_miles"]),
        ({"rates_minor": [[-1]]}, ["/rates_minor/0"]),
        ({"rates_minor": [[1, 2]]}, ["/rates_minor/0"]),
        ({"transit_days": [400]}, ["/transit_days"]),
        ({"weekdays": [7]}, ["/weekdays"]),
        ({"currency": "dollars"}, ["/currency"]),
    ],
)
async def test_what_a_rate_card_cannot_be_is_named_by_field_and_notwritten(
    api: Api, changes: dict[str, Any], pointers: list[str]
) -> None:
    answer = await api.put("/v1/rate-cards/bad", rate_card(**changes))

    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, pointers)
    assert (await api.get("/v1/rate-cards/bad")).status_code == 404


async def test_versions_are_listed_page_by_page_and_documents_by_name(api: Api) -> None:
    for number in range(3):
        await api.put("/v1/rate-cards/z-paged", rate_card(rates_minor=[[number]]))
    await api.put("/v1/rate-cards/a-paged", rate_card())

    first = await api.get("/v1/rate-cards/z-paged/versions?limit=2")
    second = await api.get("/v1/rate-cards/z-paged/versions", params={"limit": "2", "cursor": first.json()["next"]})
    listed = (await api.get("/v1/rate-cards")).json()["items"]

    assert [one["version"] for one in first.json()["items"]] == [3, 2]
    assert ([one["version"] for one in second.json()["items"]], second.json()["next"]) == ([1], None)
    assert [(one["name"], one["version"]) for one in listed if "paged" in one["name"]] == [
        ("a-paged", 1),
        ("z-paged", 3),
    ]


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"color": "red"}, ["/color"]),
        (
            {"tiers": [{"name": "a", "filter": "true"}, {"name": "b", "sorts": []}]},
            ["/tiers/0/filter", "/tiers/1/sorts"],
        ),
        ({"tiers": [{}]}, ["/tiers/0/name"]),
        ({"tiers": "all"}, ["/tiers"]),
        ({"tiers": [{"name": "a", "full": "party"}]}, ["/tiers/0/full"]),
        ({"limits": {"shipments_max": "3"}}, ["/limits/shipments_max"]),
        ({"name": "another"}, ["/name"]),
    ],
)
async def test_what_a_routing_cannot_be_is_named_by_field_and_notwritten(
    api: Api, changes: dict[str, Any], pointers: list[str]
) -> None:
    before = await written(api)

    answer = await api.put("/v1/routings/bad", routing(**changes))

    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert (await api.get("/v1/routings/bad")).status_code == 404
    assert await written(api) == before


@pytest.mark.parametrize("name", ["presets", "fields", "a b", "a@1", ".a", "a" * 65])
async def test_what_nothing_may_be_called_is_refused(api: Api, name: str) -> None:
    answer = await api.put(f"/v1/routings/{name}", routing())

    assert answer.status_code in (405, 422), answer.text


async def test_of_two_who_replace_what_they_both_read_the_second_is_told(api: Api) -> None:
    read = await api.put("/v1/routings/raced", routing())
    tag = {"if-match": read.headers["etag"]}

    answers = await asyncio.gather(
        *(api.put("/v1/routings/raced", routing(description=text), headers=tag) for text in ("A", "B"))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 412]
    assert len((await api.get("/v1/routings/raced/versions")).json()["items"]) == 2


async def test_two_versions_are_compared_field_by_field(api: Api) -> None:
    await api.put("/v1/routings/compared", routing())
    tiers = routing()["tiers"]
    await api.put("/v1/routings/compared", routing(tiers=[{"name": "own region"}, *tiers], limits={"shipments_max": 2}))

    found = (await api.get("/v1/routings/compared/differences")).json()

    assert (found["from"], found["to"]) == (1, 2)
    assert [(one["pointer"], one["change"], one["after"]) for one in found["differences"]] == [
        ("/tiers/0", "added", {"name": "own region"}),
        ("/limits", "added", {"shipments_max": 2}),
    ]


async def test_a_content_is_checked_without_being_saved(api: Api) -> None:
    before = await written(api)

    good = await api.post("/v1/rate-cards/checked/check", rate_card())
    bad = await api.post("/v1/rate-cards/checked/check", rate_card(transit_days=[1, 2]))

    assert good.json()["is_valid"] is True
    assert (bad.status_code, bad.json()["is_valid"]) == (200, False)
    assert [one["pointer"] for one in bad.json()["errors"]] == ["/transit_days"]
    assert await written(api) == before


async def test_who_may_only_read_checks_and_compares_but_saves_and_activates_nothing(api: Api) -> None:
    await api.put("/v1/routings/guarded", routing())
    reader = {"authorization": f"Bearer {await api.key_for('configuration:read')}"}

    assert (await api.get("/v1/routings/guarded", headers=reader)).status_code == 200
    assert (await api.post("/v1/routings/guarded/check", routing(), headers=reader)).status_code == 200
    for answer in (
        await api.put("/v1/routings/guarded", routing(description="x"), headers=reader),
        await api.post("/v1/routings/guarded/activate", {"version": 1, "reason": "x"}, headers=reader),
        await api.post("/v1/routings/guarded/roll-back", {"reason": "x"}, headers=reader),
        await api.post("/v1/routings/guarded/retire", {"reason": "x"}, headers=reader),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
