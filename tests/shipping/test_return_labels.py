"""Labels for goods that come back by mail: one for each return, from the customer to the node that takes it."""

from collections.abc import AsyncIterator

import pytest

from tests.builders import NEW_YORK, Clock, accepted
from tests.conftest import Database
from tests.shipping.printed import codes_of, pages_of
from tests.shipping.sending import books, go_on, labels, opened, packed, work_of
from troth.flows.door.system import System
from troth.flows.shipping.label_work import label_return
from troth.flows.shipping.manifests import close_day
from troth.model.commands import DeliverWork, ShipWork
from troth.model.ids import LineId, NodeId
from troth.model.label import Label, LabelState, Paper
from troth.model.order import Order
from troth.model.refusals import NotPossibleNow
from troth.model.return_moves import AskedUnits, CancelReturn, OpenReturn
from troth.model.returns import Return, ReturnMethod
from troth.printing.documents import print_label

DC = NodeId("DC-PA")


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    async with opened(database, Clock()) as one:
        yield one


async def returned(system: System, method: ReturnMethod = ReturnMethod.MAIL) -> tuple[Order, Return]:
    order = await packed(system)
    name = work_of(order).fulfillment_id
    for command in (ShipWork(name), DeliverWork(name)):
        accepted(await system.door.one(command, actor="test"))
    asked = OpenReturn(order.order_id, (AskedUnits(LineId("1"), 1, "too_small"),), method, DC)
    after = accepted(await system.door.one(asked, actor="test"))
    return after, after.returns[0]


async def label_it(system: System, order: Order, one: Return, **changes: str) -> Label:
    asked = {"carrier": "parcel", "service": "standard", **changes}
    made = await label_return(system, order, one, **asked, actor="test")
    assert isinstance(made, Label), made
    return made


async def test_a_return_gets_one_label_back_to_its_node(system: System) -> None:
    order, one = await returned(system)

    made, again = await label_it(system, order, one), await label_it(system, order, one)

    assert (made.state, made.subject, made.tracking_number) == (LabelState.BOUGHT, one.return_id, again.tracking_number)
    assert (made.consignment.sender.address, made.consignment.recipient.name) == (NEW_YORK, "DC-PA")
    assert [(goods.sku, goods.quantity) for goods in made.consignment.goods] == [("A", 1)]
    assert await books(system) == {made.label_id: (1, False)}
    content = await print_label(system, made, Paper.PDF)
    assert isinstance(content, bytes)
    assert ("Code 128", made.tracking_number) in codes_of(content)
    assert "return" in pages_of(content)[0]
    nothing = await close_day(system, DC, "parcel", actor="test")
    assert isinstance(nothing, NotPossibleNow)  # the customer hands it over, not the node


async def test_the_label_of_a_return_that_is_canceled_is_taken_back(system: System) -> None:
    order, one = await returned(system)
    made = await label_it(system, order, one)

    accepted(await system.door.one(CancelReturn(one.return_id, "kept"), actor="test"))
    await go_on(system)

    assert await labels(system, order.order_id) == [("1", "voided")]
    assert await books(system) == {made.label_id: (1, True)}


async def test_what_is_brought_to_a_store_needs_no_label(system: System) -> None:
    order, one = await returned(system, ReturnMethod.IN_STORE)

    brought = await label_return(system, order, one, carrier="parcel", service="", actor="test")

    assert brought == NotPossibleNow("label", "a return by in_store")
    assert await labels(system, order.order_id) == []
