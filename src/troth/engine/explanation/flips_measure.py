"""What makes another plan a flip: it is better as the choice counts it, or as good and sooner."""

from dataclasses import replace

from troth.engine.promising.case import goals, missing_units, outline
from troth.engine.promising.counted import counted_cost
from troth.model.cost_rates import CHEAPEST_ONLY
from troth.model.explanation import Flip
from troth.model.plan import Plan
from troth.model.policy import Policy
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """The plan that was chosen, and the policy by which it was: that of the tier that answered."""

    chosen: Plan
    policy: Policy

    def is_better(self, other: Plan) -> bool:
        """Whether a plan is better by the goals, or as good for less, or sooner for as much.

        Where the policy asks for something before the cost, whatever it chose is, if it does as well by the goals.
        """
        if self.policy.objectives != CHEAPEST_ONLY:
            return goals(other) <= goals(self.chosen) and outline(other) != outline(self.chosen)
        return self._rank(other) < self._rank(self.chosen)

    def flip(self, change: Flip, other: Plan) -> Flip:
        """The change with what it would have led to."""
        return replace(
            change,
            nodes=tuple(shipment.node for shipment in other.shipments),
            saves_minor=self.chosen.cost_minor - other.cost_minor,
            adds_units=missing_units(self.chosen) - missing_units(other),
            promised_at=other.promised_at,
        )

    def _rank(self, answer: Plan) -> tuple[tuple[int, bool, int], int, float]:
        promised = 0.0 if answer.promised_at is None else answer.promised_at.timestamp()
        return goals(answer), counted_cost(answer, self.policy), promised
