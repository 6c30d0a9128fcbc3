"""Keys and the audit over HTTP: made once, shown once, revoked for good, and every change on record."""

import pytest

from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

DC = {"type": "dc", "latitude": 40.0, "longitude": -76.3}


async def test_a_key_works_until_it_is_revoked(api: Api) -> None:
    made = await api.post("/v1/api-keys", {"name": "Web shop", "scopes": ["configuration:read"]})
    headers = {"authorization": f"Bearer {made.json()['key']}"}

    assert made.status_code == 201
    assert made.json()["key"].startswith("troth_")
    assert (await api.get("/v1/nodes", headers=headers)).status_code == 200
    assert (await api.delete(f"/v1/api-keys/{made.json()['key_id']}")).status_code == 204
    assert (await api.get("/v1/nodes", headers=headers)).status_code == 401
    assert (await api.delete(f"/v1/api-keys/{made.json()['key_id']}")).status_code == 404


async def test_keys_are_listed_without_their_secret(api: Api) -> None:
    made = (await api.post("/v1/api-keys", {"name": "Lister", "scopes": ["orders:read"], "nodes": ["S1"]})).json()

    listed = await api.get("/v1/api-keys")

    shown = next(key for key in listed.json()["items"] if key["key_id"] == made["key_id"])
    assert shown == {name: value for name, value in made.items() if name != "key"}
    assert shown["nodes"] == ["S1"]
    assert made["key"] not in listed.text


async def test_a_repeated_request_makes_one_key_and_its_secret_is_stored_nowhere(api: Api) -> None:
    headers = {"idempotency-key": "key-1"}
    body = {"name": "Once", "scopes": ["orders:read"]}

    first = (await api.post("/v1/api-keys", body, headers=headers)).json()
    again = await api.post("/v1/api-keys", body, headers=headers)

    assert again.status_code == 201
    assert again.json() == {**first, "key": None}
    kept = await api.system.pool.fetchval("SELECT string_agg(convert_from(answer, 'UTF8'), '') FROM idempotency_keys")
    assert first["key"] not in kept


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"name": "X", "scopes": ["all"]}, ["/scopes/0"]),
        ({"name": "X", "scopes": []}, ["/scopes"]),
        ({"name": "", "scopes": ["admin"]}, ["/name"]),
        ({"name": "X", "scopes": ["admin"], "nodes": []}, ["/nodes"]),
        ({"scopes": ["admin"]}, ["/name"]),
    ],
)
async def test_a_key_that_cannot_be_is_refused_by_field(api: Api, body: object, pointers: list[str]) -> None:
    answer = await api.post("/v1/api-keys", body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


async def test_only_administrators_handle_keys(api: Api) -> None:
    key = await api.key_for("configuration:write", "audit:read")
    headers = {"authorization": f"Bearer {key}"}

    answer = await api.post("/v1/api-keys", {"name": "X", "scopes": ["admin"]}, headers=headers)

    assert (answer.status_code, answer.json()["scope"]) == (403, "admin")
    assert (await api.get("/v1/api-keys", headers=headers)).status_code == 403


async def test_the_audit_says_who_changed_what_from_what_to_what(api: Api) -> None:
    made = (await api.post("/v1/api-keys", {"name": "Editor", "scopes": ["configuration:write"]})).json()
    headers = {"authorization": f"Bearer {made['key']}"}
    await api.put("/v1/nodes/AU-1", DC)
    await api.put("/v1/nodes/AU-1", {**DC, "name": "Renamed"}, headers=headers)
    await api.put("/v1/nodes/AU-1", {**DC, "name": "Renamed"})

    changes = (await api.get("/v1/audit", params={"what": "node", "id": "AU-1"})).json()["items"]

    assert changes[0]["actor"] == f"key/{made['key_id']}"
    assert [(change["before"] or {}).get("name") for change in changes] == ["AU-1", None]
    assert [change["after"]["name"] for change in changes] == ["Renamed", "AU-1"]
    by_key = (await api.get("/v1/audit", params={"actor": f"key/{made['key_id']}"})).json()["items"]
    assert [(change["what"], change["id"]) for change in by_key] == [("node", "AU-1")]


async def test_the_audit_is_read_page_by_page_newest_first(api: Api) -> None:
    for number in range(5):
        await api.put("/v1/nodes/AU-2", {**DC, "name": f"name {number}"})

    names: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        params = {"what": "node", "id": "AU-2", "limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await api.get("/v1/audit", params=params)).json()
        names += [change["after"]["name"] for change in page["items"]]
        cursor = page["next"]

    assert names == [f"name {number}" for number in (4, 3, 2, 1, 0)]
    assert cursor is None


@pytest.mark.parametrize("query", ["?what=node", "?id=AU-1", "?cursor=WzEsMg", "?cursor=WyJ4Il0"])
async def test_an_audit_that_is_asked_in_part_is_refused(api: Api, query: str) -> None:
    assert (await api.get(f"/v1/audit{query}")).status_code == 422
