"""What a plan is chosen by: the terms that the policy, the network and the demand call for, and their weights."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import numpy as np

from troth.engine.costs import Terms
from troth.engine.problem import Problem
from troth.engine.unit_prices import UnitPrices, align, is_fresh
from troth.model.ids import NodeId
from troth.model.plan import Demand


def with_terms(
    problem: Problem,
    demand: Demand,
    *,
    prices: UnitPrices | None,
    loads: Mapping[NodeId, float] | None,
    now: datetime,
) -> Problem:
    """The problem with the cost terms that are in use; the same one where none is."""
    if prices is None or not is_fresh(prices, now, problem.policy.prices_hours_max):
        return problem
    opportunity = np.array([np.rint(align(prices.minor, line.sku, problem.network)) for line in problem.lines])
    return replace(problem, terms=Terms({"opportunity": opportunity}, prices.version))
