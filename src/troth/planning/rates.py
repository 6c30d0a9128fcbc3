"""How often orders come, from what was expected and what has come, and how sure that is.

A group of classes (an order type, a region, everything) that was expected e times and came n times has a factor that is
gamma distributed with the shape 1/v + n and the mean (1 + v n) / (1 + v e). The variance v of true factors among such
groups is what was stated beforehand, or more if the counts say so. Where an expectation is right and sure, nothing is
learned from noise; the more it is off, the more counts count.

*Source:* the gamma-Poisson model with its variance from moments: B. Efron and C. Morris, "Stein's estimation rule and
its competitors", *JASA* 68 (1973), and C. N. Morris, "Parametric empirical Bayes inference", *JASA* 78 (1983).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass
from troth.planning.totals import sum_by

_SWEEPS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Classes whose rates may be off together: the group of each class (C), and the variance of each group's true
    factor (G) as it is thought to be before any order has come.
    """

    group: NDArray[np.intp]
    variance: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """The factor of each group (G) of a grouping, and the shape (G) of its gamma distribution; inf: it is sure."""

    group: NDArray[np.intp]
    mean: NDArray[np.float64]
    shape: NDArray[np.float64]

    def draw(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Factors (C) as they may truly be."""
        is_known = np.isfinite(self.shape)
        drawn = self.mean.copy()
        drawn[is_known] *= generator.standard_gamma(self.shape[is_known]) / self.shape[is_known]
        return drawn[self.group]


def update_rates(
    expected: NDArray[np.float64], counts: NDArray[np.float64], groupings: Sequence[Grouping]
) -> tuple[Factors, ...]:
    """The factors by which the groups of each grouping really come more often than expected.

    `expected` and `counts` (C) are of the same time. Groupings are taken one after the other, each on top of what the
    others say, a few times over; a class's own factor is the product of its groups'.
    """
    found = [Factors(one.group, np.ones(one.variance.size), _shape(one.variance)) for one in groupings]
    for _ in range(_SWEEPS):
        for at, grouping in enumerate(groupings):
            others = expected * product(found[:at] + found[at + 1 :], expected.size)
            wanted = sum_by(grouping.group, others, grouping.variance.size)
            came = sum_by(grouping.group, counts, grouping.variance.size)
            found[at] = _shrink(grouping, wanted, came)
    return tuple(found)


def product(factors: Sequence[Factors], count: int) -> NDArray[np.float64]:
    """The product (C) of each class's factors."""
    result = np.ones(count)
    for one in factors:
        result *= one.mean[one.group]
    return result


def learn_rates(counts: NDArray[np.float64], groups: Sequence[NDArray[np.intp]]) -> NDArray[np.float64]:
    """The orders of each class (C) to expect in a time like the one in which `counts` (C) came, with nothing known
    before: shares of groups multiply, and a class departs from that as far as its own count proves.
    """
    flat = np.full(counts.size, counts.sum() / max(1, counts.size))
    own = np.arange(counts.size, dtype=np.intp)
    groupings = [Grouping(group, np.zeros(int(group.max(initial=0)) + 1)) for group in (*groups, own)]
    learned: NDArray[np.float64] = flat * product(update_rates(flat, counts, groupings), counts.size)
    return learned


def find_variance(expected: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    """The variance of true factors among groups (G) that explains how far counts are from expectations beyond chance.

    >>> import numpy as np
    >>> find_variance(np.array([100.0, 100.0]), np.array([104.0, 95.0]))
    0.0
    >>> find_variance(np.array([100.0, 100.0]), np.array([190.0, 20.0]))
    0.715
    """
    weight = float((expected**2).sum())
    return max(0.0, float(((counts - expected) ** 2 - expected).sum()) / weight) if weight > 0.0 else 0.0


def _shrink(grouping: Grouping, expected: NDArray[np.float64], counts: NDArray[np.float64]) -> Factors:
    variance = np.maximum(grouping.variance, find_variance(expected, counts))
    return Factors(grouping.group, (1.0 + variance * counts) / (1.0 + variance * expected), _shape(variance) + counts)


def _shape(variance: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.where(variance > 0.0, 1.0 / variance, np.inf)
