"""A purchase order that is set: what will come, where and when, so that it can be promised before it is there."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

import asyncpg

from troth.flows.door.door import Door
from troth.flows.door.expected import ANYTHING, Expected
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.records.configure import Set
from troth.flows.stock.stock_lines import KIT
from troth.model.commands import ExpectedLine, ExpectSupply
from troth.model.inventory import SupplyKey, purchase_order_source
from troth.model.refusals import Busy, FieldFlaw, Invalid, Refusal, VersionConflict
from troth.model.value import dataclass
from troth.store.database import Connection, transaction
from troth.store.positions import lock_purchase_order, read_expected
from troth.store.purchase_orders import (
    find_expected_supplies,
    find_purchase_orders,
    read_purchase_order,
    write_purchase_order,
)
from troth.store.reference import Versioned

# Setting one holds a connection while the door needs another: one at a time, so that the pool cannot run dry.
_turns: "WeakKeyDictionary[Door, asyncio.Lock]" = WeakKeyDictionary()

Lines = tuple[ExpectedLine, ...]


@dataclass(frozen=True, slots=True)
class LineState:
    """A line of a purchase order, how many of its units arrived, and how many of the others are promised already."""

    line: ExpectedLine
    received: int
    reserved: int


class _Refused(Exception):
    """Undoes the transaction: the supply was refused."""

    def __init__(self, why: Refusal) -> None:
        super().__init__()
        self.why = why


async def expect(
    system: System, number: str, lines: Lines, *, actor: Actor, expected: Expected = ANYTHING
) -> Set | VersionConflict | Refusal:
    """Create or replace a purchase order; lines that it no longer has are withdrawn."""
    flaws = await _find_flaws(system, number, lines, actor)
    if flaws:
        return Invalid(flaws)
    try:
        async with _turns.setdefault(system.door, asyncio.Lock()), transaction(system.pool) as connection:
            return await _set(system, connection, ExpectSupply(number, lines), actor=actor, expected=expected)
    except _Refused as refused:
        return refused.why
    except asyncpg.LockNotAvailableError:
        return Busy(1)


async def read(system: System, number: str) -> Versioned[tuple[LineState, ...]] | None:
    """A purchase order with how far it has arrived, if it is there."""
    async with system.pool.acquire() as connection:
        found = await read_purchase_order(connection, number)
        if found is None:
            return None
        expected = await read_expected(connection, number, [line.sku for line in found.value])
    by_key = {balance.key: balance for balance in expected}
    states = []
    for line in found.value:
        balance = by_key.get(_key(number, line))
        left, reserved = (balance.on_hand, balance.reserved) if balance else (0, 0)
        states.append(LineState(line, line.quantity - left, reserved))
    return Versioned(tuple(states), found.version)


async def find(system: System, *, after: str | None = None, limit: int) -> Sequence[tuple[str, Versioned[Lines]]]:
    """A page of purchase orders by number, as they were last set."""
    async with system.pool.acquire() as connection:
        return await find_purchase_orders(connection, after=after, limit=limit)


async def _set(
    system: System, connection: Connection, command: ExpectSupply, *, actor: Actor, expected: Expected
) -> Set | VersionConflict:
    """Have the supply written by the door, and then the document by this transaction.

    If the machine stops between the two the document is the older one, and setting the purchase order again mends it.
    """
    await lock_purchase_order(connection, command.number)
    before = await read_purchase_order(connection, command.number)
    conflict = expected.refuse(before.version if before else None)
    if conflict is not None:
        return conflict
    if before is not None and not all(actor.may_at(line.node) for line in before.value):
        raise _Refused(Invalid((FieldFlaw("/lines", "has lines of nodes that you are not bound to"),)))
    skus = {line.sku for line in (*command.lines, *(before.value if before else ()))}
    known = await find_expected_supplies(connection, command.number, skus)
    version = await write_purchase_order(connection, command.number, command.lines, system.door.now())
    outcome = await system.door.one(replace(command, known=tuple(known)), actor=actor.name)
    if not isinstance(outcome, Accepted):
        raise _Refused(outcome)
    return Set(version, before is None)


async def _find_flaws(system: System, number: str, lines: Lines, actor: Actor) -> tuple[FieldFlaw, ...]:
    reference = system.door.reference
    await reference.need_items({line.sku for line in lines})
    if any(line.node not in reference.network.index for line in lines):
        await system.door.follow()
    flaws = []
    if "/" in number:
        flaws.append(FieldFlaw("/number", "must not contain a slash"))
    seen: set[int] = set()
    for position, line in enumerate(lines):
        if line.line in seen:
            flaws.append(FieldFlaw(f"/lines/{position}/line", f"line {line.line} occurs twice"))
        seen.add(line.line)
        if line.sku not in reference.items:
            flaws.append(FieldFlaw(f"/lines/{position}/sku", f"there is no item {line.sku}"))
        elif reference.items[line.sku].kit:
            flaws.append(FieldFlaw(f"/lines/{position}/sku", KIT.detail))
        if line.node not in reference.network.index:
            flaws.append(FieldFlaw(f"/lines/{position}/node", f"there is no node {line.node}"))
        elif not actor.may_at(line.node):
            flaws.append(FieldFlaw(f"/lines/{position}/node", f"you are not bound to node {line.node}"))
    return tuple(flaws)


def _key(number: str, line: ExpectedLine) -> SupplyKey:
    return SupplyKey(line.sku, line.node, purchase_order_source(number=number, line=line.line))
