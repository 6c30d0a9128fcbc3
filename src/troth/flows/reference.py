"""The reference data that a process holds.

The network and the items that were asked for, read again when they have changed.
"""

from collections.abc import Iterable, Mapping

from troth.engine.network import Network, compile_network
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.policy import DEFAULT_POLICY, Policy
from troth.store.database import Pool
from troth.store.reference import read_items, read_nodes, read_versions


class Reference:
    """A copy that is never the truth for longer than the next `refresh`; unknown names are always looked up."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._versions: dict[str, int] = {}
        self._items: dict[Sku, Item] = {}
        self.network: Network = compile_network(())
        self.policy: Policy = DEFAULT_POLICY

    @property
    def items(self) -> Mapping[Sku, Item]:
        """The items that were asked for so far."""
        return self._items

    async def refresh(self) -> bool:
        """Read again what has changed; True where the network is another one now."""
        async with self._pool.acquire() as connection:
            versions = await read_versions(connection)
            changed = {family for family, version in versions.items() if self._versions.get(family) != version}
            if "nodes" in changed:
                self.network = compile_network(await read_nodes(connection))
            if "items" in changed:
                self._items.clear()
            self._versions = versions
        return "nodes" in changed

    async def need_items(self, skus: Iterable[Sku]) -> None:
        """Make `items` hold every one of these SKUs that exists."""
        missing = {sku for sku in skus if sku not in self._items}
        if missing:
            async with self._pool.acquire() as connection:
                self._items |= await read_items(connection, missing)
