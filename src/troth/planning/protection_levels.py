"""How much to protect for the higher classes when lower ones order first: nested protection levels by EMSR-b."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist

from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class ClassDemand:
    """What one class is expected to want of an item before its next supply (units, normal), and what a unit sold to it
    earns.
    """

    earns: float
    mean: float
    deviation: float


def find_protection_levels(classes: Sequence[ClassDemand]) -> tuple[float, ...]:
    """The units to keep for the classes 1 to j together from all below, for each j but the last; classes by what they
    earn, the most first.

    A lower class gets a unit only if it earns at least what the higher ones are expected to earn with it: these are
    taken together as one class with the mean of what they earn (Littlewood's rule for two classes). Raises ValueError
    where the classes are not in order, or a demand is negative.

    >>> fares = [(1050, 17.3, 5.8), (567, 45.1, 15.0), (534, 39.6, 13.2), (520, 34.0, 11.3)]
    >>> [round(level, 2) for level in find_protection_levels([ClassDemand(*fare) for fare in fares])]
    [16.72, 50.94, 83.15]

    *Source:* Belobaba 1992; Talluri and van Ryzin, The Theory and Practice of Revenue Management, section 2.2.4.
    """
    for one, below in pairwise(classes):
        if below.earns > one.earns:
            raise ValueError("classes must be in the order of what they earn, the most first")
    if any(one.mean < 0 or one.deviation < 0 for one in classes):
        raise ValueError("a demand must not be negative")
    levels = []
    mean = variance = earned = least = 0.0
    for one, below in pairwise(classes):
        mean, variance, earned = mean + one.mean, variance + one.deviation**2, earned + one.earns * one.mean
        share = 1.0 - below.earns * mean / earned if earned > 0 else 0.0
        level = mean
        if variance > 0:
            level = 0.0 if share <= 0.0 else mean + math.sqrt(variance) * NormalDist().inv_cdf(share)
        least = max(least, level, 0.0)
        levels.append(least)
    return tuple(levels)
