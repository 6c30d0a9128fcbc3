"""Work that would keep everybody waiting, done beside the event loop: a few threads for large plans and explanations.

A thread shares the interpreter with the loop, which goes on with whatever else waits; the solver lets go of it while it
solves. Processes would need the whole network sent to each of them.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import Any, Final, TypeVar

import numpy as np

from troth.engine.network import Network
from troth.engine.supply import SupplyRows

T = TypeVar("T")

_THREADS_MAX: Final = 2
_POOL: Final = ThreadPoolExecutor(_THREADS_MAX, thread_name_prefix="aside")


async def aside(work: Callable[[], T]) -> T:
    """What the work returns or raises. It must read nothing that the loop changes while it runs."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, work)


def rows_at_rest(rows: SupplyRows) -> SupplyRows:
    """The rows as they are now, whatever is promised of them later."""
    columns = {field.name: getattr(rows, field.name) for field in fields(rows)}
    at_rest: dict[str, Any] = {name: one.copy() for name, one in columns.items() if isinstance(one, np.ndarray)}
    return replace(rows, **at_rest)


def network_at_rest(network: Network) -> Network:
    """The network with the work of its nodes as it is now, whatever is promised of it later."""
    if network.limits is None and not network.load.queue_minutes:
        return network
    return network.with_load(network.load.copied())
