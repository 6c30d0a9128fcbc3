"""One thing: call-offs, which take what a blanket order lets them and never more, whoever calls at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.builders import NEW_YORK, NOW, Clock, accepted, capture, follow_only_when_told, item, node, set_up, stock
from tests.conftest import Database
from tests.flows.waiting import wait_for_two
from troth.flows.door.requests import Accepted, Outcome
from troth.flows.door.system import System, open_system
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.workbench import Filters, find_open
from troth.flows.records.blanket_orders import read, set_blanket_order
from troth.flows.records.configure import Set
from troth.flows.records.customers import set_terms
from troth.model.blanket import BLANKET_ORDER, BlanketLine, BlanketOrder
from troth.model.change import AddLine, RemoveLine, SetAddress, SetPrice, SetQuantity, Substitute
from troth.model.commands import CancelOrder, ChangeOrder, LineQuantity, PlaceHold
from troth.model.credit import CustomerTerms
from troth.model.fix import FixKind
from troth.model.ids import LineId, Sku
from troth.model.order import Customer, Line
from troth.model.refusals import Invalid, OverCalled, OverCalledLine, VersionConflict
from troth.store import blanket_orders

ONE = LineId("1")
A, B = Sku("A"), Sku("B")
BLANKET = BlanketOrder(
    "BO-1",
    "C-1",
    "USD",
    NOW - timedelta(days=10),
    NOW + timedelta(days=100),
    (BlanketLine(A, 1_700, 10), BlanketLine(B, 500, 5)),
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def processes(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[System, System]]:
    """Two processes, with a blanket order of ten units of one item and five of another."""
    follow_only_when_told(monkeypatch)
    await set_up(database.pool, nodes=(node("DC-PA"),), items=(item("A"), item("B"), item("C")))
    async with open_system(database.dsn, clock=clock) as first, open_system(database.dsn, clock=clock) as second:
        await stock(first, {(sku, "DC-PA"): 100 for sku in "ABC"})
        await known(first, "C-1", "C-2")
        await agree(first, BLANKET)
        yield first, second


async def known(system: System, *names: str) -> None:
    for name in names:
        await set_terms(system, CustomerTerms(name), actor="test")


async def agree(system: System, blanket: BlanketOrder) -> Set | VersionConflict | Invalid:
    return await set_blanket_order(system, blanket, actor="test")


async def call_off(system: System, name: str, units: dict[str, int], **changes: Any) -> Outcome:
    command = capture(name, units)
    prices = {"A": 1_700, "B": 500, "C": 900}
    priced = tuple(replace(line, unit_price_minor=prices[line.sku]) for line in command.lines)
    command = replace(command, lines=priced, attributes={BLANKET_ORDER: "BO-1"})
    return await system.door.one(replace(command, **changes), actor="test")


async def called(system: System) -> tuple[dict[Sku, int], int]:
    """The units that were called off by item, and what they come to."""
    found = await read(system, "BO-1")
    assert found is not None
    return dict(found.value.agreement.called.units), found.value.agreement.called.amount_minor


async def reserved(system: System) -> int:
    units: int = await system.pool.fetchval("SELECT coalesce(sum(reserved), 0)::bigint FROM balances")
    return units


async def test_a_call_off_takes_its_units_and_the_next_one_what_is_left(processes: tuple[System, System]) -> None:
    system, _ = processes

    accepted(await call_off(system, "1", {"A": 6, "B": 5}))
    refused = await call_off(system, "2", {"A": 5, "B": 1})
    accepted(await call_off(system, "3", {"A": 4}))

    assert refused == OverCalled("BO-1", (OverCalledLine(A, 5, 4), OverCalledLine(B, 1, 0)), None, None, "USD")
    assert await called(system) == ({"A": 10, "B": 5}, 10 * 1_700 + 5 * 500)
    assert await reserved(system) == 15


async def test_a_blanket_order_may_be_of_a_value(processes: tuple[System, System]) -> None:
    system, _ = processes
    await agree(system, replace(BLANKET, lines=(BlanketLine(A, 1_700),), value_max_minor=10_000))

    accepted(await call_off(system, "1", {"A": 3}))
    refused = await call_off(system, "2", {"A": 3})

    assert refused == OverCalled("BO-1", (), 5_100, 4_900, "USD")
    assert await called(system) == ({"A": 3}, 5_100)


async def test_changes_and_cancelations_give_back_what_they_should(processes: tuple[System, System]) -> None:
    system, _ = processes
    order = accepted(await call_off(system, "1", {"A": 8, "B": 2}))

    async def change(*actions: Any) -> Outcome:
        return await system.door.one(ChangeOrder(order.order_id, actions, "asked"), actor="test")

    over = await change(SetQuantity(ONE, 11))
    accepted(await change(SetQuantity(ONE, 10)))
    full = await called(system)
    accepted(await change(SetQuantity(ONE, 7), RemoveLine(LineId("2"))))
    fewer = await called(system)
    await system.door.one(CancelOrder(order.order_id, "not all", (LineQuantity(ONE, 3),)), actor="test")
    part = await called(system)
    await system.door.one(CancelOrder(order.order_id, "nothing"), actor="test")

    assert isinstance(over, OverCalled)
    assert over.lines == (OverCalledLine(A, 3, 2),)
    assert full == ({"A": 10, "B": 2}, 18_000)
    assert fewer == ({"A": 7, "B": 0}, 11_900)
    assert part == ({"A": 4, "B": 0}, 6_800)
    assert await called(system) == ({"A": 0, "B": 0}, 0)


async def test_what_was_not_agreed_on_is_refused_by_field_and_takes_nothing(
    processes: tuple[System, System], clock: Clock
) -> None:
    system, _ = processes
    far = replace(NEW_YORK, line1="2 Lake St")

    for changes, pointers in (
        ({"attributes": {BLANKET_ORDER: "BO-9"}}, ["/blanket_order"]),
        ({"customer": Customer("C-2")}, ["/customer/id"]),
        (
            {"lines": (Line(ONE, Sku("C"), 1, 900), Line(LineId("2"), A, 1, 1_990))},
            ["/lines/0/sku", "/lines/1/unit_price"],
        ),
        ({"currency": "EUR"}, ["/blanket_order"]),
    ):
        refused = await call_off(system, f"no-{pointers}", {"A": 1}, **changes)
        assert isinstance(refused, Invalid), refused
        assert [flaw.pointer for flaw in refused.flaws] == pointers
    await agree(system, replace(BLANKET, ship_to=(far,)))
    refused = await call_off(system, "elsewhere", {"A": 1})
    assert isinstance(refused, Invalid)
    assert [flaw.pointer for flaw in refused.flaws] == ["/ship_to"]
    accepted(await call_off(system, "there", {"A": 1}, ship_to=replace(far, line1=" 2  lake st ")))

    assert await called(system) == ({"A": 1}, 1_700)
    assert await reserved(system) == 1


async def test_nothing_is_called_off_before_it_begins_nor_after_it_has_ended(
    processes: tuple[System, System], clock: Clock
) -> None:
    system, _ = processes
    order = accepted(await call_off(system, "1", {"A": 5}))

    clock.advance(days=101)
    late = await call_off(system, "2", {"A": 1})
    more = await system.door.one(ChangeOrder(order.order_id, (SetQuantity(ONE, 6),), "more"), actor="test")
    less = await system.door.one(ChangeOrder(order.order_id, (SetQuantity(ONE, 4),), "less"), actor="test")

    for refused in (late, more):
        assert isinstance(refused, Invalid)
        assert "has ended" in refused.flaws[0].detail
    accepted(less)
    assert await called(system) == ({"A": 4}, 6_800)


async def test_call_offs_come_at_least_so_many_days_after_one_another(
    processes: tuple[System, System], clock: Clock
) -> None:
    system, _ = processes
    await agree(system, replace(BLANKET, release_days=7))
    accepted(await call_off(system, "1", {"A": 1}))

    clock.advance(days=6)
    soon = await call_off(system, "2", {"A": 1})
    clock.advance(days=1)
    later = await call_off(system, "3", {"A": 1})

    assert isinstance(soon, Invalid)
    assert soon.flaws[0].pointer == "/blanket_order"
    accepted(later)


async def test_a_call_off_keeps_the_agreed_price_and_items_when_it_is_changed(
    processes: tuple[System, System],
) -> None:
    system, _ = processes
    order = accepted(await call_off(system, "1", {"A": 1}))

    async def change(action: Any) -> Outcome:
        return await system.door.one(ChangeOrder(order.order_id, (action,), "asked"), actor="test")

    dearer = await change(SetPrice(ONE, 1_800))
    other = await change(AddLine(Line(LineId("2"), Sku("C"), 1, 900)))
    cheaper = await change(SetPrice(ONE, 1_600))
    instead = await change(Substitute(ONE, Sku("C"), 900))
    accepted(await change(AddLine(Line(LineId("2"), B, 5, 500))))

    for refused, pointer in (
        (dearer, "/actions/0/unit_price"),
        (cheaper, "/actions/0/unit_price"),
        (other, "/actions/0/line/sku"),
        (instead, "/actions/0/sku"),
    ):
        assert isinstance(refused, Invalid), refused
        assert [flaw.pointer for flaw in refused.flaws] == [pointer]
    assert await called(system) == ({"A": 1, "B": 5}, 4_200)


async def test_a_line_keeps_the_price_at_which_it_was_called_off_when_it_is_raised_after_the_agreement_changed(
    processes: tuple[System, System],
) -> None:
    system, _ = processes
    order = accepted(await call_off(system, "1", {"A": 2}))
    await agree(system, replace(BLANKET, lines=(BlanketLine(A, 1_800, 10),)))

    async def change(*actions: Any) -> Outcome:
        return await system.door.one(ChangeOrder(order.order_id, actions, "asked"), actor="test")

    accepted(await change(SetQuantity(ONE, 5)))
    at_old_price = await called(system)
    added_at_old_price = await change(AddLine(Line(LineId("2"), A, 1, 1_700)))
    accepted(await change(AddLine(Line(LineId("2"), A, 1, 1_800))))
    accepted(await change(SetPrice(ONE, 1_800), SetQuantity(ONE, 6)))

    assert at_old_price == ({"A": 5}, 8_500)
    assert isinstance(added_at_old_price, Invalid)
    assert [flaw.pointer for flaw in added_at_old_price.flaws] == ["/actions/0/line/unit_price"]
    assert await called(system) == ({"A": 7}, 7 * 1_800)


async def test_a_blanket_order_is_of_a_customer_who_is_there(processes: tuple[System, System]) -> None:
    system, _ = processes

    refused = await agree(system, replace(BLANKET, blanket_id="BO-2", customer_id="C-9"))

    assert isinstance(refused, Invalid)
    assert [(flaw.pointer, flaw.detail) for flaw in refused.flaws] == [("/customer_id", "there is no customer C-9")]
    assert await read(system, "BO-2") is None


async def test_a_call_off_goes_to_no_other_place_than_was_agreed_on_by_a_change_either(
    processes: tuple[System, System],
) -> None:
    system, _ = processes
    order = accepted(await call_off(system, "1", {"A": 1}))
    assert order.ship_to is not None
    await agree(system, replace(BLANKET, ship_to=(order.ship_to,)))
    elsewhere = SetAddress(replace(order.ship_to, line1="9 Other St"))

    refused = await system.door.one(ChangeOrder(order.order_id, (elsewhere,), "asked"), actor="test")

    assert isinstance(refused, Invalid), refused
    assert [flaw.pointer for flaw in refused.flaws] == ["/actions/0/ship_to"]
    accepted(await system.door.one(ChangeOrder(order.order_id, (RemoveLine(ONE),), "asked"), actor="test"))
    assert await called(system) == ({"A": 0}, 0)


async def test_an_agreement_is_not_set_below_what_was_called_off(processes: tuple[System, System]) -> None:
    system, _ = processes
    accepted(await call_off(system, "1", {"A": 6}))

    for other, pointers in (
        (replace(BLANKET, lines=(BlanketLine(A, 1_700, 5),)), ["/lines/0/quantity"]),
        (replace(BLANKET, lines=(BlanketLine(B, 500, 5),)), ["/lines"]),
        (replace(BLANKET, customer_id="C-2", value_max_minor=1), ["/customer_id", "/value_max/amount"]),
    ):
        refused = await agree(system, other)
        assert isinstance(refused, Invalid)
        assert [flaw.pointer for flaw in refused.flaws] == pointers
    cheaper = await agree(system, replace(BLANKET, lines=(BlanketLine(A, 1_500, 6),)))
    assert isinstance(cheaper, Set)
    assert await called(system) == ({"A": 6}, 10_200)


async def _two_at_once(database: Database, processes: tuple[System, System]) -> list[Outcome]:
    """The outcomes of two call-offs of six units each, written when both were decided, or wait."""
    own = await asyncpg.connect(database.dsn)
    try:
        async with own.transaction():
            await own.execute("SELECT FROM balances FOR UPDATE")
            both = [
                asyncio.create_task(call_off(system, f"race-{number}", {"A": 6}))
                for number, system in enumerate(processes)
            ]
            await wait_for_two(database.pool)
        return list(await asyncio.gather(*both))
    finally:
        await own.close()


async def test_two_call_offs_at_once_do_not_both_take_the_last_units(
    database: Database, processes: tuple[System, System]
) -> None:
    outcomes = await _two_at_once(database, processes)

    assert sorted(type(one).__name__ for one in outcomes) == ["Accepted", "OverCalled"]
    assert await called(processes[0]) == ({"A": 6}, 10_200)
    assert await reserved(processes[0]) == 6


async def test_without_the_lock_both_would_take_them(
    database: Database, processes: tuple[System, System], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blanket_orders, "_LOCK", blanket_orders._LOCK.replace("FOR UPDATE", ""))

    outcomes = await _two_at_once(database, processes)

    assert all(isinstance(one, Accepted) for one in outcomes)
    assert (await called(processes[0]))[0] == {"A": 12}


async def test_many_call_offs_from_two_processes_take_exactly_what_there_is(
    processes: tuple[System, System],
) -> None:
    outcomes = await asyncio.gather(
        *(
            call_off(system, f"many-{number}-{at}", {"A": 1})
            for number in range(9)
            for at, system in enumerate(processes)
        )
    )

    assert sum(isinstance(one, Accepted) for one in outcomes) == 10
    assert await called(processes[0]) == ({"A": 10}, 17_000)


async def test_what_can_be_done_about_a_call_off_is_proposed_by_what_was_agreed(
    processes: tuple[System, System],
) -> None:
    system, _ = processes
    order = accepted(await call_off(system, "1", {"A": 6}))
    hold = PlaceHold(order.order_id, "address", "the street is missing")
    accepted(await system.door.one(hold, actor="test"))
    ((found, _risk),) = (await find_open(system, Filters())).items

    looked = await look(system, found, role="manager")

    assert isinstance(looked, Looked)
    assert [fix.kind for fix in looked.fixes] == [FixKind.LIFT, FixKind.GIVE_TIME, FixKind.CANCEL]
