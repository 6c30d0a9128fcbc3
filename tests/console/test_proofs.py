"""An operator sees what shows that goods were handed over, and opens no link that is none."""

import httpx
import pytest

from tests.builders import accepted, capture
from troth.flows.door.system import System
from troth.model.commands import DeliverWork, ReleaseOrder, ShipWork
from troth.model.order import Package
from troth.model.tracking import Proof


@pytest.mark.parametrize(
    ("photo", "shown"),
    [
        ("https://x.test/1.jpg", '<a href="https://x.test/1.jpg" rel="noreferrer noopener" target="_blank">photo</a>'),
        ("javascript:alert(1)", "photo javascript:alert(1)"),
        ("", ""),
    ],
)
async def test_a_proof_of_delivery_is_shown_with_its_order(
    client: httpx.AsyncClient, system: System, photo: str, shown: str
) -> None:
    order = accepted(await system.door.one(capture("W-1", {"A": 1}), actor="web"))
    accepted(await system.door.one(ReleaseOrder(order.order_id), actor="ann"))
    name, parcel = order.fulfillments[0].fulfillment_id, Package("1", carrier="UPS", tracking_number="1Z")
    accepted(await system.door.one(ShipWork(name, (parcel,)), actor="node"))
    proof = Proof("Ben <Stone>", photo, "B. Stone")
    accepted(await system.door.one(DeliverWork(name, proof=proof), actor="ups"))

    page = (await client.get(f"/console/orders/{order.order_id}")).text

    assert "Handed over to Ben &lt;Stone&gt;, signed “B. Stone”" in page
    assert shown in page
    assert 'href="javascript:' not in page
