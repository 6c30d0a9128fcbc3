"""What becomes of promises when supply moves: found in the ledger, decided by rank, written through the one door.

A worker reads the ledger behind a cursor. Where a supply is short of what it promised, the least important give way,
and where a lot no longer lasts, all for whom it does not; where supply comes at another time, its orders are looked at;
and whenever supply of a SKU moved, those who wait for it are tried. The cursor moves on when all of it is done: after a
crash it is done again, and what was done already changes nothing.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Final

from troth.engine.priority import in_order_of_rank
from troth.engine.shares import divide_short, parts_given, tell_classes
from troth.engine.supply.overdue import is_counted_out
from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System
from troth.flows.door.waiting import find_tried, tried
from troth.flows.orders.due import ACTOR
from troth.flows.orders.spoiled import find_spoiled
from troth.flows.orders.supply_reasons import tell_late, tell_lost, tell_overdue, tell_units
from troth.model.commands import LostUnits, RepromiseOrder
from troth.model.ids import OrderId
from troth.model.inventory import Balance, EntryKind, SupplyKey
from troth.model.lifecycle import AllocationState
from troth.model.order import Allocation, Order
from troth.model.refusals import Busy, VersionConflict
from troth.model.value import dataclass
from troth.store.database import UNAVAILABLE, Connection, transaction
from troth.store.orders import read_orders
from troth.store.parked import find_unlooked_orders, mark_looked
from troth.store.repromise import (
    SupplyMove,
    find_missed_backorders,
    find_orders_pegged_to,
    find_supply_moves,
    read_ledger_cursor,
    read_reserved,
    read_supplies,
    try_repromise,
    write_ledger_cursor,
)

LOOK_AFTER: Final = timedelta(minutes=15)
"""Units that wait are tried at least this often, also where no stock of theirs moved: nodes and rules change, too."""

_SAY_LAST_DAY: Final = frozenset({EntryKind.COUNT, EntryKind.RECEIPT, EntryKind.ADJUSTMENT})
"""What may come with another last day of a lot."""
_MOVES_MAX: Final = 2_000
_LOOKS_MAX: Final = 200
_ATTEMPTS: Final = 3
_TOGETHER_MAX: Final = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """How many orders changed, and whether there may be more to look after at once."""

    changed: int
    has_more: bool


@dataclass(slots=True)
class _Done:
    """What came of commands: how many changed an order, and whether any has to be decided again."""

    changed: int = 0
    is_open: bool = False


@dataclass(slots=True)
class _Giving:
    """The orders that lose units, as they were looked at, their parts with the units, and how what is left of each
    supply is divided among the classes of customers, in words.
    """

    orders: dict[OrderId, Order] = field(default_factory=dict)
    parts: dict[OrderId, list[tuple[Allocation, int]]] = field(default_factory=dict)
    divided: dict[SupplyKey, str] = field(default_factory=dict)


async def repromise_moved(system: System, *, limit: int = _MOVES_MAX) -> Round:
    """Look after what moved supplies since the last time; one worker does, another one that comes meanwhile has
    nothing.
    """
    async with transaction(system.pool) as connection:
        if not await try_repromise(connection):
            return Round(0, has_more=False)
        moves = await find_supply_moves(connection, await read_ledger_cursor(connection), limit=limit)
        if not moves:
            return Round(0, has_more=False)
        changed = 0
        for _ in range(_ATTEMPTS):
            done = await _look_after(system, connection, moves)
            changed += done.changed
            if not done.is_open:
                await write_ledger_cursor(connection, moves[-1].position)
                return Round(changed, has_more=len(moves) == limit)
        return Round(changed, has_more=True)


async def try_parked(system: System, now: datetime, *, limit: int = _LOOKS_MAX) -> int:
    """Try the units again that lie nowhere and were not tried for a while; how many orders changed."""
    async with transaction(system.pool) as connection:
        if not await try_repromise(connection):
            return 0
        found = await find_unlooked_orders(connection, now - LOOK_AFTER, limit=limit)
        if not found:
            return 0
        commands = tried(await read_orders(connection, found), system.door.reference.policy, reason="tried again")
        done = await _submit(system, [commands])
        await mark_looked(connection, found, now)
    return done.changed


async def repromise_overdue(system: System, now: datetime, *, limit: int = _MOVES_MAX) -> int:
    """Promise anew what should have left by now out of supply that is overdue; how many orders changed.

    What is overdue is counted on as much later again as it is late, so each order is told twice as late each time. Who
    waits for what nobody counts on any more gives it up, and calls a person where there is nothing else.
    """
    async with transaction(system.pool) as connection:
        if not await try_repromise(connection):
            return 0
        orders = await read_orders(connection, await find_missed_backorders(connection, now, limit=limit))
        awaited = {part.key for order in orders.values() for part in _backordered(order)}
        supplies = await read_supplies(connection, awaited)
        counted_out = {one.key for one in supplies if is_counted_out(one.expected_at, now)}
        commands = []
        for order in in_order_of_rank(orders.values(), system.door.reference.policy):
            missed = _missed_supplies(order, now, counted_out)
            commands.append(RepromiseOrder(order.order_id, tell_overdue(missed), moved=missed))
        done = await _submit(system, _chunks(commands))
    return done.changed


def _missed_supplies(order: Order, now: datetime, counted_out: Collection[SupplyKey]) -> tuple[SupplyKey, ...]:
    """The supplies still to come out of which something of an order should have left, or that are counted out."""
    leaves_by = {work.fulfillment_id: work.ship_by for work in order.fulfillments}
    waiting = _backordered(order)
    missed = {part.key for part in waiting if leaves_by[part.fulfillment_id] < now or part.key in counted_out}
    return tuple(sorted(missed))


def _backordered(order: Order) -> list[Allocation]:
    return [part for part in order.allocations if part.state is AllocationState.BACKORDERED]


async def _look_after(system: System, connection: Connection, moves: Sequence[SupplyMove]) -> _Done:
    """First all give way who have to, then everybody who is concerned is promised anew, the most important first."""
    policy = system.door.reference.policy
    supplies = await read_supplies(connection, {move.key for move in moves})
    expected = {move.key for move in moves if move.kind is EntryKind.EXPECT}
    giving = await _who_gives_way(system, connection, supplies)
    said = {move.key for move in moves if move.kind in _SAY_LAST_DAY}
    spoiled = await find_spoiled(system, connection, [balance for balance in supplies if balance.key in said])
    late = await find_orders_pegged_to(connection, expected)
    orders = await read_orders(connection, {*spoiled, *late} - giving.orders.keys()) | giving.orders
    lost = {
        order_id: ([part.key for part, _units in giving.parts.get(order_id, ())], spoiled.get(order_id, ()))
        for order_id in {**spoiled, **giving.parts}
    }
    # Who holds what does not last loses it first, and so the others lose no more than is missing then.
    given_up = [
        RepromiseOrder(
            order_id,
            tell_lost(*supplies_lost, giving.divided),
            version=orders[order_id].version,
            lost=tuple(LostUnits(part.allocation, part.key, units) for part, units in giving.parts.get(order_id, ())),
            spoiled=spoiled.get(order_id, ()),
        )
        for order_id, supplies_lost in lost.items()
        if order_id in orders
    ]
    concerned = []
    for order in in_order_of_rank(orders.values(), policy):
        moved = tuple(sorted({part.key for part in order.allocations} & expected))
        reason = tell_lost(*lost[order.order_id]) if order.order_id in lost else tell_late(moved)
        concerned.append(RepromiseOrder(order.order_id, reason, moved=moved))
    first, rest = concerned[:_TOGETHER_MAX], concerned[_TOGETHER_MAX:]
    done = await _submit(system, [[*given_up, *first], *_chunks(rest)])
    waiting = await find_tried(connection, {move.key for move in moves}, policy, without=orders)
    again = await _submit(system, _chunks(waiting))
    return _Done(done.changed + again.changed, done.is_open or again.is_open)


async def _who_gives_way(system: System, connection: Connection, supplies: Iterable[Balance]) -> _Giving:
    """Who loses units of supplies that are short.

    What carts keep gives way before any order does: a cart ends within the hour, or becomes an order.
    """
    giving = _Giving()
    reference = system.door.reference
    for balance in supplies:
        if balance.reserved <= balance.on_hand:
            continue
        reserved = await read_reserved(connection, balance)
        found = await read_orders(connection, {order_id for order_id, _ in reserved.parts})
        numbers = set(reserved.parts)
        pegged = [
            (order, part)
            for order in found.values()
            for part in order.allocations
            if (order.order_id, part.allocation) in numbers
        ]
        missing = balance.reserved - balance.on_hand - reserved.cart_units
        shares = divide_short(missing, pegged, reference.policy)
        item = reference.items.get(balance.key.sku)
        giving.divided[balance.key] = tell_classes(shares, reference.policy, tell_units(item))
        for order, part, units in parts_given(shares, pegged):
            giving.orders[order.order_id] = order
            giving.parts.setdefault(order.order_id, []).append((part, units))
    return giving


def _chunks(commands: Sequence[RepromiseOrder]) -> list[Sequence[RepromiseOrder]]:
    return [commands[start : start + _TOGETHER_MAX] for start in range(0, len(commands), _TOGETHER_MAX)]


async def _submit(system: System, chunks: Iterable[Sequence[RepromiseOrder]]) -> _Done:
    """Write chunks of commands, each in one transaction, one after the other, since the first choose first."""
    done = _Done()
    for commands in chunks:
        if not commands:
            continue
        try:
            await _submit_together(system, commands, done)
        except UNAVAILABLE:
            raise
        except Exception:
            # One of them cannot be decided: it is left out, and hurts only itself.
            _log.exception("orders cannot be promised anew together")
            for command in commands:
                await _submit_alone(system, command, done)
    return done


async def _submit_alone(system: System, command: RepromiseOrder, done: _Done) -> None:
    try:
        await _submit_together(system, [command], done)
    except UNAVAILABLE:
        raise
    except Exception:
        _log.exception("order %s cannot be promised anew", command.order_id)


async def _submit_together(system: System, commands: Sequence[RepromiseOrder], done: _Done) -> None:
    result = await system.door.submit(Request(tuple(commands), ACTOR, "supply"))
    changed: set[OrderId] = set()
    for command, outcome in zip(commands, result.outcomes, strict=True):
        if isinstance(outcome, Accepted) and outcome.decision.events:
            changed.add(command.order_id)
        done.is_open = done.is_open or isinstance(outcome, Busy | VersionConflict)
    done.changed += len(changed)
