"""How much the rules keep back at each node: arrays of the nodes (N), in whole units, rounded up."""

import math
from collections.abc import Mapping
from datetime import datetime
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.rules.facts import WEEKLY_UNITS
from troth.model.exposure import Protection, SafetyStock, SalesRate
from troth.model.ids import NodeId
from troth.model.item import Item
from troth.model.measure import scale_of
from troth.model.value import dataclass

Units = NDArray[np.int64]

_WEEK_DAYS: Final = 7.0
_ROUNDING: Final = 1e-9
"""What a computed amount may lie above a whole number and still be it."""


@dataclass(frozen=True, slots=True, eq=False)
class Sales:
    """What nodes (N) sell of an item: units a week, their standard deviation, and days until more has come."""

    weekly: NDArray[np.float64]
    deviation: NDArray[np.float64]
    lead_days: NDArray[np.float64]


def sales_of(item: Item, network: Network, rates: Mapping[NodeId, SalesRate]) -> Sales:
    """The item's sales by node. Where nothing is known of a node it is the item's attribute `weekly_units`, or nothing;
    an unknown deviation is that of a Poisson process, an unknown lead time a week. Of what is sold by measure rates are
    of what its price is for, and the sales of its smallest part.
    """
    count = len(network.nodes)
    weekly = np.full(count, _stated(item))
    deviation, lead = np.full(count, -1.0), np.full(count, _WEEK_DAYS)
    for node, rate in rates.items():
        at = network.index.get(node)
        if at is not None:
            weekly[at] = rate.weekly_units
            deviation[at] = rate.weekly_deviation if rate.weekly_deviation > 0.0 else -1.0
            lead[at] = rate.lead_days if rate.lead_days > 0.0 else _WEEK_DAYS
    scale = float(scale_of(item.decimals))
    return Sales(weekly * scale, np.where(deviation < 0.0, np.sqrt(weekly), deviation) * scale, lead)


def safety_units(rule: SafetyStock, on_hand: Units, sales: Sales | None) -> Units:
    """What a rule keeps back at each node: the largest of its amounts, within its bounds.

    The stock for a service level is z times the deviation over the lead time, z being the standard normal quantile.
    *Source:* Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4th ed., section 6.7.

    >>> rule = SafetyStock("dairy", units=2, percent=10.0)
    >>> safety_units(rule, np.array([5, 40]), None).tolist()
    [2, 4]
    """
    kept = np.full(on_hand.shape, float(rule.units or 0))
    if rule.percent:
        kept = np.maximum(kept, on_hand * (rule.percent / 100.0))
    if sales is not None and rule.cover_weeks:
        kept = np.maximum(kept, sales.weekly * rule.cover_weeks)
    if sales is not None and rule.service_level:
        over_lead = sales.deviation * np.sqrt(sales.lead_days / _WEEK_DAYS)
        kept = np.maximum(kept, NormalDist().inv_cdf(rule.service_level) * over_lead)
    return np.clip(_up(kept), rule.units_min, rule.units_max)


def protected_units(rule: Protection, on_hand: Units, now: datetime) -> Units:
    """What a protection keeps at each node at an instant, before anything of it is used: its curve's last step by then,
    or else its own amount.
    """
    steps = [step for step in rule.curve if step.at <= now]
    last = max(steps, key=lambda step: step.at, default=rule)
    kept = np.full(on_hand.shape, float(last.units or 0))
    if last.percent:
        kept = np.maximum(kept, on_hand * (last.percent / 100.0))
    return _up(kept)


def share_units(units: int, percent: float | None) -> int:
    """A percent of units, rounded up.

    >>> share_units(31, 10.0), share_units(30, 10.0), share_units(30, None)
    (4, 3, 0)
    """
    return math.ceil(units * percent / 100.0 - _ROUNDING) if percent else 0


def _up(kept: NDArray[np.float64]) -> Units:
    return np.ceil(kept - _ROUNDING).astype(np.int64)


def _stated(item: Item) -> float:
    try:
        stated = float(item.attributes.get(WEEKLY_UNITS, ""))
    except ValueError:
        return 0.0
    return stated if 0.0 <= stated < math.inf else 0.0
