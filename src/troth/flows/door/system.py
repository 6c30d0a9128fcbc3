"""What the entrances and the worker of a process share: the pool and the write door."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Final

from troth.flows.door.door import Door
from troth.flows.edi.tongue import Tongue
from troth.flows.memory.carriers import Carriers
from troth.flows.memory.gateways import Gateways
from troth.flows.memory.reference import Reference
from troth.flows.memory.trackers import Trackers
from troth.flows.memory.workbench_memory import WorkbenchMemory
from troth.model.notification import NO_ORIGIN, Origin
from troth.model.payment import Provider
from troth.model.policy import DEFAULT_POLICY
from troth.model.risk import DEFAULT_WEIGHTS, RiskWeights
from troth.model.value import dataclass
from troth.store.database import BY_KEY, Pool, open_pool
from troth.store.log_tail import LogTail

_DOOR_POOL_SIZE: Final = 4  # one writes, others read for whoever asks beside it

OpenGateways = Callable[[Pool, Callable[[], datetime] | None], AbstractAsyncContextManager[Gateways]]
"""Opens gateways on a pool and with a clock (None: that of the machine)."""
OpenCarriers = Callable[[Pool, Callable[[], datetime] | None], AbstractAsyncContextManager[Carriers]]
"""Opens carriers likewise."""


@dataclass(frozen=True, slots=True)
class System:
    """A running process's access to everything: reads go to the pool, writes through the door.

    The carts of one customer keep at most `cart_units_max` units at a time (None: as many as they like). `gateways`
    move money, by name; exceptions are ranked by the weights in `risk`, and `workbench` remembers of them what
    does not change. Customers are written to from the `origin`.
    `trackers` are the carriers that tell where parcels are, `carriers` those of which labels can be had; parcels get
    an SSCC where the company has a `gs1_prefix`. Papers are printed with fonts of `font_dirs` first. What reads the
    log as it grows reads its end from `log`. The `tongue` is that of trading partners (None: nobody speaks with them).
    """

    pool: Pool
    door: Door
    cart_units_max: int | None = None
    gateways: Gateways = field(default_factory=dict)
    risk: RiskWeights = DEFAULT_WEIGHTS
    workbench: WorkbenchMemory = field(default_factory=WorkbenchMemory)
    origin: Origin = NO_ORIGIN
    trackers: Trackers = field(default_factory=dict)
    carriers: Carriers = field(default_factory=dict)
    gs1_prefix: str = ""
    font_dirs: tuple[Path, ...] = ()
    log: LogTail = field(default_factory=LogTail)
    tongue: Tongue | None = None

    @property
    def providers(self) -> Mapping[str, Provider]:
        """The providers whose payments are settled here."""
        return self.door.reference.providers


@asynccontextmanager
async def open_system(
    dsn: str,
    *,
    pool_size: int = 10,
    clock: Callable[[], datetime] | None = None,
    cart_units_max: int | None = None,
    currency: str = DEFAULT_POLICY.currency,
    providers: Mapping[str, Provider] | None = None,
    gateways: OpenGateways | None = None,
    risk: RiskWeights = DEFAULT_WEIGHTS,
    origin: Origin = NO_ORIGIN,
    trackers: Trackers | None = None,
    carriers: OpenCarriers | None = None,
    gs1_prefix: str = "",
    font_dirs: tuple[Path, ...] = (),
    tongue: Tongue | None = None,
) -> AsyncIterator[System]:
    """A system on a migrated database, whose costs are counted in a currency. `providers` say whose payments are
    settled here, through the `gateways` that are opened on its pool and with its clock.

    When the block ends what was submitted is written and the connections are closed.
    """
    async with AsyncExitStack() as stack:
        pool = await open_pool(dsn, size=pool_size)
        stack.push_async_callback(pool.close)
        of_door = await open_pool(dsn, size=_DOOR_POOL_SIZE, name="troth door", options=BY_KEY)
        stack.push_async_callback(of_door.close)
        reference = Reference(of_door, clock=clock, currency=currency, providers=providers)
        door = Door(of_door, reference, clock=clock)
        await door.open()
        stack.push_async_callback(door.close)
        opened = {} if gateways is None else await stack.enter_async_context(gateways(pool, clock))
        carrying = {} if carriers is None else await stack.enter_async_context(carriers(pool, clock))
        yield System(
            pool,
            door,
            cart_units_max,
            opened,
            risk,
            origin=origin,
            trackers=trackers or {},
            carriers=carrying,
            gs1_prefix=gs1_prefix,
            font_dirs=font_dirs,
            tongue=tongue,
        )
