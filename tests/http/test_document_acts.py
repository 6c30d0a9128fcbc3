"""Versioned configuration over HTTP: what is put in force, for whom and from when, and taken back."""

import asyncio
from typing import Any

import pytest

from tests.documents import routing
from tests.http.conftest import Api
from tests.http.documents import activate, written

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
    first = await activate(api, "acted", 1, reason="Begin")
    second = await activate(api, "acted", 2, reason="Better")
    again = await activate(api, "acted", 2, reason="Again")
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
        await activate(api, name, 1)

    read = (await api.get("/v1/routings/one")).json()
    back = await api.post("/v1/routings/one/roll-back", {"reason": "test"})

    assert (read["state"], read["in_force"]["active"]["label"]) == ("retired", "other@1")
    assert (back.status_code, back.json()["code"]) == (409, "not-possible-now")


async def test_a_canary_and_what_is_to_come_are_shown_beside_what_is_in_force(api: Api) -> None:
    for text in ("1", "2", "3"):
        await api.put("/v1/routings/shown", routing(description=text))
    await activate(api, "shown", 1)
    await activate(api, "shown", 2, canary_percent=10)
    await activate(api, "shown", 3, effective_from="2026-11-30T00:00:00Z")

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
    before = await written(api)

    answer = await api.post("/v1/routings/unacted/activate", body)

    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, pointers), answer.text
    assert await written(api) == before


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
        await activate(api, "keyed", saved.json()["version"])

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


async def test_what_a_client_has_seen_of_a_routing_is_not_overtaken_by_acts_on_others(api: Api) -> None:
    await api.put("/v1/routings/mine", routing())
    for name in ("theirs-1", "theirs-2"):
        await api.put(f"/v1/routings/{name}", routing())
    seen = [(await api.get("/v1/routings/mine")).headers["etag"]]
    for name in ("theirs-1", "theirs-2"):
        await activate(api, name, 1)
    seen.append((await api.get("/v1/routings/mine")).headers["etag"])

    saved = await api.put("/v1/routings/mine", routing(description="Later"), headers={"if-match": seen[0]})

    assert (seen[0], saved.status_code) == (seen[1], 201)


async def test_what_puts_a_routing_out_of_force_or_back_is_an_act_about_it(api: Api) -> None:
    for name in ("in", "instead"):
        await api.put(f"/v1/routings/{name}", routing())

    async def seen() -> str:
        return (await api.get("/v1/routings/in")).headers["etag"]

    tags = [await seen()]
    await activate(api, "in", 1)
    tags.append(await seen())
    await activate(api, "instead", 1)
    tags.append(await seen())
    await api.post("/v1/routings/instead/roll-back", {"reason": "test"})
    tags.append(await seen())
    late = await api.post("/v1/routings/in/retire", {"reason": "x"}, headers={"if-match": tags[1]})

    assert len(set(tags)) == 4
    assert late.status_code == 412
