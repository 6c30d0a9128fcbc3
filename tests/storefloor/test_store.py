"""The store app without a browser: who gets in, what is listed, and that each action happens once."""

import re
from datetime import timedelta

import httpx

from tests.builders import Clock, accepted, item, set_up
from tests.console.conftest import begin_session
from tests.storefloor.conftest import STORE, log_in
from tests.storefloor.working import csrf_in, ordered, picked, read_order, send, state, work_of
from troth.engine.pickups.codes import pickup_code
from troth.flows.documents.families import BOXES
from troth.flows.door.system import System
from troth.flows.publishing.draft import save_draft
from troth.flows.publishing.publish import activate
from troth.model.commands import PickWork, StageWork
from troth.model.lifecycle import ENDED, AllocationState
from troth.model.order import Order
from troth.model.refusals import Invalid
from troth.store.balances import find_balances
from troth.store.events import read_subject_events


async def books(system: System, sku: str) -> int:
    """What the books say that the store has of an item."""
    async with system.pool.acquire() as connection:
        found = await find_balances(connection, skus=[sku], node=STORE, limit=10)
    return sum(one.on_hand for one in found)


async def count_events(system: System, order: Order) -> int:
    async with system.pool.acquire() as connection:
        return len(await read_subject_events(connection, order.order_id))


async def test_who_works_at_one_node_goes_there_and_nowhere_else(client: httpx.AsyncClient) -> None:
    home = await client.get("/store/")
    here = await client.get(f"/store/at/{STORE}")
    elsewhere = await client.get("/store/at/DC-PA")

    assert (home.status_code, home.headers["location"]) == (303, f"/store/at/{STORE}")
    assert (here.status_code, elsewhere.status_code) == (200, 404)
    assert "Nothing to do." in here.text


async def test_whoever_is_bound_to_none_chooses_and_whoever_reports_no_work_stays_out(
    stranger: httpx.AsyncClient, system: System
) -> None:
    await log_in(stranger, system, "omar", "operator", None)
    chosen = await stranger.get("/store/?q=bro")
    await log_in(stranger, system, "pia", "planner", None)
    refused = await stranger.get("/store/")

    assert "Broadway" in chosen.text
    assert "DC-PA" not in chosen.text
    assert (refused.status_code, refused.headers["location"]) == (303, "/store/login?next=/store/")
    assert await begin_session(system, "eve", "planner")  # a session alone opens nothing


async def test_tasks_are_listed_by_step_and_the_most_urgent_first(client: httpx.AsyncClient, system: System) -> None:
    first, second = await ordered(system, "W-1", {"TENT": 1}), await ordered(system, "W-2", {"MUG": 2})
    waiting = await ordered(system, "W-3", {"STOVE": 1})
    accepted(await system.door.one(StageWork(work_of(waiting), "A3"), actor="key/node"))

    shown = (await client.get(f"/store/at/{STORE}")).text

    assert shown.index("To pick") < shown.index("W-1") < shown.index("W-2") < shown.index("To hand over")
    assert shown.index("To hand over") < shown.index("W-3") < shown.index("at A3")
    assert all(f'value="{work_of(one)}"' in shown for one in (first, second))


async def test_a_walk_goes_along_the_shelves_for_all_its_orders(client: httpx.AsyncClient, system: System) -> None:
    one, two = await ordered(system, "W-1", {"TENT": 1, "MUG": 2}), await ordered(system, "W-2", {"STOVE": 1, "MUG": 1})

    shown = (await client.get(f"/store/at/{STORE}/walk?work={work_of(one)}&work={work_of(two)}")).text
    done = await send(
        client,
        "/walk",
        work=[work_of(one), work_of(two)],
        **{picked(one, "1"): "1", picked(one, "2"): "2", picked(two, "1"): "1", picked(two, "2"): "1"},
    )

    assert shown.index("A-2</p>") < shown.index("A-10</p>") < shown.index("B-10</p>")
    assert done.json()["refused"] == []
    assert {state(await read_order(system, order)) for order in (one, two)} == {AllocationState.PICKED}


async def test_an_action_that_arrives_twice_happens_once_also_after_the_work_went_on(
    client: httpx.AsyncClient, system: System
) -> None:
    order = await ordered(system, "W-1", {"TENT": 1})
    pick = {"work": work_of(order), picked(order): "1"}
    ready = {"step": "ready", "staging": "A3"}

    told = [await send(client, "/walk", key="p", **pick) for _ in range(2)]
    told += [await send(client, f"/work/{work_of(order)}", key="r", age="30", **ready) for _ in range(2)]
    events = await count_events(system, order)
    told.append(await send(client, "/walk", key="p", age="90", **pick))

    assert [one.json()["refused"] for one in told] == [[]] * 5
    goes_on = [one.json()["next"] for one in told]
    assert goes_on == [goes_on[0]] * 2 + [f"/store/at/{STORE}?done=W-1"] * 2 + [goes_on[0]]
    assert await count_events(system, order) == events
    assert state(await read_order(system, order)) is AllocationState.READY


async def test_one_key_does_not_stand_for_two_actions(client: httpx.AsyncClient, system: System) -> None:
    order = await ordered(system, "W-1", {"TENT": 1})
    await send(client, f"/work/{work_of(order)}", key="same", step="accept")

    other = await send(client, f"/work/{work_of(order)}", key="same", step="reject", reason="too_busy")

    assert other.json()["refused"] != []
    assert state(await read_order(system, order)) is AllocationState.ACCEPTED


async def test_no_step_is_skipped(client: httpx.AsyncClient, system: System) -> None:
    order = await ordered(system, "W-1", {"TENT": 1})
    events = await count_events(system, order)

    refused = [
        (await send(client, f"/work/{work_of(order)}", key=step, step=step, by="identity", collected_by="Ada Park"))
        for step in ("ready", "collect", "ship", "unpick", "nonsense")
    ]

    assert [len(one.json()["refused"]) for one in refused] == [1] * 5
    assert (await read_order(system, order)).version == order.version
    assert await count_events(system, order) == events


async def test_what_is_not_found_leaves_the_books_is_sourced_elsewhere_and_asks_for_a_count(
    client: httpx.AsyncClient, system: System
) -> None:
    order = await ordered(system, "W-1", {"TENT": 2, "STOVE": 1}, ship=True)
    assert order.fulfillments[0].node == STORE
    fields = {picked(order, "1"): "1", f"reason~{work_of(order)}~1": "damaged", picked(order, "2"): "1"}

    done = (await send(client, "/walk", work=work_of(order), **fields)).json()
    after = await read_order(system, order)
    page = await client.get(done["next"])

    live = {(part.sku, part.node, part.quantity) for part in after.allocations if part.state not in ENDED}
    assert live == {("TENT", STORE, 1), ("STOVE", STORE, 1), ("TENT", "DC-PA", 1)}
    assert await books(system, "TENT") == 8
    assert "TENT was short." in page.text


async def test_a_reason_that_is_about_the_stock_fixes_it_and_another_does_not(
    client: httpx.AsyncClient, system: System
) -> None:
    gone, busy = await ordered(system, "W-1", {"MUG": 2}), await ordered(system, "W-2", {"STOVE": 1})

    for order, reason in ((gone, "not_found"), (busy, "too_busy")):
        told = await send(client, f"/work/{work_of(order)}", key=order.order_id, step="reject", reason=reason)
        assert told.json()["refused"] == []

    assert (await books(system, "MUG"), await books(system, "STOVE")) == (7, 9)
    tasks = await client.get(f"/store/at/{STORE}/counts")
    assert "Steel Mug" in tasks.text


async def test_a_count_of_the_shelf_leaves_what_lies_in_totes_alone(client: httpx.AsyncClient, system: System) -> None:
    order = await ordered(system, "W-1", {"MUG": 2})
    accepted(await system.door.one(PickWork(work_of(order)), actor="key/node"))

    told = [await send(client, "/counts", key="a", sku="MUG", on_shelf="5") for _ in range(2)]
    flawed = await send(client, "/counts", key="b", sku="MUG", on_shelf="-1")
    found = await client.get(f"/store/at/{STORE}/counts?q=MUG")

    assert ([one.json()["refused"] for one in told], len(flawed.json()["refused"])) == ([[], []], 1)
    assert await books(system, "MUG") == 7  # five on the shelf, two in a tote
    assert "2 more were taken off it" in found.text


async def test_an_item_is_found_by_each_of_its_codes_and_gets_a_place(client: httpx.AsyncClient) -> None:
    names = [
        (await client.get(f"/store/at/{STORE}/code", params={"q": code})).json()["name"]
        for code in ("X001", "012345678905", "0012345678905", "STOVE", "]E04006381333931", "nothing")
    ]
    await send(client, "/places", sku="STOVE", place="C-7")
    shown = await client.get(f"/store/at/{STORE}/counts?q=X001")

    assert names == ["Gas Stove"] * 4 + ["Blue Tent", ""]
    assert 'name="place" value="C-7"' in shown.text


async def test_a_pickup_is_handed_over_by_its_code_and_found_by_it(client: httpx.AsyncClient, system: System) -> None:
    order = await ordered(system, "W-1", {"TENT": 1})
    accepted(await system.door.one(StageWork(work_of(order), "A3"), actor="key/node"))
    code = pickup_code(order, work_of(order))
    wrong = "000000" if code != "000000" else "111111"
    path = f"/work/{work_of(order)}"

    found = await client.get(f"/store/at/{STORE}/handover?q={code}")
    no = [await send(client, path, key="1", step="collect", by="code", code=wrong) for _ in range(2)]
    none = await send(client, path, key="2", step="collect", by="code", code="")
    stranger_ = await send(client, path, key="3", step="collect", by="identity", collected_by="Eve")
    asked = await read_order(system, order)
    yes = await send(client, path, key="4", step="collect", by="code", code=code, collected_by="Ada Park")

    assert found.headers["location"] == f"/store/at/{STORE}{path}?code={code}"
    assert [one.json()["refused"][0]["title"] for one in no] == ["That is not the code of this pickup."] * 2
    assert (len(none.json()["refused"]), len(stranger_.json()["refused"])) == (1, 1)
    assert yes.json()["refused"] == []
    assert (state(asked), asked.pickups[0].code_failures) == (AllocationState.READY, 1)
    assert state(await read_order(system, order)) is AllocationState.COLLECTED


async def test_somebody_else_takes_it_once_they_are_named(client: httpx.AsyncClient, system: System) -> None:
    order = await ordered(system, "W-1", {"TENT": 1})
    accepted(await system.door.one(StageWork(work_of(order), "A3"), actor="key/node"))
    path = f"/work/{work_of(order)}"

    named = await send(client, path, key="1", step="collector", collector="Ben Park")
    taken = await send(client, path, key="2", step="collect", by="identity", collected_by="Ben Park")

    assert (named.json()["refused"], taken.json()["refused"]) == ([], [])
    assert (await read_order(system, order)).fulfillments[0].collected_by == "Ben Park"


async def test_the_steps_of_what_is_sent_are_done_and_taken_back(client: httpx.AsyncClient, system: System) -> None:
    order = await ordered(system, "W-1", {"STOVE": 1}, ship=True)
    path = f"/work/{work_of(order)}"
    states, pages = [], []
    for key, step in enumerate(("pick", "unpick", "pick", "pack", "unpack", "pack", "ship")):
        where, fields = (path, {"step": step, "weight_kg": "1,25", "carrier": "UPS", "tracking_number": "1Z9"})
        if step == "pick":
            where, fields = "/walk", {"work": work_of(order), picked(order): "1"}
        told = await send(client, where, key=str(key), **fields)
        assert told.json()["refused"] == [], step
        states.append(str(state(await read_order(system, order))))
        pages.append((await client.get(f"/store/at/{STORE}/list")).text)

    assert states == ["picked", "accepted", "picked", "packed", "picked", "packed", "shipped"]
    (package,) = (await read_order(system, order)).fulfillments[0].packages
    assert (package.weight_grams, package.carrier, package.tracking_number) == (1_250, "UPS", "1Z9")
    assert ["W-1" in page and "1.25 kg" in page for page in pages] == [False, False, False, True, False, True, False]


async def test_what_is_proposed_is_packed_or_what_was_packed_is_said_by_hand(
    client: httpx.AsyncClient, system: System
) -> None:
    box = {"box": "S", "name": "Small carton", "inner_mm": [300, 200, 150], "grams_max": 8_000, "tare_grams": 90}
    saved = await save_draft(system, BOXES, "all", {"boxes": [box]}, actor="test")
    assert not isinstance(saved, Invalid), saved
    await activate(system, BOXES, "all", 1, reason="test", actor="test")
    size = {"dimensions_mm": (300, 200, 140)}
    await set_up(system.pool, items=(item("STOVE", name="Gas Stove", **size), item("MUG", name="Steel Mug", **size)))
    await system.door.follow()
    orders = [await ordered(system, f"W-{number}", {"STOVE": 1, "MUG": 1}, ship=True) for number in range(3)]
    for order in orders:
        accepted(await system.door.one(PickWork(work_of(order)), actor="key/node"))
    paths = [f"/work/{work_of(order)}" for order in orders]

    page = (await client.get(f"/store/at/{STORE}{paths[0]}")).text
    found = dict(re.findall(r'name="(package~[^"]+|weight~[^"]+)" value="([^"]*)"', page))
    as_proposed = await send(client, paths[0], key="1", step="pack", packing="proposed", **found | {"weight~2": "0.7"})
    in_one = await send(client, paths[1], key="2", step="pack", packing="one", weight_kg="1.5")
    wrong = await send(client, paths[2], key="3", step="pack", packing="proposed", **{"package~1~1": "1"})

    assert page.count("Small carton") == 2
    assert [one.json()["refused"] for one in (as_proposed, in_one)] == [[], []]
    assert "together hold what was picked" in wrong.text
    packed = [(await read_order(system, order)).fulfillments[0].packages for order in orders]
    assert [[one.weight_grams for one in packages] for packages in packed] == [[590, 700], [1_500], []]


async def test_a_phone_that_sends_late_says_when_it_was_done(
    client: httpx.AsyncClient, system: System, clock: Clock
) -> None:
    order = await ordered(system, "W-1", {"STOVE": 1}, ship=True)
    await send(client, "/walk", key="1", work=work_of(order), **{picked(order): "1"})
    await send(client, f"/work/{work_of(order)}", key="2", step="pack")

    await send(client, f"/work/{work_of(order)}", key="3", step="ship", age="600")

    shipped_at = (await read_order(system, order)).fulfillments[0].shipped_at
    assert shipped_at is not None
    assert timedelta(minutes=10) <= clock.now - shipped_at < timedelta(minutes=10, seconds=1)


async def test_without_a_script_a_refusal_is_shown_where_it_was_asked(
    client: httpx.AsyncClient, system: System
) -> None:
    order = await ordered(system, "W-1", {"TENT": 1})

    good = await send(client, f"/work/{work_of(order)}", key="1", script=False, step="accept")
    bad = await send(client, "/walk", key="2", script=False, work=work_of(order), **{picked(order): "lots"})

    assert (good.status_code, bad.status_code) == (303, 409)
    assert "lots is no quantity of Blue Tent." in bad.text
    assert csrf_in(bad)


async def test_a_form_of_another_session_changes_nothing(client: httpx.AsyncClient, system: System) -> None:
    order = await ordered(system, "W-1", {"TENT": 1})

    refused = await client.post(
        f"/store/at/{STORE}/work/{work_of(order)}", data={"csrf": "forged", "key": "1", "step": "accept"}
    )

    assert refused.status_code == 403
    assert state(await read_order(system, order)) is AllocationState.RELEASED


async def test_the_phone_may_keep_the_app(client: httpx.AsyncClient) -> None:
    script, manifest = await client.get("/store/worker.js"), await client.get("/store/manifest.webmanifest")

    assert script.headers["content-type"].startswith("text/javascript")
    assert (manifest.json()["scope"], manifest.json()["display"]) == ("/store/", "standalone")
