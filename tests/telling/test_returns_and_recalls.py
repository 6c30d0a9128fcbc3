"""What customers read of goods that they gave back, and of what a node had to agree to."""

import pytest

from tests.builders import accepted
from tests.telling.telling import Shop, body
from troth.flows.orders.returns import ReplacedLine, Replacement, ReturnContent, prepare_open, prepare_receive
from troth.model.change import SetAddress
from troth.model.commands import AcceptRecall, AcceptWork, PickWork, RecallWork, RefuseRecall, ReleaseOrder
from troth.model.ids import LineId, NodeId, Sku
from troth.model.lifecycle import RecallState
from troth.model.network import Address
from troth.model.order import Order
from troth.model.recall import RecallKind
from troth.model.refusals import Invalid
from troth.model.return_moves import ArrivedUnits, AskedUnits
from troth.model.returns import ReturnKind, ReturnMethod

PA = NodeId("DC-PA")


async def returned(shop: Shop, *, units: int = 2, came: int = 2, language: str = "") -> Order:
    """An order of two tea pots that arrived, and of which so many came back."""
    attributes = {"language": language} if language else {}
    order = await shop.deliver(await shop.ship(await shop.order("W-1", {"A": 2}, attributes=attributes)))
    await shop.tell()
    asked = (AskedUnits(LineId("1"), units, "too_small"),)
    opened = await prepare_open(shop.system, order, ReturnContent(order.order_id, asked, ReturnMethod.IN_STORE, PA))
    assert not isinstance(opened, Invalid)
    order = accepted(await shop.system.door.one(opened, actor="desk"))
    assert await shop.tell() == []  # the permit itself is between the customer and the desk
    arrived = (ArrivedUnits(came, LineId("1"), grade="A"),)
    received = await prepare_receive(shop.system, order, order.returns[0].return_id, PA, arrived)
    assert not isinstance(received, Invalid)
    return accepted(await shop.system.door.one(received, actor="node"))


async def test_what_came_back_and_what_is_credited_for_it_are_told_each_once(shop: Shop) -> None:
    order = await returned(shop)

    mails = {mail["Subject"]: body(mail) for mail in await shop.tell()}

    assert set(mails) == {"Your return came back", "Your return is credited"}
    assert "We have received 2 × Tea pot of your order W-1." in mails["Your return came back"]
    assert order.returns[0].credited_minor == 3980
    credited = "We have credited $39.80 for what you returned of your order W-1."
    assert credited in mails["Your return is credited"]
    assert await shop.tell() == []


async def test_only_what_came_is_told_and_in_the_language_of_the_order(shop: Shop) -> None:
    await returned(shop, came=1, language="es")

    mails = {mail["Subject"]: body(mail) for mail in await shop.tell()}

    assert "Hemos recibido de su pedido W-1: 1 × Tea pot." in mails["Hemos recibido su devolución"]
    credited = "Le hemos abonado 19,90 US$ por lo que devolvió de su pedido W-1."
    assert credited in mails["Su devolución está abonada"]


async def asked(shop: Shop, kind: RecallKind) -> Order:
    """An order whose node has picked it, and was asked to give it back."""
    order = await shop.order("W-1", {"A": 1})
    accepted(await shop.system.door.one(ReleaseOrder(order.order_id), actor="test"))
    name = order.fulfillments[0].fulfillment_id
    for command in (AcceptWork(name), PickWork(name)):
        accepted(await shop.system.door.one(command, actor="node"))
    await shop.tell()
    elsewhere = Address("US", "Ada Park", "9 Elm St", city="New York", region="NY", postcode="10002")
    actions = (SetAddress(elsewhere),) if kind is RecallKind.CHANGE else ()
    order = accepted(await shop.system.door.one(RecallWork(name, kind, "asked", actions=actions), actor="desk"))
    assert order.recalls[0].state is RecallState.REQUESTED
    assert await shop.tell() == []  # nothing has changed yet
    return order


@pytest.mark.parametrize("kind", [RecallKind.CANCEL, RecallKind.CHANGE])
async def test_a_request_that_the_node_refuses_is_told_with_what_stays_promised(shop: Shop, kind: RecallKind) -> None:
    order = await asked(shop, kind)
    name = order.fulfillments[0].fulfillment_id
    accepted(await shop.system.door.one(RefuseRecall(name, "too late"), actor="node"))

    (mail,) = await shop.tell()

    assert mail["Subject"] == "About your order W-1"
    assert "We could not do what you asked for." in body(mail)
    assert "arrives tomorrow" in body(mail)


async def test_a_cancelation_that_the_node_agrees_to_is_told_once_as_what_it_is(shop: Shop) -> None:
    order = await asked(shop, RecallKind.CANCEL)
    name = order.fulfillments[0].fulfillment_id
    accepted(await shop.system.door.one(AcceptRecall(name), actor="node"))

    (mail,) = await shop.tell()

    assert mail["Subject"] == "Your order W-1 is canceled"
    assert ("recall_outcome", "dropped") in await shop.states()


async def test_a_change_that_the_node_agrees_to_is_told_as_done(shop: Shop) -> None:
    order = await asked(shop, RecallKind.CHANGE)
    name = order.fulfillments[0].fulfillment_id
    order = accepted(await shop.system.door.one(AcceptRecall(name), actor="node"))
    assert order.ship_to is not None
    assert order.ship_to.line1 == "9 Elm St"

    (mail,) = await shop.tell()

    assert mail["Subject"] == "About your order W-1"
    assert "What you asked us to change is done.\n\nShips today from Harrisburg DC; arrives" in body(mail)
    assert ("promise_changed", "dropped") in await shop.states()  # the new date is in the same mail


async def test_what_is_between_us_and_the_node_is_told_nobody(shop: Shop) -> None:
    order = await asked(shop, RecallKind.RESOURCE)
    accepted(await shop.system.door.one(RefuseRecall(order.fulfillments[0].fulfillment_id, "no"), actor="node"))

    assert await shop.tell() == []
    assert ("recall_outcome", "dropped") in await shop.states()


async def claimed(shop: Shop, *, is_sent: bool) -> Order:
    """An order of two tea pots of which one never came, and is credited or sent once more."""
    order = await shop.deliver(await shop.ship(await shop.order("W-1", {"A": 2})))
    await shop.tell()
    again = Replacement((ReplacedLine(LineId("1"), Sku("A"), 1),)) if is_sent else None
    asked = (AskedUnits(LineId("1"), 1, "missing"),)
    content = ReturnContent(order.order_id, asked, ReturnMethod.NONE, kind=ReturnKind.CLAIM, replacement=again)
    command = await prepare_open(shop.system, order, content)
    assert not isinstance(command, Invalid)
    return accepted(await shop.system.door.one(command, actor="desk"))


async def test_what_is_credited_of_a_claim_is_not_called_a_return(shop: Shop) -> None:
    await claimed(shop, is_sent=False)

    (mail,) = await shop.tell()

    assert mail["Subject"] == "A credit for your order W-1"
    assert "We have credited $19.90 for what did not reach you as it should of your order W-1." in body(mail)


async def test_what_is_sent_once_more_is_told_once_as_a_replacement(shop: Shop) -> None:
    await claimed(shop, is_sent=True)

    (mail,) = await shop.tell()

    assert mail["Subject"] == "Your replacement: order W-1-X1"
    assert "You get a replacement, as order W-1-X1.\n\nShips today from our store Fifth Avenue" in body(mail)
    (dropped,) = await shop.notifications(kind="return_credited")
    assert (dropped.state, dropped.reason) == ("dropped", "it pays for the replacement")
