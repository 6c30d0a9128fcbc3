"""What helps to write a routing: presets, the catalog, and examples that can be used."""

import pytest

from tests.http.conftest import Api
from tests.http.documents import activate, written

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("path", ["routings", "rate-cards", "lane-tables"])
async def test_the_example_of_the_documentation_can_be_saved(api: Api, path: str) -> None:
    document = (await api.get("/v1/openapi.json")).json()
    example = document["paths"][f"/v1/{path}/{{name}}"]["put"]["requestBody"]["content"]["application/json"]["example"]

    answer = await api.put(f"/v1/{path}/example", example)

    assert answer.status_code == 201, answer.text


async def test_every_preset_is_listed_and_becomes_a_draft_that_can_be_activated(api: Api) -> None:
    presets = (await api.get("/v1/routings/presets")).json()["items"]

    for preset in presets:
        given = {one["name"]: ["DC-PA"] for one in preset["parameters"] if one["default"] is None}
        name = preset["name"].replace("_", "-")
        saved = await api.post(f"/v1/routings/presets/{preset['name']}", {"name": name, "parameters": given})
        assert (saved.status_code, saved.json()["state"]) == (201, "draft"), saved.text
        assert (await activate(api, name, 1))["active"]["label"] == f"{name}@1"
        await api.post(f"/v1/routings/{name}/retire", {"reason": "test"})
    assert "own_region_first" in {preset["name"] for preset in presets}


async def test_a_preset_takes_its_parameters_and_refuses_others(api: Api) -> None:
    saved = await api.post("/v1/routings/presets/protect_stores", {"name": "kept", "parameters": {"units": 5}})
    assert "5" in saved.json()["content"]["keep"][0]["expression"]
    before = await written(api)

    for preset, parameters, status in (
        ("protect_stores", {"units": "many"}, 422),
        ("protect_stores", {"units": -1}, 422),
        ("protect_stores", {"dozens": 1}, 422),
        ("ranked_locations", {}, 422),
        ("nothing", {}, 404),
    ):
        answer = await api.post(f"/v1/routings/presets/{preset}", {"name": "x", "parameters": parameters})
        assert answer.status_code == status, answer.text
    assert await written(api) == before


async def test_the_catalog_says_what_a_routing_may_name(api: Api) -> None:
    catalog = (await api.get("/v1/routings/fields")).json()

    fields = {field["path"]: field for field in catalog["fields"]}
    assert (fields["node.type"]["type"], fields["lane.miles"]["unit"]) == ("string", "miles")
    assert all(field["description"] for field in fields.values())
    assert "nearest" in {sort["name"] for sort in catalog["sorts"]}
    assert "split_minor" in catalog["amounts"]
    assert "shipping" in catalog["factors"]
