"""The policy in force: what the engine weighs, in money, and how long a customer may change their mind."""

from collections.abc import Mapping
from dataclasses import field

from troth.model.cost_rates import CHEAPEST_ONLY, NO_COST_RATES, CostRates, Objective
from troth.model.routing import Routing
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Weights in minor units of `currency`, and a version that every decision records.

    `split_minor` is paid for each shipment after the first; `delay_minor_per_day` for each line and day that its
    promise is later than the earliest that any node could make, whatever its stock; `late_minor_per_day` for each line
    and day behind its need-by date, on top. A shipment of goods below `shipment_value_min_minor` is not sent beside
    others (with `shipment_value_penalty_minor`: costs so much more). `ship_to_store`: what a pickup node lacks is sent
    there from other nodes.

    Plans are compared by the `objectives`, the first that tells them apart decides. `weights` are factors of the parts
    of the cost (1 where none is given, to two decimals): they change what is chosen, not what a plan is said to cost.
    One decision may look for better plans for `decision_seconds_max`, then the best one found is taken and says so.
    A pickup is offered at nodes up to `pickup_miles_max` away from where the customer is.
    Unit prices older than `prices_hours_max` are not applied. `routing` holds the rules, None where there are none.
    """

    version: str = "default-1"
    currency: str = "USD"
    remorse_minutes: int = 30
    split_minor: int = 100
    delay_minor_per_day: int = 150
    late_minor_per_day: int = 1000
    shipments_max: int = 8
    pickup_ready_hours: float = 2.0
    alternatives_kept: int = 3
    shipment_value_min_minor: int = 0
    shipment_value_penalty_minor: int | None = None
    ship_to_store: bool = False
    prices_hours_max: float = 24.0
    objectives: tuple[Objective, ...] = CHEAPEST_ONLY
    weights: Mapping[str, float] = field(default_factory=dict)
    cost_rates: CostRates = NO_COST_RATES
    routing: Routing | None = None
    decision_seconds_max: float = 0.25
    pickup_miles_max: float = 100.0


DEFAULT_POLICY = Policy()
