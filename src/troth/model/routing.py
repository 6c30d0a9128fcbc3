"""A routing: the document in which a retailer says who may send what, who comes first, and what else is to be done."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Final

from troth.model.cost_rates import CostRates, Objective
from troth.model.value import dataclass


class Action(StrEnum):
    """What a tier does when it has seen what its candidates can cover.

    `accept` takes its plan as it is. `next_tier` forgets it and asks the next tier. `split` keeps what it covers and
    asks the next tier for the rest. `backorder` counts dated supply of the tier's candidates as well, and asks the next
    tier where even that does not do. `queue` takes what it covers and lets the rest wait, `hold` does so and calls a
    person, `cancel` gives the rest up.
    """

    ACCEPT = "accept"
    NEXT_TIER = "next_tier"
    SPLIT = "split"
    BACKORDER = "backorder"
    QUEUE = "queue"
    HOLD = "hold"
    CANCEL = "cancel"


class Compare(StrEnum):
    """How tiers compete: the `first` that is content wins, or the one with the least `cost`, its surcharge included."""

    FIRST = "first"
    COST = "cost"


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition in CEL (or, of a keep, a number of units), by name; it only speaks where `when` (of order and
    customer) holds.
    """

    name: str
    expression: str
    when: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Sort:
    """What ranks candidates, the least first: an expression or a named order (`by`), or a list of node ids (`ranked`;
    nodes that it lacks come after it, as equals).
    """

    by: str = ""
    descending: bool = False
    ranked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a plan may go; None leaves it as it is."""

    shipments_max: int | None = None
    is_line_split_allowed: bool | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of a routing: whether it applies (`when`), its candidates (`filters`), which of them come first, and what
    follows.

    Of each item units stay at its candidates as `keep` says. Candidates are chosen by `sort`, one criterion after the
    other, and among equals by cost; `weights` say what cost is: amounts by the name of a field of the policy, factors
    by the name of a part of the cost. `full`, `partial` and `none` are what to do by how much the candidates cover;
    `next_tier` names where that leads, empty is the tier below. What is queued is canceled after `cancel_after_days`. A
    tier that competes by cost pays its `surcharge_minor` there, in minor units; no shipment's cost holds it.
    """

    name: str
    description: str = ""
    when: str = ""
    filters: tuple[Rule, ...] = ()
    keep: tuple[Rule, ...] = ()
    sort: tuple[Sort, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    objectives: tuple[Objective, ...] = ()
    limits: Limits = Limits()
    surcharge_minor: int = 0
    full: Action = Action.ACCEPT
    partial: Action = Action.NEXT_TIER
    none: Action = Action.NEXT_TIER
    next_tier: str = ""
    cancel_after_days: int | None = None


@dataclass(frozen=True, slots=True)
class ClassFloor:
    """What a class of customers has of scarce supply, whoever comes before it: the larger of so many `units` of each
    supply and a `percent` of what is divided. An empty `customer_class` is all whom `priority_classes` does not name.
    """

    customer_class: str
    percent: int = 0
    units: int = 0


@dataclass(frozen=True, slots=True)
class Routing:
    """Tiers in order, and what holds in all of them.

    A candidate must meet every rule of `eligibility` and none of `exclusions`, and gives no more than leaves what
    `keep` says, a number of units by node and line. Without tiers there is one of all candidates that may use dated
    supply. `priority_classes` are the classes of customers, those first who keep scarce supply before others and are
    the first to get what arrives or is free again. Of what is divided so, `class_floors` say what a class has whoever
    comes before it, and `fair_share_percent` what all behind the first have together. Where only a faster service
    keeps a promise that was given, it may cost at most `upgrade_cost_minor_max` more in all (minor units; None:
    whatever it does, 0: what costs no more). Of each line `attempts_max` nodes may fail to provide units before nobody
    else is asked and a person is called; one that rejected is asked again after `retry_rejected_after_hours` (None:
    never).
    """

    name: str = ""
    description: str = ""
    eligibility: tuple[Rule, ...] = ()
    exclusions: tuple[Rule, ...] = ()
    keep: tuple[Rule, ...] = ()
    tiers: tuple[Tier, ...] = ()
    compare: Compare = Compare.FIRST
    limits: Limits = Limits()
    weights: Mapping[str, float] = field(default_factory=dict)
    objectives: tuple[Objective, ...] = ()
    cost_rates: CostRates | None = None
    priority_classes: tuple[str, ...] = ()
    fair_share_percent: int = 0
    class_floors: tuple[ClassFloor, ...] = ()
    upgrade_cost_minor_max: int | None = None
    attempts_max: int = 5
    retry_rejected_after_hours: int | None = None

    @property
    def has_keep(self) -> bool:
        """Whether units have to stay anywhere."""
        return bool(self.keep) or any(tier.keep for tier in self.tiers)

    @property
    def has_floors(self) -> bool:
        """Whether anybody has scarce supply before those who come first."""
        return bool(self.class_floors or self.fair_share_percent)


@dataclass(frozen=True, slots=True)
class Disposition:
    """What a tier wants done about a plan besides shipping it, and which tier that was."""

    action: Action
    tier: str
    reason: str
    cancel_after_days: int | None = None


NAMED_SORTS: Final[Mapping[str, tuple[str, bool]]] = {
    "nearest": ("lane.miles", False),
    "fastest": ("lane.transit_days", False),
    "most_stock": ("stock.available", True),
    "most_weeks_of_supply": ("stock.weeks_of_supply", True),
    "own_region": ("lane.same_region", True),
    "cheapest_handling": ("node.handling", False),
}
"""The expression behind each named order, and whether the largest comes first; `descending` turns it round."""
