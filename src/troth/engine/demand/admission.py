"""What routing rules leave of the candidates of one demand: who may send what, and who comes first."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from troth.model.value import dataclass

Entry = TypeVar("Entry", np.bool_, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Admission:
    """Which nodes may send which lines: rows are the lines of the demand that it comes with (K), or one row stands for
    all; columns are the nodes of the network (N).

    `eligible` None admits everything. `ranks` (1 is the best) decide before money does. Dated supply counts only with
    `counts_dated`; a line that is not wanted yet may wait for it in any case. `on_hand` is what every node has of each
    line (K, N), where rules have looked already; None: nobody has.
    """

    eligible: NDArray[np.bool_] | None = None
    ranks: NDArray[np.float64] | None = None
    counts_dated: bool = True
    on_hand: NDArray[np.float64] | None = None


def rows_for(values: NDArray[Entry], positions: list[int]) -> NDArray[Entry]:
    """The rows of the lines at these positions; one that stands for all stays.

    >>> rows_for(np.array([[1.0], [2.0]]), [1]).tolist(), rows_for(np.array([[3.0]]), [1]).tolist()
    ([[2.0]], [[3.0]])
    """
    return values if values.shape[0] == 1 else values[positions]
