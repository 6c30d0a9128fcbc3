"""What sells: a rate by SKU and node, as planning or another system computed it."""

from datetime import datetime

from troth.model.ids import NodeId, Sku
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class PlacedSalesRate:
    """Units that sell in a week, their standard deviation over weeks, and days until ordered units are there.

    None of the three is negative; `changed_at` is None as long as it is not kept.
    """

    sku: Sku
    node: NodeId
    weekly_units: float
    weekly_deviation: float
    lead_days: float
    changed_at: datetime | None = None
