"""The forms of nodes and items: what is set, what is told at which field, and that nothing is lost on the way."""

import html
import re
from collections.abc import Sequence
from dataclasses import replace

import httpx
import pytest

from tests.builders import item, set_up
from tests.console.conftest import HOSTILE, begin_session, csrf_in
from troth.console.item_form import item_groups
from troth.console.node_form import node_groups
from troth.console.record_form import Group, body_of, fill
from troth.flows.door.system import System
from troth.flows.records.bodies import Sent
from troth.http.records.bodies import BODIES
from troth.http.records.item_body import ItemBody, RestrictionsBody
from troth.http.records.items import OPERATIONS as ITEM_OPERATIONS
from troth.http.records.node_body import NodeBody
from troth.http.records.nodes import OPERATIONS as NODE_OPERATIONS
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.network import Node
from troth.store.reference import read_item, read_node

NODE: Sent = NODE_OPERATIONS[0].body.example | {
    "shifts": [{"begins": "06:00", "capacity": 40}, {"begins": "14:00", "capacity": 60}],
    "capacity_per_day": None,
    "calendar": NODE_OPERATIONS[0].body.example["calendar"] | {"opens": "06:00", "public_holidays": ["US", "local"]},
    "capacity_days": [
        {"weekdays": ["saturday"], "capacity": 60},
        {"dates": ["2026-11-27", "2026-11-28"], "shifts": [{"begins": "07:00", "capacity": 9}]},
    ],
}
ITEM: Sent = ITEM_OPERATIONS[0].body.example | {"kit": [{"sku": "A", "quantity": 2}], "substitutes": [{"sku": "B"}]}


@pytest.fixture
async def client(stranger: httpx.AsyncClient, system: System) -> httpx.AsyncClient:
    token = await begin_session(system, "root", "administrator")
    stranger.cookies.set("troth_session", token, domain="console.test", path="/console")
    return stranger


def fields_in(page: httpx.Response) -> dict[str, str]:
    """What a browser would send if the form of a page were sent as it stands."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", page.text):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and not ('type="checkbox"' in tag and " checked" not in tag):
            found[name[1]] = html.unescape(value[1]) if value else ""
    for name_, inner in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', page.text, re.DOTALL):
        found[name_] = html.unescape(inner)
    for name_, inner in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', page.text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inner) or re.search(r'value="([^"]*)"', inner)
        found[name_] = chosen[1] if chosen else ""
    return found


def flaw_at(page: httpx.Response, pointer: str) -> str:
    """What is said at a field, as it is read out with it; empty where nothing is."""
    tag = re.search(rf'<(?:input|select|textarea)[^>]*name="{re.escape(pointer)}"[^>]*>', page.text)
    assert tag, pointer
    described = re.search(r'aria-describedby="[^"]*?([\w-]+-flaw)"', tag[0])
    if described is None:
        return ""
    said = re.search(rf'id="{described[1]}">(.*?)</span>', page.text)
    assert said
    return html.unescape(said[1])


async def node_of(system: System, name: str) -> tuple[Node, int] | None:
    async with system.pool.acquire() as connection:
        found = await read_node(connection, NodeId(name))
    return None if found is None else (found.value, found.version)


async def item_of(system: System, name: str) -> Item | None:
    async with system.pool.acquire() as connection:
        found = await read_item(connection, Sku(name))
    return None if found is None else found.value


@pytest.mark.parametrize(
    ("body", "groups", "left_out"),
    [
        (NodeBody, node_groups("USD"), {"node_id"}),
        (ItemBody, item_groups("USD"), {"sku"}),
    ],
)
def test_every_field_of_a_body_is_on_its_form(
    body: type[NodeBody | ItemBody], groups: Sequence[Group], left_out: set[str]
) -> None:
    shown = {field.pointer.split("/")[0] for group in groups for field in group.fields}

    assert shown == set(body.model_fields) - left_out


def test_every_restriction_is_on_the_form_of_an_item() -> None:
    shown = {field.pointer for group in item_groups("USD") for field in group.fields}

    assert {f"restrictions/{name}" for name in RestrictionsBody.model_fields} <= shown


async def test_what_a_form_shows_of_a_node_is_read_back_as_that_node(system: System) -> None:
    groups = node_groups("USD")
    node = await BODIES.read_node(system, NodeId("N"), NODE)
    assert isinstance(node, Node)

    again = body_of(groups, fill(groups, BODIES.show_node(node, "USD")), None)

    assert await BODIES.read_node(system, NodeId("N"), again) == node


async def test_what_a_form_shows_of_an_item_is_read_back_as_that_item(system: System) -> None:
    groups = item_groups("USD")
    made = await BODIES.read_item(system, Sku("K"), ITEM)
    assert isinstance(made, Item)

    again = body_of(groups, fill(groups, BODIES.show_item(made)), None)

    assert await BODIES.read_item(system, Sku("K"), again) == made


async def test_a_node_is_made_and_changed_and_nothing_else_of_it_changes(
    client: httpx.AsyncClient, system: System
) -> None:
    blank = fields_in(await client.get("/console/new-node"))
    made = await client.post(
        "/console/nodes",
        data=blank
        | {
            "record_id": "ST-9",
            "type": "store",
            "latitude": "40.5",
            "longitude": "-74",
            "calendar/weekdays": "mon-sat",
            "calendar/hours": "sat; 10:00; 18:00\r\n",
            "handling_cost": "0.35",
            "pickup": "yes",
            "attributes": "district = north = east",
        },
    )
    assert made.headers["location"] == "/console/nodes/ST-9?done=set"
    first = await node_of(system, "ST-9")
    assert first is not None
    node, version = first
    assert (node.calendar.weekdays, node.handling_minor, node.pickup, node.active) == (
        (0, 1, 2, 3, 4, 5),
        35,
        True,
        True,
    )
    assert node.attributes == {"district": "north = east"}

    form = fields_in(await client.get("/console/nodes/ST-9/edit"))
    assert form["version"] == str(version)
    del form["pickup"]
    await client.post("/console/nodes/ST-9/edit", data=form | {"capacity_per_day": "12", "calendar/hours": ""})

    second = await node_of(system, "ST-9")
    assert second is not None
    changed = second[0]
    assert (changed.pickup, changed.capacity_per_day, changed.calendar.hours) == (False, 12, ())
    assert (changed.handling_minor, changed.attributes) == (35, node.attributes)
    assert "Change" in (await client.get("/console/nodes/ST-9?done=set")).text


async def test_a_node_that_is_saved_as_it_stands_stays_as_it_is(client: httpx.AsyncClient, system: System) -> None:
    before = await node_of(system, "DC-PA")
    form = fields_in(await client.get("/console/nodes/DC-PA/edit"))
    await client.post("/console/nodes/DC-PA/edit", data=form)
    after = await node_of(system, "DC-PA")
    assert before is not None
    assert after is not None
    assert after[0].link is None
    assert after[0].locker is None
    assert replace(after[0], address=before[0].address) == before[0]


async def test_a_locker_is_set_up_by_the_rows_of_its_compartments(client: httpx.AsyncClient, system: System) -> None:
    blank = fields_in(await client.get("/console/new-node"))
    asked = blank | {
        "record_id": "LK-9",
        "type": "locker",
        "latitude": "40.75",
        "longitude": "-73.99",
        "locker/home": "DC-PA",
        "locker/sizes": "S; 35 x 45 x 12; 10; 1-3, 5\nL; 35 x 45 x 60; 25; 11",
    }
    made = await client.post("/console/nodes", data=asked)
    found = await node_of(system, "LK-9")
    form = fields_in(await client.get("/console/nodes/LK-9/edit"))

    assert made.headers["location"] == "/console/nodes/LK-9?done=set"
    assert found is not None
    assert found[0].locker is not None
    assert [size.numbers for size in found[0].locker.sizes] == [(1, 2, 3, 5), (11,)]
    assert found[0].locker.sizes[0].inner_mm == (350, 450, 120)
    assert form["locker/sizes"] == "S; 35 x 45 x 12; 10; 1-3 5\nL; 35 x 45 x 60; 25; 11"
    assert '<h2 id="locker-head">Compartments</h2>' in (await client.get("/console/nodes/LK-9")).text


async def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(
    client: httpx.AsyncClient, system: System
) -> None:
    before = await node_of(system, "DC-PA")
    form = fields_in(await client.get("/console/nodes/DC-PA/edit"))
    wrong = form | {
        "capacity_per_day": "a dozen",
        "time_zone": "Mars/Olympus",
        "calendar/weekdays": "mon someday",
        "calendar/hours": "mon; 10:00; 18:00\nsun; noon; 18:00",
        "shifts": "06:00; 40; and more",
        "name": HOSTILE,
    }

    refused = await client.post("/console/nodes/DC-PA/edit", data=wrong)

    assert refused.status_code == 409
    assert flaw_at(refused, "time_zone") == "Must be an IANA time zone, such as America/New_York."
    assert flaw_at(refused, "capacity_per_day") == "Must be a whole number."
    assert flaw_at(refused, "calendar/weekdays").startswith("Row 2: must be a weekday")
    assert flaw_at(refused, "calendar/hours").startswith("Row 2, opens: ")
    assert "and more" in flaw_at(refused, "shifts")
    assert flaw_at(refused, "cut_off") == ""
    assert fields_in(refused) == {name: value.replace("\r\n", "\n") for name, value in wrong.items()}
    assert HOSTILE not in refused.text
    assert await node_of(system, "DC-PA") == before


async def test_a_new_record_needs_an_id_that_is_not_taken(client: httpx.AsyncClient, system: System) -> None:
    blank = fields_in(await client.get("/console/new-node")) | {"latitude": "1", "longitude": "1"}
    before = await node_of(system, "DC-PA")

    unnamed = await client.post("/console/nodes", data=blank | {"record_id": "a/b"})
    taken = await client.post("/console/nodes", data=blank | {"record_id": "DC-PA"})

    assert flaw_at(unnamed, "record_id") == "a new node needs an id, without a slash"
    assert taken.status_code == 409
    assert "version" in taken.text
    assert await node_of(system, "DC-PA") == before


async def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    client: httpx.AsyncClient, system: System
) -> None:
    form = fields_in(await client.get("/console/items/A/edit"))
    await set_up(system.pool, items=(item("A", name="Renamed"),))

    late = await client.post("/console/items/A/edit", data=form | {"category": "tents"})

    assert late.status_code == 409
    assert fields_in(late)["category"] == "tents"
    found = await item_of(system, "A")
    assert found is not None
    assert (found.name, found.category) == ("Renamed", item("A").category)


async def test_an_item_is_made_with_its_kit_and_a_part_that_is_not_there_is_told_in_its_row(
    client: httpx.AsyncClient, system: System
) -> None:
    blank = fields_in(await client.get("/console/new-item"))
    typed = blank | {"record_id": "KIT", "price": "19.90", "weight_kg": "0.82", "dimensions_cm": "34 x 21 x 12.5"}

    refused = await client.post("/console/items", data=typed | {"kit": "A; 2\nNONE; 1", "price": "19.905"})
    unknown = await client.post("/console/items", data=typed | {"kit": "A; 2\nNONE; 1"})
    nothing = await item_of(system, "KIT")
    made = await client.post("/console/items", data=typed | {"kit": "A; 2\nB; 1", "substitutes": "A; -5"})

    assert flaw_at(refused, "price") == "USD has 2 decimals, not more."
    assert flaw_at(unknown, "kit") == "Row 2, sku: there is no item NONE."
    assert nothing is None
    assert made.status_code == 303
    found = await item_of(system, "KIT")
    assert found is not None
    assert (found.kit, found.price_minor, found.weight_grams) == ((("A", 2), ("B", 1)), 1990, 820)
    assert found.dimensions_mm == (340, 210, 125)
    assert [(one.sku, one.price_delta_minor) for one in found.substitutes] == [("A", -500)]


async def test_whoever_may_not_configure_is_offered_no_form(stranger: httpx.AsyncClient, system: System) -> None:
    token = await begin_session(system, "maya", "operator")
    stranger.cookies.set("troth_session", token, domain="console.test", path="/console")

    shown = await stranger.get("/console/nodes/DC-PA")
    refused = await stranger.post("/console/nodes/DC-PA/edit", data={"csrf": csrf_in(shown)})

    assert "/edit" not in shown.text
    assert (await stranger.get("/console/new-item")).status_code == 403
    assert refused.status_code == 403


async def test_a_form_of_what_is_not_there_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get("/console/nodes/NONE/edit")).status_code == 404
    assert (await client.get("/console/items/NONE/edit")).status_code == 404
