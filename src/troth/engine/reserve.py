"""The ledger entries that follow from how an order changed. No verb writes an entry by hand, so none can forget one."""

from troth.model.inventory import Entry, EntryKind
from troth.model.lifecycle import GONE, PENDING
from troth.model.order import Allocation, Order


def reserve_entries(before: Order | None, after: Order) -> tuple[Entry, ...]:
    """The entries between two states of an order.

    Pending for what it now reserves, post for what left, void for the rest.

    Each allocation has one pending entry in its life and one that resolves it.
    """
    old = {part.allocation: part for part in before.allocations} if before else {}
    entries = []
    for part in after.allocations:
        was = old.get(part.allocation)
        was_reserving = was is not None and was.state in PENDING
        if part.state in PENDING and not was_reserving:
            entries.append(_entry(after, part, EntryKind.PENDING, reserved=part.quantity))
        elif was_reserving and part.state in GONE:
            entries.append(_entry(after, part, EntryKind.POST, reserved=-part.quantity, on_hand=-part.quantity))
        elif was_reserving and part.state not in PENDING:
            entries.append(_entry(after, part, EntryKind.VOID, reserved=-part.quantity))
    # What is freed comes first, so that the same change may reserve it again.
    return tuple(sorted(entries, key=lambda entry: entry.reserved_delta > 0))


def _entry(order: Order, part: Allocation, kind: EntryKind, *, reserved: int, on_hand: int = 0) -> Entry:
    return Entry(part.key, kind, on_hand, reserved, order.order_id, part.allocation)
