"""Which carriers there are, as the settings say."""

import asyncio
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
    if settings.karrio_carriers:
        from troth.adapters.carriers.karrio import Karrio

        for name, account in settings.karrio_carriers.items():
            told = {field: read_field(value.get_secret_value()) for field, value in account.items()}
            carriers[name] = await asyncio.to_thread(Karrio, str(told.pop("provider", name)), told)
    yield carriers


def read_field(text: str) -> str | bool:
    """What a field of an account says, where it is one that is on or off.

    >>> read_field("true"), read_field("A1B2C3")
    (True, 'A1B2C3')
    """
    return {"true": True, "false": False}.get(text, text)
