"""What an exception weighs: the money at risk, times how near its promise is to being missed, in whole numbers."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from troth.model.exceptions import ConcernedUnits, OpenException
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.measure import half_up, scale_of
from troth.model.order import Line
from troth.model.risk import DEFAULT_WEIGHTS, Risk, RiskWeights
from troth.model.totals import amounts_of

_ONCE: Final = 10_000
_HOUR_SECONDS: Final = 3_600


def weigh(
    found: OpenException, items: Mapping[Sku, Item], now: datetime, weights: RiskWeights = DEFAULT_WEIGHTS
) -> Risk:
    """The risk of an exception at an instant."""
    return weigh_money(found, *money_of(found, items), now, weights)


def money_of(found: OpenException, items: Mapping[Sku, Item]) -> tuple[int, int]:
    """What the customer owes for the units of an exception, and the margin on them (minor units)."""
    owed = sum(owed_minor(one, includes_tax=found.prices_include_tax) for one in found.lines)
    margin = sum(margin_minor(one, items, found.currency, includes_tax=found.prices_include_tax) for one in found.lines)
    return owed, margin


def weigh_money(found: OpenException, owed: int, margin: int, now: datetime, weights: RiskWeights) -> Risk:
    """The risk of an exception for whose units so much is owed, with such a margin."""
    hours = None if found.due_at is None else int((found.due_at - now).total_seconds() // _HOUR_SECONDS)
    urgency = find_urgency(hours, weights)
    at_stake = weights.floor_minor + owed + half_up(weights.margin_percent * max(0, margin), 100)
    return Risk(owed, margin, hours, urgency, half_up(at_stake * urgency, _ONCE))


def rank(weighed: Iterable[tuple[OpenException, Risk]]) -> list[tuple[OpenException, Risk]]:
    """Exceptions with their risks, what weighs most first; of equals the one that is open longest, then by id."""
    return sorted(weighed, key=lambda pair: place_of(*pair))


def place_of(found: OpenException, risk: Risk) -> tuple[int, datetime, str]:
    """Where an exception stands among others."""
    return -risk.score, found.since, found.exception_id


def find_urgency(hours: int | None, weights: RiskWeights) -> int:
    """By how much the hours to the promise count, in hundredths of a percent.

    >>> [find_urgency(hours, DEFAULT_WEIGHTS) for hours in (None, 100, 72, 36, 0, -10, -500)]
    [10000, 10000, 10000, 15000, 20000, 22000, 40000]
    """
    if hours is None or hours >= weights.horizon_hours:
        return _ONCE
    if hours >= 0:
        return _ONCE + half_up(100 * weights.due_percent * (weights.horizon_hours - hours), weights.horizon_hours)
    past = min(-hours, weights.past_hours_max)
    return _ONCE + 100 * (weights.due_percent + weights.past_percent * past)


def owed_minor(concerned: ConcernedUnits, *, includes_tax: bool) -> int:
    """What the customer would no longer owe if these units were canceled (minor units)."""
    return _last_units(concerned, includes_tax=includes_tax)[0]


def margin_minor(concerned: ConcernedUnits, items: Mapping[Sku, Item], currency: str, *, includes_tax: bool) -> int:
    """What is earned on these units: what is owed for them without tax, less what they cost; 0 where their cost is not
    known in the order's currency.
    """
    item = items.get(concerned.line.sku)
    if item is None or item.currency != currency or not item.cost_minor:
        return 0
    owed, tax = _last_units(concerned, includes_tax=includes_tax)
    return owed - tax - half_up(item.cost_minor * concerned.units, scale_of(concerned.line.decimals))


def _last_units(concerned: ConcernedUnits, *, includes_tax: bool) -> tuple[int, int]:
    """What the last so many wanted units of a line cost, and the tax in it."""
    line: Line = concerned.line
    wanted = line.quantity - line.canceled_quantity
    rest = max(0, wanted - concerned.units)
    amounts = amounts_of(line, wanted, includes_tax=includes_tax) - amounts_of(line, rest, includes_tax=includes_tax)
    return amounts.total_minor, amounts.tax_minor
