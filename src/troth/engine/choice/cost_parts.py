"""The named parts of one shipment's cost beyond the plain ones, as exact integers: those that were chosen by."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.carbon import has_factors
from troth.engine.carriage.rate_cards import fuel_card, parcel_rate_minor
from troth.engine.carriage.surcharges import fuel_minor, parcel_surcharges
from troth.engine.demand.costs import CostTerms
from troth.engine.demand.problem import Place, Problem
from troth.model.measure import half_up
from troth.model.network import RateCard
from troth.model.order import Method


def carriage_parts(
    problem: Problem, card: RateCard, *, zone: int, billable: int, quantities: Mapping[int, int]
) -> dict[str, int]:
    """Surcharges and fuel of one parcel; a part that the card does not know is left out."""
    parts = {}
    fuel = parcel_rate_minor(fuel_card(card), zone=zone, grams=billable) if card.fuel_basis_points else 0
    if card.surcharges and problem.terms is not None:
        lines = [problem.lines[line] for line in quantities]
        met = parcel_surcharges(
            card,
            zone=zone,
            grams=sum(problem.lines[line].grams(units) for line, units in quantities.items()),
            destination=problem.terms.destination,
            lines=lines,
        )
        parts["surcharges"] = sum(surcharge.minor for surcharge in met)
        fuel += sum(fuel_minor(surcharge.minor, card.fuel_basis_points) for surcharge in met if surcharge.is_fuelable)
    if card.fuel_basis_points:
        parts["fuel"] = fuel
    return parts


def term_parts(
    problem: Problem, terms: CostTerms, place: Place, quantities: Mapping[int, int], *, is_first: bool
) -> dict[str, int]:
    """The parts of the terms that are in use, by name."""
    node, parts = place.node, {}
    for part, values in terms.unit.items():
        parts[part] = _of_units(problem, quantities, values[:, node])
    for part, values in terms.line.items():
        parts[part] = sum(int(values[line, node]) for line in quantities)
    if terms.stock is not None:
        at = slice(place.position, place.position + 1)
        available, nodes = place.block.available[:, at], place.block.nodes[at]
        stock_out, markdown = terms.stock.stock_out(available, nodes), terms.stock.markdown(available, nodes)
        if terms.stock.margin.any():
            parts["stock_out"] = _of_units(problem, quantities, stock_out[:, 0])
        if terms.stock.loss.any():
            parts["markdown"] = parts.get("markdown", 0) + _of_units(problem, quantities, markdown[:, 0])
    if terms.payment.basis_points or terms.payment.minor:
        paid = sum(terms.paid_minor(problem.lines[line], units) for line, units in quantities.items())
        parts["payment"] = paid + terms.payment.minor
    if terms.chargebacks is not None:
        parts |= terms.chargebacks.parts(
            problem.lines,
            quantities,
            card=problem.lanes.services[place.service_row],
            promised_at=place.block.timetable.promised_at.item(place.lane),
            is_first=is_first,
        )
    if terms.carbon is not None and terms.carbon.minor_per_kg:
        parcel = terms.carbon.minor_of(terms.carbon.parcel_grams)
        parts["carbon"] = parcel + sum(
            terms.carbon.minor_of(grams) for grams in _line_grams(problem, place, quantities)
        )
    return parts


def _of_units(problem: Problem, quantities: Mapping[int, int], each: NDArray[np.float64]) -> int:
    """What some units of each line cost together; of what is sold by measure it is the price of one, rounded a line."""
    lines = problem.lines
    return sum(half_up(units * int(each[line]), lines[line].scale) for line, units in quantities.items())


def carbon_grams(problem: Problem, place: Place, quantities: Mapping[int, int]) -> int | None:
    """The CO2e of one shipment's way in grams, none where the customer comes for it; None where it is not known: the
    policy has no factor for the service, or the place is not known.
    """
    if problem.method in (Method.PICKUP, Method.CURBSIDE):
        return 0 if has_factors(problem.policy.cost_rates) else None
    if problem.terms is None or problem.terms.carbon is None:
        return None
    carbon, card = problem.terms.carbon, problem.lanes.services[place.service_row]
    if not carbon.is_known[card]:
        return None
    return problem.terms.carbon.parcel_grams + sum(_line_grams(problem, place, quantities))


def _line_grams(problem: Problem, place: Place, quantities: Mapping[int, int]) -> list[int]:
    terms = problem.terms
    if terms is None or terms.carbon is None:
        return []
    carbon, card = terms.carbon, problem.lanes.services[place.service_row]
    at = slice(place.node, place.node + 1)
    return [int(carbon.line_grams(problem.lines[line].grams(units), card, at)[0]) for line, units in quantities.items()]
