"""The reference data that a process holds.

The network, the policies in force and the items that were asked for, read again when they have changed.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from troth.engine.in_force import choose
from troth.engine.line_terms import DEPTH_MAX, related_skus
from troth.engine.network import Network, compile_network
from troth.engine.rate_cards import DEFAULT_CARDS
from troth.engine.rules.weights import policy_of
from troth.flows.families import RATE_CARDS, ROUTINGS
from troth.flows.standing import Standing
from troth.model.document import InForce
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.item import Item
from troth.model.network import Node, RateCard
from troth.model.order import Line
from troth.model.policy import DEFAULT_POLICY, Policy
from troth.store.database import Connection, Pool
from troth.store.node_days import find_moved_node_days, read_node_days
from troth.store.reference import read_items, read_nodes, read_versions


class Reference:
    """A copy that is never the truth for longer than the next `refresh`; unknown names are always looked up."""

    def __init__(self, pool: Pool, *, clock: Callable[[], datetime] | None = None) -> None:
        self._pool = pool
        self._clock = clock or (lambda: datetime.now(UTC))
        self._versions: dict[str, int] = {}
        self._items: dict[Sku, Item] = {}
        self._nodes: Sequence[Node] = ()
        self._cards = Standing(RATE_CARDS, _same)
        self._cards_turn_at: datetime | None = None
        self._routings = Standing(ROUTINGS, policy_of)
        self._in_force = InForce()
        self._policy = DEFAULT_POLICY
        self._policy_turns_at: datetime | None = None
        self.network: Network = compile_network(())

    @property
    def items(self) -> Mapping[Sku, Item]:
        """The items that were asked for so far."""
        return self._items

    @property
    def policy(self) -> Policy:
        """The policy in force now, for whatever no canary decides."""
        if self._policy_turns_at is not None:
            self._turn(self._clock())
        return self._policy

    @property
    def has_canary(self) -> bool:
        """Whether some orders are decided by another policy than `policy`."""
        return self._in_force.canary is not None

    def policy_for(self, order_id: OrderId | None, now: datetime) -> Policy:
        """The policy that decides about an order at an instant; the same for all but where a canary has a part."""
        if self._policy_turns_at is not None:
            self._turn(now)
        if self._in_force.canary is None or order_id is None:
            return self._policy
        return self._routings.value(choose(self._in_force, order_id)) or DEFAULT_POLICY

    async def refresh(self) -> bool:
        """Read again what has changed; True where the network is another one now."""
        now = self._clock()
        async with self._pool.acquire() as connection:
            versions = await read_versions(connection)
            changed = {family for family, version in versions.items() if self._versions.get(family) != version}
            if "nodes" in changed:
                self._nodes = await read_nodes(connection)
            if "items" in changed:
                self._items.clear()
            if "routings" in changed:
                await self._routings.read(connection, now)
                self._policy_turns_at = now
            is_other = await self._follow_cards(connection, now, is_changed="rate-cards" in changed)
            self._versions = versions
        if self._policy_turns_at is not None:
            self._turn(now)
        if "nodes" in changed or is_other:
            cards = offer_cards(self._cards.values_in_force(now))
            network = compile_network(self._nodes, cards)
            await self._read_load(network, now)
            self.network = network
            return True
        return False

    async def read_load(self, nodes: Iterable[NodeId] | None = None) -> None:
        """Read again what these nodes, or all, have promised of their days."""
        await self._read_load(self.network, self._clock(), nodes)

    async def follow_load(self, position: int) -> None:
        """Take over what was promised of the days of nodes since a position, and forget the days that are over."""
        if self.network.limits is None:
            return
        since = first_day(self._clock())
        self.network.load.forget_before(since)
        async with self._pool.acquire() as connection:
            moved = await find_moved_node_days(connection, since, position)
        for slot, used in moved:
            self.network.load.put(slot, used)

    async def _read_load(self, network: Network, now: datetime, nodes: Iterable[NodeId] | None = None) -> None:
        if network.limits is None:
            return
        async with self._pool.acquire() as connection:
            found = await read_node_days(connection, first_day(now), nodes=nodes)
        for slot, used in found:
            network.load.put(slot, used)

    async def need_items(self, skus: Iterable[Sku]) -> None:
        """Make `items` hold every one of these SKUs that exists."""
        missing = {sku for sku in skus if sku not in self._items}
        if missing:
            async with self._pool.acquire() as connection:
                self._items |= await read_items(connection, missing)

    async def need_lines(self, lines: Collection[Line]) -> set[Sku]:
        """Make `items` hold what these lines name and what that names: components of kits, and substitutes.

        Gives all of those SKUs.
        """
        skus = {line.sku for line in lines}
        await self.need_items(skus)
        for _ in range(DEPTH_MAX + 1):
            more = related_skus(lines, self._items) - skus
            if not more:
                break
            await self.need_items(more)
            skus |= more
        return skus

    async def _follow_cards(self, connection: Connection, now: datetime, *, is_changed: bool) -> bool:
        """Whether other rate cards may be in force now than before."""
        is_turn = self._cards_turn_at is not None and now >= self._cards_turn_at
        if is_changed:
            await self._cards.read(connection, now)
        if is_changed or is_turn:
            self._cards_turn_at = self._cards.next_change(now)
        return is_changed or is_turn

    def _turn(self, now: datetime) -> None:
        """Let what was put off take effect once its time has come."""
        if self._policy_turns_at is None or now < self._policy_turns_at:
            return
        self._in_force = self._routings.in_force(now)
        self._policy = self._routings.value(self._in_force.base) or DEFAULT_POLICY
        self._policy_turns_at = self._routings.next_change(now)


def first_day(now: datetime) -> date:
    """The first day of which promises still matter, in any time zone."""
    return now.date() - timedelta(days=1)


def offer_cards(named: Iterable[tuple[str, RateCard]]) -> tuple[RateCard, ...]:
    """The cards that parcels go by: those in force, and those built in for services that none of them offers."""
    active = [card for _, card in named]
    services = {card.service for card in active}
    return (*(card for card in DEFAULT_CARDS if card.service not in services), *active)


def _same(card: RateCard, _: str) -> RateCard:
    return card
