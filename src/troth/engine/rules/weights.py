"""What a routing says about cost and limits, as changes of the policy."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Final

from troth.engine.rules.compiled import compiled_routing
from troth.model.cost_rates import PARTS, Objective
from troth.model.policy import DEFAULT_POLICY, Policy
from troth.model.routing import Limits, Routing

AMOUNTS: Final[Mapping[str, type]] = {
    field.name: type(getattr(DEFAULT_POLICY, field.name))
    for field in fields(Policy)
    if type(getattr(DEFAULT_POLICY, field.name)) in (bool, int, float)
} | {"shipment_value_penalty_minor": int}
"""The fields of a policy that are numbers or switches (0, 1), with their types: what weights may set by name."""


def looks_at_sales(policy: Policy) -> bool:
    """Whether it can matter to a policy what nodes sell in a week."""
    if policy.cost_rates.looks_at_stock:
        return True
    return policy.routing is not None and compiled_routing(policy.routing).looks_at_sales


def policy_of(routing: Routing, label: str, base: Policy = DEFAULT_POLICY) -> Policy:
    """The policy of a routing that is in force under this label (NAME@VERSION)."""
    policy = weighed(base, routing.weights, routing.objectives, routing.limits)
    rates = policy.cost_rates if routing.cost_rates is None else routing.cost_rates
    return replace(policy, version=label, routing=routing, cost_rates=rates)


def ready_policy(routing: Routing, label: str, base: Policy) -> Policy:
    """The policy of a routing, which is compiled here so that no order waits for it."""
    compiled_routing(routing)
    return policy_of(routing, label, base)


def weighed(policy: Policy, weights: Mapping[str, float], objectives: tuple[Objective, ...], limits: Limits) -> Policy:
    """The policy with these amounts and factors, objectives and limits in place of its own; the same one where there
    are none.
    """
    if not weights and not objectives and limits.shipments_max is None:
        return policy
    amounts = {name: AMOUNTS[name](amount) for name, amount in weights.items() if name in AMOUNTS}
    factors = {name: float(factor) for name, factor in weights.items() if name in PARTS}
    found = replace(policy, **amounts)
    if factors:
        found = replace(found, weights={**policy.weights, **factors})
    if objectives:
        found = replace(found, objectives=objectives)
    if limits.shipments_max is not None:
        found = replace(found, shipments_max=limits.shipments_max)
    return found
