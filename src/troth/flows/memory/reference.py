"""One thing: the reference data that a process holds.

The network, the policies in force and the items that were asked for, read again when they have changed.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network, compile_network
from troth.engine.demand.line_terms import DEPTH_MAX, components, related_skus
from troth.engine.exposure.compiled import compile_exposure
from troth.engine.exposure.consumed import Consumed
from troth.engine.exposure.in_force import Exposure, Findable
from troth.engine.policies.holds_in_force import HoldsInForce
from troth.engine.policies.release_rules import CompiledRelease, compile_release
from troth.engine.policies.return_rules import NO_RULES, ReturnPolicy
from troth.engine.policies.work_rules import CompiledWork, compile_work
from troth.engine.rules.weights import looks_at_sales, ready_policy
from troth.engine.supply.feed_age import fed_at_of
from troth.engine.supply.find_rates import estimate_rates
from troth.engine.supply.finding import FindRates, findable
from troth.engine.supply.in_force import choose
from troth.engine.supply.unit_prices import UnitPrices
from troth.flows.documents.families import (
    BOXES,
    EXPOSURE_RULES,
    LANE_TABLES,
    NOTIFICATION_RULES,
    RATE_CARDS,
    RELEASE_RULES,
    RETURN_RULES,
    ROUTINGS,
    WORK_RULES,
)
from troth.flows.documents.holds_in_force import HoldRulesInForce
from troth.flows.documents.standing import Standing, as_it_is, with_label
from troth.flows.documents.wording_in_force import WordingInForce
from troth.flows.memory.accuracy import FIND_RATES
from troth.flows.memory.few_left import FewLeft, FewMemory
from troth.flows.memory.find_memory import FindMemory
from troth.flows.memory.offered import compile_offered, join_tables, offer_cards, switched
from troth.flows.memory.price_memory import PriceMemory, read_price_memory
from troth.flows.memory.work_memory import WorkMemory
from troth.flows.wording.wording import Wording
from troth.model.capacity import Slot
from troth.model.credit import CustomerTerms
from troth.model.document import InForce
from troth.model.exposure import ExposureRules, SalesRate
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.lanes import LaneTable
from troth.model.messages import MessageTemplates
from troth.model.network import Node, RateCard, SwitchedOff
from troth.model.notification_rules import BUILT_IN as TOLD_BUILT_IN
from troth.model.notification_rules import NotificationRules
from troth.model.order import Line
from troth.model.packing import BoxSet
from troth.model.payment import Provider
from troth.model.policy import DEFAULT_POLICY, Policy
from troth.model.routing_guide import RoutingGuide
from troth.store.customers import CUSTOMERS, read_guides, read_terms
from troth.store.database import Connection, Pool
from troth.store.draws import find_moved_draws, read_draws
from troth.store.node_days import count_open_pickups, find_moved_node_days, read_node_days
from troth.store.node_feeds import NODE_FEEDS, read_node_feeds
from troth.store.node_switches import NODE_SWITCHES, read_node_switches
from troth.store.node_work import NODE_WORK
from troth.store.reference import read_items, read_nodes, read_versions
from troth.store.sales_rates import read_sales_rates
from troth.store.stock_levels import STOCK_LEVELS

_QUEUES_HOLD: Final = timedelta(seconds=5)
_QUEUED_WITHIN: Final = timedelta(days=1)
"""Open pickups are counted again after so long. What is only to be ready later than within a day waits for its day, and
keeps nobody waiting.
"""


class Reference:
    """A copy that is never the truth for longer than the next `refresh`; unknown names are always looked up."""

    def __init__(
        self,
        pool: Pool,
        *,
        clock: Callable[[], datetime] | None = None,
        currency: str = DEFAULT_POLICY.currency,
        providers: Mapping[str, Provider] | None = None,
    ) -> None:
        self._pool = pool
        self.providers = providers or {}
        self.base = replace(DEFAULT_POLICY, currency=currency)
        self._clock = clock or (lambda: datetime.now(UTC))
        self._versions: dict[str, int] = {}
        self._items: dict[Sku, Item] = {}
        self._times_forgotten = 0
        self._nodes: Sequence[Node] = ()
        self._off: Mapping[NodeId, SwitchedOff] = {}
        self._off_turns_at: datetime | None = None
        self._cards = Standing(RATE_CARDS, as_it_is)
        self._tables = Standing(LANE_TABLES, as_it_is)
        self._cards_turn_at: datetime | None = None
        self._routings = Standing(ROUTINGS, partial(ready_policy, base=self.base))
        self._rules = Standing(EXPOSURE_RULES, with_label)
        self._rules_turn_at: datetime | None = None
        self._releases = Standing(RELEASE_RULES, compile_release)
        self._work = Standing(WORK_RULES, compile_work)
        self._boxes = Standing(BOXES, as_it_is)
        self._exposure: Exposure | None = None
        self.customer_terms: Mapping[str, CustomerTerms] = {}
        self.guides: Mapping[str, RoutingGuide] = {}
        self.sales: dict[Sku, dict[NodeId, SalesRate]] = {}
        self.consumed = Consumed()
        self.findable: Findable | None = self._find
        self._wording = WordingInForce()
        self._holds = HoldRulesInForce()
        self._returns = Standing(RETURN_RULES, lambda rules, label: ReturnPolicy(label, rules))
        self._few = FewMemory()
        self._notifications = Standing(NOTIFICATION_RULES, with_label)
        self._fed_at: dict[NodeId, float] = {}
        self._in_force = InForce()
        self._policy = self.base
        self._policy_turns_at: datetime | None = None
        self._finds = FindMemory()
        self._prices = PriceMemory()
        self._looks_at_sales = False
        self._queues_read_at: datetime | None = None
        self._done = WorkMemory()
        self.network: Network = compile_network(())
        self.find_rates: FindRates = estimate_rates(self.network, {}, {}, self._clock())

    @property
    def items(self) -> Mapping[Sku, Item]:
        """The items that were asked for so far."""
        return self._items

    @property
    def times_forgotten(self) -> int:
        """How often the items were forgotten: while it stays so, what was looked up and is not there is no item."""
        return self._times_forgotten

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

    def policy_for(self, subject: str | None, now: datetime) -> Policy:
        """The policy that decides at an instant about a subject: a customer by id, or an order without one.

        It is the same for all but where a canary has a part; without a subject it is that of no canary.
        """
        if self._policy_turns_at is not None:
            self._turn(now)
        if self._in_force.canary is None or subject is None:
            return self._policy
        return self._routings.value(choose(self._in_force, subject)) or self.base

    def exposure_at(self, now: datetime) -> Exposure | None:
        """The rules of exposure that count at an instant; None where there are none."""
        if self._rules_turn_at is not None and now >= self._rules_turn_at:
            self._turn_rules(now)
        return self._exposure

    def release_at(self, now: datetime) -> CompiledRelease | None:
        """The rules about releases that count at an instant; None where there are none."""
        return self._releases.value(self._releases.in_force(now).base)

    def work_at(self, now: datetime) -> CompiledWork | None:
        """The rules about work at nodes that count at an instant; None where there are none."""
        return self._work.value(self._work.in_force(now).base)

    def boxes_at(self, now: datetime) -> BoxSet | None:
        """The boxes that nodes have at an instant; None where nobody has said."""
        return self._boxes.value(self._boxes.in_force(now).base)

    def return_policy_at(self, now: datetime) -> ReturnPolicy:
        """The rules of returns that decide at an instant."""
        return self._returns.value(self._returns.in_force(now).base) or NO_RULES

    def notifications_at(self, now: datetime) -> tuple[str, NotificationRules]:
        """The rules of what customers are told that decide at an instant, and their label (empty: built in)."""
        return self._notifications.value(self._notifications.in_force(now).base) or ("", TOLD_BUILT_IN)

    def few_left(self, sku: Sku) -> FewLeft:
        """Who is told that few are left of an item, where levels are watched."""
        return self._few.of(sku)

    def wording_at(self, now: datetime) -> Wording:
        """The texts of messages that are told at an instant."""
        return self._wording.at(now)

    def holds_at(self, now: datetime) -> HoldsInForce:
        """The types of holds that there are at an instant, and the rules by which new orders are held."""
        return self._holds.at(now)

    def message_documents(self, now: datetime) -> list[tuple[str, tuple[str, MessageTemplates]]]:
        """The documents of texts in force at an instant: name, label and texts, by name."""
        return self._wording.documents(now)

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
                self._times_forgotten += 1
            if "routings" in changed:
                await self._routings.read(connection, now)
                self._policy_turns_at = now
                self._looks_at_sales = any(map(looks_at_sales, self._routings.values()))
            if "sales-rates" in changed:
                self.sales.clear()
            if {"unit-prices", "sales-rates"} & changed:
                self._prices = await read_price_memory(connection)
            if "exposure-rules" in changed:
                await self._rules.read(connection, now)
                self.consumed.replace(await read_draws(connection, self._counted()))
                self._turn_rules(now)
            if "release-rules" in changed:
                await self._releases.read(connection, now)
            if "return-rules" in changed:
                await self._returns.read(connection, now)
            if "work-rules" in changed:
                await self._work.read(connection, now)
            if "notification-rules" in changed:
                await self._notifications.read(connection, now)
            if "boxes" in changed:
                await self._boxes.read(connection, now)
            if STOCK_LEVELS in changed:
                await self._few.follow(connection)
            if CUSTOMERS in changed:
                self.customer_terms = await read_terms(connection)
                self.guides = await read_guides(connection)
            if "message-templates" in changed:
                await self._wording.read(connection, now)
            if "hold-rules" in changed:
                await self._holds.read(connection, now)
            is_other = await self._follow_cards(connection, now, changed) or "nodes" in changed
            is_other = await self._follow_switches(connection, now, changed) or is_other
            if NODE_WORK in changed:
                self._done.forget()
            if FIND_RATES in changed:
                await self._finds.follow(connection, now)
            if NODE_FEEDS in changed:
                self._fed_at = {
                    node: one.as_of.timestamp() for node, one in (await read_node_feeds(connection)).items()
                }
            network = await self._compile(connection, now) if is_other else None
            self._versions = versions
        if self._policy_turns_at is not None:
            self._turn(now)
        if network is not None:
            self.network = network
        if NODE_FEEDS in changed or is_other:
            self.network.load.feed(fed_at_of(self.network, self._fed_at))
        if is_other or self._finds.is_due(now):
            self.find_rates = self._finds.rates(self.network, now)
        return is_other

    async def read_load(self, nodes: Iterable[NodeId] | None = None) -> None:
        """Read again what these nodes, or all, have promised of their days."""
        async with self._pool.acquire() as connection:
            _put_days(self.network, await read_node_days(connection, first_day(self._clock()), nodes=nodes))

    async def follow_load(self, position: int) -> None:
        """Take over what was promised of the days of nodes since a position, and forget the days that are over; every
        few seconds, count the open pickups again.
        """
        now = self._clock()
        if self._queues_read_at is None or abs(now - self._queues_read_at) >= _QUEUES_HOLD:
            async with self._pool.acquire() as connection:
                await self._read_queues(connection, self.network, now)
        if not _counts_days(self.network):
            return
        since = first_day(now)
        self.network.load.forget_before(since)
        async with self._pool.acquire() as connection:
            moved = await find_moved_node_days(connection, since, position)
        _put_days(self.network, moved)

    async def read_draws(self) -> None:
        """Read again what is counted by rules of exposure."""
        async with self._pool.acquire() as connection:
            self.consumed.replace(await read_draws(connection, self._counted()))

    async def follow_draws(self, position: int) -> None:
        """Take over what was counted by rules of exposure since a position."""
        if self._exposure is None or not self._exposure.rules.counts_draws:
            return
        async with self._pool.acquire() as connection:
            for draw, used in await find_moved_draws(connection, position):
                self.consumed.put(draw, used)

    def offered_with(self, name: str, tried: RateCard | LaneTable, now: datetime) -> Callable[[], Network]:
        """What compiles the network that would be there if a card or a table were in force under a name, with nothing
        promised of its nodes; it reads nothing that changes.
        """
        cards, tables = dict(self._cards.values_in_force(now)), dict(self._tables.values_in_force(now))
        if isinstance(tried, RateCard):
            cards[name] = tried
        else:
            tables[name] = tried
        offered = offer_cards((one, cards[one]) for one in sorted(cards))
        return partial(compile_offered, self.network.nodes, offered, join_tables(tables.items()))

    async def need_items(self, skus: Iterable[Sku]) -> None:
        """Make `items` hold every one of these SKUs that exists; what nodes sell of it is read where a rule asks."""
        wanted = set(skus)
        missing = {sku for sku in wanted if sku not in self._items}
        if missing:
            async with self._pool.acquire() as connection:
                self._items |= await read_items(connection, missing)
        if self._exposure is not None and self._exposure.rules.looks_at_sales:
            await self.need_sales(wanted)

    async def need_sales(self, skus: Iterable[Sku]) -> None:
        """Make `sales` hold what nodes sell of every one of these SKUs."""
        unknown = {sku for sku in skus if sku not in self.sales}
        if unknown:
            async with self._pool.acquire() as connection:
                self.sales |= await read_sales_rates(connection, unknown)

    async def need_prices(self, skus: Collection[Sku], policy: Policy | None = None) -> UnitPrices | None:
        """What units of these SKUs are worth, as the set in force says, and what nodes sell of them where a policy in
        force, or the one given, looks at that; None where there is neither.
        """
        with_sales = self._looks_at_sales or (policy is not None and looks_at_sales(policy))
        return await self._prices.need(self._pool, skus, with_sales=with_sales)

    def exposure_documents(self, now: datetime) -> list[tuple[str, str, ExposureRules]]:
        """The documents of exposure rules in force at an instant: name, label and rules, by name."""
        return [(name, label, rules) for name, (label, rules) in self._rules.values_in_force(now)]

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

    async def need_kits(self, skus: Collection[Sku]) -> Collection[Sku]:
        """Make `items` hold these SKUs and what their kits are made of, as far as they exist; gives all of those."""
        await self.need_items(skus)
        if not any([sku in self._items and bool(self._items[sku].kit) for sku in skus]):  # noqa: C419 - quicker
            return skus
        found = set(skus)
        for _ in range(DEPTH_MAX + 1):
            more = {sku for one in found for sku in components(one, self._items)} - found
            if not more:
                break
            await self.need_items(more)
            found |= more
        return found

    async def _follow_cards(self, connection: Connection, now: datetime, changed: Collection[str]) -> bool:
        """Whether other rate cards or lane tables may be in force now than before."""
        is_turn = self._cards_turn_at is not None and now >= self._cards_turn_at
        if "rate-cards" in changed:
            await self._cards.read(connection, now)
        if "lane-tables" in changed:
            await self._tables.read(connection, now)
        if not is_turn and not {"rate-cards", "lane-tables"} & set(changed):
            return False
        turns = [turn for turn in (self._cards.next_change(now), self._tables.next_change(now)) if turn is not None]
        self._cards_turn_at = min(turns, default=None)
        return True

    async def _follow_switches(self, connection: Connection, now: datetime, changed: Collection[str]) -> bool:
        """Whether other nodes are switched off now than before: somebody said so, or the time of one is over."""
        is_turn = self._off_turns_at is not None and now >= self._off_turns_at
        if NODE_SWITCHES not in changed and not is_turn:
            return False
        before, self._off = self._off, await read_node_switches(connection, now)
        self._off_turns_at = min((off.until for off in self._off.values() if off.until is not None), default=None)
        return before != self._off

    async def _compile(self, connection: Connection, now: datetime) -> Network:
        """The network of what is known now, with what its nodes have promised and how many pickups wait there."""
        cards = offer_cards(self._cards.values_in_force(now))
        nodes = switched(self._nodes, self._off)
        network = compile_offered(nodes, cards, join_tables(self._tables.values_in_force(now)))
        _put_days(network, await read_node_days(connection, first_day(now)))
        await self._read_queues(connection, network, now)
        return network

    async def _read_queues(self, connection: Connection, network: Network, now: datetime) -> None:
        """Take over how much work waits at each node before a new pickup, and how it does its work as was measured."""
        each = {node.node: node.pickup_minutes for node in network.nodes if node.pickup}
        waiting = await count_open_pickups(connection, each, now + _QUEUED_WITHIN) if each else {}
        network.load.queue_minutes = {node: each[node] * orders for node, orders in waiting.items() if each[node]}
        await self._done.need(connection, network, now)
        self._done.tell(network, waiting, now, remorse_minutes=self._policy.remorse_minutes)
        self._queues_read_at = now

    def _find(self, item: Item, on_hand: NDArray[np.int64], confidence: float) -> NDArray[np.int64]:
        """The units (N) of an item that are there with a confidence, of those on hand (N), as is known now."""
        rates = self.find_rates.of(item.sku, item.category)
        # Of another size is the network of a decision that began before this one: as if nothing were known of finding.
        return findable(on_hand, rates, confidence) if rates.size == on_hand.size else on_hand

    def _turn(self, now: datetime) -> None:
        """Let what was put off take effect once its time has come."""
        if self._policy_turns_at is None or now < self._policy_turns_at:
            return
        self._in_force = self._routings.in_force(now)
        self._policy = self._routings.value(self._in_force.base) or self.base
        self._policy_turns_at = self._routings.next_change(now)

    def _turn_rules(self, now: datetime) -> None:
        """Let rules of exposure begin or end once their time has come."""
        compiled = compile_exposure(self.exposure_documents(now), now)
        self._exposure = None
        if compiled.has_rules:
            self._exposure = Exposure(compiled, self.consumed, self.sales, self.findable)
        turns = [at for at in (compiled.valid_until, self._rules.next_change(now)) if at is not None]
        self._rules_turn_at = min(turns, default=None)

    def _counted(self) -> set[str]:
        """The rules, now or later, against which something may be counted."""
        named = [(label.rpartition("@")[0], rules) for label, rules in self._rules.values()]
        counted = {f"{name}/{rule.name}" for name, rules in named for rule in rules.protections}
        return counted | {f"{name}/{rule.name}" for name, rules in named for rule in rules.allocations}


def first_day(now: datetime) -> date:
    """The first day of which promises still matter, in any time zone."""
    return now.date() - timedelta(days=1)


def _counts_days(network: Network) -> bool:
    """Whether anything is promised of the days of its nodes: of limited ones, and of lockers."""
    return network.limits is not None or network.has_lockers


def _put_days(network: Network, days: Iterable[tuple[Slot, int]]) -> None:
    if _counts_days(network):
        for slot, used in days:
            network.load.put(slot, used)
