"""Reference data as it was: what is there now, with everything that was set since undone, the newest first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from troth.engine.carriage.network import Network, compile_network
from troth.engine.carriage.rate_cards import BEFORE_BOXES, DELIVERY_BEFORE_BOXES, FIRST_CARDS, FIRST_DELIVERY
from troth.engine.promising.record import digest_network
from troth.engine.rules.weights import looks_at_sales, policy_of
from troth.engine.supply.unit_prices import UnitPrices
from troth.flows.documents.families import LANE_TABLES, RATE_CARDS, ROUTINGS
from troth.flows.documents.standing import Standing
from troth.flows.door.system import System
from troth.flows.memory.offered import compile_offered, join_tables, offer_cards, with_region_code
from troth.flows.memory.price_memory import PriceMemory
from troth.model.events import ConfigurationSet
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.lanes import LaneTable
from troth.model.network import Node, RateCard
from troth.model.policy import Policy
from troth.store.configure import read_changes_since, subject_of
from troth.store.documents import read_document
from troth.store.reference import read_items, read_nodes
from troth.store.unit_prices import read_last_sales_change, read_price_set

_LAG: Final = timedelta(seconds=5)
"""How much older than its instant the network may be that a decision saw."""

_STEPS_MAX: Final = 50

T = TypeVar("T")


async def recall_network(system: System, at: datetime, digest: str) -> Network | None:
    """The network of this digest as it was known around an instant; None where the log does not lead back to it."""
    current = system.door.reference.network
    if digest_network(current) == digest:
        return current
    async with system.pool.acquire() as connection:
        documents = {node.node: msgspec.to_builtins(node) for node in await read_nodes(connection)}
        changes = await read_changes_since(connection, at - _LAG, what=("node",))
        cards = Standing(RATE_CARDS, lambda card, _: card)
        await cards.read(connection, at)
        tables = Standing(LANE_TABLES, lambda table, _: table)
        await tables.read(connection, at)
    named, lanes = list(cards.values_in_force(at)), join_tables(tables.values_in_force(at))
    offered, first = offer_cards(named), offer_cards(named, FIRST_CARDS, FIRST_DELIVERY)
    earlier = offer_cards(named, BEFORE_BOXES, DELIVERY_BEFORE_BOXES)
    steps = 0
    for set_at, change in [*changes, (None, None)]:
        if set_at is None or set_at <= at + _LAG:
            nodes = [msgspec.convert(document, Node) for document in documents.values()]
            for network in _compile_ways(nodes, (offered, earlier, first), lanes):
                if digest_network(network) == digest:
                    return network
            steps += 1
        if change is None or steps > _STEPS_MAX:
            return None
        _undo(documents, change)
    return None


def _compile_ways(
    nodes: Sequence[Node], cards: tuple[Sequence[RateCard], Sequence[RateCard], Sequence[RateCard]], lanes: LaneTable
) -> Iterator[Network]:
    """The network as it is compiled now, as it was before public holidays were kept, and before cards had a reach."""
    now, earlier, first = cards
    yield compile_offered(nodes, now, lanes)
    yield compile_network([with_region_code(node) for node in nodes], earlier, lanes)
    yield compile_network(nodes, first, lanes)


async def recall_items(system: System, at: datetime, skus: Iterable[Sku]) -> Mapping[Sku, Item]:
    """The items of these SKUs as they were at an instant; those that were not there are left out."""
    wanted = sorted(set(skus))
    async with system.pool.acquire() as connection:
        documents: dict[str, Any] = {
            sku: msgspec.to_builtins(item) for sku, item in (await read_items(connection, wanted)).items()
        }
        subjects = [subject_of("item", sku) for sku in wanted]
        for set_at, change in await read_changes_since(connection, at, subjects=subjects):
            if set_at > at:
                _undo(documents, change)
    return {Sku(sku): msgspec.convert(document, Item) for sku, document in documents.items()}


async def recall_policy(system: System, version: str) -> Policy | None:
    """The policy of this version; None where there is none (any more)."""
    base = system.door.reference.base
    if version == base.version:
        return base
    name, _, number = version.rpartition("@")
    if not number.isdigit():
        return None
    async with system.pool.acquire() as connection:
        document = await read_document(connection, ROUTINGS.key, name, int(number))
    if document is None:
        return None
    routing = ROUTINGS.read(msgspec.json.decode(document.body))
    return None if isinstance(routing, tuple) else policy_of(routing, document.label, base)


async def recall_prices(
    system: System, at: datetime, version: str, policy: Policy, skus: Iterable[Sku]
) -> UnitPrices | str | None:
    """The unit prices of this version (empty: none were applied) and what nodes sold, where the policy looks at that;
    or what is no longer at hand of them. What was sold is not kept: it is at hand as long as it did not change.
    """
    wanted, with_sales = sorted(set(skus)), looks_at_sales(policy)
    async with system.pool.acquire() as connection:
        found = await read_price_set(connection, version) if version else None
        if version and found is None:
            return f"the unit prices {version}"
        changed_at = await read_last_sales_change(connection, wanted) if with_sales else None
    if changed_at is not None and changed_at > at - _LAG:
        return "what the nodes sold then"
    return await PriceMemory(found).need(system.pool, wanted, with_sales=with_sales)


def _undo(documents: dict[Any, Any], change: ConfigurationSet) -> None:
    if change.before is None:
        documents.pop(change.id, None)
    else:
        documents[change.id] = change.before
