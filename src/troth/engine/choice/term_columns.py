"""The cost terms of a problem as the choice counts them, for the candidates of one block."""

import numpy as np
from numpy.typing import NDArray

from troth.engine.demand.candidates import Block
from troth.engine.demand.costs import CostTerms
from troth.engine.demand.problem import Problem
from troth.model.cost_rates import CHARGEBACK_CARRIER, CHARGEBACK_LATE, CHARGEBACK_SPLIT


def unit_costs(terms: CostTerms, block: Block) -> NDArray[np.float64]:
    """What one unit of each line costs at each of the block's nodes (K, n)."""
    costs = terms.unit_sum[:, block.nodes]
    stock, weights = terms.stock, terms.weights.parts
    if stock is not None:
        costs = costs + stock.stock_out(block.available, block.nodes) * weights["stock_out"] / stock.scales
        costs = costs + stock.markdown(block.available, block.nodes) * weights["markdown"] / stock.scales
    return costs


def add_line_costs(costs: NDArray[np.float64], terms: CostTerms, block: Block) -> NDArray[np.float64]:
    """The costs (K or 1, services, n) with what each line of a parcel costs once, however many units it sends."""
    if terms.line_sum is not None:
        costs = costs + terms.line_sum[:, np.newaxis, block.nodes]
    charged = terms.chargebacks
    if charged is None or not charged.has_late:
        return costs
    late = charged.is_late(block.timetable.promised_at.take(block.lane))
    return costs + late * (charged.guide.late_minor * terms.weights.parts[CHARGEBACK_LATE])


def quantity_costs(problem: Problem, terms: CostTerms, block: Block) -> NDArray[np.float64] | None:
    """What each line costs as a whole because of all its units (K, services or 1, n or 1): being paid, carbon, and what
    is charged back where it comes late. A part of a line costs its share of it; None where it is nothing.
    """
    weights, late = terms.weights.parts, _late_costs(problem, terms, block)
    costs = _paid_costs(problem, terms, block)
    if late is None:
        return costs
    return late * weights[CHARGEBACK_LATE] if costs is None else costs + late * weights[CHARGEBACK_LATE]


def _late_costs(problem: Problem, terms: CostTerms, block: Block) -> NDArray[np.float64] | None:
    """What is charged back of the value of each line where it comes late (K, services, n); None where nothing is."""
    charged = terms.chargebacks
    if charged is None or not charged.has_late or not charged.guide.late_basis_points:
        return None
    values = [line.value_minor(units) for line, units in zip(problem.lines, problem.quantities, strict=True)]
    costs = np.array([charged.guide.late_of(value) for value in values], dtype=np.float64)
    late: NDArray[np.float64] = charged.is_late(block.timetable.promised_at.take(block.lane)) * costs[:, None, None]
    return late


def _paid_costs(problem: Problem, terms: CostTerms, block: Block) -> NDArray[np.float64] | None:
    """What each line costs as a whole for being paid, and for carbon."""
    weights, carbon = terms.weights.parts, terms.carbon
    is_carbon_free = carbon is None or not carbon.minor_per_kg
    if is_carbon_free and not terms.payment.basis_points:
        return None
    paid = [terms.paid_minor(line, units) for line, units in zip(problem.lines, problem.quantities, strict=True)]
    costs = np.array(paid, dtype=np.float64)[:, np.newaxis, np.newaxis] * weights["payment"]
    if carbon is None or is_carbon_free:
        return costs
    grams = np.array(
        [
            [carbon.line_grams(line.grams(units), card, block.nodes) for card in problem.lanes.services]
            for line, units in zip(problem.lines, problem.quantities, strict=True)
        ]
    )
    total: NDArray[np.float64] = costs + carbon.minor(grams) * weights["carbon"]
    return total


def fixed_costs(problem: Problem, terms: CostTerms, block: Block) -> NDArray[np.float64]:
    """What each parcel costs besides its rate (services, n)."""
    weights = terms.weights.parts
    once = problem.policy.split_minor * weights["split"] + terms.weights.shipments
    once += terms.payment.minor * weights["payment"]
    if terms.carbon is not None:
        once += terms.carbon.minor_of(terms.carbon.parcel_grams) * weights["carbon"]
    costs = np.empty(block.lane.shape)
    costs[:] = problem.network.shipment[block.nodes] * weights["packaging"] + once
    if terms.charges is not None:
        costs += terms.charges.flat[block.rate_lane]
    if terms.chargebacks is not None:
        carrier = terms.chargebacks.carrier[list(problem.lanes.services)] * weights[CHARGEBACK_CARRIER]
        costs += carrier[:, np.newaxis] + terms.chargebacks.guide.split_minor * weights[CHARGEBACK_SPLIT]
    return costs
