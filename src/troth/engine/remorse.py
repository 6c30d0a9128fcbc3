"""How long a customer may change their mind: the remorse period, during which nothing is released."""

from troth.engine.promising.context import Facts
from troth.engine.rules.ground import Ground
from troth.model.plan import Demand


def find_remorse_minutes(demand: Demand, tier_name: str, facts: Facts) -> int:
    """The minutes from the capture on: as the release rules say of the order, else as the tier that answered does, else
    as the policy does.
    """
    policy, release = facts.policy, facts.release
    if release is not None and release.rules.remorse:
        ground = Ground(demand, {}, facts.network, currency=policy.currency, now=facts.now)
        rule = release.remorse_of(ground)
        if rule is not None:
            return rule.minutes
    for tier in () if policy.routing is None else policy.routing.tiers:
        if tier.name == tier_name and "remorse_minutes" in tier.weights:
            return int(tier.weights["remorse_minutes"])
    return policy.remorse_minutes
