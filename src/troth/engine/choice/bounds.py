"""How far apart what two plans for one problem count can be, so that one number can outweigh them."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import DAY_SECONDS
from troth.engine.carriage.transit import NEVER
from troth.engine.choice.ranking import rate_max
from troth.engine.demand.costs import CostTerms, Weights
from troth.engine.demand.problem import Problem
from troth.model.cost_rates import CHARGEBACK_CARRIER, CHARGEBACK_LATE, CHARGEBACK_SPLIT


def count_span(problem: Problem, terms: CostTerms, weights: Weights) -> float:
    """No plan for the whole problem counts more or less than zero by more, and no two plans differ by more.

    Each line is in as many parcels as it has units, or as there may be; each unit, line and parcel costs no more than
    the most that any node, lane and card make of it. `problem` and `terms` are those of plain weights.
    """
    parcels = min(sum(problem.quantities), problem.shipments_max)
    once = _dates_span(problem, weights) + _spans(terms.line, weights, len(problem.lines))
    if terms.chargebacks is not None:
        once = once + terms.chargebacks.guide.late_minor * weights.parts[CHARGEBACK_LATE]
    held = sum(min(quantity, parcels) * most for quantity, most in zip(problem.quantities, once.tolist(), strict=True))
    total = parcels * _parcel_span(problem, terms, weights) + held + _units_span(problem, terms, weights)
    return float(math.ceil(total))


def _parcel_span(problem: Problem, terms: CostTerms, weights: Weights) -> float:
    parts, policy = weights.parts, problem.policy
    flat = 0.0 if terms.charges is None else float(terms.charges.flat.max(initial=0.0))
    most = max(parts["shipping"], parts["surcharges"], parts["fuel"]) * (rate_max(problem) + flat)
    most += float(problem.network.shipment.max(initial=0.0)) * parts["packaging"]
    most += abs(policy.split_minor) * parts["split"] + terms.payment.minor * parts["payment"] + weights.shipments
    if terms.carbon is not None:
        most += terms.carbon.minor_of(terms.carbon.parcel_grams) * parts["carbon"]
    if terms.chargebacks is not None:
        most += float(terms.chargebacks.carrier.max(initial=0.0)) * parts[CHARGEBACK_CARRIER]
        most += terms.chargebacks.guide.split_minor * parts[CHARGEBACK_SPLIT]
    if problem.shape is not None:
        most += sum(bond.minor or 0 for bond in problem.shape.bonds) * parts["together"]
        most += (problem.shape.value_penalty_minor or 0) * parts["small"]
    return most


def _units_span(problem: Problem, terms: CostTerms, weights: Weights) -> float:
    """What the units of all lines can come to."""
    parts, network = weights.parts, problem.network
    unit = (
        _spans(terms.unit, weights, len(problem.lines)) + float(network.handling.max(initial=0.0)) * parts["handling"]
    )
    if terms.stock is not None:
        unit = unit + terms.stock.margin * parts["stock_out"] + terms.stock.loss * parts["markdown"]
    amounts = np.array(problem.quantities, dtype=np.float64)
    total = float((unit * (amounts if problem.scales is None else amounts / problem.scales)).sum())
    for line, units in zip(problem.lines, problem.quantities, strict=True):
        total += terms.paid_minor(line, units) * parts["payment"]
        if terms.chargebacks is not None:
            total += terms.chargebacks.guide.late_of(line.value_minor(units)) * parts[CHARGEBACK_LATE]
        if terms.carbon is not None and terms.carbon.minor_per_kg:
            grams = terms.carbon.most_grams(line.grams(units))
            total += terms.carbon.minor_of(grams) * parts["carbon"]
    return total


def _dates_span(problem: Problem, weights: Weights) -> NDArray[np.float64]:
    """What the delay and the lateness of each line (K) can come to in one parcel."""
    parts, policy = weights.parts, problem.policy
    arrival = max(_last(block.timetable.arrival_day) for block in problem.blocks)
    day = abs(policy.delay_minor_per_day) * parts["delay"] + weights.days
    most = np.full(len(problem.lines), max(0.0, arrival - problem.earliest_day) * day)
    late = abs(policy.late_minor_per_day) * parts["late"]
    if late:
        promised = max(_last(block.timetable.promised_at) for block in problem.blocks)
        for at, line in enumerate(problem.lines):
            if line.need_by is not None:
                most[at] += max(0.0, math.ceil((promised - line.need_by.timestamp()) / DAY_SECONDS)) * late
    return most


def _spans(costs: Mapping[str, NDArray[np.float64]], weights: Weights, count: int) -> NDArray[np.float64]:
    """How far from zero and from each other what each line (K) costs somewhere can be, all parts together."""
    total = np.zeros(count)
    for part, values in costs.items():
        span = np.maximum(values.max(axis=1), 0.0) - np.minimum(values.min(axis=1), 0.0)
        total += span * weights.parts[part]
    return total


def _last(instants: NDArray[np.float64]) -> float:
    """The latest of those that there are."""
    return float(np.where(instants < NEVER, instants, 0.0).max(initial=0.0))
