"""Units that are sent from one node to another: out of the sender's stock, on their way, and arrived or lost.

What stands where is the fold of the ledger: the source of a line on its way, one for each lot, was filled by what was
shipped (`expect`) and emptied by what was received (`receipt`) or lost (`adjustment`), so no other record of a unit's
state is needed.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from troth.engine.promising.context import Change, Decision, Facts, State
from troth.engine.stock.stock import RECEIPT, decide_adjust
from troth.engine.stock.transfer_serials import end_journey
from troth.engine.stock.transfer_shipping import amount_of, decide_ship, transfer_reference, transfer_subject
from troth.model.commands import AdjustStock
from troth.model.events import Event
from troth.model.ids import OrderId
from troth.model.inventory import Entry, EntryKind, SupplyKey
from troth.model.lifecycle import TransferState
from troth.model.order import Order
from troth.model.refusals import FieldFlaw, Invalid, Refusal
from troth.model.transfer_moves import (
    LoseTransfer,
    ReceiveTransfer,
    ShipTransfer,
    TransferCommand,
    TransferLost,
    TransferReceived,
    TransferUnits,
    received_keys,
    transit_keys,
)


def decide_transfer(command: TransferCommand, state: State, facts: Facts) -> Decision | Refusal:
    """What a movement of a transfer's units causes; as a whole, or refused with each line that cannot be done."""
    match command:
        case ShipTransfer():
            return decide_ship(command, state, facts)
        case ReceiveTransfer():
            return _receive(command, state, facts)
        case LoseTransfer():
            return _lose(command, state, facts)


def _receive(command: ReceiveTransfer, state: State, facts: Facts) -> Decision | Refusal:
    """A receipt of each line, exactly as one of a purchase order: it covers the orders that wait, the oldest first.

    A lot arrives as the same lot, and is good as long as it was on its way.
    """
    keys, arriving = transit_keys(command), received_keys(command)
    named = end_journey(command, state, facts, TransferState.RECEIVED)
    flaws = (*_beyond_on_way(command, state, facts), *named.flaws)
    if flaws:
        return Invalid(flaws)
    reference = transfer_reference(command.consignment.transfer_id)
    orders: dict[OrderId, Order] = {one: state.orders[one] for one in command.orders if one in state.orders}
    changes: list[Change] = []
    entries: list[Entry] = []
    events: list[tuple[str, Event]] = []
    expiries: dict[SupplyKey, date] = {}
    for place, (line, on_way, key) in enumerate(zip(command.lines, keys, arriving, strict=True)):
        expires_on = state.balance(on_way).expires_on if line.lot else None
        if expires_on is not None and expiries.get(key, expires_on) != expires_on:
            return Invalid((_lot_flaw(place, f"lot {line.lot} arrives with another last day in a line before"),))
        receipt = AdjustStock(key, line.quantity, RECEIPT, reference, (on_way,), command.orders, expires_on)
        done = decide_adjust(receipt, replace(state, orders=_seen(state, orders)), facts)
        if isinstance(done, Invalid):
            return Invalid(tuple(_lot_flaw(place, flaw.detail) for flaw in done.flaws))
        if not isinstance(done, Decision):
            return done
        orders |= {change.after.order_id: change.after for change in done.changes}
        changes += done.changes
        entries += done.entries
        events += done.events
        expiries |= done.expiries or {}
    away = command.consignment
    received = TransferReceived(away.transfer_id, away.receiver, _moved(command))
    return Decision(
        changes=tuple(changes),
        entries=tuple(entries),
        events=(*events, (transfer_subject(away.transfer_id), received)),
        expiries=expiries or None,
        traveling=named.serials,
    )


def _lose(command: LoseTransfer, state: State, facts: Facts) -> Decision | Refusal:
    """The units leave the ledger. What was promised from them stays reserved, as a deficit, until sourced anew."""
    named = end_journey(command, state, facts, TransferState.LOST)
    flaws = (*_beyond_on_way(command, state, facts), *named.flaws)
    if flaws:
        return Invalid(flaws)
    away = command.consignment
    reference = transfer_reference(away.transfer_id)
    entries = tuple(
        Entry(on_way, EntryKind.ADJUSTMENT, -line.quantity, reason=command.reason, reference=reference)
        for line, on_way in zip(command.lines, transit_keys(command), strict=True)
    )
    lost = TransferLost(away.transfer_id, away.receiver, _moved(command), command.reason)
    return Decision(entries=entries, events=((transfer_subject(away.transfer_id), lost),), traveling=named.serials)


def _beyond_on_way(command: ReceiveTransfer | LoseTransfer, state: State, facts: Facts) -> tuple[FieldFlaw, ...]:
    """The lines of which more is said to have arrived, or to be lost, than is on its way."""
    flaws = []
    taken: dict[SupplyKey, int] = {}
    for place, (line, on_way) in enumerate(zip(command.lines, transit_keys(command), strict=True)):
        left = state.balance(on_way).on_hand - taken.get(on_way, 0)
        taken[on_way] = taken.get(on_way, 0) + line.quantity
        if line.quantity > left:
            what = f"line {line.line}" + (f", lot {line.lot}," if line.lot else "")
            detail = f"only {amount_of(max(0, left), line, facts)} of {what} are on their way"
            flaws.append(FieldFlaw(f"/lines/{place}/quantity", detail))
    return tuple(flaws)


def _seen(state: State, orders: Mapping[OrderId, Order]) -> Mapping[OrderId, Order]:
    """The orders as the lines decided before have left them."""
    return {**state.orders, **orders} if orders else state.orders


def _moved(command: ReceiveTransfer | LoseTransfer) -> tuple[TransferUnits, ...]:
    return tuple(line for line in command.lines if line.quantity)


def _lot_flaw(place: int, detail: str) -> FieldFlaw:
    return FieldFlaw(f"/lines/{place}/lot", detail)
