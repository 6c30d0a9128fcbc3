"""A transfer as it is answered: how many units of each line, and of each of its lots, are where."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from troth.engine.supply.overdue import tell_overdue
from troth.flows.stock.transfer_now import TransferNow
from troth.http.edge.measures import Units, of_sku
from troth.http.edge.problems import ProblemError
from troth.http.edge.values import Instant
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.lifecycle import TransferState
from troth.model.serials import TravelingSerial
from troth.model.transfer import LotInTransit, Transfer, TransferLine, TransitState


class TransferLotAnswer(msgspec.Struct, frozen=True):
    """The units of a line that are of one lot, good until the end of `expires_on`; `reserved` as of the line."""

    lot: str
    expires_on: date | None
    in_transit: Units
    received: Units
    lost: Units
    reserved: Units


class TransferSerialAnswer(msgspec.Struct, frozen=True):
    """A unit by its serial number: the lot that it is of (empty: none), and whether it has left, arrived or is lost."""

    serial: str
    lot: str
    state: TransferState


class TransferLineAnswer(msgspec.Struct, frozen=True):
    """A line, in units: `planned` have not left yet, `reserved` of those in transit are promised to orders.

    `lot` is the one that was asked for, empty where none was; `lots` are those of which units have left.
    """

    line: int
    sku: str
    quantity: Units
    planned: Units
    in_transit: Units
    received: Units
    lost: Units
    reserved: Units
    lot: str
    lots: tuple[TransferLotAnswer, ...]
    serials: tuple[TransferSerialAnswer, ...]


class TransferAnswer(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """A transfer with how far it has come; `findings` are worth a second look, such as a date that passed."""

    transfer_id: str
    from_: str
    to: str
    expected_at: Instant
    lines: tuple[TransferLineAnswer, ...]
    findings: tuple[ProblemError, ...]


def answer_transfer(
    transfer_id: str, now: TransferNow, items: Mapping[Sku, Item], asked_at: datetime
) -> TransferAnswer:
    """A transfer as it is answered at an instant, in the measures of its items."""
    transfer = now.transfer
    is_open = any(
        state.received + state.lost < line.quantity for line, state in zip(transfer.lines, now.states, strict=True)
    )
    why = tell_overdue(transfer.expected_at, asked_at) if is_open else ""
    serials: dict[int, list[TransferSerialAnswer]] = {}
    for (_sku, serial), at in now.serials:
        serials.setdefault(at.line, []).append(TransferSerialAnswer(serial, at.lot, at.state))
    return TransferAnswer(
        transfer_id,
        transfer.sender,
        transfer.receiver,
        transfer.expected_at,
        tuple(
            _answer_line(line, state, tuple(serials.get(line.line, ())), items)
            for line, state in zip(transfer.lines, now.states, strict=True)
        ),
        (ProblemError("/expected_at", why),) if why else (),
    )


def _answer_line(
    line: TransferLine, state: TransitState, serials: tuple[TransferSerialAnswer, ...], items: Mapping[Sku, Item]
) -> TransferLineAnswer:
    def told(units: int) -> Units:
        return of_sku(units, line.sku, items)

    return TransferLineAnswer(
        line=line.line,
        sku=line.sku,
        quantity=told(line.quantity),
        planned=told(line.quantity - state.shipped),
        in_transit=told(state.in_transit),
        received=told(state.received),
        lost=told(state.lost),
        reserved=told(state.reserved),
        lot=line.lot,
        lots=tuple(
            TransferLotAnswer(
                one.lot,
                one.expires_on,
                told(one.in_transit),
                told(one.received),
                told(one.lost),
                told(one.reserved),
            )
            for one in state.lots
            if one.lot
        ),
        serials=serials,
    )


_AT: Final = datetime.fromisoformat("2026-12-01T09:00:00-05:00")
_LOT: Final = LotInTransit("L-77", date(2027, 3, 31), shipped=8, received=4, lost=1, reserved=2)
EXAMPLE: Final = answer_transfer(
    "T-7",
    TransferNow(
        Transfer(NodeId("DC-PA"), NodeId("ST-NYC"), _AT, (TransferLine(1, Sku("A-1001"), 10),)),
        (TransitState((_LOT,)),),
        (((Sku("A-1001"), "SN-00417"), TravelingSerial("T-7", 1, "L-77", TransferState.SHIPPED, _AT)),),
    ),
    {},
    _AT - timedelta(days=2),
)
