"""What customers are told, by where the units are: the same in quote, order and availability, in their language."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.builders import NOW, item, node, set_up, stock
from tests.http.conftest import Api, order
from troth.flows.door.requests import Accepted
from troth.model.commands import ExpectedLine, ExpectSupply
from troth.model.ids import NodeId, Sku
from troth.model.network import NodeType

pytestmark = pytest.mark.asyncio(loop_scope="module")

PICKUP: Final = {"method": "pickup", "pickup_node": "ST-NYC", "service": ""}
POSITIONS: Final[Mapping[str, tuple[Mapping[str, int], Mapping[str, Any]]]] = {
    "in the store": ({"ST-NYC": 9}, PICKUP),
    "in another store": ({"ST-CT": 9}, {}),
    "in a distribution center": ({"DC-PA": 9}, {}),
    "the last ones": ({"DC-PA": 3}, {}),
    "on its way": ({}, {}),
    "on a purchase order": ({}, {}),
    "on a purchase order of the store": ({}, PICKUP),
    "at a vendor": ({"VENDOR": 9}, {}),
    "nowhere": ({}, {}),
}
"""Units on hand by node, and how the order is to reach the customer."""

TOLD: Final[Mapping[tuple[str, str], tuple[str, str, str]]] = {
    ("in the store", "en"): (
        "In stock", "In stock at ST-NYC", "Ready for pickup at ST-NYC today by 12:01\u202fPM.",
    ),
    ("in the store", "es"): (
        "En stock", "En stock en ST-NYC", "Listo para recoger hoy antes de las 12:01 en ST-NYC.",
    ),
    ("in another store", "en"): (
        "In stock", "Not at ST-NYC, but in stock elsewhere", "Ships today from our store ST-CT; arrives tomorrow.",
    ),
    ("in another store", "es"): (
        "En stock", "No en ST-NYC, pero sí en otro lugar", "Sale hoy de nuestra tienda ST-CT; llega mañana.",
    ),
    ("in a distribution center", "en"): (
        "In stock", "Not at ST-NYC, but in stock elsewhere", "Ships today from DC-PA; arrives tomorrow.",
    ),
    ("in a distribution center", "es"): (
        "En stock", "No en ST-NYC, pero sí en otro lugar", "Sale hoy de DC-PA; llega mañana.",
    ),
    ("the last ones", "en"): (
        "Only 3 left", "Not at ST-NYC, but in stock elsewhere", "Ships today from DC-PA; arrives tomorrow.",
    ),
    ("the last ones", "es"): (
        "Solo quedan 3", "No en ST-NYC, pero sí en otro lugar", "Sale hoy de DC-PA; llega mañana.",
    ),
    ("on its way", "en"): (
        "On its way, expected Tuesday, December 1",
        "On its way, expected Tuesday, December 1",
        "On its way; ships Tuesday, December 1 from ST-NYC; arrives Wednesday, December 2.",
    ),
    ("on its way", "es"): (
        "En camino, se espera el martes 1 de diciembre",
        "En camino, se espera el martes 1 de diciembre",
        "En camino; sale el martes 1 de diciembre de ST-NYC; llega el miércoles 2 de diciembre.",
    ),
    ("on a purchase order", "en"): (
        "From the supplier, expected Tuesday, March 2",
        "Out of stock",
        "From the supplier; ships Tuesday, March 2 from DC-PA; arrives Wednesday, March 3.",
    ),
    ("on a purchase order", "es"): (
        "Del proveedor, se espera el martes 2 de marzo",
        "Agotado",
        "Del proveedor; sale el martes 2 de marzo de DC-PA; llega el miércoles 3 de marzo.",
    ),
    ("on a purchase order of the store", "en"): (
        "From the supplier, expected Tuesday, March 2",
        "From the supplier, expected Tuesday, March 2",
        "From the supplier; ready for pickup at ST-NYC Tuesday, March 2 by 12:00\u202fPM.",
    ),
    ("on a purchase order of the store", "es"): (
        "Del proveedor, se espera el martes 2 de marzo",
        "Del proveedor, se espera el martes 2 de marzo",
        "Del proveedor; listo para recoger el martes 2 de marzo antes de las 12:00 en ST-NYC.",
    ),
    ("at a vendor", "en"): (
        "In stock", "Not at ST-NYC, but in stock elsewhere", "Ships today from our supplier VENDOR; arrives tomorrow.",
    ),
    ("at a vendor", "es"): (
        "En stock", "No en ST-NYC, pero sí en otro lugar", "Sale hoy de nuestro proveedor VENDOR; llega mañana.",
    ),
    ("nowhere", "en"): ("Out of stock", "Out of stock", "Out of stock"),
    ("nowhere", "es"): ("Agotado", "Agotado", "Agotado"),
}  # fmt: skip
"""By position and language: of all nodes, of the store, and of the promise."""


async def _put(api: Api, position: str, sku: str) -> None:
    """Put units of a new item where a position says."""
    await set_up(api.system.pool, nodes=(), items=(item(sku),))
    await api.system.door.follow()
    units, _ = POSITIONS[position]
    await stock(api.system, {(sku, name): count for name, count in units.items()})
    if position == "on its way":
        await stock(api.system, {(sku, "DC-FAR"): 9})
        sent = {"from": "DC-FAR", "to": "ST-NYC", "expected_at": "2026-12-01T09:00:00-05:00"}
        await api.put(f"/v1/transfers/{sku}", {**sent, "lines": [{"sku": sku, "quantity": 9}]})
        assert (await api.post(f"/v1/transfers/{sku}/ship")).status_code == 200
    if position.startswith("on a purchase order"):
        at = NodeId("ST-NYC" if position.endswith("store") else "DC-PA")
        line = ExpectedLine(1, at, Sku(sku), 9, NOW + timedelta(days=99))
        assert isinstance(await api.system.door.one(ExpectSupply(f"PO-{sku}", (line,)), actor="test"), Accepted)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(api: Api) -> Api:
    """Places to ship from, and two channels, of which one speaks Spanish."""
    nodes = (
        node("DC-PA"),
        node("DC-FAR"),
        node("ST-NYC", pickup_minutes=0),
        node("ST-CT", latitude=41.7, longitude=-72.7),
        node("VENDOR", type=NodeType.DROP_SHIP, latitude=40.7, longitude=-74.1),
    )
    await set_up(api.system.pool, nodes=nodes, items=())
    await api.system.door.follow()
    await put_in_force(api, "shop", {"channel_languages": {"tienda": "es"}})
    return api


async def put_in_force(api: Api, name: str, content: dict[str, Any]) -> None:
    """Save texts and let them be told."""
    saved = await api.put(f"/v1/message-templates/{name}", content)
    assert saved.status_code in (200, 201), saved.text
    body = {"version": saved.json()["version"], "reason": "test"}
    acted = await api.post(f"/v1/message-templates/{name}/activate", body)
    assert acted.status_code == 200, acted.text


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize(
    ("channel", "language", "spoken"),
    [("web", None, "en"), ("tienda", None, "es"), ("web", "es-MX", "es"), ("tienda", "en", "en")],
)
async def test_each_position_is_told_in_the_same_words_everywhere(
    shop: Api, position: str, channel: str, language: str | None, spoken: str
) -> None:
    sku = f"{list(POSITIONS).index(position)}-{channel}-{language}"
    await _put(shop, position, sku)
    of_all, of_store, promised = TOLD[position, spoken]
    if language == "es-MX":  # where it is said otherwise what time it is
        promised = re.sub(r"(12:0\d)", "\\1\u202fp.m.", promised)
    said = {} if language is None else {"language": language}
    body = order(f"M-{sku}", {sku: 1}, channel=channel, **POSITIONS[position][1], **said)

    asked = await shop.get("/v1/availability", params={"sku": sku, "channel": channel, "node": "ST-NYC", **said})
    plain = await shop.get("/v1/availability", params={"sku": sku, "channel": channel, **said})
    quoted = (await shop.post("/v1/quotes", {name: body[name] for name in body if name != "external_id"})).json()
    captured = await shop.post("/v1/orders", body)

    (of_item,) = asked.json()["items"]
    assert (of_item["message"], of_item["nodes"][0]["message"]) == (of_all, of_store)
    assert plain.json()["items"][0]["message"] == of_all
    if position == "nowhere":
        assert ([one["message"] for one in quoted["unavailable"]], captured.status_code) == ([promised], 409)
        return
    read = await shop.get(f"/v1/orders/{captured.json()['order_id']}")
    assert quoted["options"][0]["message"] == promised
    assert [one.json()["promise"]["message"] for one in (captured, read)] == [promised, promised]


async def test_a_kit_is_told_to_come_from_where_the_last_of_its_components_comes_and_waits_with_it(shop: Api) -> None:
    await _put(shop, "in a distribution center", "KIT-HERE")
    await _put(shop, "on a purchase order", "KIT-COMING")
    await set_up(shop.system.pool, nodes=(), items=(item("KIT", kit=((Sku("KIT-HERE"), 1), (Sku("KIT-COMING"), 1))),))
    await shop.system.door.follow()

    asked = (await shop.get("/v1/availability", params={"sku": "KIT", "channel": "web"})).json()["items"][0]
    captured = await shop.capture("M-KIT", {"KIT": 1})

    assert asked["message"] == "From the supplier, expected Tuesday, March 2"
    told = "From the supplier; ships Tuesday, March 2 from DC-PA; arrives Wednesday, March 3."
    assert captured["promise"]["message"] == told
    assert [captured["status"], *(line["status"] for line in captured["lines"])] == ["backordered", "backordered"]


async def test_of_several_shipments_each_says_what_is_in_it(shop: Api) -> None:
    for sku, position in (("SEV-1", "in a distribution center"), ("SEV-2", "on a purchase order")):
        await _put(shop, position, sku)
    body = order("M-SEVERAL", {"SEV-1": 2, "SEV-2": 1})
    told = {
        "en": "2 shipments. 2 × Item SEV-1: Ships today from DC-PA; arrives tomorrow."
        " 1 × Item SEV-2: From the supplier; ships Tuesday, March 2 from DC-PA; arrives Wednesday, March 3.",
        "es": "2 envíos. 2 × Item SEV-1: Sale hoy de DC-PA; llega mañana."
        " 1 × Item SEV-2: Del proveedor; sale el martes 2 de marzo de DC-PA; llega el miércoles 3 de marzo.",
    }

    quoted = (await shop.post("/v1/quotes", {name: body[name] for name in body if name != "external_id"})).json()
    captured = (await shop.post("/v1/orders", body)).json()
    spanish = (await shop.get("/v1/orders/web:M-SEVERAL?language=es")).json()

    assert [quoted["options"][0]["message"], captured["promise"]["message"]] == [told["en"], told["en"]]
    assert spanish["promise"]["message"] == told["es"]


async def test_a_get_speaks_what_it_accepts_and_says_so_to_caches(shop: Api) -> None:
    await _put(shop, "in a distribution center", "ACCEPTS")
    captured = (await shop.capture("M-ACCEPTS", {"ACCEPTS": 1}, language="es"))["promise"]
    french = {"accept-language": "fr-CA, es;q=0.7, en;q=0.3"}

    told = [
        (await shop.get(path, headers=headers))
        for path in ("/v1/availability?sku=ACCEPTS&channel=web", "/v1/orders/web:M-ACCEPTS")
        for headers in ({}, french, {"accept-language": "en"}, {"accept-language": "fr"})
    ]
    named = (await shop.get("/v1/orders/web:M-ACCEPTS?language=en", headers=french)).json()["promise"]

    assert (captured["message"], captured["language"]) == ("Sale hoy de DC-PA; llega mañana.", "es")
    assert [one.json()["language"] for one in told[:4]] == ["en", "es", "en", "en"]
    assert [one.json()["promise"]["language"] for one in told[4:]] == ["es", "es", "en", "es"]
    assert {one.headers["vary"] for one in told} == {"accept-language"}
    assert (named["message"], named["language"]) == ("Ships today from DC-PA; arrives tomorrow.", "en")


async def test_a_change_of_an_order_is_told_in_its_language_and_in_the_words_of_its_brand(shop: Api) -> None:
    await _put(shop, "in a distribution center", "CHANGED")
    await set_up(shop.system.pool, nodes=(), items=(item("CHANGED", brand="Maison"),))
    await put_in_force(
        shop,
        "maison",
        {"texts": [{"language": "es", "brands": ["Maison"], "texts": {"ships": "De {place}, {arrival}"}}]},
    )
    await shop.system.door.follow()
    captured = await shop.capture("M-CHANGED", {"CHANGED": 1}, language="es")
    url, more = f"/v1/orders/{captured['order_id']}/changes", {"action": "set_quantity", "line_id": "1", "quantity": 2}
    await set_up(shop.system.pool, nodes=(), items=(item("CHANGED-2"),))
    await shop.system.door.follow()  # which forgets the items
    assert Sku("CHANGED") not in shop.system.door.reference.items

    shown = await shop.post(f"{url}?preview=true", {"actions": [more]})
    applied = await shop.post(url, {"actions": [more]})

    told = [(one["promise"]["message"], one["promise"]["language"]) for one in (captured, shown.json(), applied.json())]
    assert told == [("De DC-PA, mañana", "es")] * 3


async def test_a_language_is_said_once_and_is_one(shop: Api) -> None:
    twice = await shop.post("/v1/orders", order("M-2", {"ACCEPTS": 1}, language="es", attributes={"language": "en"}))
    none = await shop.post("/v1/orders", order("M-3", {"ACCEPTS": 1}, language="Spanish, please"))

    assert (twice.status_code, [one["pointer"] for one in twice.json()["errors"]]) == (422, ["/language"])
    assert (none.status_code, [one["pointer"] for one in none.json()["errors"]]) == (422, ["/language"])
    assert (await shop.get("/v1/orders/web:M-2")).status_code == 404


async def test_texts_of_a_channel_and_a_brand_are_told_from_the_moment_they_are_in_force_and_no_longer(
    shop: Api,
) -> None:
    await set_up(shop.system.pool, nodes=(), items=(item("BRANDED", brand="Acme"), item("PLAIN")))
    await shop.system.door.follow()
    await stock(shop.system, {("BRANDED", "DC-PA"): 9, ("PLAIN", "DC-PA"): 9})
    query = "/v1/availability?sku=BRANDED&sku=PLAIN&channel=outlet"

    async def told() -> list[str]:
        return [one["message"] for one in (await shop.get(query)).json()["items"]]

    before = await told()
    await put_in_force(
        shop,
        "outlet",
        {
            "low_stock": [{"units": 9, "channels": ["outlet"]}],
            "texts": [
                {"language": "en", "texts": {"low_stock": "Hurry: {units}", "ships": "Leaves {day}, there {arrival}"}},
                {"language": "en", "channels": ["outlet"], "texts": {"low_stock": "Outlet: {units}"}},
                {"language": "en", "channels": ["outlet"], "brands": ["Acme"], "texts": {"low_stock": "Acme: {units}"}},
                {"language": "en", "brands": ["Acme"], "texts": {"ships": "Acme leaves {day}, there {arrival}"}},
            ],
        },
    )
    during = await told()
    both = {"BRANDED": 1, "PLAIN": 1}
    orders = [(await shop.capture(f"M-B{at}", {sku: 1}))["promise"]["message"] for at, sku in enumerate(both)]
    mixed = (await shop.capture("M-BOTH", both))["promise"]["message"]
    held = await shop.post("/v1/orders/web:M-B0/holds", {"type": "fraud"})
    acted = await shop.post("/v1/message-templates/outlet/roll-back", {"reason": "test"})
    after = await told()

    assert before == ["In stock", "In stock"]
    assert during == ["Acme: 9", "Outlet: 9"]
    assert orders == ["Acme leaves today, there tomorrow", "Leaves today, there tomorrow"]
    assert mixed == "Leaves today, there tomorrow"
    assert held.json()["promise"]["message"] == f"On hold: waits for a person. If let go in time: {orders[0]}"
    assert (acted.status_code, after) == (200, ["In stock", "In stock"])
