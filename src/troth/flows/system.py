"""What the entrances and the worker of a process share: the pool and the write door."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from troth.flows.door import Door
from troth.flows.reference import Reference
from troth.model.policy import DEFAULT_POLICY
from troth.store.database import BY_KEY, Pool, open_pool

_DOOR_POOL_SIZE: Final = 4  # one writes, others read for whoever asks beside it


@dataclass(frozen=True, slots=True)
class System:
    """A running process's access to everything: reads go to the pool, writes through the door.

    The carts of one customer keep at most `cart_units_max` units at a time (None: as many as they like).
    """

    pool: Pool
    door: Door
    cart_units_max: int | None = None


@asynccontextmanager
async def open_system(
    dsn: str,
    *,
    pool_size: int = 10,
    clock: Callable[[], datetime] | None = None,
    cart_units_max: int | None = None,
    currency: str = DEFAULT_POLICY.currency,
) -> AsyncIterator[System]:
    """A system on a migrated database, whose costs are counted in a currency.

    When the block ends what was submitted is written and the connections are closed.
    """
    async with AsyncExitStack() as stack:
        pool = await open_pool(dsn, size=pool_size)
        stack.push_async_callback(pool.close)
        of_door = await open_pool(dsn, size=_DOOR_POOL_SIZE, name="troth door", options=BY_KEY)
        stack.push_async_callback(of_door.close)
        door = Door(of_door, Reference(of_door, clock=clock, currency=currency), clock=clock)
        await door.open()
        stack.push_async_callback(door.close)
        yield System(pool, door, cart_units_max)
