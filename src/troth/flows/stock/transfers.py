"""Transfers between nodes as documents: planned as a whole, and set again as far as nothing has left."""

from collections.abc import Mapping

import asyncpg
import msgspec

from troth.flows.door.expected import ANYTHING, Expected
from troth.flows.door.requests import Accepted
from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.records.configure import Set
from troth.flows.stock.stock_lines import KIT
from troth.flows.stock.transfer_now import TransferNow, may_see, read_now, turn_of, units_of
from troth.model.events import ConfigurationSet
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.measure import PIECE, told
from troth.model.refusals import Busy, FieldFlaw, Invalid, Refusal, VersionConflict
from troth.model.transfer import Transfer, TransferLine
from troth.model.transfer_moves import Consignment, ShipTransfer
from troth.store.configure import append_configuration_events
from troth.store.database import Connection, transaction
from troth.store.transfers import lock_transfer, write_transfer


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
        async with turn_of(system), transaction(system.pool) as connection:
            return await _set(system, connection, transfer_id, transfer, actor=actor, expected=expected)
    except _Refused as refused:
        return refused.why
    except asyncpg.LockNotAvailableError:
        return Busy(1)


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
    found = await read_now(connection, transfer_id)
    conflict: VersionConflict | None = expected.refuse(found.version if found else None)
    if conflict is not None:
        return conflict
    before = found.value if found else None
    if found is not None and found.value.transfer == transfer:
        return Set(found.version, is_new=False)
    if before is not None:
        if not may_see(actor, before.transfer):
            return Invalid((FieldFlaw("", "is between nodes that you are not bound to"),))
        await system.door.reference.need_items({line.sku for line in before.transfer.lines})
        flaws = _moved_flaws(before, transfer, system.door.reference.items)
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
            units_of(line, 0, system.door.reference.items, lot.lot)
            for line, state in zip(before.transfer.lines, before.states, strict=True)
            for lot in state.lots
            if lot.in_transit
        )
        if on_way:
            consignment = Consignment(transfer_id, transfer.sender, transfer.receiver)
            rescheduled = ShipTransfer(consignment, on_way, transfer.expected_at)
            outcome = await system.door.one(rescheduled, actor=actor.name)
            if not isinstance(outcome, Accepted):
                raise _Refused(outcome)
    return Set(version, is_new=before is None)


def _moved_flaws(before: TransferNow, after: Transfer, items: Mapping[Sku, Item]) -> tuple[FieldFlaw, ...]:
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
            flaws.append(FieldFlaw("/lines", f"{_told(units, line, items)} of line {number} have left already"))
        elif places[number][1].sku != line.sku:
            flaws.append(FieldFlaw(f"/lines/{places[number][0]}/sku", f"is {line.sku} for what has left already"))
        elif places[number][1].lot not in ("", line.lot):
            was = f"lot {line.lot}" if line.lot else "of no lot in particular"
            flaws.append(FieldFlaw(f"/lines/{places[number][0]}/lot", f"is {was} for what has left already"))
        elif places[number][1].quantity < units:
            detail = f"{_told(units, line, items)} have left already"
            flaws.append(FieldFlaw(f"/lines/{places[number][0]}/quantity", detail))
    return tuple(flaws)


def _told(units: int, line: TransferLine, items: Mapping[Sku, Item]) -> str:
    item = items.get(line.sku)
    return told(units, 0, PIECE) if item is None else told(units, item.decimals, item.unit)


async def _find_flaws(system: System, transfer_id: str, transfer: Transfer, actor: Actor) -> tuple[FieldFlaw, ...]:
    reference = system.door.reference
    await reference.need_items({line.sku for line in transfer.lines})
    ends = (("/from", transfer.sender), ("/to", transfer.receiver))
    if any(node not in reference.network.index for _, node in ends):
        await system.door.follow()
    flaws = [FieldFlaw(at, f"there is no node {node}") for at, node in ends if node not in reference.network.index]
    if transfer.sender == transfer.receiver:
        flaws.append(FieldFlaw("/to", "is where the units are already"))
    elif not may_see(actor, transfer):
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
        elif reference.items[line.sku].kit:
            flaws.append(FieldFlaw(f"/lines/{place}/sku", KIT.detail))
    return tuple(flaws)
