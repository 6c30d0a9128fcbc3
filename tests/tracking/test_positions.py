"""The page says where goods come from that are not there yet, and of a kit the kit."""

from datetime import timedelta

import httpx
import pytest

from tests.builders import NOW, item, set_up
from tests.tracking.conftest import captured, path_of
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System
from troth.model.commands import ExpectedLine, ExpectSupply
from troth.model.ids import NodeId, Sku


@pytest.mark.parametrize(
    ("language", "place", "contents"),
    [
        ("en", "From DC-PA. It comes from the supplier first, and leaves Tuesday, December 1.", "2 × Gift Set"),
        ("es", "Desde DC-PA. Primero llega del proveedor, y sale el martes 1 de diciembre.", "2 × Gift Set"),
    ],
)
async def test_what_waits_for_its_supplier_says_so_and_a_kit_is_called_by_its_name(
    system: System, client: httpx.AsyncClient, language: str, place: str, contents: str
) -> None:
    kit = item("KIT", name="Gift Set", kit=((Sku("A"), 1), (Sku("C"), 1)))
    await set_up(system.pool, nodes=(), items=(item("C", name="Cup"), kit))
    await system.door.follow()
    coming = ExpectedLine(1, NodeId("DC-PA"), Sku("C"), 9, NOW + timedelta(days=8))
    assert isinstance(await system.door.one(ExpectSupply("PO-1", (coming,)), actor="test"), Accepted)

    order = await captured(system, lines={"KIT": 2})
    page = (await client.get(await path_of(system, order), params={"lang": language})).text

    assert f'<p class="muted">{place}</p>' in page
    assert f"<li>{contents}</li>" in page


async def test_what_is_there_says_nothing_of_where_it_came_from(system: System, client: httpx.AsyncClient) -> None:
    page = (await client.get(await path_of(system, await captured(system)))).text

    assert '<p class="muted">From Fifth Avenue</p>' in page
