"""The ledger entries that follow from how an order's returns changed: what came, and what moved to another place."""

from typing import Final

from troth.engine.promising.context import Change
from troth.model.inventory import Entry, EntryKind, Source, SupplyKey
from troth.model.return_moves import place_of
from troth.model.returns import Return

RETURNED: Final = "return"
"""Why units came to a place: a return brought them."""

DISPOSED: Final = "disposed"
"""Why units left the place where they lay apart."""


def return_entries(change: Change) -> tuple[Entry, ...]:
    """What returns moved between two states of an order, with the return as reference; what leaves a place first."""
    old = {one.return_id: one for one in change.before.returns} if change.before else {}
    entries: list[Entry] = []
    for one in change.after.returns:
        before = _units_by_place(old.get(one.return_id))
        after = _units_by_place(one)
        for key in sorted({*before, *after}):
            delta = after.get(key, 0) - before.get(key, 0)
            if delta > 0:
                entries.append(Entry(key, EntryKind.RECEIPT, delta, reason=RETURNED, reference=one.return_id))
            elif delta < 0:
                entries.append(Entry(key, EntryKind.ADJUSTMENT, delta, reason=DISPOSED, reference=one.return_id))
    return tuple(sorted(entries, key=lambda entry: entry.on_hand_delta > 0))


def _units_by_place(one: Return | None) -> dict[SupplyKey, int]:
    units: dict[SupplyKey, int] = {}
    for got in () if one is None else one.received:
        source: Source | None = place_of(got.state, got.lot)
        if source is not None:
            key = SupplyKey(got.sku, got.node, source)
            units[key] = units.get(key, 0) + got.quantity
    return units
