"""One question in the form that all solvers share: lines, quantities that can be covered, and candidates as columns."""

from bisect import bisect_right
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.carriage.offers import Offer
from troth.engine.carriage.transit import Lanes
from troth.engine.demand.candidates import Block
from troth.engine.demand.capacity import Need
from troth.engine.demand.costs import CostTerms
from troth.engine.demand.shape import Shape
from troth.engine.supply.kits import Kits
from troth.engine.supply.supply import SupplyRows
from troth.model.order import Method
from troth.model.plan import DemandLine
from troth.model.policy import Policy
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is to be decided. `quantities` (K) is what supply can cover of each line; the lines of quantity 0 are not
    among `lines`.

    `dates` holds each line's ready times (POSIX, 0.0 on hand), aligned with its `rows`; `earliest_day` is the reference
    of delay. `terms` are the costs besides the plain ones and `shape` what holds of sets of lines, None where there are
    none. `ranks` (K or 1, N) decide before money does. `allowed` (K, services of the lanes) are those that may carry a
    line; None: all. `need` is how much work the whole order is, where some node's capacity is limited.
    """

    network: Network
    method: Method
    offer: Offer
    lanes: Lanes
    policy: Policy
    lines: tuple[DemandLine, ...]
    quantities: tuple[int, ...]
    rows: tuple[SupplyRows, ...]
    dates: tuple[NDArray[np.float64], ...]
    blocks: tuple[Block, ...]
    earliest_day: float
    has_shared_sku: bool
    shipments_max: int
    terms: CostTerms | None = None
    shape: Shape | None = None
    ranks: NDArray[np.float64] | None = None
    allowed: NDArray[np.bool_] | None = None
    kits: Kits | None = None
    need: Need | None = None

    @property
    def scales(self) -> NDArray[np.float64] | None:
        """How many units of each line (K) make one of what costs are for; None where it is one of all."""
        if not any([line.scale != 1 for line in self.lines]):  # noqa: C419 - a list is quicker, for every order
            return None
        return np.array([line.scale for line in self.lines], dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """All candidates (C) of the blocks, one after the other.

    `penalty` (K, C) is a line's handling, delay and lateness where the candidate can serve it whole and NEVER where
    not; `fixed` (C) is paid per shipment; the columns of block b begin at `starts[b]`.
    """

    starts: tuple[int, ...]
    penalty: NDArray[np.float64]
    fixed: NDArray[np.float64]
    rate_lane: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class SplitColumns:
    """What the columns (C) can send in parts: units `available` (K, C) by the column's date, `dates` (K, C) its delay
    and lateness per line (NEVER or more: not possible) and whatever else a line costs once in a parcel, `unit` (K, C)
    the handling of one unit and whatever else it costs, `node` (C), and `ready`
    (C, POSIX, 0.0 on hand). `come` (K, C) is what the node got by then, also what does not last so long.
    """

    available: NDArray[np.float64]
    dates: NDArray[np.float64]
    unit: NDArray[np.float64]
    node: NDArray[np.intp]
    ready: NDArray[np.float64]
    come: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A decision: candidate (column) and the quantity of each line (by position in the problem) that it sends."""

    column: int
    quantities: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Solution:
    """The parcels chosen, by which method, and how far from the optimum that may be (a share; nan: not known). `ties`
    are for each parcel all columns that send it at its cost, where the solver has them at hand (None: it has not).
    """

    parcels: tuple[Parcel, ...]
    method: str
    gap: float = 0.0
    ties: tuple[NDArray[np.intp], ...] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a column comes from: its block, the row of its service, and its position within the block."""

    block: Block
    service_row: int
    position: int

    @property
    def node(self) -> int:
        """The node's position in the network."""
        return int(self.block.nodes[self.position])

    @property
    def lane(self) -> int:
        """The timetable's lane."""
        return int(self.block.lane[self.service_row, self.position])


def find_shared(problem: Problem) -> list[bool]:
    """Which lines take units of a SKU that another line takes too."""
    taken = [{line.sku} for line in problem.lines]
    if problem.kits is not None:
        taken = [{sku for sku, _units in parts} for parts in problem.kits.components]
    return [any(own & other for at, other in enumerate(taken) if at != number) for number, own in enumerate(taken)]


def place_of(problem: Problem, starts: tuple[int, ...], column: int) -> Place:
    """Which candidate a column is."""
    at = bisect_right(starts, column) - 1
    block = problem.blocks[at]
    row, position = divmod(column - starts[at], block.nodes.size)
    return Place(block, row, position)
