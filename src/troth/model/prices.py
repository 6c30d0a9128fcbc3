"""Unit prices as they are published: in sets, each made at an instant from what was known then."""

from datetime import datetime

from troth.model.ids import NodeId, Sku
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class PriceLine:
    """What a set says of a SKU at a node: minor units of the policy's currency, and units a week; None where it says
    nothing.
    """

    sku: Sku
    node: NodeId
    minor: float | None = None
    markdown_minor: float | None = None
    weekly_units: float | None = None


@dataclass(frozen=True, slots=True)
class PriceSet:
    """A set by its version, with how many lines it has once it is finished. It decides from then on until one that was
    made later is finished, or it is taken back.
    """

    set_id: int
    version: str
    made_at: datetime
    finished_at: datetime | None = None
    lines: int | None = None
    taken_back_at: datetime | None = None
