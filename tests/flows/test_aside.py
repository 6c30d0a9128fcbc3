"""Large plans beside the event loop: others are answered meanwhile, and what a plan reads stays as it was."""

import asyncio
import threading
from datetime import date

import numpy as np
import pytest

from tests.builders import capture, node
from tests.engine.worlds import network, rows
from troth.flows.door.aside import aside, decide_aside, network_at_rest, rows_at_rest
from troth.model.capacity import Slot
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND
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
    seen = await decide_aside((capture(lines={"A": quantity}),), index_of(units), threading.get_ident)
    assert (seen == here) is is_here


@pytest.mark.asyncio
async def test_the_door_decides_orders_of_many_lines_or_of_unknown_stock_aside() -> None:
    index = index_of(9)
    command = capture(lines={"A": 1})
    many = capture(lines={f"S{at}": 1 for at in range(13)})
    here = threading.get_ident()
    assert await decide_aside((command,), index, threading.get_ident) == here
    assert await decide_aside((command, many), index, threading.get_ident) != here
    assert await decide_aside((capture(lines={"KIT": 2}),), index, threading.get_ident) != here


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
