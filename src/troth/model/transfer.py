"""A transfer: units that shall go from one node to another."""

from collections.abc import Iterable
from datetime import date, datetime

from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey, transfer_source
from troth.model.lifecycle import TransferState
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class TransferLine:
    """Units of a SKU, as many as shall go in all; of a `lot` where one is named, else of those that expire first."""

    line: int
    sku: Sku
    quantity: int
    lot: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What shall go from the sender to the receiver, and when it is expected there once it is on its way."""

    sender: NodeId
    receiver: NodeId
    expected_at: datetime
    lines: tuple[TransferLine, ...]

    def transit_key(self, transfer_id: str, line: TransferLine, lot: str = "") -> SupplyKey:
        """The supply that a line's units, those of one lot or of none, are while they are on their way."""
        return SupplyKey(line.sku, self.receiver, transfer_source(transfer_id=transfer_id, line=line.line, lot=lot))


@dataclass(frozen=True, slots=True)
class LotInTransit:
    """How many units of a line were shipped, received and lost so far out of one lot (empty: out of none), and how many
    on their way are promised; `expires_on` is the lot's last good day.
    """

    lot: str
    expires_on: date | None = None
    shipped: int = 0
    received: int = 0
    lost: int = 0
    reserved: int = 0

    @property
    def in_transit(self) -> int:
        """Units that have left and neither arrived nor were lost."""
        return self.shipped - self.received - self.lost


@dataclass(frozen=True, slots=True)
class TransitState:
    """Where the units of a line are, by the lot out of which they left, in the order in which these expire; what no lot
    holds comes last.
    """

    lots: tuple[LotInTransit, ...] = ()

    @property
    def shipped(self) -> int:
        """Units that have left so far."""
        return sum(one.shipped for one in self.lots)

    @property
    def received(self) -> int:
        """Units that have arrived so far."""
        return sum(one.received for one in self.lots)

    @property
    def lost(self) -> int:
        """Units that were lost so far."""
        return sum(one.lost for one in self.lots)

    @property
    def reserved(self) -> int:
        """Units on their way that are promised."""
        return sum(one.reserved for one in self.lots)

    @property
    def in_transit(self) -> int:
        """Units that have left and neither arrived nor were lost."""
        return sum(one.in_transit for one in self.lots)


def transit_of(lots: Iterable[LotInTransit]) -> TransitState:
    """The state of a line whose units these are; lots of which none ever left are left out.

    >>> state = transit_of((LotInTransit("", shipped=2), LotInTransit("L-8", shipped=3, lost=1), LotInTransit("L-7")))
    >>> state.shipped, state.in_transit, [one.lot for one in state.lots]
    (5, 4, ['L-8', ''])
    """
    known = (one for one in lots if one.shipped or one.reserved)
    return TransitState(tuple(sorted(known, key=lambda one: (one.expires_on or date.max, not one.lot, one.lot))))


def units_by_state(line: TransferLine, state: TransitState) -> dict[TransferState, int]:
    """A line's units by the state in which they are; together they are the line.

    >>> state = TransitState((LotInTransit("", shipped=7, received=4, lost=1),))
    >>> units = units_by_state(TransferLine(1, Sku("A"), 10), state)
    >>> {str(state): count for state, count in units.items()}
    {'planned': 3, 'shipped': 2, 'received': 4, 'lost': 1}
    """
    return {
        TransferState.PLANNED: line.quantity - state.shipped,
        TransferState.SHIPPED: state.in_transit,
        TransferState.RECEIVED: state.received,
        TransferState.LOST: state.lost,
    }
