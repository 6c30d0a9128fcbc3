"""Versioned configuration over HTTP: drafts, checks, versions, what is in force, and what is refused."""

import asyncio
from typing import Any

import pytest

from tests.documents import rate_card, routing
from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _activate(api: Api, name: str, version: int, **more: Any) -> dict[str, Any]:
    answer = await api.post(f"/v1/routings/{name}/activate", {"version": version, "reason": "test", **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def _written(api: Api) -> int:
    """How many versions, acts and events there are."""
    count: int = await api.system.pool.fetchval(
        "SELECT (SELECT count(*) FROM documents) + (SELECT count(*) FROM activations)"
        " + (SELECT count(*) FROM events WHERE kind = 'ConfigurationSet')"
    )
    return count


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


@pytest.mark.parametrize("path", ["routings", "rate-cards"])
async def test_the_example_of_the_documentation_can_be_saved(api: Api, path: str) -> None:
    document = (await api.get("/v1/openapi.json")).json()
    example = document["paths"][f"/v1/{path}/{{name}}"]["put"]["requestBody"]["content"]["application/json"]["example"]

    answer = await api.put(f"/v1/{path}/example", example)

    assert answer.status_code == 201, answer.text


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
async def test_what_a_rate_card_cannot_be_is_named_by_field_and_not_written(
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
async def test_what_a_routing_cannot_be_is_named_by_field_and_not_written(
    api: Api, changes: dict[str, Any], pointers: list[str]
) -> None:
    before = await _written(api)

    answer = await api.put("/v1/routings/bad", routing(**changes))

    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert (await api.get("/v1/routings/bad")).status_code == 404
    assert await _written(api) == before


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


async def test_of_two_who_activate_what_they_both_read_the_second_is_told(api: Api) -> None:
    await api.put("/v1/routings/raced-too", routing())
    read = await api.put("/v1/routings/raced-too", routing(description="Second"))
    tag = {"if-match": read.headers["etag"]}

    answers = await asyncio.gather(
        *(
            api.post("/v1/routings/raced-too/activate", {"version": version, "reason": "race"}, headers=tag)
            for version in (1, 2)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412]
    won = next(answer.json() for answer in answers if answer.status_code == 200)
    now = (await api.get("/v1/routings/raced-too")).json()["in_force"]
    assert now["active"] == won["active"]


async def test_a_version_is_activated_rolled_back_and_retired_and_the_audit_names_who_and_why(api: Api) -> None:
    await api.put("/v1/routings/acted", routing())
    await api.put("/v1/routings/acted", routing(description="Second"))
    first = await _activate(api, "acted", 1, reason="Begin")
    second = await _activate(api, "acted", 2, reason="Better")
    again = await _activate(api, "acted", 2, reason="Again")
    back = await api.post("/v1/routings/acted/roll-back", {"reason": "Too many splits"})
    retired = await api.post("/v1/routings/acted/retire", {"reason": "Enough"})

    assert (first["active"]["label"], second["active"]["label"]) == ("acted@1", "acted@2")
    assert again == second  # it was so already
    assert back.json()["active"]["label"] == "acted@1"
    assert retired.json()["active"] is None
    changes = (await api.get("/v1/audit?what=routing&id=acted")).json()["items"]
    told = [(one["after"]["act"], one["after"].get("reason"), one["after"].get("in_force")) for one in changes]
    assert told == [
        ("retire", "Enough", None),
        ("roll_back", "Too many splits", "acted@1"),
        ("activate", "Better", "acted@2"),
        ("activate", "Begin", "acted@1"),
        ("save", None, None),
        ("save", None, None),
    ]
    assert [one["before"]["in_force"] for one in changes[:3]] == ["acted@1", "acted@2", "acted@1"]
    assert {one["actor"] for one in changes} == {changes[0]["actor"]}
    versions = (await api.get("/v1/routings/acted/versions")).json()["items"]
    assert [one["state"] for one in versions] == ["retired", "retired"]


async def test_activating_one_routing_puts_another_out_of_force(api: Api) -> None:
    for name in ("one", "other"):
        await api.put(f"/v1/routings/{name}", routing())
        await _activate(api, name, 1)

    read = (await api.get("/v1/routings/one")).json()
    back = await api.post("/v1/routings/one/roll-back", {"reason": "test"})

    assert (read["state"], read["in_force"]["active"]["label"]) == ("retired", "other@1")
    assert (back.status_code, back.json()["code"]) == (409, "not-possible-now")


async def test_a_canary_and_what_is_to_come_are_shown_beside_what_is_in_force(api: Api) -> None:
    for text in ("1", "2", "3"):
        await api.put("/v1/routings/shown", routing(description=text))
    await _activate(api, "shown", 1)
    await _activate(api, "shown", 2, canary_percent=10)
    await _activate(api, "shown", 3, effective_from="2026-11-30T00:00:00Z")

    read = (await api.get("/v1/routings/shown")).json()

    assert read["state"] == "scheduled"
    assert [read["in_force"][part]["version"] for part in ("active", "canary")] == [1, 2]
    assert read["in_force"]["canary"]["canary_percent"] == 10
    assert [(one["version"], one["effective_from"]) for one in read["in_force"]["scheduled"]] == [
        (3, "2026-11-30T00:00:00Z")
    ]
    listed = (await api.get("/v1/routings")).json()["items"]
    mine = next(one for one in listed if one["name"] == "shown")
    assert (mine["active_version"], mine["canary_version"], mine["canary_percent"]) == (1, 2, 10)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"version": 1}, ["/reason"]),
        ({"version": 1, "reason": " "}, ["/reason"]),
        ({"version": 0, "reason": "x"}, ["/version"]),
        ({"version": 1, "reason": "x", "effective_from": "2026-11-23T09:00:00Z"}, ["/effective_from"]),
        ({"version": 1, "reason": "x", "effective_from": "tomorrow"}, ["/effective_from"]),
        ({"version": 1, "reason": "x", "canary_percent": 0}, ["/canary_percent"]),
        ({"version": 1, "reason": "x", "canary_percent": 101}, ["/canary_percent"]),
        ({"version": 1, "reason": "x", "percent": 10}, ["/percent"]),
    ],
)
async def test_what_cannot_be_activated_is_named_by_field_and_changes_nothing(
    api: Api, body: dict[str, Any], pointers: list[str]
) -> None:
    await api.put("/v1/routings/unacted", routing())
    before = await _written(api)

    answer = await api.post("/v1/routings/unacted/activate", body)

    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, pointers), answer.text
    assert await _written(api) == before


async def test_what_is_not_there_cannot_be_activated_rolled_back_compared_or_read(api: Api) -> None:
    await api.put("/v1/routings/there", routing())

    answers = [
        await api.post("/v1/routings/there/activate", {"version": 7, "reason": "x"}),
        await api.post("/v1/routings/nowhere/activate", {"version": 1, "reason": "x"}),
        await api.post("/v1/routings/nowhere/roll-back", {"reason": "x"}),
        await api.get("/v1/routings/there/versions/2"),
        await api.get("/v1/routings/there/versions/x"),
        await api.get("/v1/routings/nowhere/versions"),
        await api.get("/v1/routings/there/differences?from_version=3"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 7
    never = await api.post("/v1/routings/there/roll-back", {"reason": "x"})
    assert (never.status_code, never.json()["code"]) == (409, "not-possible-now")


async def test_the_same_key_rolls_back_once_also_at_the_same_time(api: Api) -> None:
    for text in ("1", "2", "3"):
        saved = await api.put("/v1/routings/keyed", routing(description=text))
        await _activate(api, "keyed", saved.json()["version"])

    answers = await asyncio.gather(
        *(
            api.post("/v1/routings/keyed/roll-back", {"reason": "x"}, headers={"idempotency-key": "roll-1"})
            for _ in range(6)
        )
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert (await api.get("/v1/routings/keyed")).json()["in_force"]["active"]["label"] == "keyed@2"
    other = await api.post("/v1/routings/keyed/roll-back", {"reason": "y"}, headers={"idempotency-key": "roll-1"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")


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
    before = await _written(api)

    good = await api.post("/v1/rate-cards/checked/check", rate_card())
    bad = await api.post("/v1/rate-cards/checked/check", rate_card(transit_days=[1, 2]))

    assert good.json()["is_valid"] is True
    assert (bad.status_code, bad.json()["is_valid"]) == (200, False)
    assert [one["pointer"] for one in bad.json()["errors"]] == ["/transit_days"]
    assert await _written(api) == before


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


async def test_every_preset_is_listed_and_becomes_a_draft_that_can_be_activated(api: Api) -> None:
    presets = (await api.get("/v1/routings/presets")).json()["items"]

    for preset in presets:
        given = {one["name"]: ["DC-PA"] for one in preset["parameters"] if one["default"] is None}
        name = preset["name"].replace("_", "-")
        saved = await api.post(f"/v1/routings/presets/{preset['name']}", {"name": name, "parameters": given})
        assert (saved.status_code, saved.json()["state"]) == (201, "draft"), saved.text
        assert (await _activate(api, name, 1))["active"]["label"] == f"{name}@1"
        await api.post(f"/v1/routings/{name}/retire", {"reason": "test"})
    assert "own_region_first" in {preset["name"] for preset in presets}


async def test_a_preset_takes_its_parameters_and_refuses_others(api: Api) -> None:
    saved = await api.post("/v1/routings/presets/protect_stores", {"name": "kept", "parameters": {"units": 5}})
    assert "5" in saved.json()["content"]["eligibility"][0]["expression"]
    before = await _written(api)

    for preset, parameters, status in (
        ("protect_stores", {"units": "many"}, 422),
        ("protect_stores", {"units": -1}, 422),
        ("protect_stores", {"dozens": 1}, 422),
        ("ranked_locations", {}, 422),
        ("nothing", {}, 404),
    ):
        answer = await api.post(f"/v1/routings/presets/{preset}", {"name": "x", "parameters": parameters})
        assert answer.status_code == status, answer.text
    assert await _written(api) == before


async def test_the_catalog_says_what_a_routing_may_name(api: Api) -> None:
    catalog = (await api.get("/v1/routings/fields")).json()

    fields = {field["path"]: field for field in catalog["fields"]}
    assert (fields["node.type"]["type"], fields["lane.miles"]["unit"]) == ("string", "miles")
    assert all(field["description"] for field in fields.values())
    assert "nearest" in {sort["name"] for sort in catalog["sorts"]}
    assert "split_minor" in catalog["amounts"]
    assert "shipping" in catalog["factors"]
