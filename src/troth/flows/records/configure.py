"""Reference data that is set: nodes and items, each change recorded with who made it and what was there before.

Changes of one family wait for each other, so that what an event calls `before` is what the change replaced.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, TypeVar

import msgspec

from troth.flows.door.expected import ANYTHING, Expected
from troth.flows.door.system import System
from troth.flows.edi.links import find_link_flaws
from troth.model.events import ConfigurationSet
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.network import Node
from troth.model.refusals import FieldFlaw, Invalid, VersionConflict
from troth.model.value import dataclass
from troth.store.balances import lock_stock_of
from troth.store.configure import append_configuration_events, lock_family
from troth.store.database import Pool, transaction
from troth.store.reference import (
    Versioned,
    read_item,
    read_items,
    read_node,
    read_nodes,
    write_items,
    write_nodes,
)

T = TypeVar("T", Node, Item)

_ROWS_MAX: Final = 5_000


class DecimalsKeptError(Exception):
    """Undoes a load of items: there is stock of one that is kept with other decimals."""

    def __init__(self, sku: Sku, decimals: int) -> None:
        super().__init__(f"item {sku}: there is stock that is kept with {decimals} decimals")


@dataclass(frozen=True, slots=True)
class Set:
    """A piece of reference data after it was set: its version, and whether it came to be just now."""

    version: int
    is_new: bool


async def set_node(
    system: System, node: Node, *, actor: str, expected: Expected = ANYTHING
) -> Set | VersionConflict | Invalid:
    """Create or replace a node, which orders in this process see from then on; unchanged content writes nothing.

    A trading partner by which it is told of its work has to be there, and to speak for it.
    """
    async with transaction(system.pool) as connection:
        await lock_family(connection, "nodes")
        before = await read_node(connection, node.node)
        done = _settled(before, node, expected)
        if done is not None:
            return done
        flaws = await find_link_flaws(connection, node)
        if flaws:
            return Invalid(flaws)
        at = system.door.now()
        version = (await write_nodes(connection, (node,), at))[node.node]
        event = _event("node", node.node, node, before.value if before else None)
        await append_configuration_events(connection, (event,), at=at, actor=actor)
    await system.door.follow()
    return Set(version, before is None)


async def set_item(
    system: System, item: Item, *, actor: str, expected: Expected = ANYTHING
) -> Set | VersionConflict | Invalid:
    """Create or replace an item, which orders in this process see from then on; unchanged content writes nothing.

    Its decimals stay what they are while there is stock of it, or any is expected.
    """
    async with transaction(system.pool) as connection:
        await lock_family(connection, "items")
        before = await read_item(connection, item.sku)
        done = _settled(before, item, expected)
        if done is not None:
            return done
        if before is not None and before.value.decimals != item.decimals:
            held = await lock_stock_of(connection, item.sku)
            if any(one.on_hand or one.reserved for one in held):
                return Invalid((FieldFlaw("/decimals", f"there is stock that is kept with {before.value.decimals}"),))
        at = system.door.now()
        version = (await write_items(connection, (item,), at))[item.sku]
        event = _event("item", item.sku, item, before.value if before else None)
        await append_configuration_events(connection, (event,), at=at, actor=actor)
    await system.door.follow()
    return Set(version, before is None)


async def set_nodes(pool: Pool, nodes: Iterable[Node], *, actor: str) -> int:
    """Create or replace many nodes; how many were new or changed. Of two with one id the last wins."""
    changed = 0
    for chunk in _chunks(nodes, lambda node: node.node):
        at = datetime.now(UTC)
        async with transaction(pool) as connection:
            await lock_family(connection, "nodes")
            known: dict[NodeId, Node] = {node.node: node for node in await read_nodes(connection)}
            new = [node for node in chunk if known.get(node.node) != node]
            if new:
                await write_nodes(connection, new, at)
                events = [_event("node", node.node, node, known.get(node.node)) for node in new]
                await append_configuration_events(connection, events, at=at, actor=actor)
        changed += len(new)
    return changed


async def set_items(
    pool: Pool, items: Iterable[Item], *, actor: str, progress: Callable[[int], None] | None = None
) -> int:
    """Create or replace many items; how many were new or changed. Of two with one SKU the last of its chunk wins.
    Raises DecimalsKeptError where one has other decimals than its stock.

    `progress` is told after each transaction how many were looked at.
    """
    changed = seen = 0
    for chunk in _chunks(items, lambda item: item.sku):
        at = datetime.now(UTC)
        async with transaction(pool) as connection:
            await lock_family(connection, "items")
            known: Mapping[Sku, Item] = await read_items(connection, [item.sku for item in chunk])
            new = [item for item in chunk if known.get(item.sku) != item]
            rescaled = [item for item in new if known.get(item.sku, item).decimals != item.decimals]
            for item in rescaled:
                if any(one.on_hand or one.reserved for one in await lock_stock_of(connection, item.sku)):
                    raise DecimalsKeptError(item.sku, known[item.sku].decimals)
            if new:
                await write_items(connection, new, at)
                events = [_event("item", item.sku, item, known.get(item.sku)) for item in new]
                await append_configuration_events(connection, events, at=at, actor=actor)
        changed += len(new)
        seen += len(chunk)
        if progress is not None:
            progress(seen)
    return changed


def _settled(before: Versioned[T] | None, after: T, expected: Expected) -> Set | VersionConflict | None:
    """What is answered without writing: a lost race, or that it is so already."""
    conflict = expected.refuse(before.version if before else None)
    if conflict is not None:
        return conflict
    if before is not None and before.value == after:
        return Set(before.version, is_new=False)
    return None


def _event(what: str, id_: str, after: T, before: T | None) -> ConfigurationSet:
    return ConfigurationSet(what, id_, _plain(after), before=None if before is None else _plain(before))


def _plain(value: T) -> Mapping[str, Any]:
    plain: Mapping[str, Any] = msgspec.to_builtins(value)
    return plain


def _chunks(values: Iterable[T], id_of: Callable[[T], str]) -> Iterable[Sequence[T]]:
    remaining = iter(values)
    while chunk := list(islice(remaining, _ROWS_MAX)):
        yield list({id_of(value): value for value in chunk}.values())
