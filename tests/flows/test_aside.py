"""Large plans beside the event loop: others are answered meanwhile, and what a plan reads stays as it was."""

import asyncio
import threading
from datetime import UTC, date, datetime

import numpy as np
import pytest

from tests.builders import capture, node
from tests.engine.changing import captured, world_with
from tests.engine.worlds import network, rows
from troth.flows.door.aside import aside, decide_aside, network_at_rest, rows_at_rest
from troth.model.capacity import Slot
from troth.model.change import AddLine, ChangeAction, SetDates, SetPrice, SetQuantity
from troth.model.commands import ChangeOrder
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import ON_HAND
from troth.model.order import Line
from troth.store.shelf import SkuStock
from troth.store.stock_index import StockIndex


def index_of(units: int) -> StockIndex:
    """An index that remembers so many units of A at one node."""
    index = StockIndex(network(node("DC-PA")))
    index.put([Sku("A")], [SkuStock(Sku("A"), (NodeId("DC-PA"),), (ON_HAND,), (units,), (0,), (None,))])
    return index


@pytest.mark.asyncio
async def test_work_aside_leaves_the_loop_to_others_and_its_errors_come_back() -> None:
    is_told = threading.Event()

    async def tell() -> None:
        is_told.set()

    waiting = aside(lambda: is_told.wait(30.0), "quote", lines=1)
    answer, _ = await asyncio.gather(waiting, tell())
    assert answer is True

    with pytest.raises(ZeroDivisionError):
        await aside(lambda: 1 // 0, "quote", lines=1)


@pytest.mark.parametrize(("quantity", "units", "is_here"), [(1, 1, True), (5, 5, True), (5, 4, False)])
@pytest.mark.asyncio
async def test_the_door_decides_small_orders_at_once_and_those_that_must_be_split_aside(
    quantity: int, units: int, is_here: bool
) -> None:
    here = threading.get_ident()
    seen = await decide_aside((capture(lines={"A": quantity}),), index_of(units), {}, threading.get_ident)
    assert (seen == here) is is_here


@pytest.mark.asyncio
async def test_the_door_decides_orders_of_many_lines_or_of_unknown_stock_aside() -> None:
    index = index_of(9)
    command = capture(lines={"A": 1})
    many = capture(lines={f"S{at}": 1 for at in range(13)})
    here = threading.get_ident()
    assert await decide_aside((command,), index, {}, threading.get_ident) == here
    assert await decide_aside((command, many), index, {}, threading.get_ident) != here
    assert await decide_aside((capture(lines={"KIT": 2}),), index, {}, threading.get_ident) != here


@pytest.mark.parametrize(
    ("actions", "is_here"),
    [
        ((SetQuantity(LineId("1"), 5),), True),
        ((SetQuantity(LineId("1"), 6),), False),
        ((SetPrice(LineId("1"), 990), SetQuantity(LineId("1"), 2)), True),
        ((SetDates(LineId("1"), None, datetime(2026, 12, 4, tzinfo=UTC)),), False),
        ((AddLine(Line(LineId("2"), Sku("B"), 1, 990)),), False),
    ],
)
@pytest.mark.asyncio
async def test_the_door_decides_changes_at_once_that_leave_a_small_order_plain_and_whole_at_some_node(
    actions: tuple[ChangeAction, ...], is_here: bool
) -> None:
    small = captured(world_with({("A", "DC-PA"): 5}), {"A": 1})
    change = ChangeOrder(small.order_id, actions)
    seen = await decide_aside((change,), index_of(5), {small.order_id: small}, threading.get_ident)
    assert (seen == threading.get_ident()) is is_here


@pytest.mark.asyncio
async def test_the_door_leaves_the_loop_to_others_after_each_change() -> None:
    small = captured(world_with({("A", "DC-PA"): 5}), {"A": 1})
    changes = [ChangeOrder(small.order_id, (SetQuantity(LineId("1"), units),)) for units in (2, 3)]
    told: list[str] = []

    async def decide_both() -> None:
        for change in changes:
            await decide_aside((change,), index_of(5), {small.order_id: small}, lambda: told.append("change"))

    async def ask() -> None:
        told.append("quote")

    await asyncio.gather(decide_both(), ask())
    assert told == ["change", "quote", "change"]


def test_rows_and_promised_work_at_rest_do_not_follow_what_is_promised_later() -> None:
    net = network(node("DC-PA", capacity_per_day=5)).with_load()
    slot = Slot(NodeId("DC-PA"), date(2026, 11, 23), 0)
    net.load.put(slot, 2)
    found = rows(net, ("DC-PA", 3))

    still, calm = rows_at_rest(found), network_at_rest(net)
    found.available[0] = 1
    net.load.put(slot, 4)

    assert (still.available.tolist(), still.sources) == ([3], found.sources)
    assert (calm.load.used[slot], net.load.used[slot]) == (2, 4)
    assert np.array_equal(calm.load.used_max, [2.0])
    assert [used for _, used in calm.load.tight_slots(0, net.limits.of[0], 4)] == [2]  # type: ignore[union-attr]
