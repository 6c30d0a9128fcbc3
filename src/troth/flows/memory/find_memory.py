"""What a process remembers of finding stock: all evidence and the doubted positions, followed by what has changed."""

from datetime import datetime, timedelta
from typing import Final

from troth.engine.carriage.network import Network
from troth.engine.supply.find_rates import estimate_rates
from troth.engine.supply.finding import FindRates
from troth.model.accuracy import LEARNING, CellEvidence, CellKey, PositionKey, PositionRecord
from troth.store.accuracy import find_changed_evidence, find_changed_misses
from troth.store.balances import read_horizon
from troth.store.database import Connection

_HALF_LIVES_KEPT: Final = 5
"""After so many half-lives a miss weighs 3 percent of what it did."""
_FADE: Final = timedelta(hours=1)
"""How often evidence that nobody adds to is weighed anew: it fades over weeks."""
_AT_ONCE: Final = 1_000
_PAUSE_EACH: Final = timedelta(milliseconds=1)
"""Rates of up to a thousand categories at nodes and doubts are made at every change. For each more they rest so long,
since it takes some microseconds to make one, during which a process answers nobody.
"""


class FindMemory:
    """The evidence that makes the rates of a process. `follow` reads only what has changed since the last time, and
    `is_due` says when rates should be made of it.
    """

    def __init__(self) -> None:
        self._position = 0
        self._made_at: datetime | None = None
        self._has_changed = False
        self._cells: dict[CellKey, CellEvidence] = {}
        self._misses: dict[PositionKey, PositionRecord] = {}

    async def follow(self, connection: Connection, now: datetime) -> None:
        """Take over what has changed, and let go of misses that are long past."""
        oldest = now - timedelta(days=_HALF_LIVES_KEPT * LEARNING.position_half_life_days)
        # Whatever is written by a transaction that has not ended yet is read the next time.
        position = await read_horizon(connection)
        self._cells |= await find_changed_evidence(connection, self._position)
        self._misses |= await find_changed_misses(connection, self._position, since=oldest)
        self._misses = {key: record for key, record in self._misses.items() if record.as_of >= oldest}
        self._position = position
        self._has_changed = True

    def is_due(self, now: datetime) -> bool:
        """Whether other rates follow from what is remembered than when they were made last."""
        if self._made_at is None:
            return True
        size = len(self._cells) + len(self._misses)
        pause = max(0, size - _AT_ONCE) * _PAUSE_EACH if self._has_changed else _FADE
        return now >= self._made_at + min(pause, _FADE)

    def rates(self, network: Network, now: datetime) -> FindRates:
        """The rates that follow at an instant, aligned to a network's nodes."""
        self._made_at, self._has_changed = now, False
        return estimate_rates(network, self._cells, self._misses, now)


async def read_find_rates(connection: Connection, network: Network, now: datetime) -> FindRates:
    """The rates as the database has them at an instant, for whoever holds no memory of them."""
    memory = FindMemory()
    await memory.follow(connection, now)
    return memory.rates(network, now)
