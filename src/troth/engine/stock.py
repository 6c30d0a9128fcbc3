"""Stock that is moved, counted or expected, and the backorders that a receipt covers."""

from collections.abc import Iterable

from troth.engine.context import Change, Decision, Facts, State
from troth.engine.evolve import evolve
from troth.engine.parts import choose_units, next_allocation
from troth.engine.reserve import reserve_entries
from troth.model.commands import AdjustStock, CountStock, ExpectSupply
from troth.model.events import BackorderCovered, PartMove, PartsChange, StockAdjusted, StockCounted, SupplyExpected
from troth.model.inventory import ON_HAND, CountMark, Entry, EntryKind, SupplyKey, purchase_order_source
from troth.model.lifecycle import AllocationEvent, AllocationState
from troth.model.order import Order
from troth.model.refusals import FieldFlaw, Invalid, Refusal

RECEIPT = "receipt"


def decide_adjust(command: AdjustStock, state: State, facts: Facts) -> Decision | Refusal:
    """The movement; a receipt also takes its units off what its purchase order brings, and covers those waiting."""
    on_hand = state.balance(command.key).on_hand
    if on_hand + command.delta < 0:
        return Invalid((FieldFlaw("/delta", f"only {on_hand} units are on hand"),))
    is_receipt = command.reason == RECEIPT and command.delta > 0
    kind = EntryKind.RECEIPT if is_receipt else EntryKind.ADJUSTMENT
    moved = Entry(command.key, kind, command.delta, reason=command.reason, reference=command.reference)
    adjusted = StockAdjusted(
        command.key.sku, command.key.node, command.key.source, command.delta, command.reason, command.reference
    )
    arrived = _arrived(command, state) if is_receipt else {}
    changes = _cover(command, arrived, state)
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
    # More may have left since than was counted: then the count missed something, and nothing is what is there for sure.
    now_on_hand = max(0, command.on_hand + state.moved_since(command.key, command.as_of))
    delta = now_on_hand - state.balance(command.key).on_hand
    counted = StockCounted(
        command.key.sku,
        command.key.node,
        command.key.source,
        command.on_hand,
        command.as_of,
        delta,
        command.reference,
        command.reason,
        command.counted_by,
    )
    entries = (Entry(command.key, EntryKind.COUNT, delta, reason=command.reason, reference=command.reference),)
    return Decision(
        entries=entries if delta else (),
        events=((f"sku:{command.key.sku}", counted),),
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


def _arrived(command: AdjustStock, state: State) -> dict[SupplyKey, int]:
    """How the received units fall on the purchase order's lines for this SKU and node, in their order."""
    left, arrived = command.delta, {}
    for key in sorted(command.known):
        units = min(left, state.balance(key).on_hand)
        if units > 0 and (key.sku, key.node) == (command.key.sku, command.key.node):
            arrived[key] = units
            left -= units
    return arrived


def _cover(command: AdjustStock, arrived: dict[SupplyKey, int], state: State) -> list[tuple[Change, BackorderCovered]]:
    """The orders, oldest first, whose backordered parts the arrived units cover."""
    left = dict(arrived)
    changes = []
    for order in _oldest_first(state.orders[order_id] for order_id in command.orders if order_id in state.orders):
        parts = PartsChange()
        first = next_allocation(order)
        for part in order.allocations:
            units = min(left.get(part.key, 0), part.quantity)
            if not units or part.state is not AllocationState.BACKORDERED:
                continue
            left[part.key] -= units
            chosen = choose_units((part,), {part.line_id: units}, first_number=first, new_source=ON_HAND)
            first += 2
            moves = tuple(PartMove(new.allocation, AllocationEvent.COVER) for new in chosen.parts)
            parts = PartsChange(splits=(*parts.splits, *chosen.splits), moves=(*parts.moves, *moves))
        if parts.moves:
            event = BackorderCovered(command.reference, parts)
            changes.append((Change(order, evolve(order, event)), event))
    return changes


def _oldest_first(orders: Iterable[Order]) -> list[Order]:
    return sorted(orders, key=lambda order: (order.captured_at, order.order_id))
