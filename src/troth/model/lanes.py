"""What a retailer knows about lanes that miles do not tell: zones, transit days and days without delivery."""

from datetime import date

from troth.model.ids import NodeId
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Lane:
    """One row: the zone, the transit days, and whether it is served at all, from a node to a place by a service.

    What is empty stands for all. `zone` counts from 0 and takes the place of the zone by miles; `transit_days` takes
    the place of the rate card's. What is not `served` has no lane, where a more specific row does not say that it is
    (None: the row says nothing); it never goes farther than the card. A prefix is compared without blanks and in
    capitals.
    """

    node: NodeId | None = None
    service: str = ""
    country: str = ""
    region: str = ""
    postcode_prefix: str = ""
    zone: int | None = None
    transit_days: int | None = None
    served: bool | None = None


@dataclass(frozen=True, slots=True)
class PlaceHolidays:
    """Days on which nothing is delivered in a country, or in one of its regions."""

    country: str
    days: tuple[date, ...]
    region: str = ""


@dataclass(frozen=True, slots=True)
class LaneTable:
    """All that is known about lanes. Of rows that fit, the most specific counts, and of equals the last."""

    lanes: tuple[Lane, ...] = ()
    holidays: tuple[PlaceHolidays, ...] = ()


NO_LANES = LaneTable()
