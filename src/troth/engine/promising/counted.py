"""What the choice counts a plan as, which is not what it is said to cost: parts are weighed by the policy."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from troth.engine.choice.weighing import weights_of
from troth.engine.rules.weights import weighed
from troth.model.cost_rates import PARTS, PENALTIES, Objective
from troth.model.plan import Plan
from troth.model.policy import Policy

_OF_COST: Final = frozenset({Objective.CHEAPEST, Objective.HIGHEST_MARGIN})

SCALE: Final = 100
"""So much is counted for a minor unit of a part that is weighed once."""


def policy_of_tier(policy: Policy, tier: str) -> Policy:
    """The policy by which a tier (empty: none) chooses: with the routing's weights and limits, and then its own."""
    routing = policy.routing
    if routing is None:
        return policy
    policy = weighed(policy, routing.weights, routing.objectives, routing.limits)
    for own in routing.tiers:
        if own.name == tier:
            return weighed(policy, own.weights, own.objectives, own.limits)
    return policy


def factors_of(policy: Policy) -> Mapping[str, int]:
    """What the choice counts for a minor unit of each part of the cost.

    >>> factors_of(Policy(weights={"packaging": 2.5}))["packaging"], factors_of(Policy())["packaging"]
    (250, 100)
    """
    objective = next((one for one in policy.objectives if one in _OF_COST), Objective.CHEAPEST)
    if objective is Objective.HIGHEST_MARGIN:
        return {part: 0 if part in PENALTIES else SCALE for part in PARTS}
    return {part: round(weight * SCALE) for part, weight in weights_of(policy).items()}


def counted_cost(answer: Plan, policy: Policy) -> int:
    """What the choice counts a plan as, on that scale."""
    factors = factors_of(policy)
    return sum(
        minor * factors.get(part, SCALE)
        for shipment in answer.shipments
        for part, minor in shipment.cost.items()
        if minor
    )


def with_amount(policy: Policy, name: str, amount: int) -> Policy:
    """The policy with another amount under a name, also where its routing or a tier of it sets one."""
    routing = policy.routing
    changed = replace(policy, **{name: amount})  # type: ignore[arg-type]
    if routing is None:
        return changed
    is_limit = name == "shipments_max"
    if name in routing.weights:
        routing = replace(routing, weights={**routing.weights, name: amount})
    if is_limit and routing.limits.shipments_max is not None:
        routing = replace(routing, limits=replace(routing.limits, shipments_max=amount))
    tiers = []
    for tier in routing.tiers:
        if name in tier.weights:
            tier = replace(tier, weights={**tier.weights, name: amount})
        if is_limit and tier.limits.shipments_max is not None:
            tier = replace(tier, limits=replace(tier.limits, shipments_max=amount))
        tiers.append(tier)
    return replace(changed, routing=replace(routing, tiers=tuple(tiers)))
