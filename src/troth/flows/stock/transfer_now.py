"""A transfer as it is now: its document, and by the ledger where its units are."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from troth.engine.promising.context import Decision
from troth.flows.door.door import Door
from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.model.ids import Sku
from troth.model.inventory import EntryKind, SupplyKey, lot_within
from troth.model.item import Item
from troth.model.serials import SerialKey, TravelingSerial
from troth.model.transfer import LotInTransit, Transfer, TransferLine, TransitState, transit_of
from troth.model.transfer_moves import TransferUnits
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.reference import Versioned
from troth.store.transfers import (
    find_transfers,
    read_serials_of_transfers,
    read_transfer,
    read_transits,
    read_traveling,
)

# Moving one holds a connection while the door needs another: one at a time, so that the pool cannot run dry.
_turns: "WeakKeyDictionary[Door, asyncio.Lock]" = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class TransferNow:
    """A transfer and where the units of each line are, in the order of its lines; `serials` are those that were named,
    by line and number.
    """

    transfer: Transfer
    states: tuple[TransitState, ...]
    serials: tuple[tuple[SerialKey, TravelingSerial], ...] = ()

    def after(self, transfer_id: str, decision: Decision) -> "TransferNow":
        """The transfer after what was decided, by its entries."""
        states = (
            _state_after(self.transfer.transit_key(transfer_id, line), state, decision)
            for line, state in zip(self.transfer.lines, self.states, strict=True)
        )
        serials = dict(self.serials) | dict(decision.traveling or {})
        by_line = sorted(serials.items(), key=lambda one: (one[1].line, one[0][1], one[0][0]))
        return TransferNow(self.transfer, tuple(states), tuple(by_line))


async def read(system: System, transfer_id: str) -> Versioned[TransferNow] | None:
    """A transfer as it is now, if it is there."""
    async with system.pool.acquire() as connection:
        return await read_now(connection, transfer_id)


async def find(
    system: System, *, nodes: Sequence[str] | None = None, after: str | None = None, limit: int
) -> list[tuple[str, TransferNow]]:
    """A page of transfers from or to any of the nodes, by id."""
    async with system.pool.acquire() as connection:
        found = await find_transfers(connection, nodes=nodes, after=after, limit=limit)
        keys = [one.value.transit_key(id_, line) for id_, one in found for line in one.value.lines]
        states = iter(await read_transits(connection, keys))
        serials: dict[str, list[tuple[SerialKey, TravelingSerial]]] = {}
        for key, place in await read_serials_of_transfers(connection, [id_ for id_, _ in found]):
            serials.setdefault(place.transfer_id, []).append((key, place))
    return [
        (
            id_,
            TransferNow(one.value, tuple(next(states) for _ in one.value.lines), tuple(serials.get(id_, ()))),
        )
        for id_, one in found
    ]


async def find_journey(system: System, sku: Sku, serial: str) -> tuple[TravelingSerial, Transfer] | None:
    """The transfer that last moved a unit, and how far it is, if any did."""
    async with system.pool.acquire() as connection:
        place = (await read_traveling(connection, [(sku, serial)], ())).get((sku, serial))
        found = None if place is None else await read_transfer(connection, place.transfer_id)
    return None if place is None or found is None else (place, found.value)


async def read_now(connection: Connection, transfer_id: str) -> Versioned[TransferNow] | None:
    """A transfer as it is now, if it is there."""
    found = await read_transfer(connection, transfer_id)
    if found is None:
        return None
    transfer = found.value
    states = await read_transits(connection, [transfer.transit_key(transfer_id, line) for line in transfer.lines])
    serials = await read_serials_of_transfers(connection, [transfer_id])
    return Versioned(TransferNow(transfer, tuple(states), tuple(serials)), found.version)


def turn_of(system: System) -> asyncio.Lock:
    """Whose turn it is to set or move a transfer."""
    return _turns.setdefault(system.door, asyncio.Lock())


def may_see(actor: Actor, transfer: Transfer) -> bool:
    """Whether a transfer has to do with a node of the actor's."""
    return actor.may_at(transfer.sender) or actor.may_at(transfer.receiver)


def units_of(
    line: TransferLine, units: int, items: Mapping[Sku, Item], lot: str = "", serials: tuple[str, ...] = ()
) -> TransferUnits:
    """Units of a line as they move, with the decimals of their item."""
    item = items.get(line.sku)
    decimals = 0 if item is None else item.decimals
    return TransferUnits(line.line, line.sku, line.quantity, units, lot, serials, decimals)


def _state_after(key: SupplyKey, state: TransitState, decision: Decision) -> TransitState:
    """Where the units of a line are after these entries; `key` is the line without a lot."""
    lots = {one.lot: one for one in state.lots}
    for on_way, expires_on in (decision.expiries or {}).items():
        if _is_of(on_way, key):
            lot = lot_within(on_way.source)
            lots[lot] = replace(lots.get(lot, LotInTransit(lot)), expires_on=expires_on)
    for entry in decision.entries:
        if not _is_of(entry.key, key):
            continue
        lot = lot_within(entry.key.source)
        one = lots.get(lot, LotInTransit(lot))
        one = replace(one, reserved=one.reserved + entry.reserved_delta)
        match entry.kind:
            case EntryKind.EXPECT:
                one = replace(one, shipped=one.shipped + entry.on_hand_delta)
            case EntryKind.RECEIPT:
                one = replace(one, received=one.received - entry.on_hand_delta)
            case EntryKind.ADJUSTMENT:
                one = replace(one, lost=one.lost - entry.on_hand_delta)
            case _:
                pass
        lots[lot] = one
    return transit_of(lots.values())


def _is_of(key: SupplyKey, line: SupplyKey) -> bool:
    """Whether a supply is a line's units on their way, of whichever lot."""
    is_same = (key.sku, key.node) == (line.sku, line.node)
    return is_same and (key.source == line.source or key.source.startswith(f"{line.source}/"))
