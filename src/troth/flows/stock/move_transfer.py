"""Units of a transfer that are shipped, received or lost: all that are named, or none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import asyncpg

from troth.flows.door.requests import Accepted, Answer, Key, Outcome, Request
from troth.flows.door.system import System
from troth.flows.people.access import Actor
from troth.flows.stock.transfer_now import TransferNow, may_see, read_now, turn_of, units_of
from troth.model.ids import OrderId, Sku
from troth.model.inventory import SupplyKey
from troth.model.item import Item
from troth.model.lifecycle import TransferEvent, TransferState
from troth.model.measure import PIECE, told
from troth.model.refusals import Busy, FieldFlaw, Invalid, NotFound, Refusal
from troth.model.transfer import LotInTransit, Transfer, TransferLine, TransitState
from troth.model.transfer_moves import (
    Consignment,
    LoseTransfer,
    ReceiveTransfer,
    ShipTransfer,
    TransferCommand,
    TransferUnits,
)
from troth.model.value import dataclass
from troth.store.database import Connection, transaction
from troth.store.orders import find_orders_pegged
from troth.store.transfers import find_held, lock_transfer


@dataclass(frozen=True, slots=True)
class MovedLine:
    """Units of a line, by its number; `lot` is None where none is said, and empty for those that are of none."""

    line: int
    quantity: int
    lot: str | None = None
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moving:
    """What shall happen to a transfer's units: `lines` says to which of the transfer as it then is; where that is none,
    to all that it can happen to.
    """

    event: TransferEvent
    lines: Callable[[Transfer], Sequence[MovedLine]]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Meant:
    """The units that are meant, and for each the place of the line that named it (or its own); what is wrong."""

    units: tuple[TransferUnits, ...] = ()
    places: tuple[int, ...] = ()
    flaws: tuple[FieldFlaw, ...] = ()


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
        async with turn_of(system), transaction(system.pool) as connection:
            await lock_transfer(connection, transfer_id)
            found = await read_now(connection, transfer_id)
            if found is None or not may_see(actor, found.value.transfer):
                return render(NotFound("transfer", transfer_id))
            now = found.value
            await system.door.reference.need_items({line.sku for line in now.transfer.lines})
            meant = _refuse_or_mean(now, moving, system.door.reference.items, actor)
            if meant.flaws:
                return render(Invalid(meant.flaws))
            command = await _command(connection, transfer_id, now, moving, meant.units)

            def answer(outcomes: tuple[Outcome, ...]) -> Answer:
                done = outcomes[0]
                if isinstance(done, Accepted):
                    return render(now.after(transfer_id, done.decision))
                return render(_at_their_places(done, meant.places))

            result = await system.door.submit(
                Request((command,), actor.name, key=key, answer=None if key is None else answer)
            )
            return result.answer or answer(result.outcomes)
    except asyncpg.LockNotAvailableError:
        return render(Busy(1))


def _refuse_or_mean(now: TransferNow, moving: Moving, items: Mapping[Sku, Item], actor: Actor) -> _Meant:
    """The units that are meant, or why nothing can be moved, before anything is looked at under lock."""
    transfer = now.transfer
    acting = transfer.sender if moving.event is TransferEvent.SHIP else transfer.receiver
    if moving.event is not TransferEvent.LOSE and not actor.may_at(acting):
        return _Meant(flaws=(FieldFlaw("", f"you are not bound to node {acting}, where this happens"),))
    named = moving.lines(transfer)
    known = {line.line for line in transfer.lines}
    flaws = tuple(
        FieldFlaw(f"/lines/{place}/line", f"there is no line {one.line}")
        for place, one in enumerate(named)
        if one.line not in known
    )
    if flaws:
        return _Meant(flaws=flaws)
    meant = _mean(now, moving.event, named, items) if named else _mean_all(now, moving.event, items)
    if not meant.units and not meant.flaws:
        return _Meant(flaws=(FieldFlaw("/lines", f"there is nothing left to {moving.event.value}"),))
    return meant


def _mean_all(now: TransferNow, event: TransferEvent, items: Mapping[Sku, Item]) -> _Meant:
    """All units that are left, in the order of the lines."""
    if event is TransferEvent.SHIP:
        units = tuple(
            units_of(line, line.quantity - state.shipped, items, line.lot)
            for line, state in zip(now.transfer.lines, now.states, strict=True)
            if line.quantity > state.shipped
        )
    else:
        units = tuple(
            units_of(line, lot.in_transit, items, lot.lot)
            for line, state in zip(now.transfer.lines, now.states, strict=True)
            for lot in state.lots
            if lot.in_transit > 0
        )
    return _Meant(units, tuple(range(len(units))))


def _mean(now: TransferNow, event: TransferEvent, named: Sequence[MovedLine], items: Mapping[Sku, Item]) -> _Meant:
    """The units that lines name, in their order. Of what is on its way each lot is one for itself."""
    by_number = {line.line: (line, state) for line, state in zip(now.transfer.lines, now.states, strict=True)}
    units: list[TransferUnits] = []
    places: list[int] = []
    flaws: list[FieldFlaw] = []
    for place, one in enumerate(named):
        line, state = by_number[one.line]
        if line.lot and one.lot not in (None, line.lot):
            flaws.append(FieldFlaw(f"/lines/{place}/lot", f"line {line.line} is of lot {line.lot}"))
            continue
        if event is TransferEvent.SHIP:
            found: Sequence[TransferUnits] | FieldFlaw = (
                units_of(line, one.quantity, items, one.lot or line.lot, one.serials),
            )
        else:
            found = _out_of_lots(place, one, line, state, now, items)
        if isinstance(found, FieldFlaw):
            flaws.append(found)
        else:
            units += found
            places += [place] * len(found)
    return _Meant(tuple(units), tuple(places), tuple(flaws))


def _out_of_lots(
    place: int, one: MovedLine, line: TransferLine, state: TransitState, now: TransferNow, items: Mapping[Sku, Item]
) -> Sequence[TransferUnits] | FieldFlaw:
    """Units on their way by their lots: the lot that is named, the only one, or all of them if all units are meant."""
    if one.lot is not None:
        return (units_of(line, one.quantity, items, one.lot, one.serials),)
    there = [lot for lot in state.lots if lot.in_transit > 0]
    if len(there) <= 1:
        return (units_of(line, one.quantity, items, there[0].lot if there else line.lot, one.serials),)
    if one.quantity != state.in_transit:
        item = items.get(line.sku)
        decimals, unit = (0, PIECE) if item is None else (item.decimals, item.unit)
        if one.quantity > state.in_transit:
            how_many = told(state.in_transit, decimals, unit)
            return FieldFlaw(f"/lines/{place}/quantity", f"only {how_many} of line {line.line} are on their way")
        listed = ", ".join(f"{lot.lot or 'no lot'} ({told(lot.in_transit, decimals, unit)})" for lot in there)
        return FieldFlaw(f"/lines/{place}/lot", f"is required, since more than one is on its way: {listed}")
    serials = _serials_by_lot(one, line, there, now)
    if serials is None:
        return FieldFlaw(f"/lines/{place}/lot", "is required with serials that did not leave with a lot on its way")
    return [units_of(line, lot.in_transit, items, lot.lot, serials[lot.lot]) for lot in there]


def _serials_by_lot(
    one: MovedLine, line: TransferLine, there: Sequence[LotInTransit], now: TransferNow
) -> Mapping[str, tuple[str, ...]] | None:
    """The serials by the lot with which each left; None where that is not known of one."""
    left = {key: at.lot for key, at in now.serials if at.line == line.line and at.state is TransferState.SHIPPED}
    found: dict[str, tuple[str, ...]] = {lot.lot: () for lot in there}
    for serial in one.serials:
        lot = left.get((line.sku, serial))
        if lot is None or lot not in found:
            return None
        found[lot] = (*found[lot], serial)
    return found


async def _command(
    connection: Connection, transfer_id: str, now: TransferNow, moving: Moving, units: tuple[TransferUnits, ...]
) -> TransferCommand:
    transfer = now.transfer
    consignment = Consignment(transfer_id, transfer.sender, transfer.receiver)
    match moving.event:
        case TransferEvent.SHIP:
            held = await find_held(connection, ((one.sku, transfer.sender) for one in units))
            known = (*held, *_on_way(transfer_id, now))
            return ShipTransfer(consignment, units, transfer.expected_at, known)
        case TransferEvent.RECEIVE:
            return ReceiveTransfer(consignment, units, await _find_waiting(connection, _on_way(transfer_id, now)))
        case TransferEvent.LOSE:
            return LoseTransfer(consignment, units, moving.reason)


def _on_way(transfer_id: str, now: TransferNow) -> tuple[SupplyKey, ...]:
    """The supplies that units of the transfer have been on their way as."""
    return tuple(
        now.transfer.transit_key(transfer_id, line, lot.lot)
        for line, state in zip(now.transfer.lines, now.states, strict=True)
        for lot in state.lots
    )


async def _find_waiting(connection: Connection, keys: Sequence[SupplyKey]) -> tuple[OrderId, ...]:
    """The orders that wait for units of these supplies."""
    found = [await find_orders_pegged(connection, [key.source], key.sku, key.node) for key in keys]
    return tuple(sorted({order_id for orders in found for order_id in orders}))


def _at_their_places(refusal: Refusal, places: Sequence[int]) -> Refusal:
    """A refusal whose flaws point to the lines as they were sent: one may have been of several lots."""
    if not isinstance(refusal, Invalid):
        return refusal

    def moved(flaw: FieldFlaw) -> FieldFlaw:
        start, lines, rest = flaw.pointer.partition("/lines/")
        number, _, field = rest.partition("/")
        if start or not lines or not number.isdecimal() or int(number) >= len(places):
            return flaw
        return replace(flaw, pointer=f"/lines/{places[int(number)]}/{field}")

    return Invalid(tuple(dict.fromkeys(map(moved, refusal.flaws))))
