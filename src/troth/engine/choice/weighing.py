"""What a plan is chosen by: the terms that the policy, the network and the demand call for, and their weights.

Several objectives are made one sum of whole numbers: each counts so many times what all after it could ever differ by
that nothing after it outweighs one of its units. So the solvers stay as they are, and exact.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.carbon import find_carbon
from troth.engine.carriage.network import Network
from troth.engine.carriage.offers import Offer, RateWeights, weigh_offer
from troth.engine.carriage.surcharges import find_charges
from troth.engine.choice.bounds import count_span
from troth.engine.demand.chargebacks import find_chargebacks
from troth.engine.demand.costs import (
    PLAIN_WEIGHTS,
    CostTerms,
    Weights,
    find_fee,
    line_terms,
    node_costs,
    unit_terms,
)
from troth.engine.demand.problem import Problem
from troth.engine.demand.shape import weigh_shape
from troth.engine.supply.stock_costs import find_stock_costs
from troth.engine.supply.unit_prices import UnitPrices, is_fresh
from troth.model.cost_rates import CHEAPEST_ONLY, NO_COST_RATES, PARTS, PENALTIES, Objective
from troth.model.ids import NodeId
from troth.model.plan import Demand
from troth.model.policy import Policy

_HUNDREDTHS: Final = 100
_EXACT_MAX: Final = 2.0**52
"""Sums below it are exact in float64, whatever their order."""


def with_terms(
    problem: Problem,
    demand: Demand,
    *,
    prices: UnitPrices | None,
    loads: Mapping[NodeId, float] | None,
    now: datetime,
) -> Problem:
    """The problem with the cost terms that are in use and the weights they are chosen by; the same one where nothing
    is in use.
    """
    policy = problem.policy
    fresh = prices if prices is not None and is_fresh(prices, now, policy.prices_hours_max) else None
    if costs_nothing_more(problem.network, problem.offer, policy, demand, fresh):
        return problem
    is_plain = _is_only_cheapest(policy)
    costed = replace(problem, terms=_find_terms(problem, demand, fresh, loads))
    return costed if is_plain else _weigh(costed, policy)


def costs_nothing_more(
    network: Network, offer: Offer, policy: Policy, demand: Demand, fresh: UnitPrices | None
) -> bool:
    """Whether a demand is chosen for by the plain costs alone; `fresh` are the prices that are applied."""
    rates = policy.cost_rates
    return (
        _is_only_cheapest(policy)
        and (fresh is None or not (fresh.version or fresh.minor or fresh.markdown_minor))
        and (rates is NO_COST_RATES or rates == NO_COST_RATES)
        and not offer.charges
        and not node_costs(network).is_used
        and demand.guide is None
    )


def _is_only_cheapest(policy: Policy) -> bool:
    return policy.objectives == CHEAPEST_ONLY and not policy.weights


def weights_of(policy: Policy) -> dict[str, float]:
    """The factor of each part of the cost, as the policy weighs it: to two decimals, and never negative.

    >>> weights_of(Policy(weights={"carbon": 2.5}))["carbon"]
    2.5
    """
    return {part: _hundredths(policy.weights.get(part, 1.0)) / _HUNDREDTHS for part in PARTS}


def find_weights(objective: Objective, policy: Policy) -> Weights:
    """What one objective counts, to be as little as it can be."""
    match objective:
        case Objective.CHEAPEST:
            if not policy.weights:
                return PLAIN_WEIGHTS
            return Weights({part: _hundredths(policy.weights.get(part, 1.0)) for part in PARTS})
        case Objective.FASTEST:
            return Weights(dict.fromkeys(PARTS, 0), days=1)
        case Objective.FEWEST_SHIPMENTS:
            return Weights(dict.fromkeys(PARTS, 0), shipments=1)
        case Objective.HIGHEST_MARGIN:
            return Weights({part: 0 if part in PENALTIES else 1 for part in PARTS})
        case _:
            assert_never(objective)


def _hundredths(weight: float) -> int:
    return max(0, round(weight * _HUNDREDTHS)) if math.isfinite(weight) else _HUNDREDTHS


def _find_terms(
    problem: Problem, demand: Demand, prices: UnitPrices | None, loads: Mapping[NodeId, float] | None
) -> CostTerms:
    network, lines, rates = problem.network, problem.lines, problem.policy.cost_rates
    services = tuple(card.service for card in problem.offer.cards)
    unit = unit_terms(network, lines, demand.hand_over or problem.method, rates, prices)
    line = line_terms(network, len(lines), rates, loads)
    return CostTerms(
        weights=PLAIN_WEIGHTS,
        unit=unit,
        line=line,
        unit_sum=_unit_sum(problem, unit, PLAIN_WEIGHTS),
        line_sum=_line_sum(line, PLAIN_WEIGHTS),
        stock=find_stock_costs(network, lines, problem.quantities, rates, prices),
        carbon=find_carbon(network, problem.method, demand.destination, rates, services),
        payment=find_fee(rates, demand.tender),
        destination=demand.destination,
        charges=find_charges(problem.offer.charges, demand.destination, lines),
        prices_version="" if prices is None else prices.version,
        chargebacks=find_chargebacks(demand, lines, problem.offer.cards),
    )


def _weigh(problem: Problem, policy: Policy) -> Problem:
    """The problem by the policy's objectives, and by cost where they are all equal.

    Beginning with the least important, each weighs more than all after it can come to. Where that would leave the
    numbers that are exact, the less important ones are given up.
    """
    terms = problem.terms
    if terms is None:
        return problem
    ordered = list(dict.fromkeys((*policy.objectives, Objective.CHEAPEST)))
    weights = find_weights(ordered.pop(), policy)
    total = count_span(problem, terms, weights)
    for objective in reversed(ordered):
        more = find_weights(objective, policy)
        span = count_span(problem, terms, more)
        factor = _above(total)
        if span * factor + total < _EXACT_MAX:
            weights, total = _combined(more, factor, weights), span * factor + total
        else:
            weights, total = more, span
    return _weighted(problem, weights)


def _above(total: float) -> int:
    """A power of 16 above a number: few different ones, so that few weighted offers must be remembered."""
    return int(16 ** math.ceil(math.log2(total + 1.0) / 4.0)) if total else 1


def _combined(more: Weights, factor: int, less: Weights) -> Weights:
    return Weights(
        {part: more.parts[part] * factor + less.parts[part] for part in PARTS},
        more.days * factor + less.days,
        more.shipments * factor + less.shipments,
    )


def _weighted(problem: Problem, weights: Weights) -> Problem:
    """The problem as these weights count it."""
    terms = problem.terms
    if terms is None:
        return problem
    offer = _weighted_offer(problem, weights)
    shape, parts = problem.shape, weights.parts
    if shape is not None:
        shape = weigh_shape(shape, together=parts["together"], small=parts["small"])
    counted = replace(
        terms,
        weights=weights,
        unit_sum=_unit_sum(problem, terms.unit, weights),
        line_sum=_line_sum(terms.line, weights),
        charges=find_charges(offer.charges, terms.destination, problem.lines),
    )
    return replace(problem, offer=offer, shape=shape, terms=counted)


def _unit_sum(problem: Problem, unit: Mapping[str, NDArray[np.float64]], weights: Weights) -> NDArray[np.float64]:
    """What these weights count for one unit of each line at each node (K, N), handling included."""
    total = problem.network.handling * weights.parts["handling"]
    for part, values in unit.items():
        total = total + values * weights.parts[part]
    if problem.scales is not None:
        total = total / problem.scales[:, np.newaxis]
    return np.broadcast_to(total, (len(problem.lines), problem.network.handling.size))


def _line_sum(line: Mapping[str, NDArray[np.float64]], weights: Weights) -> NDArray[np.float64] | None:
    """The same for each line of a parcel; None where it costs nothing."""
    total: NDArray[np.float64] | None = None
    for part, values in line.items():
        counted = values * weights.parts[part]
        total = counted if total is None else total + counted
    return total


def _weighted_offer(problem: Problem, weights: Weights) -> Offer:
    """The offer with weighted rates, remembered with the network."""
    parts = weights.parts
    wanted = RateWeights(parts["shipping"], parts["surcharges"], parts["fuel"])
    base = problem.offer
    if wanted == RateWeights():
        return base
    key = (id(base), wanted)
    found = problem.network.memory.tables["offers"].get(key)
    if isinstance(found, Offer):
        return found
    offer = weigh_offer(base, wanted)
    problem.network.memory.keep("offers", key, offer)
    return offer
