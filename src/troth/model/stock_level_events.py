"""What happened to the levels of stock that channels are told."""

from datetime import datetime

from troth.model.ids import NodeId, Sku
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class StockLevelChanged:
    """A channel (empty: all) is told of another level of stock than before, over all nodes or at one; levels are the
    statuses of availability.

    So many units (of what is sold by measure, the smallest that are sold) may be sold at that moment, more from
    `next_supply_at` on; `message` is what a product page says, in the channel's language.
    """

    sku: Sku
    channel: str
    node: NodeId | None
    before: str
    after: str
    available: int
    next_supply_at: datetime | None
    message: str
    at: datetime
