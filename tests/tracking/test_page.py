"""A customer sees where the goods are with nothing but the link, and does there what a customer may do."""

import json
import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.builders import Clock, accepted
from tests.tracking.conftest import captured, path_of, released, stored
from troth.flows.door.system import System
from troth.flows.orders.returns import ReplacedLine, Replacement, ReturnContent, prepare_open
from troth.flows.tracking.links import find_linked_order, give_link, move_link, token_of
from troth.model.commands import CollectWork, PickWork, RecordTracking, ShipWork, StageWork
from troth.model.ids import LineId, NodeId, OrderId, Sku
from troth.model.order import Method, Order, Package
from troth.model.refusals import Invalid
from troth.model.return_moves import AskedUnits
from troth.model.returns import ReturnKind, ReturnMethod
from troth.model.status import OrderStatus, order_status
from troth.model.tracking import Proof, Step
from troth.store.events import read_subject_events
from troth.tracking.app import create_tracking
from troth.tracking.rates import Rates
from troth.tracking.words import TEXTS


def steps_in(page: str) -> list[tuple[str, str]]:
    found = re.findall(r'<li class="step (\w+)".*?<strong>(.*?)</strong>', page, re.DOTALL)
    return [(title, state) for state, title in found]


async def do(client: httpx.AsyncClient, path: str, action: str, order: Order, **fields: str) -> httpx.Response:
    return await client.post(f"{path}/{action}", data={"version": str(order.version), "lang": "en", **fields})


async def happened(system: System, order: Order) -> list[tuple[str, str]]:
    async with system.pool.acquire() as connection:
        return [(logged.kind, logged.actor) for logged in await read_subject_events(connection, order.order_id)]


async def test_the_steps_ahead_are_explained_before_they_happen(system: System, client: httpx.AsyncClient) -> None:
    order = await captured(system)
    answer = await client.get(await path_of(system, order))

    assert answer.status_code == 200
    assert steps_in(answer.text) == [
        ("Order received", "done"),
        ("Handed to the place that packs it", "next"),
        ("Packed", "to_come"),
        ("On its way with the carrier", "to_come"),
        ("Seen on the way", "to_come"),
        ("Out for delivery", "to_come"),
        ("Delivered", "to_come"),
    ]
    assert "It is in the vehicle that brings it to you." in answer.text
    assert "All times are those of Eastern Standard Time." in answer.text
    assert "Until today, 10:30\u202fAM you can change or cancel it here." in answer.text


async def test_the_page_tells_no_more_than_it_must(system: System, client: httpx.AsyncClient) -> None:
    order = await captured(system)
    page = (await client.get(await path_of(system, order))).text

    assert "To A. P., New York 10•••" in page
    assert [secret for secret in ("Ada", "Park", "Main St", "10001", "ada@example.com", "C-1") if secret in page] == []


async def test_the_page_says_to_machines_what_it_says_to_people(
    system: System, client: httpx.AsyncClient, clock: Clock
) -> None:
    order = await released(system, lines={"A": 2, "B": 1})
    name = order.fulfillments[0].fulfillment_id
    left = (Package("1", carrier="UPS", tracking_number="1Z-1"),)
    accepted(await system.door.one(ShipWork(name, left), actor="node"))
    page = (await client.get(await path_of(system, order))).text
    (script,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)

    found = json.loads(script)
    assert (found["@type"], found["orderNumber"], found["orderStatus"]) == (
        "Order", "W-1", "http://schema.org/OrderInTransit",
    )  # fmt: skip
    assert [(one["itemOffered"]["name"], one["eligibleQuantity"]["value"]) for one in found["acceptedOffer"]] == [
        ("Blue Tent", 2), ("""<b>"Lamp" & 'Oil'</b>""", 1),
    ]  # fmt: skip
    (parcel,) = found["orderDelivery"]
    assert (parcel["@type"], parcel["trackingNumber"], parcel["carrier"]["name"]) == ("ParcelDelivery", "1Z-1", "UPS")
    assert parcel["expectedArrivalUntil"] == order.fulfillments[0].promised_at.isoformat()
    assert parcel["deliveryAddress"] == {
        "@type": "PostalAddress", "addressLocality": "New York", "addressCountry": "US",
    }  # fmt: skip
    assert [word for word in ("price", "19.90", "Ada", "10001") if word in script] == []


async def test_what_is_shown_is_escaped_and_nothing_is_loaded_from_elsewhere(
    system: System, client: httpx.AsyncClient
) -> None:
    order = await captured(system, lines={"B": 1})
    answer = await client.get(await path_of(system, order))

    assert "<b>" not in answer.text
    assert "&lt;b&gt;" in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert re.findall(r'(?:src|href)="(?!/track/|#)', answer.text) == []


async def test_the_way_is_followed_to_the_door(system: System, client: httpx.AsyncClient, clock: Clock) -> None:
    order = await released(system)
    path, name = await path_of(system, order), order.fulfillments[0].fulfillment_id
    left = (Package("1", carrier="UPS", tracking_number="1Z-1"),)
    clock.advance(hours=2)
    accepted(await system.door.one(ShipWork(name, left), actor="node"))
    clock.advance(hours=1)
    proof = Proof("Ben Stone")
    accepted(await system.door.one(RecordTracking(name, "UPS", "1Z-1", "out_for_delivery", clock.now), actor="ups"))
    moving = (await client.get(path)).text
    clock.advance(hours=1)
    told = RecordTracking(name, "UPS", "1Z-1", "delivered", clock.now, proof=proof)
    accepted(await system.door.one(told, actor="ups"))
    there = (await client.get(path)).text

    assert [title for title, state in steps_in(moving) if state == "next"] == ["Delivered"]
    assert "UPS 1Z-1" in moving
    assert {state for _, state in steps_in(there)} == {"done"}
    assert "It arrived today, 2:00\u202fPM." in there
    assert "Handed to B. S." in there
    assert "Nothing can be changed any more." in there


@pytest.mark.parametrize(
    ("status", "note"),
    [
        ("lost", "The carrier cannot find this parcel. We look into it."),
        ("damaged", "The carrier says that this parcel was damaged. We look into it."),
        ("returned", "This parcel goes back to us. We look into it."),
        ("delayed", "The carrier says that this parcel is late."),
        ("attempted", "The carrier was there with this parcel and could not hand it over."),
        ("waiting", "This parcel waits for you at a place of the carrier."),
        ("in_transit", ""),
    ],
)
async def test_what_the_carrier_says_of_a_parcel_is_said_as_it_is(
    system: System, client: httpx.AsyncClient, clock: Clock, status: str, note: str
) -> None:
    order = await released(system)
    name = order.fulfillments[0].fulfillment_id
    left = (Package("1", carrier="UPS", tracking_number="1Z-1"),)
    accepted(await system.door.one(ShipWork(name, left), actor="node"))
    clock.advance(hours=1)
    accepted(await system.door.one(RecordTracking(name, "UPS", "1Z-1", status, clock.now), actor="ups"))
    page = (await client.get(await path_of(system, order))).text

    assert re.findall(r'<p class="notice">(.*?)</p>', page) == ([note] if note else [])


@pytest.mark.parametrize(("is_sent", "note"), [(True, "sent to you once more"), (False, "credited to you")])
async def test_what_is_done_about_a_lost_parcel_is_said(
    system: System, client: httpx.AsyncClient, clock: Clock, *, is_sent: bool, note: str
) -> None:
    order = await released(system)
    name = order.fulfillments[0].fulfillment_id
    left = tuple(Package(number, carrier="UPS", tracking_number=f"1Z-{number}") for number in ("1", "2"))
    accepted(await system.door.one(ShipWork(name, left), actor="node"))
    clock.advance(hours=1)
    accepted(await system.door.one(RecordTracking(name, "UPS", "1Z-2", "lost", clock.now), actor="ups"))
    order = await stored(system, order.order_id)
    asked = (AskedUnits(LineId("1"), 1, "lost_in_transit"),)
    again = Replacement((ReplacedLine(LineId("1"), Sku("A"), 1),)) if is_sent else None
    content = ReturnContent(order.order_id, asked, ReturnMethod.NONE, kind=ReturnKind.CLAIM, replacement=again)
    clock.advance(hours=1)
    command = await prepare_open(system, order, content)
    assert not isinstance(command, Invalid)
    accepted(await system.door.one(command, actor="desk"))

    page = (await client.get(await path_of(system, order))).text
    (said,) = re.findall(r'<p class="notice">(.*?)</p>', page)
    assert said.startswith("1Z-2: ")
    assert note in said


async def test_a_pickup_shows_its_code_when_it_is_ready(
    system: System, client: httpx.AsyncClient, clock: Clock
) -> None:
    order = await released(system, method=Method.PICKUP, pickup_node=NodeId("ST-NYC"), ship_to=None)
    path, name = await path_of(system, order), order.fulfillments[0].fulfillment_id
    before = (await client.get(path)).text
    accepted(await system.door.one(StageWork(name, "A3"), actor="node"))
    ready = (await client.get(path)).text
    clock.advance(minutes=5)
    accepted(await system.door.one(CollectWork(name), actor="node"))
    done = (await client.get(path)).text

    code = re.compile(r'<strong class="code">\d{6}</strong>')
    assert [bool(code.search(page)) for page in (before, ready, done)] == [False, True, False]
    assert "It waits for you at Fifth Avenue." in ready
    assert ("Picked up", "done") in steps_in(done)


async def test_a_customer_cancels_the_whole_order(system: System, client: httpx.AsyncClient) -> None:
    order = await captured(system)
    path = await path_of(system, order)
    answer = await do(client, path, "cancel", order)
    shown = await client.get(answer.headers["location"])

    assert (answer.status_code, "It is canceled." in shown.text) == (303, True)
    assert order_status(await stored(system, order.order_id)) is OrderStatus.CANCELED
    assert ("OrderCanceled", "customer") in await happened(system, order)


async def test_a_customer_cancels_units_of_one_line(system: System, client: httpx.AsyncClient) -> None:
    order = await captured(system, lines={"A": 3, "B": 1})
    answer = await do(client, await path_of(system, order), "cancel", order, line="1", quantity="2")

    assert answer.status_code == 303
    assert [line.canceled_quantity for line in (await stored(system, order.order_id)).lines] == [2, 0]


async def test_a_customer_sends_it_to_another_address(system: System, client: httpx.AsyncClient) -> None:
    order = await captured(system)
    address = {"name": "Ben Stone", "line1": "9 Elm St", "city": "Boston", "region": "MA", "postcode": "02108"}
    answer = await do(client, await path_of(system, order), "address", order, country="us", **address)
    after = await stored(system, order.order_id)

    assert answer.status_code == 303
    assert after.ship_to is not None
    assert (after.ship_to.line1, after.ship_to.city, after.ship_to.country) == ("9 Elm St", "Boston", "US")


async def test_what_was_seen_before_a_change_is_not_done(system: System, client: httpx.AsyncClient) -> None:
    order = await captured(system, lines={"A": 3})
    path = await path_of(system, order)
    first = await do(client, path, "cancel", order, line="1", quantity="1")
    again = await do(client, path, "cancel", order, line="1", quantity="1")

    assert (first.status_code, again.status_code) == (303, 409)
    assert "The order has changed meanwhile." in again.text
    assert (await stored(system, order.order_id)).lines[0].canceled_quantity == 1


async def test_what_has_been_packed_is_not_canceled_by_its_customer(system: System, client: httpx.AsyncClient) -> None:
    order = await released(system)
    accepted(await system.door.one(ShipWork(order.fulfillments[0].fulfillment_id), actor="node"))
    order = await stored(system, order.order_id)
    answer = await do(client, await path_of(system, order), "cancel", order)

    assert (answer.status_code, "That is not possible any more." in answer.text) == (409, True)
    assert (await stored(system, order.order_id)).version == order.version


@pytest.mark.parametrize("fields", [{"line": "7", "quantity": "1"}, {"line": "1", "quantity": "x"}, {"version": ""}])
async def test_a_form_that_does_not_fit_changes_nothing(
    system: System, client: httpx.AsyncClient, fields: dict[str, str]
) -> None:
    order = await captured(system)
    answer = await client.post(
        f"{await path_of(system, order)}/cancel", data={"version": str(order.version), "lang": "en"} | fields
    )

    assert answer.status_code == 409
    assert (await stored(system, order.order_id)).version == order.version


async def test_it_speaks_spanish_to_who_wants_it(system: System, client: httpx.AsyncClient) -> None:
    order = await captured(system)
    path = await path_of(system, order)
    by_browser = (await client.get(path, headers={"accept-language": "es-MX, en;q=0.5"})).text
    by_choice = (await client.get(f"{path}?lang=es")).text
    unknown = (await client.get(f"{path}?lang=xx", headers={"accept-language": "fi"})).text

    assert '<html lang="es">' in by_browser
    assert "Prometido para" in by_choice
    assert '<html lang="en">' in unknown


async def test_an_order_in_spanish_is_shown_so(system: System, client: httpx.AsyncClient) -> None:
    order = await captured(system, attributes={"language": "es"})
    assert "Su pedido W-1" in (await client.get(await path_of(system, order))).text


def test_every_language_says_everything_with_the_same_values() -> None:
    english = TEXTS["en"]
    values = re.compile(r"\{(\w+)\}")
    for language, texts in TEXTS.items():
        assert texts.keys() == english.keys(), language
        for name, text in texts.items():
            assert sorted(values.findall(text)) == sorted(values.findall(english[name])), (language, name)
    steps = [f"{kind}_{step}" for step in Step for kind in ("step", "why") if step is not Step.ACCEPTED]
    assert [name for name in steps if name not in english] == []


async def test_a_link_that_was_taken_back_shows_nothing(system: System, client: httpx.AsyncClient) -> None:
    order = await captured(system)
    path = await path_of(system, order)
    renewed = await move_link(system, order.order_id, is_open=True, actor="ann")
    old, new = await client.get(path), await client.get(f"/track/{renewed}")
    assert await move_link(system, order.order_id, is_open=False, actor="ann") is None

    assert (old.status_code, new.status_code) == (404, 200)
    assert (await client.get(f"/track/{renewed}")).status_code == 404
    assert await give_link(system, order.order_id) is None
    assert (await do(client, path, "cancel", order)).status_code == 404
    assert order_status(await stored(system, order.order_id)) is OrderStatus.PROMISED


async def test_a_link_of_one_order_opens_no_other(system: System, client: httpx.AsyncClient) -> None:
    first, second = await captured(system), await captured(system, "W-2")
    token = (await path_of(system, first)).removeprefix("/track/")
    _, _, signature = token.partition(".")
    for forged in (f"{second.order_id}.{signature}", f"{first.order_id}.", "", "x", f"{first.order_id}", "é.é"):
        assert await find_linked_order(system, forged) is None, forged
    assert token_of(b"other", OrderId(first.order_id), 1) != token
    assert (await client.get(f"/track/{second.order_id}.{signature}")).status_code == 404


async def test_who_asks_too_often_has_to_wait(system: System) -> None:
    tracking = create_tracking(system, rates=Rates(3, 0.0), guesses=Rates(1, 0.0))
    app = Starlette(routes=[Mount("/track", tracking)])
    path = await path_of(system, await captured(system))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t.test") as client:
        guessed = [(await client.get("/track/O-1.guess")).status_code for _ in range(2)]
        seen = [await client.get(path) for _ in range(2)]
    assert guessed == [404, 429]
    assert [answer.status_code for answer in seen] == [200, 429]
    assert seen[1].headers["retry-after"] == "60"


async def test_a_step_that_is_late_says_so(system: System, client: httpx.AsyncClient, clock: Clock) -> None:
    order = await released(system)
    clock.now = order.fulfillments[0].ship_by
    accepted(await system.door.one(PickWork(order.fulfillments[0].fulfillment_id), actor="node"))
    clock.advance(hours=1)
    page = (await client.get(await path_of(system, order))).text
    assert "next, later than planned" in page
