"""Sums by group, as arrays."""

import numpy as np
from numpy.typing import NDArray


def sum_by(group: NDArray[np.intp], values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The sum (count) of the values of each group, numbered from 0.

    >>> sum_by(np.array([0, 2, 0]), np.array([1.0, 5.0, 2.0]), 3).tolist()
    [3.0, 0.0, 5.0]
    """
    return np.asarray(np.bincount(group, values, minlength=count), dtype=np.float64)
