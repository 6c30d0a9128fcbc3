"""Work that would keep everybody waiting, done beside the event loop: a few threads for large plans and explanations,
and one for the write door, which waits for nobody else's.

A thread shares the interpreter with the loop, which goes on with whatever else waits; the solver lets go of it while it
solves. Processes would need the whole network sent to each of them.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import Any, Final, TypeVar

import numpy as np

from troth.engine.carriage.network import Network
from troth.engine.supply.effort import is_quick, is_quick_change
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.flows.door.turns import Kind, Turns
from troth.model.capture_order import CaptureOrder
from troth.model.commands import ChangeOrder, Command, HoldCart, RecallCommand
from troth.model.ids import OrderId, Sku
from troth.model.order import Order
from troth.model.refusals import Busy
from troth.store.stock_index import StockIndex

T = TypeVar("T")

_THREADS_MAX: Final = 2
_POOL: Final = ThreadPoolExecutor(_THREADS_MAX, thread_name_prefix="aside")
_TURNS: Final = Turns(_THREADS_MAX)
_QUICK_LINES_MAX: Final = 12
"""An order of more lines is planned beside the loop."""

_QUOTED_LINES_MAX: Final = 4
"""One that names a quoted option is planned by each way to have it."""

_CHANGED_LINES_MAX: Final = 4
"""An order that is changed is planned once for each set of units that may lose their supply."""

_OF_DOOR: Final = ThreadPoolExecutor(1, thread_name_prefix="aside door")


async def aside(work: Callable[[], T], kind: Kind, *, lines: int, turns: Turns = _TURNS) -> T | Busy:
    """What the work on so many lines returns or raises, when its turn has come; Busy where that would be too long to
    wait. It must read nothing that the loop changes while it runs.
    """
    loop = asyncio.get_running_loop()
    return await turns.run(kind, lambda: loop.run_in_executor(_POOL, work), size=max(1, lines))


async def decide_aside(
    commands: Sequence[Command], index: StockIndex, orders: Mapping[OrderId, Order], decide: Callable[[], T]
) -> T:
    """What the write door decides about commands: at once where that is quick, else beside the loop, while the door's
    lane is held, so that nothing changes what the decision reads. `orders` are those that the commands are about.
    """

    def read(sku: Sku) -> SupplyRows:
        return NO_SUPPLY if index.missing((sku,)) else index.rows(sku)

    is_change = False
    for command in commands:
        asked = command.asked if isinstance(command, HoldCart) else command
        if isinstance(asked, CaptureOrder):
            is_at_once = is_quick(asked.lines, read, lines_max=_lines_max(asked))
        elif isinstance(asked, ChangeOrder):
            is_change, order = True, orders.get(asked.order_id)
            is_at_once = order is None or is_quick_change(order, asked.actions, read, lines_max=_CHANGED_LINES_MAX)
        else:
            is_at_once = not isinstance(asked, RecallCommand)
        if not is_at_once:
            return await asyncio.get_running_loop().run_in_executor(_OF_DOOR, decide)
    decided = decide()
    if is_change:
        await asyncio.sleep(0)  # it takes as long as several new orders: whoever waits for the loop has a turn between
    return decided


def _lines_max(command: CaptureOrder) -> int:
    return _QUOTED_LINES_MAX if command.plan_id else _QUICK_LINES_MAX


def rows_at_rest(rows: SupplyRows) -> SupplyRows:
    """The rows as they are now, whatever is promised of them later."""
    names = [field.name for field in fields(rows) if isinstance(getattr(rows, field.name), np.ndarray)]
    at_rest: dict[str, Any] = {name: getattr(rows, name).copy() for name in names}
    return replace(rows, **at_rest)


def network_at_rest(network: Network) -> Network:
    """The network with the work and the feeds of its nodes as they are now, whatever is promised or told later."""
    if (
        network.limits is None
        and not network.load.queue_minutes
        and not network.load.ready_minutes
        and network.load.fed_at is None
        and network.load.rates is None
    ):
        return network
    return network.with_load(network.load.without(()))
