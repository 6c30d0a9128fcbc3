"""Labels of packages: bought once, void when they are not wanted any more, and known to their order."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.builders import NEW_YORK, Clock, accepted
from tests.conftest import Database
from tests.shipping.sending import TWO, books, events, go_on, label, labels, numbers, opened, packed, read, work_of
from troth.flows.door.system import System
from troth.flows.shipping.label_work import label_work
from troth.flows.shipping.labels import void_label
from troth.model.barcodes import check_digit
from troth.model.commands import CancelOrder, PackWork, ShipWork, UnpackWork
from troth.model.label import Label, LabelState
from troth.model.order import Package
from troth.model.refusals import Invalid, NotPossibleNow


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    async with opened(database, clock) as one:
        yield one


async def test_each_package_gets_a_label_and_its_number(system: System) -> None:
    order = await packed(system, packages=TWO)

    bought = await label(system, order)

    assert [(one.package_id, one.state, one.carrier, one.service) for one in bought] == [
        ("1", LabelState.BOUGHT, "parcel", "standard"),
        ("2", LabelState.BOUGHT, "parcel", "standard"),
    ]
    assert await numbers(system, order.order_id) == [one.tracking_number for one in bought]
    assert all(check_digit(one.tracking_number[2:-1]) == one.tracking_number[-1] for one in bought)
    assert [(one.consignment.number, one.consignment.of, one.consignment.grams) for one in bought] == [
        (1, 2, 600),
        (2, 2, 600),
    ]
    assert len({one.sscc for one in bought}) == 2
    assert all(len(one.sscc) == 18 and check_digit(one.sscc[:-1]) == one.sscc[-1] for one in bought)
    assert await events(system, order.order_id) == ["LabelAttached", "LabelAttached"]


async def test_who_asks_again_gets_the_same_labels(system: System) -> None:
    order = await packed(system, packages=TWO)
    first = await label(system, order, "2")
    again = await label(system, await read(system, order.order_id))

    assert [one.package_id for one in again] == ["1", "2"]
    assert again[1].tracking_number == first[0].tracking_number
    assert {key: asked for key, (asked, _) in (await books(system)).items()} == {
        f"{order.order_id}-L1": 1,
        f"{order.order_id}-L2": 1,
    }


async def test_many_who_ask_at_once_get_one_label(system: System) -> None:
    order = await packed(system)

    found = await asyncio.gather(*(label(system, order) for _ in range(8)))

    assert {one.label_id for labels in found for one in labels} == {f"{order.order_id}-L1"}
    assert await books(system) == {f"{order.order_id}-L1": (1, False)}


async def test_a_shipment_that_names_no_number_has_that_of_its_label(system: System) -> None:
    order = await packed(system)
    (bought,) = await label(system, order)
    name = work_of(order).fulfillment_id

    shipped = accepted(await system.door.one(ShipWork(name), actor="test"))

    (package,) = work_of(shipped).packages
    assert (package.carrier, package.service, package.tracking_number) == ("parcel", "standard", bought.tracking_number)
    await go_on(system)
    assert await labels(system, order.order_id) == [("1", "bought")]


async def test_a_label_is_taken_back_and_another_is_bought(system: System) -> None:
    order = await packed(system)
    (bought,) = await label(system, order)

    void = await void_label(system, bought.label_id, reason="too small", actor="test")
    again = await void_label(system, bought.label_id, reason="twice", actor="test")

    assert isinstance(void, Label)
    assert (void.state, void.void_reason) == (LabelState.VOIDED, "too small")
    assert isinstance(again, Label)
    assert (again.state, again.void_reason) == (LabelState.VOIDED, "too small")
    assert await numbers(system, order.order_id) == [""]
    (other,) = await label(system, await read(system, order.order_id))
    assert other.tracking_number != bought.tracking_number
    assert await numbers(system, order.order_id) == [other.tracking_number]
    assert await events(system, order.order_id) == ["LabelAttached", "LabelDetached", "LabelAttached"]
    assert await books(system) == {f"{order.order_id}-L1": (1, True), f"{order.order_id}-L2": (1, False)}


@pytest.mark.parametrize("why", ["unpacked", "canceled", "shipped with another number"])
async def test_a_label_that_nobody_needs_any_more_is_void_by_itself(system: System, why: str) -> None:
    order = await packed(system)
    await label(system, order)
    name = work_of(order).fulfillment_id
    if why == "unpacked":
        accepted(await system.door.one(UnpackWork(name), actor="test"))
    elif why == "canceled":
        accepted(await system.door.one(UnpackWork(name), actor="test"))
        await go_on(system)
        accepted(await system.door.one(PackWork(name), actor="test"))
        await label(system, await read(system, order.order_id))
        accepted(await system.door.one(CancelOrder(order.order_id, "changed my mind"), actor="test"))
    else:
        other = (Package("1", carrier="ups", tracking_number="1Z999"),)
        accepted(await system.door.one(ShipWork(name, other), actor="test"))

    await go_on(system)

    assert {state for _, state in await labels(system, order.order_id)} == {"voided"}
    assert all(is_void for _, is_void in (await books(system)).values())
    if why == "shipped with another number":
        assert await numbers(system, order.order_id) == ["1Z999"]


async def test_what_has_left_is_not_void_any_more(system: System) -> None:
    order = await packed(system)
    (bought,) = await label(system, order)
    accepted(await system.door.one(ShipWork(work_of(order).fulfillment_id), actor="test"))

    assert await void_label(system, bought.label_id, reason="", actor="test") == NotPossibleNow("void", "shipped")
    assert await books(system) == {f"{order.order_id}-L1": (1, False)}


async def test_a_carrier_that_refuses_is_asked_once_and_says_why(system: System) -> None:
    nobody = replace(NEW_YORK, name="Refused Ltd")
    order = await packed(system, ship_to=nobody)

    (refused,) = await label(system, order)

    assert (refused.state, refused.code, refused.detail) == (
        LabelState.REFUSED,
        "not_served",
        "Refused Ltd is not served",
    )
    assert await numbers(system, order.order_id) == [""]
    await go_on(system)
    assert (await books(system), await events(system, order.order_id)) == ({}, [])


async def test_labels_are_refused_by_field_before_anything_is_written(system: System) -> None:
    order = await packed(system)

    unknown = await label_work(system, order, work_of(order), packages=["9"], actor="test")
    strange = await label_work(system, order, work_of(order), carrier="ups", service="ground", actor="test")
    dear = await label_work(system, order, work_of(order), service="express", actor="test")

    found = [one.flaws[0] for one in (unknown, strange, dear) if isinstance(one, Invalid)]
    assert [(flaw.pointer, flaw.detail) for flaw in found] == [
        ("/packages/0", "was not packed; packed were 1"),
        ("/carrier", "labels of ups cannot be had here; they can of: parcel"),
        ("/reason", "must say why it goes by parcel express, since parcel standard is best"),
    ]
    name = work_of(order).fulfillment_id
    unpacked = accepted(await system.door.one(UnpackWork(name), actor="test"))
    early = await label_work(system, unpacked, work_of(unpacked), actor="test")
    assert early == NotPossibleNow("label", "picked")
    assert await labels(system, order.order_id) == []
