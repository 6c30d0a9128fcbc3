"""At which weights in money a plan on the front would be chosen.

The choice minimizes counted + days * weight of a day + shipments * weight of a shipment. With the front known, the
amounts of one weight at which a plan is the best of all are an interval, whose ends are where its line crosses another
plan's. Whole numbers only, so nothing is rounded but the ends, inwards.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from troth.engine.choice.weighing import weights_of
from troth.model.front import FrontPlan, Span
from troth.model.plan import Shipment
from troth.model.policy import Policy
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class _Counts:
    """What a policy counts: the amount of a weight in minor units, and how often it counts a unit of each part, in
    hundredths.
    """

    day_minor: int
    shipment_minor: int
    day_weight: int
    shipment_weight: int


@dataclass(frozen=True, slots=True)
class _Line:
    """What a plan counts as one weight grows (hundredths of minor units): so much, and so much more for each minor
    unit.
    """

    base: int
    slope: int


def count_money(policy: Policy, shipments: Iterable[Shipment]) -> int:
    """What a policy counts of the parts of a cost but for `split` and `delay`, in hundredths of minor units."""
    weights = {part: round(100 * weight) for part, weight in weights_of(policy).items()}
    return sum(
        minor * weights.get(part, 100)
        for shipment in shipments
        for part, minor in shipment.cost.items()
        if part not in ("split", "delay")
    )


def weights_in_force(policy: Policy) -> Mapping[str, int]:
    """The amounts that stand for days and shipments (minor units), by the policy's name."""
    return {
        "delay_minor_per_day": policy.delay_minor_per_day,
        "late_minor_per_day": policy.late_minor_per_day,
        "split_minor": policy.split_minor,
    }


def with_weights(plans: Sequence[FrontPlan], policy: Policy) -> tuple[FrontPlan, ...]:
    """The plans with the weights at which each would be worth the chosen one, and at which it would be the best."""
    factors = weights_of(policy)
    counts = _Counts(
        policy.delay_minor_per_day,
        policy.split_minor,
        round(100 * factors["delay"]),
        round(100 * factors["split"]),
    )
    chosen = next((at for at, plan in enumerate(plans) if plan.is_chosen), None)
    on_front = [at for at, plan in enumerate(plans) if plan.is_on_front]
    by_day = [_by_day(plan, counts) for plan in plans]
    by_shipment = [_by_shipment(plan, counts) for plan in plans]

    def weigh(at: int, plan: FrontPlan) -> FrontPlan:
        if chosen is not None and at != chosen:
            day, shipment = (_equal_at(lines[at], lines[chosen]) for lines in (by_day, by_shipment))
            plan = replace(plan, day_minor=day, shipment_minor=shipment)
        days, shipments = ([lines[other] for other in on_front] for lines in (by_day, by_shipment))
        return replace(plan, at_day=_span(by_day[at], days), at_shipment=_span(by_shipment[at], shipments))

    return tuple(weigh(at, plan) for at, plan in enumerate(plans))


def _by_day(plan: FrontPlan, counts: _Counts) -> _Line:
    split = counts.shipment_weight * counts.shipment_minor * len(plan.shipments)
    return _Line(plan.counted + split, counts.day_weight * plan.delay_days)


def _by_shipment(plan: FrontPlan, counts: _Counts) -> _Line:
    delay = counts.day_weight * counts.day_minor * plan.delay_days
    return _Line(plan.counted + delay, counts.shipment_weight * len(plan.shipments))


def _equal_at(line: _Line, chosen: _Line) -> int | None:
    """The first whole amount, on the way from where the chosen one is better, at which a plan is worth as much as it;
    None where no amount is.

    >>> _equal_at(_Line(500, 1), _Line(300, 4)), _equal_at(_Line(300, 4), _Line(500, 1)), _equal_at(
    ...     _Line(500, 4), _Line(300, 4))
    (67, 66, None)
    """
    slope, above = chosen.slope - line.slope, line.base - chosen.base
    if slope == 0:
        return None
    amount = -(-above // slope) if slope > 0 else -above // -slope
    return amount if amount >= 0 else None


def _span(line: _Line, others: Iterable[_Line]) -> Span | None:
    """The amounts at which no other counts less; None where there are none."""
    least, most = 0, None
    for other in others:
        slope, above = other.slope - line.slope, line.base - other.base
        if slope == 0:
            if above > 0:
                return None
        elif slope > 0:
            least = max(least, -(-above // slope))
        else:
            end = -above // -slope
            most = end if most is None else min(most, end)
    return None if most is not None and most < least else Span(least, most)
