"""Work that would keep everybody waiting, done beside the event loop: a few threads for large plans and explanations,
and one for the write door, which waits for nobody else's.

A thread shares the interpreter with the loop, which goes on with whatever else waits; the solver lets go of it while it
solves. Processes would need the whole network sent to each of them.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import Any, Final, TypeVar

import numpy as np

from troth.engine.carriage.network import Network
from troth.engine.supply.effort import is_quick
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.flows.door.turns import Kind, Turns
from troth.model.commands import CaptureOrder, ChangeOrder, Command, HoldCart, RecallCommand
from troth.model.ids import Sku
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

_OF_DOOR: Final = ThreadPoolExecutor(1, thread_name_prefix="aside door")


async def aside(work: Callable[[], T], kind: Kind, *, lines: int, turns: Turns = _TURNS) -> T | Busy:
    """What the work on so many lines returns or raises, when its turn has come; Busy where that would be too long to
    wait. It must read nothing that the loop changes while it runs.
    """
    loop = asyncio.get_running_loop()
    return await turns.run(kind, lambda: loop.run_in_executor(_POOL, work), size=max(1, lines))


async def decide_aside(commands: Sequence[Command], index: StockIndex, decide: Callable[[], T]) -> T:
    """What the write door decides about commands: at once where that is quick, else beside the loop, while the door's
    lane is held, so that nothing changes what the decision reads.
    """

    def read(sku: Sku) -> SupplyRows:
        return NO_SUPPLY if index.missing((sku,)) else index.rows(sku)

    asked = [command.asked if isinstance(command, HoldCart) else command for command in commands]
    captures = [command for command in asked if isinstance(command, CaptureOrder)]
    is_change = any([isinstance(command, ChangeOrder | RecallCommand) for command in commands])  # noqa: C419 - quicker
    if not is_change and all([is_quick(one.lines, read, lines_max=_lines_max(one)) for one in captures]):  # noqa: C419
        return decide()
    return await asyncio.get_running_loop().run_in_executor(_OF_DOOR, decide)


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
