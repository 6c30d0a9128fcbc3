"""A transfer as it is answered: how many units of each line are where."""

from datetime import datetime
from typing import Final

import msgspec

from troth.flows.transfers import TransferNow
from troth.http.values import Instant
from troth.model.ids import NodeId, Sku
from troth.model.transfer import Transfer, TransferLine, TransitState


class TransferLineAnswer(msgspec.Struct, frozen=True):
    """A line, in units: `planned` have not left yet, `reserved` of those in transit are promised to orders."""

    line: int
    sku: str
    quantity: int
    planned: int
    in_transit: int
    received: int
    lost: int
    reserved: int


class TransferAnswer(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """A transfer with how far it has come."""

    transfer_id: str
    from_: str
    to: str
    expected_at: Instant
    lines: tuple[TransferLineAnswer, ...]


def answer_transfer(transfer_id: str, now: TransferNow) -> TransferAnswer:
    """A transfer as it is answered."""
    transfer = now.transfer
    return TransferAnswer(
        transfer_id,
        transfer.sender,
        transfer.receiver,
        transfer.expected_at,
        tuple(
            TransferLineAnswer(
                line.line,
                line.sku,
                line.quantity,
                line.quantity - state.shipped,
                state.in_transit,
                state.received,
                state.lost,
                state.reserved,
            )
            for line, state in zip(transfer.lines, now.states, strict=True)
        ),
    )


EXAMPLE: Final = answer_transfer(
    "T-7",
    TransferNow(
        Transfer(
            NodeId("DC-PA"),
            NodeId("ST-NYC"),
            datetime.fromisoformat("2026-12-01T09:00:00-05:00"),
            (TransferLine(1, Sku("A-1001"), 10),),
        ),
        (TransitState(shipped=8, received=4, lost=1, reserved=2),),
    ),
)
