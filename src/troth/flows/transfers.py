"""Transfers between nodes: planned as a document, then shipped, received or lost line by line."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import asyncpg
import msgspec

from troth.engine.context import Decision
from troth.flows.access import Actor
from troth.flows.configure import Set
from troth.flows.door import Door
from troth.flows.expected import ANYTHING, Expected
from troth.flows.requests import Accepted, Answer, Key, Outcome, Request
from troth.flows.stock_lines import why_not_by_piece
from troth.flows.system import System
from troth.model.events import ConfigurationSet
from troth.model.ids import OrderId
from troth.model.inventory import EntryKind
from troth.model.lifecycle import TransferEvent
from troth.model.refusals import Busy, FieldFlaw, Invalid, NotFound, Refusal, VersionConflict
from troth.model.transfer import Transfer, TransferLine, TransitState
from troth.model.transfer_moves import LoseTransfer, ReceiveTransfer, ShipTransfer, TransferCommand, TransferUnits
from troth.store.configure import append_configuration_events
from troth.store.database import Connection, transaction
from troth.store.orders import find_orders_pegged
from troth.store.reference import Versioned
from troth.store.transfers import find_transfers, lock_transfer, read_transfer, read_transits, write_transfer

# Moving one holds a connection while the door needs another: one at a time, so that the pool cannot run dry.
_turns: "WeakKeyDictionary[Door, asyncio.Lock]" = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class TransferNow:
    """A transfer and where the units of each line are, in the order of its lines."""

    transfer: Transfer
    states: tuple[TransitState, ...]


@dataclass(frozen=True, slots=True)
class Moving:
    """What shall happen to a transfer's units: by line number, or where there are none to all that it can happen to."""

    event: TransferEvent
    quantities: Mapping[int, int]
    reason: str = ""


class _Refused(Exception):
    """Undoes the transaction: the door refused."""

    def __init__(self, why: Refusal) -> None:
        super().__init__()
        self.why = why


async def set_transfer(
    system: System, transfer_id: str, transfer: Transfer, *, actor: Actor, expected: Expected = ANYTHING
) -> Set | Refusal:
    """Create or replace a transfer. What has left already can be expected at another time, and nothing else."""
    flaws = await _find_flaws(system, transfer_id, transfer, actor)
    if flaws:
        return Invalid(flaws)
    try:
        async with _turn(system), transaction(system.pool) as connection:
            return await _set(system, connection, transfer_id, transfer, actor=actor, expected=expected)
    except _Refused as refused:
        return refused.why
    except asyncpg.LockNotAvailableError:
        return Busy(1)


async def move_transfer(
    system: System,
    transfer_id: str,
    moving: Moving,
    *,
    actor: Actor,
    key: Key | None = None,
    render: Callable[[TransferNow | Refusal], Answer],
) -> Answer:
    """Ship, receive or lose units, all that are named or none; the answer that `render` makes of what it came to."""
    try:
        async with _turn(system), transaction(system.pool) as connection:
            await lock_transfer(connection, transfer_id)
            found = await _read(connection, transfer_id)
            refusal = _refuse(found, transfer_id, moving, actor)
            if refusal is not None or found is None:
                return render(refusal or NotFound("transfer", transfer_id))
            now = found.value
            command = _command(transfer_id, now, moving, await _find_waiting(connection, transfer_id, now.transfer))

            def answer(outcomes: tuple[Outcome, ...]) -> Answer:
                done = outcomes[0]
                return render(_after(transfer_id, now, done.decision) if isinstance(done, Accepted) else done)

            result = await system.door.submit(
                Request((command,), actor.name, key=key, answer=None if key is None else answer)
            )
            return result.answer or answer(result.outcomes)
    except asyncpg.LockNotAvailableError:
        return render(Busy(1))


async def read(system: System, transfer_id: str) -> Versioned[TransferNow] | None:
    """A transfer as it is now, if it is there."""
    async with system.pool.acquire() as connection:
        return await _read(connection, transfer_id)


async def find(
    system: System, *, nodes: Sequence[str] | None = None, after: str | None = None, limit: int
) -> list[tuple[str, TransferNow]]:
    """A page of transfers from or to any of the nodes, by id."""
    async with system.pool.acquire() as connection:
        found = await find_transfers(connection, nodes=nodes, after=after, limit=limit)
        keys = [one.value.transit_key(id_, line) for id_, one in found for line in one.value.lines]
        states = iter(await read_transits(connection, keys))
    return [(id_, TransferNow(one.value, tuple(next(states) for _ in one.value.lines))) for id_, one in found]


# Setting ----------------------------------------------------------------------------------------


async def _set(
    system: System,
    connection: Connection,
    transfer_id: str,
    transfer: Transfer,
    *,
    actor: Actor,
    expected: Expected,
) -> Set | Refusal:
    await lock_transfer(connection, transfer_id)
    found = await _read(connection, transfer_id)
    conflict: VersionConflict | None = expected.refuse(found.version if found else None)
    if conflict is not None:
        return conflict
    before = found.value if found else None
    if found is not None and found.value.transfer == transfer:
        return Set(found.version, is_new=False)
    if before is not None:
        if not _may(actor, before.transfer):
            return Invalid((FieldFlaw("", "is between nodes that you are not bound to"),))
        flaws = _moved_flaws(before, transfer)
        if flaws:
            return Invalid(flaws)
    at = system.door.now()
    version = await write_transfer(connection, transfer_id, transfer, at)
    event = ConfigurationSet(
        "transfer",
        transfer_id,
        msgspec.to_builtins(transfer),
        before=None if before is None else msgspec.to_builtins(before.transfer),
    )
    await append_configuration_events(connection, (event,), at=at, actor=actor.name)
    if before is not None and before.transfer.expected_at != transfer.expected_at:
        on_way = tuple(
            TransferUnits(line.line, line.sku, line.quantity, 0)
            for line, state in zip(before.transfer.lines, before.states, strict=True)
            if state.in_transit
        )
        if on_way:
            rescheduled = ShipTransfer(transfer_id, transfer.sender, transfer.receiver, on_way, transfer.expected_at)
            outcome = await system.door.one(rescheduled, actor=actor.name)
            if not isinstance(outcome, Accepted):
                raise _Refused(outcome)
    return Set(version, is_new=before is None)


def _moved_flaws(before: TransferNow, after: Transfer) -> tuple[FieldFlaw, ...]:
    """What a new version would say otherwise of units that have left already."""
    shipped = {
        line.line: (line, state.shipped)
        for line, state in zip(before.transfer.lines, before.states, strict=True)
        if state.shipped
    }
    if not shipped:
        return ()
    flaws = [
        FieldFlaw(f"/{field}", f"is {was} for what has left already")
        for field, was, is_ in (
            ("from", before.transfer.sender, after.sender),
            ("to", before.transfer.receiver, after.receiver),
        )
        if was != is_
    ]
    places = {line.line: (place, line) for place, line in enumerate(after.lines)}
    for number, (line, units) in shipped.items():
        if number not in places:
            flaws.append(FieldFlaw("/lines", f"{units} units of line {number} have left already"))
        elif places[number][1].sku != line.sku:
            flaws.append(FieldFlaw(f"/lines/{places[number][0]}/sku", f"is {line.sku} for what has left already"))
        elif places[number][1].quantity < units:
            flaws.append(FieldFlaw(f"/lines/{places[number][0]}/quantity", f"{units} units have left already"))
    return tuple(flaws)


async def _find_flaws(system: System, transfer_id: str, transfer: Transfer, actor: Actor) -> tuple[FieldFlaw, ...]:
    reference = system.door.reference
    await reference.need_items({line.sku for line in transfer.lines})
    ends = (("/from", transfer.sender), ("/to", transfer.receiver))
    if any(node not in reference.network.index for _, node in ends):
        await system.door.follow()
    flaws = [FieldFlaw(at, f"there is no node {node}") for at, node in ends if node not in reference.network.index]
    if transfer.sender == transfer.receiver:
        flaws.append(FieldFlaw("/to", "is where the units are already"))
    elif not _may(actor, transfer):
        flaws.append(FieldFlaw("/from", "is between nodes that you are not bound to"))
    if "/" in transfer_id:
        flaws.append(FieldFlaw("transfer_id", "must not contain a slash"))
    seen: set[int] = set()
    for place, line in enumerate(transfer.lines):
        if line.line in seen:
            flaws.append(FieldFlaw(f"/lines/{place}/line", f"line {line.line} occurs twice"))
        seen.add(line.line)
        if line.sku not in reference.items:
            flaws.append(FieldFlaw(f"/lines/{place}/sku", f"there is no item {line.sku}"))
        elif why := why_not_by_piece(reference.items[line.sku]):
            flaws.append(FieldFlaw(f"/lines/{place}/sku", why))
    return tuple(flaws)


# Moving -----------------------------------------------------------------------------------------


def _refuse(found: Versioned[TransferNow] | None, transfer_id: str, moving: Moving, actor: Actor) -> Refusal | None:
    """Why nothing can be moved, before anything is looked at under lock."""
    if found is None:
        return NotFound("transfer", transfer_id)
    transfer = found.value.transfer
    if not _may(actor, transfer):
        return NotFound("transfer", transfer_id)
    acting = transfer.sender if moving.event is TransferEvent.SHIP else transfer.receiver
    if moving.event is not TransferEvent.LOSE and not actor.may_at(acting):
        return Invalid((FieldFlaw("", f"you are not bound to node {acting}, where this happens"),))
    known = {line.line for line in transfer.lines}
    flaws = tuple(
        FieldFlaw(f"/lines/{place}/line", f"there is no line {number}")
        for place, number in enumerate(moving.quantities)
        if number not in known
    )
    if flaws:
        return Invalid(flaws)
    if not _lines(found.value, moving):
        return Invalid((FieldFlaw("/lines", f"there is nothing left to {moving.event.value}"),))
    return None


def _lines(now: TransferNow, moving: Moving) -> tuple[TransferUnits, ...]:
    """The units that are meant, in the order in which they were named."""
    by_number = {line.line: line for line in now.transfer.lines}
    if moving.quantities:
        return tuple(_units(by_number[number], units) for number, units in moving.quantities.items())
    left = (
        (line, line.quantity - state.shipped if moving.event is TransferEvent.SHIP else state.in_transit)
        for line, state in zip(now.transfer.lines, now.states, strict=True)
    )
    return tuple(_units(line, units) for line, units in left if units > 0)


def _units(line: TransferLine, units: int) -> TransferUnits:
    return TransferUnits(line.line, line.sku, line.quantity, units)


def _command(transfer_id: str, now: TransferNow, moving: Moving, orders: tuple[OrderId, ...]) -> TransferCommand:
    transfer, lines = now.transfer, _lines(now, moving)
    match moving.event:
        case TransferEvent.SHIP:
            return ShipTransfer(transfer_id, transfer.sender, transfer.receiver, lines, transfer.expected_at)
        case TransferEvent.RECEIVE:
            return ReceiveTransfer(transfer_id, transfer.receiver, lines, orders)
        case TransferEvent.LOSE:
            return LoseTransfer(transfer_id, transfer.receiver, lines, moving.reason)


async def _find_waiting(connection: Connection, transfer_id: str, transfer: Transfer) -> tuple[OrderId, ...]:
    """The orders that wait for units of this transfer."""
    keys = [transfer.transit_key(transfer_id, line) for line in transfer.lines]
    found = [await find_orders_pegged(connection, [key.source], key.sku, key.node) for key in keys]
    return tuple(sorted({order_id for orders in found for order_id in orders}))


def _after(transfer_id: str, now: TransferNow, decision: Decision) -> TransferNow:
    """The transfer after what was decided, by the entries."""
    states = []
    for line, state in zip(now.transfer.lines, now.states, strict=True):
        key = now.transfer.transit_key(transfer_id, line)
        for entry in decision.entries:
            if entry.key != key:
                continue
            state = replace(state, reserved=state.reserved + entry.reserved_delta)
            match entry.kind:
                case EntryKind.EXPECT:
                    state = replace(state, shipped=state.shipped + entry.on_hand_delta)
                case EntryKind.RECEIPT:
                    state = replace(state, received=state.received - entry.on_hand_delta)
                case EntryKind.ADJUSTMENT:
                    state = replace(state, lost=state.lost - entry.on_hand_delta)
                case _:
                    pass
        states.append(state)
    return TransferNow(now.transfer, tuple(states))


async def _read(connection: Connection, transfer_id: str) -> Versioned[TransferNow] | None:
    found = await read_transfer(connection, transfer_id)
    if found is None:
        return None
    transfer = found.value
    states = await read_transits(connection, [transfer.transit_key(transfer_id, line) for line in transfer.lines])
    return Versioned(TransferNow(transfer, tuple(states)), found.version)


def _turn(system: System) -> asyncio.Lock:
    return _turns.setdefault(system.door, asyncio.Lock())


def _may(actor: Actor, transfer: Transfer) -> bool:
    """Whether a transfer has to do with a node of the actor's."""
    return actor.may_at(transfer.sender) or actor.may_at(transfer.receiver)
