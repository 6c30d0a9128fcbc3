"""Planning units again so that the promise they had is kept wherever that is possible at all."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from troth.engine.case import Case, missing_units
from troth.model.cost_rates import CHEAPEST_ONLY
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy

_LATE_MINOR: Final = 10_000_000
"""What a day of delay of a line costs where nothing but the promise counts: more than any parcel."""

_STRICTS_MAX: Final = 16
_STRICTS: dict[int, tuple[Policy, Policy]] = {}


def keep_promise(case: Case) -> tuple[Case, Plan]:
    """The case and its plan; where that is late, the case in which delay costs more than anything, if it is not.

    Both are one decision, and share what it may spend.
    """
    budget = case.budget()
    budget.parts = 2 if any(line.need_by is not None for line in case.demand.lines) else 1
    answer = case.plan(budget)
    if not is_late(case.demand, answer):
        return case, answer
    strict = replace(case, policy=_strict(case.policy))
    budget.parts = 1
    found = strict.plan(budget)
    if missing_units(found) <= missing_units(answer) and not is_late(case.demand, found):
        return strict, found
    return case, answer


def is_late(demand: Demand, answer: Plan) -> bool:
    """Whether any unit that a plan covers comes later than it was to be there."""
    need_by = {line.line_id: line.need_by for line in demand.lines if line.need_by is not None}
    return any(
        shipment.promised_at > need_by[peg.line_id]
        for shipment in answer.shipments
        for peg in shipment.pegs
        if peg.line_id in need_by
    )


def _strict(policy: Policy) -> Policy:
    """The policy in which delay costs more than anything; the same object for the same one, whose rules are compiled
    once.
    """
    known = _STRICTS.get(id(policy))
    if known is not None and known[0] is policy:
        return known[1]
    routing = policy.routing
    if routing is not None:
        routing = replace(
            routing,
            weights=_without_late(routing.weights),
            objectives=(),
            tiers=tuple(replace(tier, weights=_without_late(tier.weights), objectives=()) for tier in routing.tiers),
        )
    strict = replace(
        policy,
        late_minor_per_day=_LATE_MINOR,
        weights=_without_late(policy.weights),
        objectives=CHEAPEST_ONLY,
        routing=routing,
    )
    if len(_STRICTS) >= _STRICTS_MAX:
        _STRICTS.clear()
    _STRICTS[id(policy)] = (policy, strict)
    return strict


def _without_late(weights: Mapping[str, float]) -> Mapping[str, float]:
    return {name: weight for name, weight in weights.items() if name not in ("late", "late_minor_per_day")}
