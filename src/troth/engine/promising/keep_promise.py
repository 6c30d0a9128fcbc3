"""Planning units again so that the promise they had is kept wherever that is possible at all, by a faster service than
the one that was asked for where it has to be.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from troth.engine.demand.budget import Budget
from troth.engine.promising.case import Case, missing_units
from troth.model.cost_rates import CHEAPEST_ONLY
from troth.model.plan import Demand, Plan
from troth.model.policy import Policy

_LATE_MINOR: Final = 10_000_000
"""What a day of delay of a line costs where nothing but the promise counts: more than any parcel."""

_OF_DELAY: Final = frozenset({"late", "delay"})
_STRICTS_MAX: Final = 16
_STRICTS: dict[int, tuple[Policy, Policy]] = {}


def keep_promise(case: Case, budget: Budget | None = None) -> tuple[Case, Plan]:
    """The case and its plan; where that is late, the case in which delay costs more than anything, if it is not; and
    where that is late as well, the cheapest such case by another service that is not.

    All are one decision, and share what it may spend: the `budget` (None: the policy's).
    """
    if budget is None:
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
    return _upgraded(strict, answer, budget) or (case, answer)


def _upgraded(strict: Case, answer: Plan, budget: Budget) -> tuple[Case, Plan] | None:
    """The strict case and plan of the service that keeps the promise for the least, and no more than the routing pays;
    None where none does.
    """
    routing, asked = strict.policy.routing, strict.demand.service
    limit = None if routing is None else routing.upgrade_cost_minor_max
    best: tuple[int, Case, Plan] | None = None
    for service in _faster_services(strict):
        case = replace(strict, demand=replace(strict.demand, service=service))
        found = case.plan(budget)
        more = max(0, _paid_minor(found) - _paid_minor(answer))
        is_kept = missing_units(found) <= missing_units(answer) and not is_late(case.demand, found)
        if is_kept and (limit is None or more <= limit) and (best is None or more < best[0]):
            best = (more, case, found)
    if best is None:
        return None
    more, case, found = best
    note = f"sent by {case.demand.service} instead of {asked} to keep the promise, for {more} more in minor units"
    return case, replace(found, trace=replace(found.trace, notes=(*found.trace.notes, note)))


def _faster_services(case: Case) -> Iterable[str]:
    """The other services of the demand's method that are nowhere slower than the one it asks for, by name."""
    asked = case.demand.service
    if not asked:
        return ()
    slowest: dict[str, tuple[int, int]] = {}
    for card in case.network.offer(case.demand.method).cards:
        days = (max(card.transit_days), min(card.transit_days))
        slowest[card.service] = min(days, slowest.get(card.service, days))
    days_asked = slowest.get(asked, (0, 0))
    return sorted(
        service
        for service, days in slowest.items()
        if service != asked and days[0] <= days_asked[0] and days[1] <= days_asked[1]
    )


def _paid_minor(answer: Plan) -> int:
    """What a plan costs us besides what delay is thought to cost (minor units)."""
    parts = ((name, minor) for shipment in answer.shipments for name, minor in shipment.cost.items())
    return sum(minor for name, minor in parts if name not in _OF_DELAY)


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
