"""A vendor who gets purchase orders and answers them over HTTP, as through a gateway: each interchange counts once."""

from typing import Any

import httpx
import pytest

from tests.builders import item, set_up, stock
from tests.flows.telling_nodes import tell
from tests.flows.trading_partners import TONGUE, acknowledged, edi_node, x12
from tests.http.conftest import Api
from troth.adapters.edi.maps.numbers import X12_MAX, write_work
from troth.flows.edi.send import write_all_told
from troth.model.ids import FulfillmentId

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/edi-partners/ACME"
VENDOR: dict[str, Any] = {
    "name": "Acme",
    "syntax": "x12",
    "version": "004010",
    "us": {"identification": "TROTH", "qualifier": "ZZ"},
    "them": {"identification": "3PLEAST", "qualifier": "ZZ"},
    "usage": "production",
    "documents": "vendor",
    "nodes": ["V-ACME"],
    "acknowledgment": "997",
    "by": "http",
}


async def released(api: Api, external_id: str) -> str:
    """An order that is the work of the vendor, who is told of it; the number that it has there."""
    assert (await api.put(PATH, VENDOR)).status_code in (200, 201)
    await set_up(api.system.pool, nodes=(edi_node("V-ACME", "ACME"),), items=(item("EDI"),))
    await api.system.door.follow()
    await stock(api.system, {("EDI", "V-ACME"): 10})
    made = await api.capture(external_id, {"EDI": 2})
    assert (await api.post(f"/v1/orders/{made['order_id']}/release")).status_code == 200
    await tell(api.system)
    await write_all_told(api.system, TONGUE)
    work: str = made["fulfillments"][0]["fulfillment_id"]
    return work


def number(work: str) -> str:
    return write_work(FulfillmentId(work), X12_MAX)


def accepts(work: str) -> tuple[str, list[str]]:
    return "855", [f"BAK*00*AC*{number(work)}*20261123"]


def ships(work: str) -> tuple[str, list[str]]:
    return "856", [
        "BSN*00*S-1*20261123*1100",
        "HL*1**S", "TD5**2*UPSN*U*GROUND", "DTM*011*20261123*1100",
        "HL*2*1*O", f"PRF*{number(work)}",
        "HL*3*2*P", "REF*2I*1ZEDI1",
        "HL*4*3*I", "LIN**SK*EDI", "SN1**2*EA",
        "CTT*4",
    ]  # fmt: skip


async def post(api: Api, content: str, **more: Any) -> httpx.Response:
    headers = {"content-type": "application/edi-x12"} | more.pop("headers", {})
    return await api.client.post(f"{PATH}/interchanges", content=content.encode(), headers=headers, **more)


async def test_a_vendor_asks_for_purchase_orders_and_posts_what_it_says_to_them(api: Api) -> None:
    work = await released(api, "EDI-1")
    own = {"authorization": f"Bearer {await api.key_for('fulfillments:write', nodes=['V-ACME'])}"}
    outbox = (await api.get(f"{PATH}/outbox", headers=own)).json()
    order = outbox["items"][-1]
    assert [(one["kind"], one["fulfillment_id"]) for one in order["transactions"]] == [("850", work)]
    assert f"BEG*00*DS*{number(work)}" in order["text"]
    raw = await api.get(f"{PATH}/interchanges/out/{order['number']}/content", headers=own)
    assert (raw.text, raw.headers["content-type"]) == (order["text"], "application/edi-x12")
    assert (await api.get(f"{PATH}/outbox?after={outbox['last']}", headers=own)).json()["items"] == []

    said = x12("PR", accepts(work), control=11)
    taken = (await post(api, said, headers=own)).json()["interchanges"]
    known = (await post(api, said, headers=own)).json()["interchanges"]
    shipped = (await post(api, x12("SH", ships(work), control=12), headers=own)).json()["interchanges"]
    acked = await post(api, x12("FA", acknowledged(order["number"], "A", code="PO", kind="850"), control=13))
    assert [(one["is_known"], one["interchange"]["state"]) for one in (*taken, *known, *shipped)] == [
        (False, "taken"), (True, "taken"), (False, "taken"),
    ]  # fmt: skip
    assert known[0]["interchange"]["times"] == 2
    assert acked.status_code == 200
    assert (await api.get(f"/v1/fulfillments/{work}")).json()["status"] == "shipped"
    answered = (await api.get(f"{PATH}/outbox?after={outbox['last']}", headers=own)).json()["items"]
    assert [one["transactions"][0]["kind"] for one in answered] == ["997", "997"]
    assert (await api.get(f"{PATH}/interchanges/out/{order['number']}")).json()["state"] == "accepted"


async def test_what_is_refused_as_a_whole_is_told_kept_and_listed(api: Api) -> None:
    await released(api, "EDI-2")
    refused = await post(api, x12("PR", ("855", ["BAK*00*AC*X*20261123"]), control=21, usage="T"))
    (flaw,) = refused.json()["errors"]
    assert (refused.status_code, flaw["pointer"]) == (422, "/interchanges/0")
    assert flaw["detail"].startswith("it is a test, and production was agreed; it is kept as number ")
    listed = (await api.get(f"{PATH}/interchanges?state=refused&direction=in")).json()["items"]
    assert [one["control"] for one in listed] == ["000000021"]
    assert (await post(api, "")).status_code == 422


async def test_an_interchange_is_sent_again_behind_all_others_with_its_control_number(api: Api) -> None:
    await released(api, "EDI-3")
    outbox = (await api.get(f"{PATH}/outbox?limit=200")).json()
    one = outbox["items"][-1]
    again = await api.post(f"{PATH}/interchanges/out/{one['number']}/send-again")
    more = (await api.get(f"{PATH}/outbox?after={outbox['last']}")).json()["items"]
    assert (again.status_code, [other["control"] for other in more]) == (202, [one["control"]])
    assert (more[0]["times"], more[0]["text"]) == (2, one["text"])
    assert (await api.post(f"{PATH}/interchanges/out/999/send-again")).status_code == 404


async def test_a_key_of_another_node_sees_and_sends_nothing(api: Api) -> None:
    work = await released(api, "EDI-4")
    other = {"authorization": f"Bearer {await api.key_for('fulfillments:write', nodes=['3PL-9'])}"}
    weak = {"authorization": f"Bearer {await api.key_for('orders:read')}"}
    said = x12("PR", accepts(work), control=41)
    assert (await post(api, said, headers=other)).status_code == 404
    assert (await api.get(f"{PATH}/outbox", headers=other)).status_code == 404
    assert (await post(api, said, headers=weak)).status_code == 403
    assert (await api.get(f"/v1/fulfillments/{work}")).json()["status"] == "released"


async def test_what_was_taken_is_not_taken_again(api: Api) -> None:
    work = await released(api, "EDI-5")
    (taken,) = (await post(api, x12("PR", accepts(work), control=51))).json()["interchanges"]
    number_in = taken["interchange"]["number"]
    refused = await api.post(f"{PATH}/interchanges/in/{number_in}/take-again")
    assert (refused.status_code, refused.json()["code"]) == (409, "not-possible-now")
