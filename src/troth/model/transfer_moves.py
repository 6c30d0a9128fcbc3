"""Units of a transfer that move: what can be asked, and what can have happened."""

from datetime import datetime

from troth.model.ids import NodeId, OrderId, Sku
from troth.model.inventory import ON_HAND, SupplyKey, is_on_hand, lot_source, lot_within, transfer_source
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class TransferUnits:
    """Units of one line of a transfer: `planned` of a SKU in all, of which `quantity` are meant now, out of a `lot`
    (empty: out of none).

    `serials` are the numbers of some or all of them. Of what is sold by measure, units are of its smallest part:
    `decimals` says how many make one.
    """

    line: int
    sku: Sku
    planned: int
    quantity: int
    lot: str = ""
    serials: tuple[str, ...] = ()
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Consignment:
    """Which transfer is meant, and between which nodes it goes."""

    transfer_id: str
    sender: NodeId
    receiver: NodeId

    def transit_key(self, sku: Sku, line: int, lot: str = "") -> SupplyKey:
        """The supply that a line's units, those of one lot or of none, are while they are on their way."""
        return SupplyKey(sku, self.receiver, transfer_source(transfer_id=self.transfer_id, line=line, lot=lot))


@dataclass(frozen=True, slots=True)
class ShipTransfer:
    """Units of a transfer leave the sender and are on their way: supply of the receiver from `expected_at` on.

    Of a line that names no lot they are those that expire first, of the sender's supplies in `known`; these are, as far
    as the caller saw, what the sender holds and what is on its way already. With no units at all it only says anew when
    what is on its way will arrive.
    """

    consignment: Consignment
    lines: tuple[TransferUnits, ...]
    expected_at: datetime
    known: tuple[SupplyKey, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiveTransfer:
    """Units of a transfer arrived; `orders` are those that wait for them, as far as the caller saw."""

    consignment: Consignment
    lines: tuple[TransferUnits, ...]
    orders: tuple[OrderId, ...] = ()


@dataclass(frozen=True, slots=True)
class LoseTransfer:
    """Units of a transfer will not arrive, for a reason."""

    consignment: Consignment
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
    return tuple(command.consignment.transit_key(line.sku, line.line, line.lot) for line in command.lines)


def shipped_keys(command: ShipTransfer) -> tuple[SupplyKey, ...]:
    """The supplies that shipping may move: those that are known, those that lines name, and what their units become."""
    keys = set(command.known)
    for line in command.lines:
        sent = SupplyKey(line.sku, command.consignment.sender, lot_source(line.lot))
        keys.add(sent)
        keys |= {
            command.consignment.transit_key(line.sku, line.line, lot_within(key.source))
            for key in ((sent,) if line.lot else (sent, *held_at_sender(command, line.sku)))
        }
    return tuple(sorted(keys))


def held_at_sender(command: ShipTransfer, sku: Sku) -> tuple[SupplyKey, ...]:
    """What the sender holds of a SKU, as far as it is known: by lots, and by none."""
    loose = SupplyKey(sku, command.consignment.sender, ON_HAND)
    held = {key for key in command.known if (key.sku, key.node) == (sku, loose.node) and is_on_hand(key.source)}
    return tuple(sorted({loose, *held}))


def received_keys(command: ReceiveTransfer) -> tuple[SupplyKey, ...]:
    """The supplies that lines become where they arrive: the same lot, or what no lot holds."""
    return tuple(SupplyKey(line.sku, command.consignment.receiver, lot_source(line.lot)) for line in command.lines)
