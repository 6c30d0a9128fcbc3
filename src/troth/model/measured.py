"""Measured times: how long work took at nodes and parcels took with carriers, as weighed counts in bins."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from troth.model.value import dataclass


class Stage(StrEnum):
    """What was measured.

    `work` is from a step at a node until the goods left or were ready, in opening hours, as a multiple of the node's
    processing time; `transit` is when a parcel was delivered less when it was promised, in hours; `door` is from its
    being out for delivery until it was delivered, in hours.
    """

    WORK = "work"
    TRANSIT = "transit"
    DOOR = "door"


@dataclass(frozen=True, slots=True)
class Grid:
    """Bins of equal width: the first one begins at `low`, and there are so many. What lies outside is in the last one
    on its side.
    """

    low: float
    width: float
    bins: int

    @property
    def high(self) -> float:
        """Where the last bin ends."""
        return self.low + self.width * self.bins


GRIDS: Final[Mapping[Stage, Grid]] = {
    Stage.WORK: Grid(0.0, 0.25, 48),
    Stage.TRANSIT: Grid(-72.0, 4.0, 84),
    Stage.DOOR: Grid(0.0, 1.0, 48),
}

CellName = tuple[Stage, str]
"""A stage and of whom it was measured: parts of a name divided by `/`, the general ones first; empty: of all."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one cell: counts by bin as they weigh at `as_of`, of how many observations."""

    as_of: datetime
    counts: tuple[float, ...]
    observations: int = 0


@dataclass(frozen=True, slots=True)
class Observed:
    """One measurement: of a stage, by the names of whom it tells something, the most general one first."""

    stage: Stage
    names: tuple[str, ...]
    value: float
    at: datetime
