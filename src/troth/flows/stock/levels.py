"""Watching levels of stock: whenever stock of an item moved, what channels are told of it is found again, and where it
is another level than before that is an event. The ledger is read behind a cursor; after a crash what was not written
is looked at again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from troth.engine.supply.available_to_sell import Stock, StockStatus, low_stock_max
from troth.engine.supply.stock_levels import Thresholds, next_level
from troth.flows.door.system import System
from troth.flows.stock.availability import Answered, Asked, Availability, read_availability
from troth.flows.wording.stock_messages import stock_message
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.measure import scale_of
from troth.model.messages import LowStock
from troth.model.stock_level_events import StockLevelChanged
from troth.model.value import dataclass
from troth.store.database import transaction
from troth.store.events import append_event
from troth.store.reference import bump_version
from troth.store.stock_levels import (
    STOCK_LEVELS,
    LevelKey,
    StockLevel,
    find_kits_of,
    find_moved_skus,
    pass_moved,
    read_levels,
    try_watching,
    write_levels,
)

ACTOR: Final = "stock levels"
ENTRIES_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class _Told:
    """A level that a channel is told now, of which stock, and in which words."""

    key: LevelKey
    level: StockStatus
    stock: Stock
    message: str


async def watch_levels(system: System, *, limit: int = ENTRIES_MAX) -> int:
    """Look after the levels of what moved since the last time; how many entries of the ledger were looked at."""
    async with transaction(system.pool) as connection:
        if not await try_watching(connection):
            return 0
        moved = await find_moved_skus(connection, limit=limit)
        if moved is None:
            return 0
        await system.door.follow()  # what moved is seen here, too
        now = system.door.now()
        # Kits have no stock that moves: how many there are follows from their components.
        skus = {*moved.skus, *(await find_kits_of(connection, moved.skus) if watched(system, now) else ())}
        before = await read_levels(connection, skus)
        told = await _find_told(system, skus, before, now)
        written = [
            StockLevel(one.key, one.level, one.stock.available, now)
            for one in told
            if one.key not in before or before[one.key].level is not one.level
        ]
        await write_levels(connection, written)
        for one in told:
            was = before.get(one.key)
            if was is not None and was.level is not one.level:
                await append_event(connection, _event(one, was.level, now), subject=one.key[0], at=now, actor=ACTOR)
        if written:
            await bump_version(connection, STOCK_LEVELS)
        await pass_moved(connection, moved)
    return moved.entries


async def _find_told(
    system: System, skus: Collection[Sku], before: Mapping[LevelKey, StockLevel], now: datetime
) -> list[_Told]:
    """What every channel that is watched is told of some SKUs."""
    found: list[_Told] = []
    await system.door.reference.need_items(skus)
    items = system.door.reference.items
    known = [sku for sku in sorted(skus) if sku in items]
    for channel, rule in watched(system, now):
        answered = await read_availability(
            system, known, channel=channel, asked=Asked(has_columns=True) if rule.by_node else None
        )
        if not isinstance(answered, Answered):
            raise RuntimeError(f"cannot see what may be sold: {answered}")
        for one in answered.items:
            found += _tell(system, one, channel, rule, answered.columns_of or (), before, now)
    return found


def watched(system: System, now: datetime) -> list[tuple[str, LowStock]]:
    """The channels (empty: all) whose levels are watched, each with the entry that says so; of equals the first."""
    found: dict[str, LowStock] = {}
    for _, (_, document) in system.door.reference.message_documents(now):
        for entry in document.low_stock:
            for channel in entry.channels or ("",):
                if entry.leave_units is not None:
                    found.setdefault(channel, entry)
    return sorted(found.items())


def thresholds_of(rule: LowStock, item: Item) -> Thresholds:
    """The thresholds of an item: the item says itself from how many units on few are left, where it does."""
    scale = scale_of(item.decimals)
    enter = low_stock_max(item, rule.units)
    leave = max(enter, (rule.units if rule.leave_units is None else rule.leave_units) * scale)
    return Thresholds(enter, leave, rule.back_units * scale)


def _tell(
    system: System,
    one: Availability,
    channel: str,
    rule: LowStock,
    nodes: Sequence[NodeId],
    before: Mapping[LevelKey, StockLevel],
    now: datetime,
) -> Iterable[_Told]:
    """The level of one SKU over all nodes, and at each that hands over to customers and has, or had, some of it."""
    network, item = system.door.reference.network, one.terms.item
    voice = system.door.reference.wording_at(now).voice(channel)
    at = thresholds_of(rule, item)

    def told(stock: Stock, node: NodeId | None) -> _Told:
        key = (one.sku, channel, node or "")
        was = before.get(key)
        level = next_level(None if was is None else was.level, stock, at)
        shown = Stock(
            stock.available,
            stock.incoming,
            stock.next_supply_at,
            at.leave if level is StockStatus.LOW_STOCK else at.enter,
            item.decimals,
            stock.next_node,
            stock.next_source,
        )
        is_elsewhere = node is not None and one.stock.available > 0
        message = stock_message(shown, network, now, voice, brand=item.brand, node=node, is_elsewhere=is_elsewhere)
        return _Told(key, level, stock, message)

    yield told(one.stock, None)
    if one.columns is None:
        return
    for at_node, node in enumerate(nodes):
        units = int(one.columns.available[at_node])
        if network.is_pickup[network.index[node]] and (units or (one.sku, channel, node) in before):
            yield told(Stock(units, 0, None, decimals=item.decimals), node)


def _event(one: _Told, before: StockStatus, now: datetime) -> StockLevelChanged:
    sku, channel, node = one.key
    return StockLevelChanged(
        sku,
        channel,
        NodeId(node) if node else None,
        before.value,
        one.level.value,
        one.stock.available,
        one.stock.next_supply_at,
        one.message,
        now,
    )
