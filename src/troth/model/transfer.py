"""A transfer: units that shall go from one node to another."""

from dataclasses import dataclass
from datetime import datetime

from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey, transfer_source
from troth.model.lifecycle import TransferState


@dataclass(frozen=True, slots=True)
class TransferLine:
    """Units of a SKU, as many as shall go in all."""

    line: int
    sku: Sku
    quantity: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """What shall go from the sender to the receiver, and when it is expected there once it is on its way."""

    sender: NodeId
    receiver: NodeId
    expected_at: datetime
    lines: tuple[TransferLine, ...]

    def transit_key(self, transfer_id: str, line: TransferLine) -> SupplyKey:
        """The supply that a line's units are while they are on their way."""
        return SupplyKey(line.sku, self.receiver, transfer_source(transfer_id=transfer_id, line=line.line))


@dataclass(frozen=True, slots=True)
class TransitState:
    """How many units of a line were shipped, received and lost so far, and how many on their way are promised."""

    shipped: int = 0
    received: int = 0
    lost: int = 0
    reserved: int = 0

    @property
    def in_transit(self) -> int:
        """Units that have left and neither arrived nor were lost."""
        return self.shipped - self.received - self.lost


def units_by_state(line: TransferLine, state: TransitState) -> dict[TransferState, int]:
    """A line's units by the state in which they are; together they are the line.

    >>> units = units_by_state(TransferLine(1, Sku("A"), 10), TransitState(shipped=7, received=4, lost=1))
    >>> {str(state): count for state, count in units.items()}
    {'planned': 3, 'shipped': 2, 'received': 4, 'lost': 1}
    """
    return {
        TransferState.PLANNED: line.quantity - state.shipped,
        TransferState.SHIPPED: state.in_transit,
        TransferState.RECEIVED: state.received,
        TransferState.LOST: state.lost,
    }
