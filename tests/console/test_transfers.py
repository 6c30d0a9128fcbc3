"""The pages of transfers: where the units of each are, by lot and in their measure, and who sees which."""

import html
from datetime import date, timedelta

import httpx

from tests.builders import NOW, item, set_up
from tests.console.conftest import HOSTILE
from troth.flows.door.requests import Answer
from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.stock.move_transfer import MovedLine, Moving, move_transfer
from troth.flows.stock.stock import Adjustment, adjust
from troth.flows.stock.transfers import set_transfer
from troth.model.ids import NodeId, Sku
from troth.model.lifecycle import TransferEvent
from troth.model.transfer import Transfer, TransferLine

ANN = Actor("key/ann", frozenset({"inventory:write"}))
PA, NYC = NodeId("DC-PA"), NodeId("ST-NYC")


async def ship(system: System, transfer_id: str) -> None:
    """A transfer of cheese by the kilogram, part of which is on its way out of two lots."""
    cheese = item("CHEESE", name=HOSTILE, unit="kg", decimals=3)
    await set_up(system.pool, nodes=(), items=(cheese,))
    await system.door.follow()
    lots = (("L-1", 1250, date(2026, 12, 20)), ("L-2", 2000, date(2027, 3, 31)))
    await adjust(
        system,
        [Adjustment(PA, cheese.sku, units, "receipt", lot=lot, expires_on=last) for lot, units, last in lots],
        actor=ANN,
    )
    lines = (TransferLine(1, cheese.sku, 3000), TransferLine(2, Sku("A"), 2))
    await set_transfer(system, transfer_id, Transfer(PA, NYC, NOW + timedelta(days=2), lines), actor=ANN)
    moving = Moving(TransferEvent.SHIP, lambda _transfer: (MovedLine(1, 2500), MovedLine(2, 1, serials=("SN-1",))))
    await move_transfer(system, transfer_id, moving, actor=ANN, render=lambda _done: Answer(200, b""))


async def test_a_transfer_shows_where_the_units_of_each_lot_are(client: httpx.AsyncClient, system: System) -> None:
    await ship(system, "T-7")

    listed = await client.get("/console/transfers?node=ST-NYC")
    shown = await client.get("/console/transfers/T-7")
    elsewhere = await client.get("/console/transfers?node=DC-IL")

    assert 'href="/console/transfers/T-7"' in listed.text
    assert ("L-1" in listed.text, "T-7" in elsewhere.text) == (True, False)
    text = html.unescape(shown.text)
    for told in ("On its way", "2026-12-20", "2027-03-31", "3.000", "1.250", "0.500", "by the kg", "SN-1", "no lot"):
        assert told in text, told
    assert "<script>alert" not in shown.text


async def test_the_inventory_leads_to_the_transfers_and_a_position_names_what_comes(
    client: httpx.AsyncClient, system: System
) -> None:
    empty = await client.get("/console/transfers")
    await ship(system, "T-8")

    inventory = await client.get("/console/inventory")
    position = await client.get("/console/inventory/CHEESE/at/ST-NYC")
    missing = await client.get("/console/transfers/NONE")

    assert 'class="empty"' in empty.text
    assert 'href="/console/transfers"' in inventory.text
    assert "transfer T-8, line 1, lot L-1" in position.text
    assert missing.status_code == 404
