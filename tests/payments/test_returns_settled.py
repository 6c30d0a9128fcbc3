"""What returns credit goes back to the payments that it came from, and no more."""

from collections.abc import AsyncIterator

import pytest

from tests.builders import Clock, accepted
from tests.conftest import Database
from tests.payments.paying import books, events, opened, order, ours, paid, read, settle_all, ship
from troth.flows.door.system import System
from troth.flows.money.account_actions import pay_also
from troth.flows.orders.capture import ContentPayment
from troth.flows.orders.returns import ReplacedLine, Replacement, ReturnContent, prepare_open, prepare_receive
from troth.model.commands import CancelOrder, DeliverWork
from troth.model.ids import LineId, NodeId, OrderId, ReturnId, Sku
from troth.model.lifecycle import Disposition, HoldState
from troth.model.money import Money
from troth.model.order import Order
from troth.model.payment import Account
from troth.model.refusals import Invalid
from troth.model.return_moves import ArrivedUnits, AskedUnits, CloseReturn, OpenReturn, RefundReturn, UseExchange
from troth.model.returns import ReturnMethod
from troth.model.status import placed_holds
from troth.store.database import Connection

ONE, PA = LineId("1"), NodeId("DC-PA")


@pytest.fixture
async def system(database: Database) -> AsyncIterator[System]:
    async with opened(database, Clock()) as one:
        yield one


async def _delivered(system: System, order_id: OrderId) -> None:
    shipped = await ship(system, order_id)
    accepted(await system.door.one(DeliverWork(shipped.fulfillments[0].fulfillment_id), actor="test"))
    await settle_all(system)


async def _open(system: System, order_id: OrderId, units: int, replacement: Replacement | None = None) -> ReturnId:
    content = ReturnContent(
        order_id, (AskedUnits(ONE, units, "too_small"),), ReturnMethod.IN_STORE, PA, replacement=replacement
    )
    command = await prepare_open(system, await read(system, order_id), content)
    assert isinstance(command, OpenReturn)
    return accepted(await system.door.one(command, actor="clerk")).returns[-1].return_id


async def _receive(system: System, order_id: OrderId, name: ReturnId, units: int) -> None:
    arrived = (ArrivedUnits(units, ONE, disposition=Disposition.RESTOCK),)
    command = await prepare_receive(system, await read(system, order_id), name, PA, arrived)
    assert not isinstance(command, Invalid)
    accepted(await system.door.one(command, actor="clerk"))


async def nothing_more(_connection: Connection, _account: Account) -> None:
    """Nothing is written beside the action."""


async def test_units_that_came_back_are_refunded_to_the_card_once(system: System) -> None:
    made = await order(system, paid(minor=5970), A=3)
    await settle_all(system)
    await _delivered(system, made.order_id)
    name = await _open(system, made.order_id, 2)
    await settle_all(system)
    before = await books(system)

    await _receive(system, made.order_id, name, 2)
    accepted(await system.door.one(RefundReturn(name), actor="clerk"))
    await settle_all(system)
    await settle_all(system)

    assert before == {f"sb-{made.order_id}-P1-S1": (5970, 5970, 0)}
    assert await books(system) == {f"sb-{made.order_id}-P1-S1": (5970, 5970, 3980)} == await ours(system)
    assert await events(system, made.order_id) == ["PaymentAuthorized", "PaymentCaptured", "PaymentRefunded"]


async def test_an_exchange_of_the_same_worth_moves_no_money(system: System) -> None:
    made = await order(system, paid())
    await settle_all(system)
    await _delivered(system, made.order_id)
    same = Replacement((ReplacedLine(ONE, Sku("A"), 1),), is_advance=True)
    name = await _open(system, made.order_id, 1, same)
    exchange = (await read(system, made.order_id)).returns[0].exchange
    assert exchange is not None

    await ship(system, exchange.order_id)
    await _receive(system, made.order_id, name, 1)
    await settle_all(system)

    assert exchange.applied_minor == exchange.total_minor == 1990
    assert await books(system) == {f"sb-{made.order_id}-P1-S1": (1990, 1990, 0)}


async def test_goods_that_are_to_pay_for_a_replacement_are_not_charged_once_more_while_they_are_out(
    system: System,
) -> None:
    made = await order(system, paid())
    await settle_all(system)
    await _delivered(system, made.order_id)
    name = await _open(system, made.order_id, 1, Replacement((ReplacedLine(ONE, Sku("B"), 1),), is_advance=True))
    exchange = (await read(system, made.order_id)).returns[0].exchange
    assert exchange is not None
    await settle_all(system)
    out = await books(system)

    accepted(await system.door.one(CloseReturn(name, "it never came", (exchange.order_id,)), actor="clerk"))
    await settle_all(system)
    canceled = await books(system)

    assert out == canceled == {f"sb-{made.order_id}-P1-S1": (1990, 1990, 0)}


async def test_a_replacement_that_was_sent_is_charged_once_its_goods_are_not_expected_any_more(system: System) -> None:
    made = await order(system, paid())
    await settle_all(system)
    await _delivered(system, made.order_id)
    name = await _open(system, made.order_id, 1, Replacement((ReplacedLine(ONE, Sku("A"), 1),), is_advance=True))
    exchange = (await read(system, made.order_id)).returns[0].exchange
    assert exchange is not None
    await ship(system, exchange.order_id)
    await settle_all(system)
    out = await books(system)

    accepted(await system.door.one(CloseReturn(name, "it never came", (exchange.order_id,)), actor="clerk"))
    await settle_all(system)

    assert sum(captured for _authorized, captured, _refunded in out.values()) == 1990
    assert sum(captured for _authorized, captured, _refunded in (await books(system)).values()) == 3980


async def test_a_dearer_replacement_is_held_until_the_customer_has_paid_the_difference(system: System) -> None:
    made = await order(system, paid())
    await settle_all(system)
    await _delivered(system, made.order_id)
    dearer = Replacement((ReplacedLine(ONE, Sku("B"), 1, Money(2990, "USD")),))
    name = await _open(system, made.order_id, 1, dearer)
    exchange = (await read(system, made.order_id)).returns[0].exchange
    assert exchange is not None
    await _receive(system, made.order_id, name, 1)
    await settle_all(system)
    unpaid = await read(system, exchange.order_id)

    paying = await pay_also(system, exchange.order_id, paid("tok_more", 1000), actor="clerk", after=nothing_more)
    await settle_all(system)

    assert not isinstance(paying, Invalid)
    assert [(hold.type, hold.state) for hold in unpaid.holds] == [
        ("payment", HoldState.PLACED),
        ("exchange", HoldState.LIFTED),
    ]
    assert placed_holds(await read(system, exchange.order_id)) == ()
    await ship(system, exchange.order_id)
    await settle_all(system)
    assert sum(captured - refunded for _authorized, captured, refunded in (await books(system)).values()) == 2990


async def test_a_replacement_whose_difference_is_paid_with_it_waits_only_until_that_is_authorized(
    system: System,
) -> None:
    made = await order(system, paid())
    await settle_all(system)
    await _delivered(system, made.order_id)
    more = ContentPayment("sandbox", "tok_more", Money(1000, "USD"), "pending")
    dearer = Replacement((ReplacedLine(ONE, Sku("B"), 1, Money(2990, "USD")),), payments=(more,))
    await _open(system, made.order_id, 1, dearer)
    exchange = (await read(system, made.order_id)).returns[0].exchange
    assert exchange is not None
    await settle_all(system)

    holds = (await read(system, exchange.order_id)).holds
    assert [(hold.type, hold.state) for hold in holds] == [
        ("payment", HoldState.LIFTED),
        ("exchange", HoldState.PLACED),
    ]


async def test_what_a_canceled_replacement_gives_back_goes_back_to_the_card_of_the_returned_order(
    system: System,
) -> None:
    made, name, replacement = await _exchanged(system)
    accepted(await system.door.one(CancelOrder(replacement, "changed my mind"), actor="clerk"))
    await settle_all(system)
    await settle_all(system)

    back = (await read(system, made.order_id)).returns[0]
    assert (back.return_id, back.credited_minor, back.due_minor) == (name, 1990, 1990)
    assert await books(system) == {f"sb-{made.order_id}-P1-S1": (1990, 1990, 1990)} == await ours(system)


async def test_a_replacement_that_comes_back_is_refunded_to_the_card_of_the_returned_order_once(system: System) -> None:
    made, name, replacement = await _exchanged(system)
    await _delivered(system, replacement)
    kept = await books(system)
    again = await _open(system, replacement, 1)
    await _receive(system, replacement, again, 1)
    await settle_all(system)
    await settle_all(system)

    assert kept == {f"sb-{made.order_id}-P1-S1": (1990, 1990, 0)}
    assert await books(system) == {f"sb-{made.order_id}-P1-S1": (1990, 1990, 1990)}
    known = UseExchange(name, replacement, 0)
    before = (await read(system, made.order_id)).version
    accepted(await system.door.one(known, actor="payments"))
    assert (await read(system, made.order_id)).version == before


async def test_an_order_that_only_claims_to_be_paid_by_a_return_does_not_touch_it(system: System) -> None:
    made, name, _replacement = await _exchanged(system)
    before = await read(system, made.order_id)
    await order(system, paid(str(name), 1, by="exchange", status="authorized"), external_id="W-2")
    await settle_all(system)

    assert await read(system, made.order_id) == before


async def _exchanged(system: System) -> tuple[Order, ReturnId, OrderId]:
    """A delivered order of one unit that came back for another of the same worth; the return, and the replacement."""
    made = await order(system, paid())
    await settle_all(system)
    await _delivered(system, made.order_id)
    name = await _open(system, made.order_id, 1, Replacement((ReplacedLine(ONE, Sku("B"), 1),)))
    exchange = (await read(system, made.order_id)).returns[0].exchange
    assert exchange is not None
    command = await prepare_receive(
        system, await read(system, made.order_id), name, PA, (ArrivedUnits(1, ONE, disposition=Disposition.RESTOCK),)
    )
    assert not isinstance(command, Invalid)
    accepted(await system.door.one(command, actor="clerk"))
    await settle_all(system)
    return made, name, exchange.order_id
