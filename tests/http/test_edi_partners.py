"""Trading partners over HTTP: set as a whole, checked field by field, and by whom nodes are told of their work."""

from typing import Any

import pytest

from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAREHOUSE: dict[str, Any] = {
    "name": "East coast warehouse",
    "syntax": "x12",
    "version": "004010",
    "us": {"identification": "TROTHRETAIL", "qualifier": "ZZ"},
    "them": {"identification": "3PLEAST", "qualifier": "ZZ"},
    "usage": "production",
    "documents": "warehouse",
    "nodes": ["3PL-E"],
    "acknowledgment": "997",
    "by": "folder",
}
NODE: dict[str, Any] = {"type": "3pl", "latitude": 40.7, "longitude": -74.0}


async def test_a_partner_is_set_read_listed_and_set_again_only_by_who_has_seen_it(api: Api) -> None:
    made = await api.put("/v1/edi-partners/3PL-EAST", WAREHOUSE | {"acknowledge_minutes": 60})
    again = await api.put("/v1/edi-partners/3PL-EAST", made.json())
    stale = await api.put("/v1/edi-partners/3PL-EAST", WAREHOUSE, headers={"If-Match": '"7"'})
    found = await api.get("/v1/edi-partners/3PL-EAST")
    listed = await api.get("/v1/edi-partners")

    assert (made.status_code, again.status_code, stale.status_code) == (201, 200, 412)
    assert made.json()["folder"] == "3PL-EAST"
    assert (found.json(), found.headers["etag"]) == (made.json(), '"1"')
    assert found.json() in listed.json()["items"]
    audit = (await api.get("/v1/audit?what=edi_partner&id=3PL-EAST")).json()["items"]
    assert [one["before"] for one in audit] == [None]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"version": "D.96A"}, "/version"),
        ({"acknowledgment": "CONTRL"}, "/acknowledgment"),
        ({"us": {"identification": "TROTHRETAIL"}}, "/us/qualifier"),
        ({"them": {"identification": "LONGER-THAN-FIFTEEN", "qualifier": "ZZ"}}, "/them/identification"),
        ({"documents": "carrier"}, "/carrier"),
        ({"nodes": []}, "/nodes"),
        ({"by": "http", "folder": "x"}, "/folder"),
        ({"folder": "../etc"}, "/folder"),
        ({"acknowledgment": "none", "owed_minutes": 5}, "/owed_minutes"),
        ({"habits": {"time_zone": "Mars/Olympus"}}, "/habits/time_zone"),
        ({"partner_id": "OTHER"}, "/partner_id"),
    ],
)
async def test_what_does_not_fit_together_is_refused_by_its_field(api: Api, changes: Any, pointer: str) -> None:
    refused = await api.put("/v1/edi-partners/UNFIT", WAREHOUSE | changes)
    assert (refused.status_code, [one["pointer"] for one in refused.json()["errors"]]) == (422, [pointer])
    assert (await api.get("/v1/edi-partners/UNFIT")).status_code == 404


async def test_two_partners_do_not_share_a_folder(api: Api) -> None:
    await api.put("/v1/edi-partners/ONE", WAREHOUSE | {"folder": "shared"})
    refused = await api.put("/v1/edi-partners/TWO", WAREHOUSE | {"folder": "shared"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/folder")


async def test_a_node_is_told_by_a_partner_that_speaks_for_it_and_that_stays_as_long(api: Api) -> None:
    link = {"by": "edi", "partner": "3PL-NODE"}
    unknown = await api.put("/v1/nodes/3PL-N", NODE | {"link": link})
    unnamed = await api.put("/v1/nodes/3PL-N", NODE | {"link": {"by": "edi"}})
    await api.put("/v1/edi-partners/3PL-NODE", WAREHOUSE | {"nodes": ["3PL-N"]})
    other = await api.put("/v1/nodes/3PL-O", NODE | {"link": link})
    linked = await api.put("/v1/nodes/3PL-N", NODE | {"link": link})
    dropped = await api.put("/v1/edi-partners/3PL-NODE", WAREHOUSE | {"nodes": ["3PL-X"]})
    deleted = await api.delete("/v1/edi-partners/3PL-NODE")
    await api.put("/v1/nodes/3PL-N", NODE)
    gone = await api.delete("/v1/edi-partners/3PL-NODE")

    for refused in (unknown, unnamed, other):
        assert [one["pointer"] for one in refused.json()["errors"]] == ["/link/partner"]
    assert (linked.status_code, linked.json()["link"]["partner"]) == (201, "3PL-NODE")
    assert [one["pointer"] for one in dropped.json()["errors"]] == ["/nodes"]
    assert [one["pointer"] for one in deleted.json()["errors"]] == ["/partner_id"]
    assert gone.status_code == 204
    assert (await api.get("/v1/edi-partners/3PL-NODE")).status_code == 404
