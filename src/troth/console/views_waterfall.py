"""A waterfall as its page shows it: each step as a bar that begins where the one before it ended."""

from typing import Final

from troth.console.views_order import supply_text
from troth.engine.exposure.kit_waterfall import TOGETHER
from troth.engine.exposure.waterfall import (
    BACKORDER_MAX,
    EXPIRED,
    FEED_LATE,
    INACTIVE,
    OVERDUE,
    RESERVED,
    TOO_OLD,
    DatedWaterfall,
    Waterfall,
)
from troth.model.value import dataclass

_WORDS: Final = {
    EXPIRED: "Expired",
    RESERVED: "Promised to orders and carts",
    INACTIVE: "At nodes that are not active",
    OVERDUE: "Overdue for so long that nobody counts on it",
    FEED_LATE: "At nodes whose stock feed is late",
    TOO_OLD: "Too old when they arrive",
    "look_ahead": "Left to promises of supply that falls short",
    "unfindable": "May not be found where the books say",
    "safety_stock": "Safety stock",
    "protected": "Protected for higher classes",
    "threshold": "Too few at a node to be used",
    "excluded": "Excluded",
    "channel_buffer": "Left by the channel over all nodes",
    "product_allocation": "Above the quota",
    BACKORDER_MAX: "More than may be backordered",
    TOGETHER: "Left by what limits several components together",
}


@dataclass(frozen=True, slots=True)
class StepView:
    """One step: what it is, which rule, its units, what is left after it, and its bar in percent of what is on hand."""

    kind: str
    text: str
    document: str
    rule: str
    units: int
    left: int
    begins: float
    width: float

    @property
    def is_reserved(self) -> bool:
        """Whether orders hold these units."""
        return self.kind == RESERVED


def view_waterfall(found: Waterfall) -> tuple[StepView, ...]:
    """The steps of a waterfall, in order."""
    left, top = found.on_hand, max(1, found.on_hand)
    steps = []
    for fall in found.falls:
        left -= fall.units
        document, _, rule = fall.rule.partition("/")
        begins, width = 100.0 * max(0, left) / top, 100.0 * max(0, fall.units) / top
        steps.append(StepView(fall.kind, word_of(fall.kind), document, rule, fall.units, left, begins, width))
    return tuple(steps)


@dataclass(frozen=True, slots=True)
class DatedView:
    """A supply that is to come: out of what, in words, and its units."""

    text: str
    of: DatedWaterfall


def view_dated(found: Waterfall) -> tuple[DatedView, ...]:
    """What is to come, the soonest first."""
    dated = sorted(found.dated, key=lambda one: (one.expected_at is None, one.expected_at, one.node, one.source))
    return tuple(DatedView(supply_text(one.source), one) for one in dated)


def word_of(kind: str) -> str:
    """What a kind of step is, in words.

    >>> word_of("safety_stock")
    'Safety stock'
    """
    return _WORDS.get(kind, kind.replace("_", " "))
