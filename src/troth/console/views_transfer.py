"""A transfer as its pages show it: by line and lot, each in the measure of its item."""

from collections.abc import Mapping
from datetime import date, datetime

from troth.flows.stock.transfer_now import TransferNow
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.lifecycle import TransferState
from troth.model.measure import PIECE
from troth.model.transfer import LotInTransit, TransferLine, TransitState, units_by_state
from troth.model.value import dataclass
from troth.pages.views import Chip


@dataclass(frozen=True, slots=True)
class LotRow:
    """Where the units of a line are that are of one lot (empty: of none), and the numbers of those that have one."""

    lot: str
    expires_on: date | None
    in_transit: int
    received: int
    lost: int
    reserved: int
    serials: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line: how much shall go in all, and how much of it is where; `lot` is the one that was asked for."""

    line: int
    sku: str
    name: str
    unit: str
    decimals: int
    lot: str
    quantity: int
    planned: int
    in_transit: int
    received: int
    lost: int
    lots: tuple[LotRow, ...]


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A transfer with its lines, and as a whole: planned, on its way, or over."""

    transfer_id: str
    sender: str
    receiver: str
    expected_at: datetime
    chip: Chip
    lots: tuple[str, ...]
    lines: tuple[LineRow, ...]


def view_transfer(transfer_id: str, now: TransferNow, items: Mapping[Sku, Item]) -> TransferRow:
    """A transfer as it is shown."""
    transfer = now.transfer
    lines = tuple(_line(line, state, now, items) for line, state in zip(transfer.lines, now.states, strict=True))
    return TransferRow(
        transfer_id,
        transfer.sender,
        transfer.receiver,
        transfer.expected_at,
        _chip(lines),
        tuple(dict.fromkeys(lot.lot for line in lines for lot in line.lots if lot.lot)),
        lines,
    )


def _line(line: TransferLine, state: TransitState, now: TransferNow, items: Mapping[Sku, Item]) -> LineRow:
    item = items.get(line.sku)
    units = units_by_state(line, state)
    return LineRow(
        line.line,
        line.sku,
        "" if item is None else item.name,
        "" if item is None or item.unit == PIECE else item.unit,
        0 if item is None else item.decimals,
        line.lot,
        line.quantity,
        units[TransferState.PLANNED],
        units[TransferState.SHIPPED],
        units[TransferState.RECEIVED],
        units[TransferState.LOST],
        tuple(_lot(one, line, now) for one in state.lots),
    )


def _lot(one: LotInTransit, line: TransferLine, now: TransferNow) -> LotRow:
    serials = tuple(
        (serial, at.state.value) for (_, serial), at in now.serials if (at.line, at.lot) == (line.line, one.lot)
    )
    return LotRow(one.lot, one.expires_on, one.in_transit, one.received, one.lost, one.reserved, serials)


def _chip(lines: tuple[LineRow, ...]) -> Chip:
    """How far a transfer is as a whole."""
    if any(line.in_transit for line in lines):
        return Chip("On its way", "teal", "arrow")
    if any(line.planned for line in lines):
        return Chip("Planned", "gray", "open")
    return (
        Chip("Lost in part", "red", "alert") if any(line.lost for line in lines) else Chip("Arrived", "green", "done")
    )
