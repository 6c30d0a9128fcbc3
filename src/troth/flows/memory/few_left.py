"""Of which items few are left, as channels were told: what a process remembers of the levels that are watched."""

from typing import Final

from troth.engine.supply.available_to_sell import StockStatus
from troth.model.ids import Sku
from troth.store.database import Connection
from troth.store.stock_levels import find_changed_levels

FewLeft = frozenset[tuple[str, str]]
"""The channels (empty: all) and nodes (empty: over all) that are told that few are left of an item."""

NOBODY: Final[FewLeft] = frozenset()


class FewMemory:
    """By item, who is told that few are left; the same value as long as nothing changes."""

    def __init__(self) -> None:
        self._few: dict[Sku, FewLeft] = {}
        self._since = 0

    def of(self, sku: Sku) -> FewLeft:
        """Who is told of an item."""
        return self._few.get(sku, NOBODY)

    async def follow(self, connection: Connection) -> None:
        """Take over what was written since the last time."""
        changed, self._since = await find_changed_levels(connection, self._since)
        for (sku, channel, node), level in changed:
            told = self._few.get(sku, NOBODY)
            who = frozenset({(channel, node)})
            now = told | who if level is not StockStatus.IN_STOCK else told - who
            if now == told:
                continue
            if now:
                self._few[sku] = now
            else:
                self._few.pop(sku, None)
