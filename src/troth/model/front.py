"""The Pareto front of a decision: the plans of which none is better in money, days and shipments at once."""

from collections.abc import Mapping

from troth.model.plan import Shipment
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """The amounts of a weight (minor units) from the least to the most, both included; None: however much."""

    least_minor: int
    most_minor: int | None


@dataclass(frozen=True, slots=True)
class FrontPlan:
    """A plan and where it lies: what it costs but for waiting and further shipments, its days of delay, its shipments.

    `money_minor` is the plain sum of its parts without `split` and `delay`, `counted` the same as the policy weighs it,
    in hundredths of minor units. `delay_days` counts for each line the days that its promise is later than the earliest
    that any node could make. A plan that is not `is_on_front` was chosen for other reasons, such as ranks of nodes.

    `day_minor` is what a line's day must count for the plan to be worth as much as the chosen one, the other weights
    being what they are; `shipment_minor` the same for a shipment (None: it saves none). `at_day` and `at_shipment` are
    the amounts at which it is the best of all (None: at no amount of this weight alone).
    """

    shipments: tuple[Shipment, ...]
    money_minor: int
    counted: int
    delay_days: int
    is_chosen: bool
    is_on_front: bool = True
    day_minor: int | None = None
    shipment_minor: int | None = None
    at_day: Span | None = None
    at_shipment: Span | None = None

    @property
    def cost(self) -> Mapping[str, int]:
        """Its cost by part in minor units."""
        cost: dict[str, int] = {}
        for shipment in self.shipments:
            for part, minor in shipment.cost.items():
                cost[part] = cost.get(part, 0) + minor
        return cost


@dataclass(frozen=True, slots=True)
class Front:
    """The front of one question, the cheapest plan first; what was chosen is always among `plans`.

    `weights` are the amounts in force (minor units), by the policy's name. Where `is_complete`, every plan on the front
    that sends each line whole is among them but for `left_out`, which count neither money nor days less than the
    extremes do; else `reason` says why some may be missing.
    """

    plans: tuple[FrontPlan, ...]
    weights: Mapping[str, int]
    is_complete: bool
    reason: str = ""
    left_out: int = 0
