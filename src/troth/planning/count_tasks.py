"""What to count next: the positions where being sure is worth most, with the reasons.

A count is worth what it spares: units that are sold though they are not there cost a second parcel, or the sale. So

    value = P(record is wrong) * units that are not there if it is * share of them that is asked for * cost of one
            - cost of the count

*Source:* the value of information of an inspection, as in N. DeHoratius, A. J. Mersereau and L. Schrage, "Retail
inventory management when records are inaccurate", *Manufacturing & Service Operations Management* 10 (2008).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from troth.engine.supply.accuracy import effective_trials, find_probability, is_doubted
from troth.engine.supply.finding import FindRates
from troth.model.accuracy import LEARNING, Learning
from troth.model.count_task import Candidate, CountTask, Reason
from troth.model.measure import PIECE, scale_of, shown
from troth.model.value import dataclass

ASKED_DAYS: Final = 28
"""Demand is what was reserved at a position in so many days."""


@dataclass(frozen=True, slots=True)
class CountWorth:
    """What a count costs, for itself and for each unit on the books, and what a unit costs that is sold and not there
    (minor units): a parcel from elsewhere, or with the probability `lost_share` its margin. It is about the demand of
    `horizon_days`.
    """

    count_minor: int = 50
    count_unit_minor: int = 2
    reship_minor: int = 800
    lost_share: float = 0.25
    horizon_days: float = 14.0


WORTH: Final = CountWorth()


def rank_counts(
    candidates: Iterable[Candidate],
    rates: FindRates,
    now: datetime,
    *,
    limit: int,
    worth: CountWorth = WORTH,
    learning: Learning = LEARNING,
) -> tuple[CountTask, ...]:
    """The counts that are worth more than they cost, the most valuable first; ties by node and SKU."""
    tasks = [_task(one, rates, now, worth, learning) for one in candidates if one.node in rates.nodes]
    kept = [task for task in tasks if task.value_minor > 0.0]
    kept.sort(key=lambda task: (-task.value_minor, task.candidate.node, task.candidate.sku))
    return tuple(kept[:limit])


def _task(candidate: Candidate, rates: FindRates, now: datetime, worth: CountWorth, learning: Learning) -> CountTask:
    row = rates.categories.get(candidate.category, 0)
    rate = float(rates.probability[row, rates.nodes[candidate.node]])
    record = candidate.record
    chance = rate if record is None else find_probability(record, rate, now, learning)
    scale = scale_of(candidate.decimals)  # wholes are found or missed, and cost what a unit costs
    on_hand, available = candidate.on_hand / scale, candidate.available / scale
    wrong = 1.0 - chance ** effective_trials(on_hand, learning.correlation)
    missing = min(available, on_hand * (1.0 - chance) / wrong) if wrong > 0.0 else 0.0
    # Half a unit more than was asked for: that nobody asked for 28 days does not say that nobody will.
    asked = (candidate.asked_units / scale + 0.5) * worth.horizon_days / ASKED_DAYS
    share = min(1.0, asked / max(1.0, available))
    unit = worth.lost_share * max(0, candidate.margin_minor) + (1.0 - worth.lost_share) * worth.reship_minor
    cost = worth.count_minor + worth.count_unit_minor * on_hand
    return CountTask(
        candidate,
        probability=chance,
        wrong_probability=wrong,
        missing_units=missing,
        asked_share=share,
        unit_minor=unit,
        value_minor=wrong * missing * share * unit - cost,
        reasons=tuple(_reasons(candidate, rate, unit, worth, learning)),
    )


def _reasons(
    candidate: Candidate, rate: float, unit_minor: float, worth: CountWorth, learning: Learning
) -> Iterable[Reason]:
    record, unit = candidate.record, candidate.unit
    if record is not None and is_doubted(record, learning):
        how = "at a pick" if record.missed_by == "short_pick" else "and the work rejected"
        yield Reason(record.missed_by, f"{_whole(record.missed_units, unit)} not found {how}", record.missed_at)
    if record is None or record.counted_at is None:
        yield Reason("never_counted", "never counted")
    else:
        if record.variance < 0:
            yield Reason(
                "negative_count", f"{_whole(-record.variance, unit)} missing at the last count", record.counted_at
            )
        if record.moved:
            yield Reason("moved", f"{_whole(record.moved, unit)} moved since it was counted", record.counted_at)
    yield Reason("find_rate", f"{100 * rate:.0f} % of its category is found here")
    if unit_minor > 2 * worth.reship_minor:
        yield Reason("high_value", "a missing unit costs more than two parcels")
    if candidate.asked_units >= max(1, candidate.available):
        asked = shown(candidate.asked_units, candidate.decimals)
        yield Reason("fast", f"{_units(asked, unit)} asked for in {ASKED_DAYS} days")


def _whole(count: int, unit: str) -> str:
    """Units of a record, which knows of what is sold by measure only how many wholes it was about."""
    return _units(count, unit) if unit == PIECE else f"about {_units(count, unit)}"


def _units(count: int | float, unit: str) -> str:
    if unit != PIECE:
        return f"{count} {unit}"
    return "1 unit" if count == 1 else f"{count} units"
