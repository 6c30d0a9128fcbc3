"""What a plan is chosen by, and what the terms cost which stand neither on a rate card nor with a node."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Final

from troth.model.value import dataclass


class Objective(StrEnum):
    """What is to be as little, or as much, as it can be."""

    CHEAPEST = "cheapest"
    FASTEST = "fastest"
    FEWEST_SHIPMENTS = "fewest_shipments"
    HIGHEST_MARGIN = "highest_margin"


CHEAPEST_ONLY: Final = (Objective.CHEAPEST,)

CHARGEBACK_CARRIER: Final = "chargeback_carrier"
CHARGEBACK_LATE: Final = "chargeback_late"
CHARGEBACK_SPLIT: Final = "chargeback_split"
"""What a trading partner takes off an invoice: for a carrier that is not theirs, for what is late, for one more
shipment.
"""

PARTS: Final = (
    "shipping",
    "surcharges",
    "fuel",
    "handling",
    "labor",
    "packaging",
    "goods",
    "split",
    "together",
    "small",
    "delay",
    "late",
    "load",
    "failure",
    "overdue",
    "markdown",
    "opportunity",
    "stock_out",
    "payment",
    "returns",
    "carbon",
    CHARGEBACK_CARRIER,
    CHARGEBACK_LATE,
    CHARGEBACK_SPLIT,
)
"""The names of all parts of a shipment's cost, in the order in which they are shown."""

PENALTIES: Final = frozenset({"split", "together", "small", "delay", "late", "load"})
"""Parts that nobody pays: they say what the policy would rather avoid, and are no part of the margin."""


@dataclass(frozen=True, slots=True)
class PaymentFee:
    """What a tender costs: a share of what is captured, and a fixed amount for each capture."""

    basis_points: int = 0
    minor: int = 0


@dataclass(frozen=True, slots=True)
class CostRates:
    """Amounts in minor units of the policy's currency; what is zero or empty is not used.

    Load: a line at a node costs `load_minor` when all of its capacity is used, nothing up to `load_free_percent` of
    it, and proportionally in between. Failure: a line that its node does not take on or not find costs
    `failure_minor`, and one that is not out in time `overdue_minor`, each as often as is to be expected of the
    node. Stock-out: `stock_out_weeks` is how long a node must do with what it has. Markdown: units above
    `markdown_weeks` of a node's sales will lose `markdown_basis_points` of their price, of all items or only of
    those with the attribute `markdown_attribute`. Payment: by tender, "" for all others. Returns: the share of
    units that come back, by category, and what taking one back costs, by method, "" for all others. Carbon: grams
    of CO2e by tonne and kilometer, by service, "" for all others, and by parcel; `carbon_minor_per_kg` zero means
    that they are only reported.
    """

    load_minor: int = 0
    load_free_percent: int = 0
    failure_minor: int = 0
    overdue_minor: int = 0
    stock_out_weeks: float = 0.0
    markdown_weeks: float = 0.0
    markdown_basis_points: int = 0
    markdown_attribute: str = ""
    payment_fees: Mapping[str, PaymentFee] = field(default_factory=dict)
    return_basis_points: Mapping[str, int] = field(default_factory=dict)
    return_minor: Mapping[str, int] = field(default_factory=dict)
    carbon_grams_per_tonne_km: Mapping[str, float] = field(default_factory=dict)
    carbon_grams_per_parcel: int = 0
    carbon_minor_per_kg: int = 0

    @property
    def looks_at_work(self) -> bool:
        """Whether what a line costs depends on how well nodes do their work."""
        return self.failure_minor > 0 or self.overdue_minor > 0

    @property
    def looks_at_stock(self) -> bool:
        """Whether what a unit costs depends on how many there are."""
        return self.stock_out_weeks > 0.0 or (self.markdown_weeks > 0.0 and self.markdown_basis_points > 0)


NO_COST_RATES: Final = CostRates()
