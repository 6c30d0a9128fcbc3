"""Stock that is moved, counted or expected, and the backorders that a receipt covers."""

from collections.abc import Container, Mapping
from datetime import date

from troth.engine.evolve import evolve
from troth.engine.parts import choose_units, next_allocation
from troth.engine.priority import in_order_of_rank
from troth.engine.promising.context import Change, Decision, Facts, State
from troth.engine.reserve import reserve_entries
from troth.engine.shares import divide
from troth.engine.stock.promised_lots import needed_until
from troth.engine.supply.supply import end_of_life
from troth.model.commands import AdjustStock, CountStock, ExpectSupply
from troth.model.events import BackorderCovered, PartMove, PartsChange, StockAdjusted, StockCounted, SupplyExpected
from troth.model.ids import OrderId
from troth.model.inventory import Balance, CountMark, Entry, EntryKind, SupplyKey, lot_of, purchase_order_source
from troth.model.lifecycle import AllocationEvent, AllocationState
from troth.model.measure import PIECE, counted, told
from troth.model.order import Allocation, Order
from troth.model.refusals import FieldFlaw, Invalid, Refusal

RECEIPT = "receipt"


def decide_adjust(command: AdjustStock, state: State, facts: Facts) -> Decision | Refusal:
    """The movement; a receipt also takes its units off what its purchase order brings, and covers those waiting, and
    one that is taken back expects them again.
    """
    held = state.balance(command.key)
    if held.on_hand + command.delta < 0:
        return Invalid(
            (FieldFlaw("/delta", f"only {counted(held.on_hand)} {'is' if held.on_hand == 1 else 'are'} on hand"),)
        )
    if held.on_hand and held.expires_on is not None and command.expires_on not in (None, held.expires_on):
        lot = f"lot {lot_of(held.key.source)} is good until {held.expires_on} here"
        return Invalid((FieldFlaw("/expires_on", f"{lot}; a count may say otherwise"),))
    is_receipt = command.reason == RECEIPT and command.delta > 0
    kind = EntryKind.RECEIPT if is_receipt else EntryKind.ADJUSTMENT
    moved = Entry(command.key, kind, command.delta, reason=command.reason, reference=command.reference)
    adjusted = StockAdjusted(
        command.key.sku,
        command.key.node,
        command.key.source,
        command.delta,
        command.reason,
        command.reference,
        command.expires_on,
    )
    arrived = _arrived(command, state) if is_receipt else {}
    if command.known and command.reason == RECEIPT and command.delta < 0:
        arrived = _taken_back(command, state)
        received = -sum(arrived.values())
        if received + command.delta < 0:
            detail = f"only {received} units were received of purchase order {command.reference}"
            return Invalid((FieldFlaw("/delta", detail),))
    changes = _cover(command, arrived, state, facts) if is_receipt else []
    taken = [
        Entry(key, EntryKind.RECEIPT, -units, reason=command.reason, reference=command.reference)
        for key, units in arrived.items()
    ]
    reserved = [entry for change, _event in changes for entry in reserve_entries(change.before, change.after)]
    reserved.sort(key=lambda entry: entry.reserved_delta > 0)
    return Decision(
        changes=tuple(change for change, _event in changes),
        entries=(moved, *taken, *reserved),
        events=(
            (f"sku:{command.key.sku}", adjusted),
            *((change.after.order_id, event) for change, event in changes),
        ),
        expiries=_expiries(held, command.expires_on),
    )


def decide_count(command: CountStock, state: State, facts: Facts) -> Decision | Refusal:
    """The books set to the count, plus what moved after it was taken; what is reserved stays reserved.

    The same count sent again changes nothing, since a count moves the books and not the units. One that was taken
    before the newest count of the supply knows less than the books do, and is refused.
    """
    if command.as_of > facts.now:
        return Invalid((FieldFlaw("/as_of", "a count cannot have been taken in the future"),))
    newest = state.counted(command.key)
    if newest is not None and command.as_of < newest.as_of:
        counted_at = newest.as_of.isoformat()
        return Invalid((FieldFlaw("/as_of", f"{command.key.sku} was counted later already, at {counted_at}"),))
    moved = state.moved_since(command.key, command.as_of)
    if command.on_hand + moved < 0:
        # What has left was there: the count missed it, or the movements are wrong, and only a person can tell.
        item = facts.items.get(command.key.sku)
        left = told(-moved, 0, PIECE) if item is None else told(-moved, item.decimals, item.unit)
        return Invalid((FieldFlaw("/on_hand", f"contradicts the books, by which {left} have left since: count again"),))
    held = state.balance(command.key)
    delta = command.on_hand + moved - held.on_hand
    counted = StockCounted(
        command.key.sku,
        command.key.node,
        command.key.source,
        command.on_hand,
        command.as_of,
        delta,
        command.reference,
        command.expires_on,
        command.reason,
        command.counted_by,
    )
    entries = (Entry(command.key, EntryKind.COUNT, delta, reason=command.reason, reference=command.reference),)
    expiries = _expiries(held, command.expires_on)
    return Decision(
        # One of no units tells those who remember the lot that it is good for another time.
        entries=entries if delta or expiries else (),
        events=((f"sku:{command.key.sku}", counted),),
        expiries=expiries,
        counts=(CountMark(command.key, command.as_of, command.on_hand, command.reference),),
    )


def decide_expect(command: ExpectSupply, state: State) -> Decision | Refusal:
    """A purchase order's lines as expected supply: what was already received of a line is not expected again."""
    entries, expected = [], {}
    for line in command.lines:
        key = SupplyKey(line.sku, line.node, purchase_order_source(number=command.number, line=line.line))
        expected[key] = line.expected_at
        entries.append(_expect(key, line.quantity - state.ordered(key), command.number))
    withdrawn = [key for key in command.known if key not in expected]
    entries += [_expect(key, -state.ordered(key), command.number) for key in withdrawn]
    for entry in entries:
        if state.balance(entry.key).on_hand + entry.on_hand_delta < 0:
            received = state.ordered(entry.key) - state.balance(entry.key).on_hand
            return Invalid((FieldFlaw("/lines", f"{received} units of {entry.key.sku} were already received"),))
    event = SupplyExpected(command.number, command.lines, tuple((key.sku, key.node) for key in withdrawn))
    return Decision(entries=tuple(entries), events=((f"po:{command.number}", event),), expected=expected)


def _expect(key: SupplyKey, delta: int, number: str) -> Entry:
    return Entry(key, EntryKind.EXPECT, delta, reason="purchase_order", reference=number)


def _expiries(held: Balance, expires_on: date | None) -> Mapping[SupplyKey, date] | None:
    """The last good day of a lot, where it is another one than is known."""
    return None if expires_on is None or expires_on == held.expires_on else {held.key: expires_on}


def _arrived(command: AdjustStock, state: State) -> dict[SupplyKey, int]:
    """How the received units fall on the purchase order's lines for this SKU and node, in their order."""
    left, arrived = command.delta, {}
    for key in sorted(command.known):
        units = min(left, state.balance(key).on_hand)
        if units > 0 and (key.sku, key.node) == (command.key.sku, command.key.node):
            arrived[key] = units
            left -= units
    return arrived


def _taken_back(command: AdjustStock, state: State) -> dict[SupplyKey, int]:
    """How units that were not received after all (below zero) fall on the purchase order's lines, the last first."""
    left, back = -command.delta, {}
    for key in sorted(command.known, reverse=True):
        units = min(left, state.ordered(key) - state.balance(key).on_hand)
        if units > 0 and (key.sku, key.node) == (command.key.sku, command.key.node):
            back[key] = -units
            left -= units
    return back


def _cover(
    command: AdjustStock, arrived: dict[SupplyKey, int], state: State, facts: Facts
) -> list[tuple[Change, BackorderCovered]]:
    """The orders whose backordered parts the arrived units cover, as they are divided, the most important first: a lot
    only what it is good for.
    """
    changes: list[tuple[Change, BackorderCovered]] = []
    node = facts.network.index.get(command.key.node)
    if not arrived or node is None:
        return changes
    expires_on = command.expires_on or state.balance(command.key).expires_on
    end = end_of_life(expires_on, facts.network.nodes[node].time_zone)
    orders = [state.orders[order_id] for order_id in command.orders if order_id in state.orders]
    waiting = {order.order_id: _waiting(order, arrived, end, facts) for order in orders}
    left: dict[tuple[OrderId, SupplyKey], int] = {}
    by_floors: dict[OrderId, int] = {}
    for key, units in arrived.items():
        needs = [(one, sum(part.quantity for part in waiting[one.order_id] if part.key == key)) for one in orders]
        for share in divide(units, needs, facts.policy):
            left[share.order.order_id, key] = share.units
            by_floors[share.order.order_id] = by_floors.get(share.order.order_id, 0) + share.floor_units
    for order in in_order_of_rank(orders, facts.policy):
        parts = PartsChange()
        first = next_allocation(order)
        for part in waiting[order.order_id]:
            units = min(left[order.order_id, part.key], part.quantity)
            if not units:
                continue
            left[order.order_id, part.key] -= units
            chosen = choose_units((part,), {part.line_id: units}, first_number=first, new_source=command.key.source)
            first += 2
            moves = tuple(PartMove(new.allocation, AllocationEvent.COVER) for new in chosen.parts)
            parts = PartsChange(splits=(*parts.splits, *chosen.splits), moves=(*parts.moves, *moves))
        if parts.moves:
            event = BackorderCovered(command.reference, parts, by_floors[order.order_id])
            changes.append((Change(order, evolve(order, event)), event))
    return changes


def _waiting(order: Order, keys: Container[SupplyKey], end: float, facts: Facts) -> list[Allocation]:
    """The parts that wait for some supplies, and for which what is good until `end` (POSIX) is good enough."""
    return [
        part
        for part in order.allocations
        if part.state is AllocationState.BACKORDERED
        and part.key in keys
        and needed_until(order, part, facts.now) <= end
    ]
