"""What is in somebody's hands in a store: parcels that come in, packages that are packed by hand, lots, mistakes."""

import re
from datetime import date

import httpx

from tests.builders import accepted, item, set_up
from tests.storefloor.conftest import STORE
from tests.storefloor.working import kinds, ordered, read_order, send, sent_to_store, state, work_of
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System
from troth.model.commands import AdjustStock, PickWork, StageWork
from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey, lot_source
from troth.model.lifecycle import ENDED, AllocationState
from troth.model.order import Payment
from troth.model.pickup import PaidAtCounter


async def test_parcels_for_a_customer_are_received_by_scan_and_ready_with_the_last(
    client: httpx.AsyncClient, system: System
) -> None:
    order = await sent_to_store(system, "W-1")
    path = f"/work/{work_of(order)}"

    listed = (await client.get(f"/store/at/{STORE}")).text
    none = await send(client, path, key="0", step="receive")
    told = [await send(client, path, key="1", step="receive", package="1", staging="A3") for _ in range(2)]
    early = await send(client, path, key="2", step="collect", by="identity", collected_by="Ada Park")
    last = await send(client, path, key="3", step="receive", package="2", staging="A3")
    undone = await send(client, path, key="4", step="unstage", reason="wrong shelf")
    again = await send(client, path, key="5", step="receive", package=["1", "2"], staging="B1")
    taken = await send(client, path, key="6", step="collect", by="identity", collected_by="Ada Park")

    assert "To receive" in listed
    assert len(none.json()["refused"]) == len(early.json()["refused"]) == 1
    assert [one.json()["next"].endswith(path) for one in (told[0], last)] == [True, False]
    assert [one.json()["refused"] for one in (*told, last, undone, again, taken)] == [[]] * 6
    assert await kinds(system, order, "FulfillmentReceived", "FulfillmentReady", "FulfillmentUnstaged") == [
        "FulfillmentReceived",
        "FulfillmentReceived",
        "FulfillmentReady",
        "FulfillmentUnstaged",
        "FulfillmentReceived",
        "FulfillmentReady",
    ]
    assert state(await read_order(system, order)) is AllocationState.COLLECTED


async def test_packages_are_said_by_hand_and_each_is_sent_with_its_number(
    client: httpx.AsyncClient, system: System
) -> None:
    order = await ordered(system, "W-1", {"STOVE": 3}, ship=True)
    accepted(await system.door.one(PickWork(work_of(order)), actor="key/node"))
    path = f"/work/{work_of(order)}"
    by_hand = {"hand~1~1": "2", "handweight~1": "1.5", "hand~2~1": "0", "hand~3~1": "1", "handweight~3": "0,8"}

    page = (await client.get(f"/store/at/{STORE}{path}?packages=3")).text
    wrong = await send(client, path, key="1", step="pack", packing="hand", **{"hand~1~1": "2"})
    packed = await send(client, path, key="2", step="pack", packing="hand", **by_hand)
    sent = await send(client, path, key="3", step="ship", carrier="UPS", **{"tracking~1": "1Z1", "tracking~2": "1Z2"})

    assert page.count('class="parcel-by-hand"') == 3
    assert "together hold what was picked" in wrong.text
    assert [one.json()["refused"] for one in (packed, sent)] == [[], []]
    packages = (await read_order(system, order)).fulfillments[0].packages
    assert [(one.lines[0].quantity, one.weight_grams, one.tracking_number) for one in packages] == [
        (2, 1_500, "1Z1"),
        (1, 800, "1Z2"),
    ]


async def test_the_lot_that_was_taken_is_said_and_the_reservation_follows(
    client: httpx.AsyncClient, system: System
) -> None:
    for lot, last in (("L-7", date(2027, 1, 31)), ("L-8", date(2027, 6, 30))):
        key = SupplyKey(Sku("JAM"), NodeId(STORE), lot_source(lot))
        await set_up(system.pool, items=(item("JAM", name="Plum Jam"),))
        await system.door.follow()
        outcome = await system.door.one(AdjustStock(key, 4, "receipt", expires_on=last), actor="test")
        assert isinstance(outcome, Accepted), outcome
    order = await ordered(system, "W-1", {"JAM": 3})
    lots = {lot: f"lot~{work_of(order)}~1~{lot}" for lot in ("L-7", "L-8", "")}

    page = (await client.get(f"/store/at/{STORE}/work/{work_of(order)}")).text
    planned = dict(re.findall(r'name="lot~[^~]+~1~([^"]*)" value="([^"]*)"', page))
    much = await send(client, "/walk", key="1", work=work_of(order), **{lots["L-7"]: "1", lots["L-8"]: "5"})
    done = await send(client, "/walk", key="2", work=work_of(order), **{lots["L-7"]: "1", lots["L-8"]: "2"})

    assert planned == {"L-7": "3", "L-8": "0", "": "0"}
    assert "good until 2027-01-31" in page
    assert (len(much.json()["refused"]), done.json()["refused"]) == (1, [])
    live = [part for part in (await read_order(system, order)).allocations if part.state not in ENDED]
    assert sorted((part.source, part.quantity, part.state) for part in live) == [
        ("lot/L-7", 1, AllocationState.PICKED),
        ("lot/L-8", 2, AllocationState.PICKED),
    ]


async def test_what_was_said_by_mistake_is_taken_back(client: httpx.AsyncClient, system: System) -> None:
    order = await ordered(system, "W-1", {"TENT": 1})
    path = f"/work/{work_of(order)}"
    await send(client, path, key="1", step="accept")
    back = await send(client, path, key="2", step="unaccept", reason="the wrong order")
    released = state(await read_order(system, order))
    accepted(await system.door.one(StageWork(work_of(order), "A3"), actor="key/node"))
    await send(client, path, key="3", step="here", bay="4")

    gone = await send(client, path, key="4", step="not-here")

    assert (back.json()["refused"], gone.json()["refused"]) == ([], [])
    assert released is AllocationState.RELEASED
    assert (await read_order(system, order)).pickups[0].here_at is None


async def test_what_is_not_paid_yet_is_paid_to_the_cent_before_it_is_handed_over(
    client: httpx.AsyncClient, system: System
) -> None:
    order = await ordered(system, "W-1", {"TENT": 2}, payments=(Payment("counter", "at pickup", 3_980, "pending"),))
    accepted(await system.door.one(StageWork(work_of(order), "A3"), actor="key/node"))
    path = f"/work/{work_of(order)}"
    who = {"step": "collect", "by": "identity", "collected_by": "Ada Park", "tender": "cash"}

    page = (await client.get(f"/store/at/{STORE}{path}")).text
    none = await send(client, path, key="1", **who)
    less = await send(client, path, key="2", **who, paid="0.01", receipt="R-77")
    paid = [await send(client, path, key="3", **who, paid="39.80", receipt="R-77") for _ in range(2)]

    after = await read_order(system, order)
    assert "Not paid yet: 39.80 USD" in page
    assert [len(one.json()["refused"]) for one in (none, less, *paid)] == [1, 1, 0, 0]
    assert after.pickups[0].paid == PaidAtCounter(3_980, "USD", "cash", "R-77")
    assert (await kinds(system, order)).count("FulfillmentCollected") == 1
