"""Which carriers there are, as the settings say."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from troth.adapters.carriers.simulated import Behavior, Simulated
from troth.flows.memory.carriers import Carrier, Carriers
from troth.settings import Settings
from troth.store.database import Pool


@asynccontextmanager
async def open_carriers(
    settings: Settings, pool: Pool, clock: Callable[[], datetime] | None
) -> AsyncIterator[Carriers]:
    """The carriers of a process, on its pool and with its clock."""
    now = clock or (lambda: datetime.now(UTC))
    carriers: dict[str, Carrier] = {
        name: Simulated(name, Behavior(**told.model_dump()), pool, now)
        for name, told in settings.simulated_carriers.items()
    }
    yield carriers
