"""Exposure rules: the documents in which a retailer says how much of its stock who may see and take, and when.

All of them are views of one ledger: nothing is moved, so that a rule that changes or ends counts at once.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from troth.model.ids import NodeId, Sku
from troth.model.value import dataclass


class Holder(StrEnum):
    """Whose quota a product allocation counts."""

    CUSTOMER = "customer"
    CLASS = "class"
    CHANNEL = "channel"


class Period(StrEnum):
    """How long a quota lasts; `always` is the time for which its rule counts."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class SafetyStock:
    """Units that every channel leaves where they are, at each node and for each item that `where` (CEL) names.

    The amount is the largest of those given: `units`, a `percent` of what is on hand, `days_of_cover` or
    `weeks_of_cover` of sales, or what keeps the `service_level` (0.5 to 1) over the lead time; between `units_min` and
    `units_max`. Of several that name one item at one node the highest `priority` counts, then the first. It counts from
    `starts_at` until `ends_at`.
    """

    name: str
    where: str = ""
    units: int | None = None
    percent: float | None = None
    days_of_cover: float | None = None
    service_level: float | None = None
    units_min: int = 0
    units_max: int | None = None
    priority: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    weeks_of_cover: float | None = None

    @property
    def cover_weeks(self) -> float:
        """The weeks of sales that are kept, however they are said; 0 where none are."""
        return max((self.days_of_cover or 0.0) / 7.0, self.weeks_of_cover or 0.0)


@dataclass(frozen=True, slots=True)
class ChannelBuffer:
    """Units of an item that a channel leaves after all nodes are added up; no `channels`: every channel.

    Units or a percent of the sum. Of several for one item and channel the highest `priority` counts, then the first.
    """

    name: str
    where: str = ""
    channels: tuple[str, ...] = ()
    units: int | None = None
    percent: float | None = None
    priority: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """A node is not used for an item while it could show fewer than `below_units`; for some methods and channels, or
    for all where none are named.
    """

    name: str
    below_units: int
    where: str = ""
    methods: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Items at nodes that are not shown at all to those for whom `when` (CEL of order and customer) holds."""

    name: str
    where: str = ""
    when: str = ""
    methods: tuple[str, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DemandClass:
    """Who ranks how: orders for which `when` (CEL of order and customer) holds, the smallest `rank` being the highest
    class. Who is in no class ranks below all.
    """

    name: str
    rank: int
    when: str


@dataclass(frozen=True, slots=True)
class Release:
    """From an instant on, so much and no more is held back: one step of a release curve."""

    at: datetime
    units: int | None = None
    percent: float | None = None


@dataclass(frozen=True, slots=True)
class Lending:
    """Classes that may take `percent` of what is still protected, until `locked_days` before it is needed."""

    to: tuple[str, ...]
    percent: float = 100.0
    locked_days: int = 0


@dataclass(frozen=True, slots=True)
class Protection:
    """Units at each node that lower classes leave for `demand_class`, which may use those of lower ones in turn.

    Units, a percent of what is on hand, or a `curve` of steps in time. With `needed_from` and `needed_until` they are
    kept for what that class wants in that time: stock that comes before it counts, and what the class has ordered for
    it is no longer kept. Unused units are free after `needed_until`. `lending` are the rules of borrowing. With
    `is_pooled` the units are kept over all the nodes together that `where` names, instead of at each.
    """

    name: str
    demand_class: str
    where: str = ""
    units: int | None = None
    percent: float | None = None
    curve: tuple[Release, ...] = ()
    needed_from: datetime | None = None
    needed_until: datetime | None = None
    lending: Lending | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_pooled: bool = False

    @property
    def is_consumed(self) -> bool:
        """Whether what its class orders is counted against it."""
        return self.needed_until is not None


@dataclass(frozen=True, slots=True)
class ProductAllocation:
    """The most units that each holder may take in a period: of every item that `where` names, or of all together.

    `units` is what holders get whom `holders` does not name; None: as much as they like.
    """

    name: str
    by: Holder
    period: Period
    where: str = ""
    units: int | None = None
    holders: Mapping[str, int] = field(default_factory=dict)
    is_by_item: bool = True
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """How sure one must be that a unit is found where the books say it is (0.5 to 1) before it is shown."""

    name: str
    confidence: float
    where: str = ""
    priority: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExposureRules:
    """One document of exposure rules; all documents in force count together."""

    description: str = ""
    classes: tuple[DemandClass, ...] = ()
    safety_stock: tuple[SafetyStock, ...] = ()
    buffers: tuple[ChannelBuffer, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    protections: tuple[Protection, ...] = ()
    allocations: tuple[ProductAllocation, ...] = ()
    finding: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Draw:
    """What a part of an order is counted against: a protection (at its node) or a holder's quota of a period.

    `sku` and `node` are empty where the count is of all items or all nodes together.
    """

    rule: str
    sku: Sku
    node: NodeId
    holder: str = ""
    period: str = ""


@dataclass(frozen=True, slots=True)
class SalesRate:
    """What a node sells of an item in a week, how much that varies, and how long it waits for more (days)."""

    weekly_units: float
    weekly_deviation: float = 0.0
    lead_days: float = 0.0
