"""Stock as its pages show it: the positions of a SKU by node, and a ledger with its running balance."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from troth.console.views_order import supply_text
from troth.engine.supply.supply import end_of_life
from troth.model.inventory import ON_HAND, Balance, is_on_hand, lot_of
from troth.model.network import Node
from troth.model.value import dataclass
from troth.pages.views import words


@dataclass(frozen=True, slots=True)
class Incoming:
    """A dated supply: units, how many of them are promised already, when it comes and out of what."""

    source: str
    text: str
    units: int
    reserved: int
    expected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Lot:
    """What a node holds of a lot (units), and its last good day; nothing is available of it once that is over."""

    name: str
    expires_on: date | None
    on_hand: int
    reserved: int
    available: int
    is_expired: bool


@dataclass(frozen=True, slots=True)
class Position:
    """What a node holds of a SKU (units), `lots` included, and what is still to come."""

    node: str
    name: str
    type: str
    on_hand: int
    reserved: int
    available: int
    deficit: int
    incoming: tuple[Incoming, ...]
    lots: tuple[Lot, ...] = ()

    @property
    def incoming_units(self) -> int:
        """Units still to come."""
        return sum(supply.units for supply in self.incoming)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """An entry with the balance of its supply after it."""

    at: datetime
    what: str
    on_hand_delta: int
    reserved_delta: int
    on_hand: int
    reserved: int
    order_id: str
    reason: str
    reference: str
    source: str


def view_positions(balances: Sequence[Balance], nodes: Mapping[str, Node], now: datetime) -> tuple[Position, ...]:
    """The positions of one SKU, those with most on hand first; ties by node."""
    by_node: dict[str, list[Balance]] = {}
    for balance in balances:
        by_node.setdefault(balance.key.node, []).append(balance)
    found = [_position(node, of_node, nodes.get(node), now) for node, of_node in by_node.items()]
    return tuple(sorted(found, key=lambda position: (-position.on_hand, -position.incoming_units, position.node)))


def view_ledger(entries: Sequence[Mapping[str, Any]], balances: Sequence[Balance], node: str) -> tuple[LedgerRow, ...]:
    """The entries, newest first as they came, each with what its supply held after it.

    The newest entry of a supply leaves what the supply holds now; each older one leaves that less all that came later.
    """
    held = {b.key.source: (b.on_hand, b.reserved) for b in balances if b.key.node == node}
    rows = []
    for entry in entries:
        source = entry["source"]
        on_hand, reserved = held.get(source, (0, 0))
        rows.append(
            LedgerRow(
                at=entry["at"],
                what=_what(entry["kind"]),
                on_hand_delta=entry["on_hand_delta"],
                reserved_delta=entry["reserved_delta"],
                on_hand=on_hand,
                reserved=reserved,
                order_id=entry["order_id"] or "",
                reason=entry["reason"],
                reference=entry["reference"],
                source="" if source == ON_HAND else supply_text(source),
            )
        )
        held[source] = (on_hand - entry["on_hand_delta"], reserved - entry["reserved_delta"])
    return tuple(rows)


def _position(node: str, balances: Sequence[Balance], known: Node | None, now: datetime) -> Position:
    here = [balance for balance in balances if is_on_hand(balance.key.source)]
    lots = _lots(here, known, now)
    dated = sorted(
        (balance for balance in balances if not is_on_hand(balance.key.source) and balance.on_hand > 0),
        key=lambda balance: (balance.expected_at is None, balance.expected_at, balance.key.source),
    )
    return Position(
        node=node,
        name=known.name if known else "",
        type=known.type if known else "",
        on_hand=sum(balance.on_hand for balance in here),
        reserved=sum(balance.reserved for balance in here),
        available=sum(balance.available for balance in here if balance.key.source == ON_HAND)
        + sum(lot.available for lot in lots),
        deficit=sum(balance.deficit for balance in here),
        incoming=tuple(
            Incoming(b.key.source, supply_text(b.key.source), b.on_hand, b.reserved, b.expected_at) for b in dated
        ),
        lots=lots,
    )


def _lots(here: Sequence[Balance], known: Node | None, now: datetime) -> tuple[Lot, ...]:
    """The lots that hold anything, the first to expire first."""
    zone = known.time_zone if known else "UTC"
    found = []
    for balance in here:
        name = lot_of(balance.key.source)
        if name and (balance.on_hand or balance.reserved):
            is_over = end_of_life(balance.expires_on, zone) <= now.timestamp()
            available = 0 if is_over else balance.available
            found.append(Lot(name, balance.expires_on, balance.on_hand, balance.reserved, available, is_over))
    return tuple(sorted(found, key=lambda lot: (lot.expires_on or date.max, lot.name)))


def _what(kind: str) -> str:
    """What an entry did, in an operator's words."""
    return {
        "pending": "Reserved",
        "post": "Left the building",
        "void": "Freed again",
        "expire": "Reservation expired",
        "expect": "Expected",
    }.get(kind, words(kind))
