"""Units that are sent from one node to another: out of the sender's stock, on their way, and arrived or lost.

What stands where is the fold of the ledger: the source of a line on its way was filled by what was shipped (`expect`)
and emptied by what was received (`receipt`) or lost (`adjustment`), so no other record of a unit's state is needed.
"""

from collections.abc import Mapping
from dataclasses import replace

from troth.engine.context import Change, Decision, Facts, State
from troth.engine.stock import RECEIPT, decide_adjust
from troth.model.commands import AdjustStock
from troth.model.events import Event
from troth.model.ids import OrderId
from troth.model.inventory import Entry, EntryKind, SupplyKey
from troth.model.order import Order
from troth.model.refusals import FieldFlaw, Invalid, Refusal
from troth.model.transfer_moves import (
    LoseTransfer,
    ReceiveTransfer,
    ShipTransfer,
    TransferCommand,
    TransferLost,
    TransferReceived,
    TransferShipped,
    TransferUnits,
    transit_keys,
)

TRANSFER = "transfer"


def decide_transfer(command: TransferCommand, state: State, facts: Facts) -> Decision | Refusal:
    """What a movement of a transfer's units causes; as a whole, or refused with each line that cannot be done."""
    match command:
        case ShipTransfer():
            return _ship(command, state)
        case ReceiveTransfer():
            return _receive(command, state, facts)
        case LoseTransfer():
            return _lose(command, state)


def transfer_reference(transfer_id: str) -> str:
    """How entries of a transfer name it.

    >>> transfer_reference("T-7")
    'transfer/T-7'
    """
    return f"{TRANSFER}/{transfer_id}"


def _ship(command: ShipTransfer, state: State) -> Decision | Refusal:
    """Only units that nobody was promised can leave, and no more of a line than was planned and not yet sent."""
    reference = transfer_reference(command.transfer_id)
    entries: list[Entry] = []
    flaws: list[FieldFlaw] = []
    keys = transit_keys(command)
    taken: dict[SupplyKey, int] = {}
    for place, (line, on_way) in enumerate(zip(command.lines, keys, strict=True)):
        sender = SupplyKey(line.sku, command.sender)
        left = line.planned - state.ordered(on_way)
        free = state.balance(sender).available - taken.get(sender, 0)
        if line.quantity > left:
            flaws.append(_flaw(place, f"only {left} units of line {line.line} are still to be shipped"))
        elif line.quantity > free:
            flaws.append(_flaw(place, f"only {free} unreserved units of {line.sku} are at {command.sender}"))
        elif line.quantity:
            taken[sender] = taken.get(sender, 0) + line.quantity
            entries.append(
                Entry(sender, EntryKind.ADJUSTMENT, -line.quantity, reason=TRANSFER, reference=reference),
            )
            entries.append(Entry(on_way, EntryKind.EXPECT, line.quantity, reason=TRANSFER, reference=reference))
    if flaws:
        return Invalid(tuple(flaws))
    event = TransferShipped(command.transfer_id, command.sender, command.receiver, _moved(command), command.expected_at)
    return Decision(
        entries=tuple(entries),
        events=((_subject(command), event),),
        expected=dict.fromkeys(keys, command.expected_at),
    )


def _receive(command: ReceiveTransfer, state: State, facts: Facts) -> Decision | Refusal:
    """A receipt of each line, exactly as one of a purchase order: it covers the orders that wait, the oldest first."""
    keys = transit_keys(command)
    flaws = _beyond_on_way(command, state)
    if flaws:
        return Invalid(flaws)
    reference = transfer_reference(command.transfer_id)
    orders: dict[OrderId, Order] = {one: state.orders[one] for one in command.orders if one in state.orders}
    changes: list[Change] = []
    entries: list[Entry] = []
    events: list[tuple[str, Event]] = []
    for line, on_way in zip(command.lines, keys, strict=True):
        key = SupplyKey(line.sku, command.receiver)
        receipt = AdjustStock(key, line.quantity, RECEIPT, reference, (on_way,), command.orders)
        done = decide_adjust(receipt, replace(state, orders=_seen(state, orders)), facts)
        if not isinstance(done, Decision):
            return done
        orders |= {change.after.order_id: change.after for change in done.changes}
        changes += done.changes
        entries += done.entries
        events += done.events
    received = TransferReceived(command.transfer_id, command.receiver, _moved(command))
    return Decision(changes=tuple(changes), entries=tuple(entries), events=(*events, (_subject(command), received)))


def _lose(command: LoseTransfer, state: State) -> Decision | Refusal:
    """The units leave the ledger. What was promised from them stays reserved, as a deficit, until sourced anew."""
    flaws = _beyond_on_way(command, state)
    if flaws:
        return Invalid(flaws)
    reference = transfer_reference(command.transfer_id)
    entries = tuple(
        Entry(on_way, EntryKind.ADJUSTMENT, -line.quantity, reason=command.reason, reference=reference)
        for line, on_way in zip(command.lines, transit_keys(command), strict=True)
    )
    lost = TransferLost(command.transfer_id, command.receiver, _moved(command), command.reason)
    return Decision(entries=entries, events=((_subject(command), lost),))


def _beyond_on_way(command: ReceiveTransfer | LoseTransfer, state: State) -> tuple[FieldFlaw, ...]:
    """The lines of which more is said to have arrived, or to be lost, than is on its way."""
    return tuple(
        _flaw(place, f"only {state.balance(on_way).on_hand} units of line {line.line} are on their way")
        for place, (line, on_way) in enumerate(zip(command.lines, transit_keys(command), strict=True))
        if line.quantity > state.balance(on_way).on_hand
    )


def _seen(state: State, orders: Mapping[OrderId, Order]) -> Mapping[OrderId, Order]:
    """The orders as the lines decided before have left them."""
    return {**state.orders, **orders} if orders else state.orders


def _moved(command: TransferCommand) -> tuple[TransferUnits, ...]:
    return tuple(line for line in command.lines if line.quantity)


def _subject(command: TransferCommand) -> str:
    return f"{TRANSFER}:{command.transfer_id}"


def _flaw(place: int, detail: str) -> FieldFlaw:
    return FieldFlaw(f"/lines/{place}/quantity", detail)
