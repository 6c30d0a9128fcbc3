"""The probability of find by node and category, from evidence: what little is known of one leans on what is known of
many.

A node begins at the rate of its type and follows its own trials. A category has a factor on the share of misses that
nodes lead to expect. A category at a node begins at the two multiplied and follows its own trials.

*Source:* the beta-binomial model and shrinkage of B. Efron and C. Morris, "Stein's estimation rule and its
competitors", *JASA* 68 (1973); the factor as in A. Gelman et al., *Bayesian Data Analysis* (2013), section 2.6.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.supply.accuracy import find_probability
from troth.engine.supply.beta import beta_quantile
from troth.engine.supply.finding import Doubts, FindRates
from troth.model.accuracy import LEARNING, CellEvidence, CellKey, Learning, PositionKey, PositionRecord
from troth.model.ids import Sku

BOUND_LEVEL: Final = 0.05
"""A true rate lies below its lower bound with this probability."""
_DAY_SECONDS: Final = 86_400.0
_MISSES_MIN: Final = 1e-6
_MISSES_MAX: Final = 0.95


def estimate_rates(
    network: Network,
    cells: Mapping[CellKey, CellEvidence],
    positions: Mapping[PositionKey, PositionRecord],
    now: datetime,
    learning: Learning = LEARNING,
) -> FindRates:
    """What all evidence says at an instant, with the probabilities of `positions`, which are best those where units
    were ever missed. Left out are nodes that the network lacks.
    """
    known = [(key, cell) for key, cell in cells.items() if key[0] in network.index]
    categories = {name: row for row, name in enumerate(sorted({category for (_, category), _ in known}), start=1)}
    shape = (len(categories) + 1, len(network.nodes))
    seen_found, seen_missed = np.zeros(shape), np.zeros(shape)
    observations = np.zeros(shape, dtype=np.int64)
    at = (
        np.array([categories[category] for (_, category), _ in known], dtype=np.intp),
        np.array([network.index[node] for (node, _), _ in known], dtype=np.intp),
    )
    weights = weigh(np.array([cell.as_of.timestamp() for _, cell in known]), now.timestamp(), learning.half_life_days)
    seen_found[at] = weights * np.array([cell.found for _, cell in known])
    seen_missed[at] = weights * np.array([cell.missed for _, cell in known])
    observations[at] = [cell.observations for _, cell in known]
    observations[0] = observations[1:].sum(axis=0)
    found, missed = _posterior(_type_misses(network, learning), seen_found, seen_missed, learning)
    rates = FindRates(network.index, categories, found, missed, found / (found + missed), observations, {})
    doubts = _doubts(rates, positions, now, learning)
    return FindRates(network.index, categories, found, missed, rates.probability, observations, doubts)


def lower_bounds(
    rates: FindRates, rows: Sequence[int], nodes: Sequence[int], *, level: float = BOUND_LEVEL
) -> NDArray[np.float64]:
    """What the true rates (K) of K rows at nodes exceed, but for a probability of `level`."""
    at = np.array(rows, dtype=np.intp), np.array(nodes, dtype=np.intp)
    return beta_quantile(rates.found[at], rates.missed[at], level)


def weigh(seen: NDArray[np.float64], now: float, half_life_days: float) -> NDArray[np.float64]:
    """The weights (K) of what was seen at instants (K, POSIX seconds).

    >>> weigh(np.array([0.0, 90.0 * 86_400.0]), 90.0 * 86_400.0, 90.0).tolist()
    [0.5, 1.0]
    """
    weights: NDArray[np.float64] = 0.5 ** (np.maximum(0.0, now - seen) / (half_life_days * _DAY_SECONDS))
    return weights


def _posterior(
    type_misses: NDArray[np.float64],
    found: NDArray[np.float64],
    missed: NDArray[np.float64],
    learning: Learning,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The parameters (C + 1, N) of each rate, where nodes of these types (N) begin and these trials (C + 1, N) were
    seen.
    """
    nodes_found = learning.node_trials * (1.0 - type_misses) + found.sum(axis=0)
    nodes_missed = learning.node_trials * type_misses + missed.sum(axis=0)
    trials = found + missed
    # Where a rate begins is what the others say: its own trials come on top, and only once.
    misses = (nodes_missed - missed) / (nodes_found + nodes_missed - trials)
    expected = trials * (nodes_missed / (nodes_found + nodes_missed))
    others_missed = missed.sum(axis=1, keepdims=True) - missed
    others_expected = expected.sum(axis=1, keepdims=True) - expected
    factor = (learning.category_misses + others_missed) / (learning.category_misses + others_expected)
    begin = np.clip(misses * factor, _MISSES_MIN, _MISSES_MAX)
    found = learning.cell_trials * (1.0 - begin) + found
    missed = learning.cell_trials * begin + missed
    found[0], missed[0] = nodes_found, nodes_missed
    return found, missed


def _type_misses(network: Network, learning: Learning) -> NDArray[np.float64]:
    """The share of misses (N) of nodes of which nothing was seen."""
    return np.array([1.0 - learning.type_rates[node.type] for node in network.nodes], dtype=np.float64)


def _doubts(
    rates: FindRates, positions: Mapping[PositionKey, PositionRecord], now: datetime, learning: Learning
) -> dict[Sku, Doubts]:
    by_sku: dict[Sku, list[tuple[int, float]]] = {}
    for (sku, node), record in positions.items():
        at = rates.nodes.get(node)
        if at is None:
            continue
        rate = float(rates.probability[rates.categories.get(record.category, 0), at])
        by_sku.setdefault(sku, []).append((at, find_probability(record, rate, now, learning)))
    return {
        sku: (np.array([at for at, _ in pairs], dtype=np.intp), np.array([own for _, own in pairs]))
        for sku, pairs in by_sku.items()
    }
