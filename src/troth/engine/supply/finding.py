"""How many units of what the books say will really be found: the discount of record accuracy, for many nodes at once.

A unit on the books is there with the probability of find. Of n units the number that is there is then binomial, and
what can be promised with a confidence c is the largest k with P(Binomial(n, p) >= k) >= c.

*Source:* N. L. Johnson, A. W. Kemp and S. Kotz, *Univariate Discrete Distributions* (2005), chapter 3; above the
table the normal approximation with the correction for skewness of E. A. Cornish and R. A. Fisher, "Moments and
cumulants in the specification of distributions" (1938).
"""

from collections.abc import Mapping
from functools import lru_cache
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.ids import NodeId, Sku
from troth.model.value import dataclass

EXACT_UNITS_MAX: Final = 64
"""Up to here the answer is the exact one, of a probability rounded down to a thousandth."""
_BUCKETS: Final = 1_000
_TOLERANCE: Final = 1e-9
_TABLES_MAX: Final = 64

Doubts = tuple[NDArray[np.intp], NDArray[np.float64]]
"""The positions of a SKU that have a probability of their own: which nodes, and it."""


@dataclass(frozen=True, slots=True, eq=False)
class FindRates:
    """What a process knows of finding stock. N nodes in the order of the network's, C categories; row 0 is of items of
    any other category, row `categories[name]` of that one.

    `found` and `missed` (C + 1, N) are the parameters of each rate's beta distribution, `probability` (C + 1, N) its
    mean, `observations` (C + 1, N) how many it was learned from. `doubts` has the positions with a probability of their
    own.
    """

    nodes: Mapping[NodeId, int]
    categories: Mapping[str, int]
    found: NDArray[np.float64]
    missed: NDArray[np.float64]
    probability: NDArray[np.float64]
    observations: NDArray[np.int64]
    doubts: Mapping[Sku, Doubts]

    def of(self, sku: Sku, category: str) -> NDArray[np.float64]:
        """The probability (N) that a unit of a SKU is found, by node; not to be written to."""
        rates: NDArray[np.float64] = self.probability[self.categories.get(category, 0)]
        doubts = self.doubts.get(sku)
        if doubts is None:
            return rates
        rates = rates.copy()
        rates[doubts[0]] = doubts[1]
        return rates

    def at(self, sku: Sku, category: str, node: NodeId) -> float:
        """The same at one node; 1 where the network lacks it."""
        position = self.nodes.get(node)
        return 1.0 if position is None else float(self.of(sku, category)[position])


def findable(on_hand: NDArray[np.int64], probability: NDArray[np.float64], confidence: float) -> NDArray[np.int64]:
    """The units (N) that are there with a confidence (0 to 1), of those on hand (N) by the probability (N) of each.

    Never more than is on hand, and no less where there is more on hand, each is likelier or less confidence is asked.

    >>> import numpy as np
    >>> findable(np.array([1, 10, 10, 10, 200]), np.array([0.95, 0.95, 0.8, 1.0, 0.95]), 0.9).tolist()
    [1, 9, 6, 10, 185]
    >>> findable(np.array([1, 10]), np.array([0.95, 0.95]), 0.99).tolist()
    [0, 7]
    """
    if confidence <= 0.0:
        return np.maximum(on_hand, 0)
    table = _table(confidence)
    bucket = (np.clip(probability, 0.0, 1.0) * _BUCKETS + _TOLERANCE).astype(np.intp)
    units = np.clip(on_hand, 0, EXACT_UNITS_MAX)
    found: NDArray[np.int64] = table[bucket, units]
    large = np.flatnonzero(on_hand > EXACT_UNITS_MAX)
    if large.size:
        found[large] = np.maximum(found[large], _approximate(on_hand[large], probability[large], confidence))
    return found


def _approximate(on_hand: NDArray[np.int64], probability: NDArray[np.float64], confidence: float) -> NDArray[np.int64]:
    """What is found of many units, rounded down: mean less z standard deviations, and where misses are the rarer and
    z > 1 less (z^2 - 1)(p - q)/6, since their number is skewed to the right.
    """
    present = np.clip(probability, 0.0, 1.0)
    if confidence >= 1.0:
        return np.where(present >= 1.0, on_hand, 0)
    absent = 1.0 - present
    z = NormalDist().inv_cdf(confidence)
    skew = max(0.0, z * z - 1.0) / 6.0 * np.maximum(0.0, present - absent)
    units = on_hand * present - z * np.sqrt(on_hand * present * absent) - np.where(present < 1.0, skew, 0.0)
    return np.clip(np.floor(units + _TOLERANCE), 0, on_hand).astype(np.int64)


@lru_cache(maxsize=_TABLES_MAX)
def _table(confidence: float) -> NDArray[np.int64]:
    """The exact answer (buckets of probability, units on hand), made once for a confidence, unit after unit."""
    present = np.arange(_BUCKETS + 1)[:, np.newaxis] / _BUCKETS
    share = np.zeros((_BUCKETS + 1, EXACT_UNITS_MAX + 2))
    share[:, 0] = 1.0
    table = np.zeros((_BUCKETS + 1, EXACT_UNITS_MAX + 1), dtype=np.int64)
    for units in range(1, EXACT_UNITS_MAX + 1):
        share[:, 1:] = share[:, 1:] * (1.0 - present) + share[:, :-1] * present
        share[:, :1] *= 1.0 - present
        at_least = share[:, ::-1].cumsum(axis=1)[:, ::-1]
        table[:, units] = (at_least[:, 1:] >= confidence - _TOLERANCE).sum(axis=1)
    table.flags.writeable = False
    return table
