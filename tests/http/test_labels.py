"""Labels and papers over HTTP: bought, listed, printed in both forms, void, and only for who may see the node."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.builders import node, set_up
from tests.http.conftest import Api
from tests.http.test_fulfillments import released
from tests.http.test_returns import asked, delivered
from tests.shipping.printed import codes_of, pages_of
from tests.shipping.sending import DEPOT
from troth.adapters.carriers.simulated import Behavior, Simulated
from troth.http.app import create_app
from troth.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sending(api: Api) -> AsyncIterator[Api]:
    """The app with the simulated carrier."""
    import httpx

    carriers = {"parcel": Simulated("parcel", Behavior(), api.system.pool, api.clock)}
    system = replace(api.system, carriers=carriers, gs1_prefix="0614141")
    app = create_app(system, Settings())
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"authorization": api.client.headers["authorization"]}
    async with httpx.AsyncClient(transport=transport, base_url="http://troth.test", headers=headers) as client:
        yield replace(api, app=app, system=system, client=client)


async def packed(api: Api, external_id: str, **changes: object) -> str:
    """The path of a packed work of two packages."""
    sku = await api.stocked("LABEL", {"DC-PA": 90}, name="Wool socks")
    path = await released(api, external_id, {sku: 3}, **changes)
    await api.post(f"{path}/pick")
    packages = [
        {"package_id": "A", "lines": [{"line_id": "1", "quantity": 2}], "weight_kg": 1.2, "box": "M",
         "dimensions_cm": [40, 30, 20.5]},
        {"package_id": "B", "lines": [{"line_id": "1", "quantity": 1}]},
    ]  # fmt: skip
    answer = await api.post(f"{path}/pack", {"packages": packages})
    assert answer.status_code == 200, answer.text
    assert [(one["box"], one["dimensions_cm"]) for one in answer.json()["packages"]] == [
        ("M", [40.0, 30.0, 20.5]),
        (None, None),
    ]
    return path


async def test_labels_are_bought_shown_and_printed(sending: Api) -> None:
    path = await packed(sending, "label-1")

    bought = await sending.post(f"{path}/labels")

    assert bought.status_code == 200, bought.text
    first, second = bought.json()["items"]
    assert (first["state"], first["package_id"], first["weight_kg"], len(first["sscc"])) == ("bought", "A", 1.2, 18)
    assert (second["package_id"], second["weight_kg"]) == ("B", 0.5)
    assert (await sending.post(f"{path}/labels")).json() == bought.json()
    assert (await sending.get(f"{path}/labels")).json() == bought.json()
    assert (await sending.get(f"/v1/labels/{first['label_id']}")).json() == first
    work = (await sending.get(path)).json()
    assert [one["tracking_number"] for one in work["packages"]] == [
        first["tracking_number"],
        second["tracking_number"],
    ]
    pdf = await sending.get(f"/v1/labels/{first['label_id']}/document")
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert ("Code 128", first["tracking_number"]) in codes_of(pdf.content)
    zpl = await sending.get(f"/v1/labels/{first['label_id']}/document?form=zpl")
    assert (zpl.status_code, zpl.headers["content-type"]) == (200, "application/zpl")
    assert f"^FD{first['tracking_number']}^FS" in zpl.text


async def test_a_label_is_void_and_not_printed_any_more(sending: Api) -> None:
    path = await packed(sending, "label-2")
    (only,) = (await sending.post(f"{path}/labels", {"packages": ["B"]})).json()["items"]

    void = await sending.post(f"/v1/labels/{only['label_id']}/void", {"reason": "too small"})

    assert (void.status_code, void.json()["state"], void.json()["void_reason"]) == (200, "voided", "too small")
    gone = await sending.get(f"/v1/labels/{only['label_id']}/document")
    assert (gone.status_code, gone.json()["code"]) == (409, "not-possible-now")
    await sending.post(f"{path}/labels")
    assert (await sending.post(f"{path}/ship")).status_code == 200
    (_, kept, _) = (await sending.get(f"{path}/labels")).json()["items"]
    late = await sending.post(f"/v1/labels/{kept['label_id']}/void")
    assert (late.status_code, late.json()["code"]) == (409, "not-possible-now")


async def test_what_is_wrong_is_named_by_field(sending: Api) -> None:
    path = await packed(sending, "label-3")

    flaws = {"/packages/1": {"packages": ["A", "C"]}, "/carrier": {"carrier": "ups"}, "/reason": {"service": "express"}}
    for pointer, body in flaws.items():
        refused = await sending.post(f"{path}/labels", body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    for name in ("O-1-L1", "nonsense", "O-1-L99999999999"):
        assert (await sending.get(f"/v1/labels/{name}")).status_code == 404
    assert (await sending.get(f"{path}/labels")).json() == {"items": []}


async def test_who_is_bound_to_another_node_sees_no_label(sending: Api) -> None:
    path = await packed(sending, "label-4")
    (one, _) = (await sending.post(f"{path}/labels")).json()["items"]
    elsewhere = {"authorization": f"Bearer {await sending.key_for('fulfillments:write', nodes=['ST-NYC'])}"}
    here = {"authorization": f"Bearer {await sending.key_for('fulfillments:write', nodes=['DC-PA'])}"}

    for address in (f"/v1/labels/{one['label_id']}", f"/v1/labels/{one['label_id']}/document", f"{path}/labels"):
        assert (await sending.get(address, headers=elsewhere)).status_code == 404
        assert (await sending.get(address, headers=here)).status_code == 200
    assert (await sending.post(f"/v1/labels/{one['label_id']}/void", headers=elsewhere)).status_code == 404


async def test_a_slip_says_what_is_in_which_package_and_a_list_what_to_pick(sending: Api) -> None:
    path = await packed(sending, "slip-1")

    slip = await sending.get(f"{path}/packing-slip")

    assert (slip.status_code, slip.headers["content-type"]) == (200, "application/pdf")
    (text,) = pages_of(slip.content)
    for told in ("Packing slip of order slip-1", "Package A, 1 of 2", "Package B, 2 of 2", "Wool socks", "Our shop"):
        assert told in text
    assert "19.90" not in text
    name = path.rpartition("/")[2]
    assert ("QR Code", name) in codes_of(slip.content)
    over = await sending.get(f"/v1/pick-lists?fulfillment={name}")
    assert (over.status_code, over.json()["code"]) == (409, "not-possible-now")
    sku = await sending.stocked("PICK", {"DC-PA": 9}, name="Cap", gtin="4006381333931")
    paths = [await released(sending, f"list-{n}", {sku: n}) for n in (1, 2)]
    assert (await sending.get(f"{paths[0]}/packing-slip")).status_code == 409
    asked = "&".join(f"fulfillment={one.rpartition('/')[2]}" for one in paths)
    listed = await sending.get(f"/v1/pick-lists?{asked}")
    (text,) = pages_of(listed.content)
    for told in ("Tote 1: list-1", "Tote 2: list-2", "Cap", "1 into tote 1, 2 into tote 2"):
        assert told in text
    assert ("Code 128", "4006381333931") in codes_of(listed.content)


async def test_a_slip_speaks_as_its_customer_does_and_a_list_as_the_people_of_its_node(sending: Api) -> None:
    sku = await sending.stocked("ESPAÑA", {"DC-PA": 9}, name="Calcetines de lana")
    path = await released(sending, "albaran-1", {sku: 2}, attributes={"language": "es-MX"})
    await set_up(sending.system.pool, nodes=(node("DC-PA", address=DEPOT, attributes={"language": "es"}),), items=())
    await sending.system.door.follow()

    listed = await sending.get(f"/v1/pick-lists?fulfillment={path.rpartition('/')[2]}")
    await sending.post(f"{path}/pack")
    slip = await sending.get(f"{path}/packing-slip")

    (text,) = pages_of(listed.content)
    for told in ("Lista de recogida de DC-", "1 parada", "Cubeta 1: albaran-1", "Sin lugar"):
        assert told in text
    (text,) = pages_of(slip.content)
    for told in (
        "Albarán del pedido albaran-1",
        "Pedido el 23 de noviembre de 2026",
        "Artículo",
        "Cantidad",
        "Paquete 1",
    ):
        assert told in text
    await set_up(sending.system.pool, nodes=(node("DC-PA", address=DEPOT),), items=())
    await sending.system.door.follow()


async def test_rates_say_what_each_service_costs_and_one_is_overridden_for_a_reason(sending: Api) -> None:
    path = await packed(sending, "rates-1")

    rates = (await sending.get(f"{path}/rates")).json()

    assert [(one["service"], one["keeps_promise"], one["has_labels"]) for one in rates["rates"]] == [
        ("standard", True, True),
        ("express", True, True),
        ("next_day", True, True),
    ]
    assert rates["best"] == rates["rates"][0]
    # A parcel of 1.2 kg that measures 24.6 l is charged as 4.92 kg, the other as half a kilogram; in the first zone.
    assert rates["best"]["cost"] == {"amount": "17.68", "currency": "USD", "parts": {"rate": "17.68"}}
    assert rates["why"] == "parcel standard keeps the promise at least cost, of 3 that keep it."
    bought = (await sending.post(f"{path}/labels", {"service": "express", "reason": "by phone"})).json()["items"]
    assert [(one["service"], one["reason"], one["chosen"]) for one in bought] == [("express", "by phone", "")] * 2
    assert sum(float(one["cost"]["amount"]) for one in bought) == float(rates["rates"][1]["cost"]["amount"])


async def test_the_day_is_closed_and_listed(sending: Api) -> None:
    path = await packed(sending, "manifest-1")
    await sending.post(f"{path}/labels")

    closed = await sending.post("/v1/manifests", {"node": "DC-PA", "carrier": "parcel"})

    assert (closed.status_code, closed.json()["state"], closed.json()["node"]) == (201, "closed", "DC-PA")
    name = closed.json()["manifest_id"]
    assert (await sending.get("/v1/manifests?node=DC-PA")).json()["items"] == [closed.json()]
    assert (await sending.get(f"/v1/manifests/{name}")).json() == closed.json()
    content = (await sending.get(f"/v1/manifests/{name}/document")).content
    assert ("QR Code", name) in codes_of(content)
    again = await sending.post("/v1/manifests", {"node": "DC-PA", "carrier": "parcel"})
    assert (again.status_code, again.json()["code"]) == (409, "not-possible-now")
    elsewhere = {"authorization": f"Bearer {await sending.key_for('fulfillments:write', nodes=['ST-NYC'])}"}
    assert (await sending.get(f"/v1/manifests/{name}", headers=elsewhere)).status_code == 404
    refused = await sending.post("/v1/manifests", {"node": "DC-PA", "carrier": "parcel"}, headers=elsewhere)
    assert refused.status_code == 404


async def test_goods_that_are_mailed_back_get_a_label_of_their_own(sending: Api) -> None:
    sku = await sending.stocked("BACK", {"DC-PA": 9})
    name = await delivered(sending, "back-1", {sku: 1})
    await set_up(sending.system.pool, nodes=(node("DC-PA", address=DEPOT),), items=())
    await sending.system.door.follow()
    opened = await sending.post("/v1/returns", asked(name, method="mail", node="DC-PA"))
    assert opened.status_code == 201, opened.text
    path = f"/v1/returns/{opened.json()['return_id']}/shipping-label"

    rates = (await sending.get(path.replace("shipping-label", "rates"))).json()
    best, dearer = rates["best"], next(one for one in rates["rates"][1:] if one["cost"])
    unsaid = await sending.post(path, {"carrier": dearer["carrier"], "service": dearer["service"]})
    bought = await sending.post(path)

    able = [one for one in rates["rates"] if one["barred"] is None and one["has_labels"]]
    assert best["cost"]["amount"] == min((one["cost"]["amount"] for one in able), key=float)
    assert (unsaid.status_code, unsaid.json()["errors"][0]["pointer"]) == (422, "/reason")
    assert (bought.status_code, bought.json()["state"], bought.json()["node"]) == (200, "bought", "DC-PA")
    assert (bought.json()["carrier"], bought.json()["service"]) == (best["carrier"], best["service"])
    assert bought.json()["chosen"] == rates["why"]
    assert (await sending.post(path, {"carrier": "parcel"})).json() == bought.json()
    printed = await sending.get(f"/v1/labels/{bought.json()['label_id']}/document")
    assert ("Code 128", bought.json()["tracking_number"]) in codes_of(printed.content)
    refused = await sending.post(path.replace("R1", "R9"), {"carrier": "parcel"})
    assert refused.status_code == 404


async def test_why_a_paper_cannot_be_printed_is_a_sentence(sending: Api) -> None:
    sku = await sending.stocked("LABEL", {"DC-PA": 90}, name="Wool socks")
    path = await released(sending, "paper-too-soon", {sku: 1})

    slip = await sending.get(f"{path}/packing-slip")
    await sending.post(f"{path}/pick")
    picks = await sending.get(f"/v1/pick-lists?fulfillment={path.split('/')[-1]}")

    assert [one.status_code for one in (slip, picks)] == [409, 409]
    assert slip.json()["detail"].endswith("cannot print a packing slip of what is released.")
    assert picks.json()["detail"].endswith("cannot print a pick list: nothing is left to be picked.")
