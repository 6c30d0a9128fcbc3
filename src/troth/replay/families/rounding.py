"""Frequencies of a linear program made into choices: each line of an order comes from each source as often as its share
says, and lines of one order are drawn together so that few parcels are used.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Round = Callable[[NDArray[np.float64], int, np.random.Generator], NDArray[np.intp]]
"""Sources (orders, K) for a number of orders from the shares (K, N) of their lines."""


def round_by_layers(shares: NDArray[np.float64], orders: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """Choices by common layers.

    At each source the shares of the lines are piled up in layers: layer m holds the m lines with the largest shares and
    is as thick as the m-th largest share exceeds the next. One layer is drawn with the weight thickness * m / K, and
    all its lines come from its source; every other line draws for itself among the rest of its own layers.
    *Source:* S. Jasin and A. Sinha, "An LP-based correlated rounding scheme for multi-item ecommerce order
    fulfillment", *Operations Research* 63 (2015).
    """
    lines, sources = shares.shape
    order = np.argsort(-shares, axis=0, kind="stable")
    ranked = np.take_along_axis(shares, order, axis=0)
    thickness = np.maximum(0.0, ranked - np.vstack([ranked[1:], np.zeros(sources)]))
    share_of_layer = thickness * np.arange(1, lines + 1)[:, np.newaxis] / lines
    rank = np.argsort(order, axis=0, kind="stable")
    holds = rank[np.newaxis] <= np.arange(lines)[:, np.newaxis, np.newaxis]  # layer, line, source
    flat = share_of_layer.reshape(-1)
    drawn = _draw(flat / flat.sum(), generator.random(orders))
    layer, source = np.divmod(drawn, sources)
    chosen = np.empty((orders, lines), dtype=np.intp)
    for line in range(lines):
        own = np.where(holds[:, line], thickness - share_of_layer, 0.0).reshape(-1).clip(min=0.0)
        rest = own.sum()
        alone = _draw(own / rest, generator.random(orders)) % sources if rest > 0.0 else source
        chosen[:, line] = np.where(holds[layer, line, source], source, alone)
    return chosen


def round_dilated(shares: NDArray[np.float64], orders: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """Choices by waiting: sources open at exponential times that all lines of an order share, each line sees such a
    time stretched by one over its share, and takes the source that it sees open first.

    *Source:* W. Ma, "Order-optimal correlated rounding for fulfilling multi-item e-commerce orders", *Manufacturing &
    Service Operations Management* 25 (2023).
    """
    opens = generator.exponential(size=(orders, 1, shares.shape[1]))
    with np.errstate(divide="ignore"):
        seen = np.where(shares > 0.0, opens / shares, np.inf)
    return np.asarray(seen.argmin(axis=2), dtype=np.intp)


def _draw(weights: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.intp]:
    cumulated = np.cumsum(weights)
    found = cumulated.searchsorted(uniform * cumulated[-1], side="right")
    return np.asarray(np.minimum(found, np.flatnonzero(weights)[-1]), dtype=np.intp)
