"""Units that are told apart by a serial number, and where each of them is."""

from datetime import datetime

from troth.model.ids import FulfillmentId, LineId, OrderId, Sku
from troth.model.lifecycle import TransferState
from troth.model.value import dataclass

SerialKey = tuple[Sku, str]
"""A serial number is one among those of its SKU."""


@dataclass(frozen=True, slots=True, order=True)
class UnitSerial:
    """The serial of one unit of an order line in a fulfillment."""

    line_id: LineId
    sku: Sku
    serial: str

    @property
    def key(self) -> SerialKey:
        """What tells it from all others."""
        return self.sku, self.serial


@dataclass(frozen=True, slots=True)
class TravelingSerial:
    """A serial of which a transfer said that it left, arrived or was lost: with which line, and out of which lot."""

    transfer_id: str
    line: int
    lot: str
    state: TransferState
    at: datetime


@dataclass(frozen=True, slots=True)
class SerialPlace:
    """The fulfillment that a serial was named for, and since when; `is_held` while units of the line are live there."""

    order_id: OrderId
    fulfillment_id: FulfillmentId
    line_id: LineId
    named_at: datetime
    is_held: bool = True
