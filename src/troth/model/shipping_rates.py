"""What carrying the packages of a work costs by each service, when they arrive, and which one is best."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from troth.model.value import dataclass


class RateSource(StrEnum):
    """Who says what it costs: a rate card in force, or the carrier that was asked."""

    CARD = "card"
    CARRIER = "carrier"


@dataclass(frozen=True, slots=True)
class ShippingRate:
    """One service for all packages of a work together (minor units; `parts` by name, `each_minor` by package): it
    leaves at `leaves_at`, and has arrived by `arrives_at` (None: not known). `keeps` says whether that is within the
    promise, `barred` why it cannot be taken (empty: it can), `has_labels` whether its carrier makes labels here.
    """

    carrier: str
    service: str
    source: RateSource
    cost_minor: int = 0
    currency: str = ""
    parts: Mapping[str, int] = field(default_factory=dict)
    each_minor: tuple[int, ...] = ()
    leaves_at: datetime | None = None
    arrives_at: datetime | None = None
    keeps: bool = False
    barred: str = ""
    has_labels: bool = False

    @property
    def name(self) -> tuple[str, str]:
        """The carrier and its service."""
        return self.carrier, self.service


@dataclass(frozen=True, slots=True)
class QuotedRate:
    """What a carrier says itself: the price of a service for each package (minor units), and when it arrives (None: not
    said).
    """

    service: str
    each_minor: tuple[int, ...]
    currency: str
    arrives_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RateChoice:
    """The rates of a work in the order in which they are good, the best first (None: none can be taken), and why."""

    rates: tuple[ShippingRate, ...]
    best: ShippingRate | None
    why: str
