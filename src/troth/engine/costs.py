"""What a plan costs besides its parcels' rates: the terms that are in use for one demand, as arrays and as integers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The cost terms in use for one problem. `unit` holds, by part, what one unit of each line costs (K, N) at each
    node of the network.
    """

    unit: Mapping[str, NDArray[np.float64]]
    prices_version: str = ""
