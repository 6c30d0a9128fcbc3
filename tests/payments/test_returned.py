"""What a return credits goes back to the tenders of its order, and what it pays of a replacement is nobody's due."""

from collections.abc import AsyncIterator

import pytest

from tests.builders import Clock, accepted
from tests.conftest import Database
from tests.payments.paying import books, events, opened, order, ours, paid, read, settle_all, ship, steps
from troth.engine.money.dues import dues_of
from troth.flows.door.system import System
from troth.flows.log.doctor import examine
from troth.flows.money.account_actions import pay_also
from troth.flows.orders.returns import ReplacedLine, Replacement, ReturnContent, prepare_open, prepare_receive
from troth.model.change import SetQuantity
from troth.model.commands import ChangeOrder, DeliverWork
from troth.model.ids import LineId, NodeId, Sku
from troth.model.order import Order
from troth.model.payment import Account
from troth.model.refusals import Invalid
from troth.model.return_moves import ArrivedUnits, AskedUnits, OpenReturn
from troth.model.returns import ReturnMethod
from troth.model.status import placed_holds
from troth.store.database import Connection

ONE, PA = LineId("1"), NodeId("DC-PA")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    async with opened(database, clock) as one:
        yield one


async def bring_back(system: System, made: Order, units: int, replacement: Replacement | None = None) -> Order:
    """An order of which units came back, perhaps for others."""
    asked = (AskedUnits(ONE, units, "too_small"),)
    content = ReturnContent(made.order_id, asked, ReturnMethod.IN_STORE, PA, replacement=replacement)
    command = await prepare_open(system, await read(system, made.order_id), content)
    assert isinstance(command, OpenReturn), command
    name = accepted(await system.door.one(command, actor="clerk")).returns[-1].return_id
    arrived = (ArrivedUnits(units, ONE, grade="A"),)
    receive = await prepare_receive(system, await read(system, made.order_id), name, PA, arrived)
    assert not isinstance(receive, Invalid)
    return accepted(await system.door.one(receive, actor="clerk"))


async def delivered(system: System, made: Order) -> None:
    await settle_all(system)
    shipped = await ship(system, made.order_id)
    accepted(await system.door.one(DeliverWork(shipped.fulfillments[0].fulfillment_id), actor="test"))
    await settle_all(system)


async def test_what_is_returned_goes_back_to_the_tenders_in_proportion(system: System) -> None:
    made = await order(system, paid("gift_1000", 1000, by="gift"), paid(minor=4970), A=3)
    await delivered(system, made)
    after = await bring_back(system, made, 1)
    assert (dues_of(after).earned, dues_of(after).to_come) == (3980, 0)
    await settle_all(system)
    name = made.order_id
    assert await books(system) == {f"sb-{name}-P1-S1": (1000, 1000, 333), f"sb-{name}-P2-S2": (4970, 4970, 1657)}
    assert await books(system) == await ours(system)
    await bring_back(system, made, 2)
    await settle_all(system)
    assert await books(system) == {f"sb-{name}-P1-S1": (1000, 1000, 1000), f"sb-{name}-P2-S2": (4970, 4970, 4970)}
    report = await examine(system.pool, orders_max=None)
    assert [one.detail for one in report.findings if one.check == "payments"] == [
        "no payment is captured or refunded beyond what it can be, and the log says the same"
    ]


async def test_what_a_return_pays_of_a_replacement_is_told_to_nobody(system: System) -> None:
    made = await order(system, paid())
    await delivered(system, made)
    back = await bring_back(system, made, 1, Replacement((ReplacedLine(ONE, Sku("B"), 1),)))
    await settle_all(system)
    exchange = back.returns[0].exchange
    assert exchange is not None
    assert await steps(system, made.order_id) == [("authorize", "authorized", 1990), ("capture", "captured", 1990)]
    await ship(system, exchange.order_id)
    await settle_all(system)
    assert await events(system, exchange.order_id) == []
    assert await steps(system, exchange.order_id) == [("adopt", "authorized", 1990), ("capture", "captured", 1990)]


async def nothing_more(_connection: Connection, _account: Account) -> None:
    """Nothing is written beside the payment."""


@pytest.mark.parametrize("by", ["sandbox", "shop"])
async def test_a_replacement_that_is_made_dearer_later_is_held_until_the_difference_is_paid(
    system: System, by: str
) -> None:
    made = await order(system, paid(by=by, status="pending" if by == "sandbox" else "captured"))
    await delivered(system, made)
    back = await bring_back(system, made, 1, Replacement((ReplacedLine(ONE, Sku("B"), 1),)))
    exchange = back.returns[0].exchange
    assert exchange is not None
    await settle_all(system)
    before = types(await read(system, exchange.order_id))
    more = ChangeOrder(exchange.order_id, (SetQuantity(ONE, 2),), "two of them")
    dearer = accepted(await system.door.one(more, actor="test"))
    await settle_all(system)
    waiting = types(await read(system, exchange.order_id))
    difference = paid("bank-7", 1990, by=by, status="captured")
    await pay_also(system, exchange.order_id, difference, actor="clerk", after=nothing_more)
    await settle_all(system)

    assert (before, types(dearer), waiting) == ([], ["payment"], ["payment"])
    assert types(await read(system, exchange.order_id)) == []


async def test_a_dearer_replacement_of_what_was_paid_elsewhere_is_held_and_of_what_was_invoiced_is_not(
    system: System,
) -> None:
    found = {}
    for by, status in (("shop", "captured"), ("invoice", "authorized")):
        made = await order(system, paid(by=by, status=status), external_id=f"W-{by}")
        await delivered(system, made)
        back = await bring_back(system, made, 1, Replacement((ReplacedLine(ONE, Sku("B"), 2),)))
        exchange = back.returns[0].exchange
        assert exchange is not None
        found[by] = types(await read(system, exchange.order_id))

    assert found == {"shop": ["payment"], "invoice": []}


def types(order: Order) -> list[str]:
    """Why an order is on hold."""
    return [hold.type for hold in placed_holds(order)]
