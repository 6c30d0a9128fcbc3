"""The quote page: what would be promised, asked in a form that works without scripts."""

from datetime import timedelta

import httpx

from tests.builders import NOW, accepted, capture, item, node, set_up, stock
from tests.console.conftest import csrf_in
from troth.flows.documents.families import ROUTINGS
from troth.flows.door.system import System
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import Acted, activate

NEW_YORK = {"line1": "1 Main St", "city": "New York", "region": "NY", "postcode": "10001", "country": "US"}


async def ask(client: httpx.AsyncClient, rows: list[tuple[str, str]], **fields: str) -> httpx.Response:
    """Send the form with these rows of items."""
    csrf = csrf_in(await client.get("/console/quote"))
    columns = {"sku": [sku for sku, _ in rows], "quantity": [quantity for _, quantity in rows]}
    return await client.post(
        "/console/quote", data={"csrf": csrf, "channel": "web", "method": "ship", **columns, **fields}
    )


async def decide_by(system: System, **tier: str) -> None:
    saved = await save_draft(system, ROUTINGS, "test", {"tiers": [{"name": "all", **tier}]}, actor="ann")
    assert isinstance(saved, Saved), saved
    assert isinstance(await activate(system, ROUTINGS, "test", 1, reason="test", actor="ann"), Acted)


async def test_the_ways_to_have_it_are_shown_with_dates_costs_and_the_name_to_order_them_by(
    client: httpx.AsyncClient, system: System
) -> None:
    await stock(system, {("A", "ST-NYC"): 3})

    answer = await ask(client, [("A", "2"), ("", "")], **NEW_YORK)

    assert answer.status_code == 200
    for told in ("5 ways to have it", "Ship, standard", "Ship, next day", "Delivery", "Pickup at ST-NYC", "as asked"):
        assert told in answer.text
    assert "Ships today from our store ST-NYC" in answer.text
    assert "open today 00:00–23:59, 0.9 miles (1.4 km) away" in answer.text
    assert 'value="1 Main St"' in answer.text
    assert "Node by node" not in answer.text


async def test_what_cannot_be_had_is_told_with_what_could_be(client: httpx.AsyncClient, system: System) -> None:
    await stock(system, {("A", "ST-NYC"): 3})

    answer = await ask(client, [("A", "5")], method="pickup", pickup_node="ST-NYC", **NEW_YORK)

    assert "Not to be had as asked" in answer.text
    assert "It could be 3 of it by Nov 23" in answer.text
    assert ">Ship, standard</a>" in answer.text


async def test_why_and_the_front_are_shown_where_they_are_asked_for(client: httpx.AsyncClient) -> None:
    answer = await ask(client, [("A", "1"), ("B", "1")], why="1", front="1", **NEW_YORK)

    assert "Node by node" in answer.text
    assert "None of these plans is better than another one" in answer.text


async def test_a_pickup_is_looked_for_near_a_zip_code_and_asks_for_a_place_where_there_is_none(
    client: httpx.AsyncClient, system: System
) -> None:
    await stock(system, {("A", "ST-NYC"): 3})

    near = await ask(client, [("A", "1")], method="pickup", country="US", near_postcode="10001")
    nowhere = await ask(client, [("A", "1")], method="pickup", country="US")

    assert "1 way to have it" in near.text
    assert nowhere.status_code == 409
    assert "is required where neither ship_to nor pickup_node says where" in nowhere.text


async def test_what_waits_or_is_held_is_said(client: httpx.AsyncClient, system: System) -> None:
    await decide_by(system, partial="hold", none="queue")

    held = await ask(client, [("A", "21")], **NEW_YORK)
    waits = await ask(client, [("A", "1"), ("B", "1")], method="pickup", pickup_node="ST-NYC", **NEW_YORK)

    assert "A person has to find a place for the rest (tier all)." in held.text
    assert "No date for all of it" in held.text
    assert "The rest waits for stock (tier all)." in waits.text


async def test_a_row_more_keeps_what_was_written(client: httpx.AsyncClient) -> None:
    rows = [("A", "2"), ("B", ""), ("", "")]

    more = await ask(client, rows, add="1", **NEW_YORK)

    assert more.text.count('name="sku"') == 4
    assert 'aria-label="SKU of row 4" autofocus' in more.text
    assert 'name="sku" value="A"' in more.text
    assert "to have it" not in more.text


async def test_what_cannot_be_read_is_named_and_nothing_is_lost(client: httpx.AsyncClient, system: System) -> None:
    await set_up(system.pool, nodes=(node(),), items=(item("M", decimals=2),))

    for rows, told in (
        ([], "At least one item is required."),
        ([("A", "two")], "The quantity of A must be a whole number: A is sold by the piece."),
        ([("A", "NaN")], "The quantity of A must be a whole number"),
        ([("A", "0")], "The quantity of A must be above zero."),
        ([("M", "1.234")], "must have at most 2 decimals"),
        ([("", "2")], "Row 1 needs an item."),
        ([("NO SUCH", "1")], "There is no item NO SUCH."),
    ):
        answer = await ask(client, rows, **NEW_YORK)
        assert answer.status_code == 409
        assert told in answer.text, told
        assert 'value="1 Main St"' in answer.text
    far = await ask(client, [("A", "1")], near_latitude="95", near_longitude="0")
    assert "The latitude must be degrees, from -90 to 90." in far.text


async def test_an_order_of_which_a_part_lies_nowhere_has_no_date_in_the_list_or_on_its_page(
    client: httpx.AsyncClient, system: System
) -> None:
    await decide_by(system, partial="hold")
    order = accepted(await system.door.one(capture(lines={"A": 21}), actor="web"))
    day = order.fulfillments[0].promised_at
    assert NOW < day < NOW + timedelta(days=9)

    row = (await client.get(f"/console/orders/{order.order_id}/row")).text
    page = (await client.get(f"/console/orders/{order.order_id}")).text

    assert f"{day:%b} {day.day}" not in row
    assert "<dt>Promised</dt><dd><strong>—</strong>" in page
