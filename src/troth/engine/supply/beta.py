"""Quantiles of beta distributions, as arrays.

*Source:* W. H. Press et al., *Numerical Recipes* (2007), section 6.4: the incomplete beta function as a continued
fraction, evaluated as W. J. Lentz does.
"""

from math import lgamma
from typing import Final

import numpy as np
from numpy.typing import NDArray

_HALVINGS: Final = 50
_TERMS_MAX: Final = 1_000
_TINY: Final = 1e-300
_EXACT: Final = 1e-14


def beta_quantile(a: NDArray[np.float64], b: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """The value (K) below which each of K beta distributions lies with a probability, its parameters being above zero.

    >>> import numpy as np
    >>> beta_quantile(np.array([1.0, 2.0]), np.array([1.0, 1.0]), 0.25).round(6).tolist()
    [0.25, 0.5]
    """
    scale = np.array([lgamma(x + y) - lgamma(x) - lgamma(y) for x, y in zip(a, b, strict=True)])
    low, high = np.zeros(a.size), np.ones(a.size)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        is_below = _incomplete(a, b, middle, scale) < level
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return (low + high) / 2.0


def _incomplete(
    a: NDArray[np.float64], b: NDArray[np.float64], x: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The regularized incomplete beta function I_x(a, b), x strictly between 0 and 1; the fraction is that of the side
    on which it converges fast.
    """
    is_left = x < (a + 1.0) / (a + b + 2.0)
    p, q, y = np.where(is_left, a, b), np.where(is_left, b, a), np.where(is_left, x, 1.0 - x)
    front = np.exp(scale + p * np.log(y) + q * np.log1p(-y)) / p
    part = front * _fraction(p, q, y)
    share: NDArray[np.float64] = np.where(is_left, part, 1.0 - part)
    return share


def _fraction(a: NDArray[np.float64], b: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    c = np.ones(a.size)
    d = 1.0 / _off_zero(1.0 - (a + b) * x / (a + 1.0))
    value, step = d.copy(), d
    for m in range(1, _TERMS_MAX):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0)),
        ):
            d = 1.0 / _off_zero(1.0 + term * d)
            c = _off_zero(1.0 + term / c)
            step = c * d
            value *= step
        if np.abs(step - 1.0).max(initial=0.0) < _EXACT:
            break
    return value


def _off_zero(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(values) < _TINY, _TINY, values)
