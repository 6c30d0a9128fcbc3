"""Units of a transfer that move: what can be asked, and what can have happened."""

from dataclasses import dataclass
from datetime import datetime

from troth.model.ids import NodeId, OrderId, Sku
from troth.model.inventory import SupplyKey, transfer_source


@dataclass(frozen=True, slots=True)
class TransferUnits:
    """Units of one line of a transfer: `planned` of a SKU in all, of which `quantity` are meant now."""

    line: int
    sku: Sku
    planned: int
    quantity: int


@dataclass(frozen=True, slots=True)
class ShipTransfer:
    """Units of a transfer leave the sender and are on their way: supply of the receiver from `expected_at` on.

    With no units at all it only says anew when what is on its way will arrive.
    """

    transfer_id: str
    sender: NodeId
    receiver: NodeId
    lines: tuple[TransferUnits, ...]
    expected_at: datetime


@dataclass(frozen=True, slots=True)
class ReceiveTransfer:
    """Units of a transfer arrived; `orders` are those that wait for them, as far as the caller saw."""

    transfer_id: str
    receiver: NodeId
    lines: tuple[TransferUnits, ...]
    orders: tuple[OrderId, ...] = ()


@dataclass(frozen=True, slots=True)
class LoseTransfer:
    """Units of a transfer will not arrive, for a reason."""

    transfer_id: str
    receiver: NodeId
    lines: tuple[TransferUnits, ...]
    reason: str


TransferCommand = ShipTransfer | ReceiveTransfer | LoseTransfer


@dataclass(frozen=True, slots=True)
class TransferShipped:
    """Units of a transfer left the sender, or (with no units) what is on its way arrives at another time."""

    transfer_id: str
    sender: NodeId
    receiver: NodeId
    lines: tuple[TransferUnits, ...]
    expected_at: datetime


@dataclass(frozen=True, slots=True)
class TransferReceived:
    """Units of a transfer arrived and are on hand at the receiver."""

    transfer_id: str
    receiver: NodeId
    lines: tuple[TransferUnits, ...]


@dataclass(frozen=True, slots=True)
class TransferLost:
    """Units of a transfer will not arrive; what was promised from them has no cover any more."""

    transfer_id: str
    receiver: NodeId
    lines: tuple[TransferUnits, ...]
    reason: str


def transit_keys(command: TransferCommand) -> tuple[SupplyKey, ...]:
    """The supplies that the units of each line are while they are on their way, line by line."""
    return tuple(
        SupplyKey(line.sku, command.receiver, transfer_source(transfer_id=command.transfer_id, line=line.line))
        for line in command.lines
    )
