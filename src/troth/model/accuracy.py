"""Record accuracy: what was seen of how often stock is really found, by node and category and at single positions."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from troth.model.ids import NodeId, Sku
from troth.model.network import NodeType
from troth.model.value import dataclass

PositionKey = tuple[Sku, NodeId]
"""A SKU at a node."""
CellKey = tuple[NodeId, str]
"""A node and a category of items."""

NOT_FOUND_REASONS: Final = frozenset({"not_found", "not_there", "no_stock", "out_of_stock", "missing", "damaged"})
"""Reasons of a rejected fulfillment that say that the units are not there; any other says nothing of them."""


@dataclass(frozen=True, slots=True)
class CellEvidence:
    """What was seen of a category at a node: trials that found a unit and trials that missed one, as they weigh at
    `as_of`, out of how many observations of how many units.
    """

    as_of: datetime
    found: float = 0.0
    missed: float = 0.0
    observations: int = 0
    units: int = 0


@dataclass(frozen=True, slots=True)
class PositionRecord:
    """What was seen at one position: trials as they weigh at `as_of`, units `moved` since it was last counted and the
    `variance` of that count (counted less books), when units were last missed there, how many and how (`missed_by`).

    A position has a record from its first miss or count on.
    """

    category: str
    as_of: datetime
    found: float = 0.0
    missed: float = 0.0
    moved: int = 0
    counted_at: datetime | None = None
    variance: int = 0
    missed_at: datetime | None = None
    missed_units: int = 0
    missed_by: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """Somebody looked for units of a position, to pick them: `found` of `asked`. A miss may be a part of a unit, where
    one of several components was not there and nobody said which. `by` is how it ended: `pick` or `reject`.
    """

    key: PositionKey
    at: datetime
    asked: int
    found: float
    by: str


@dataclass(frozen=True, slots=True)
class Counted:
    """Somebody counted a position at `as_of`: there were `counted` units where the books said `books`."""

    key: PositionKey
    as_of: datetime
    books: int
    counted: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Units came to a position or left it other than by a pick."""

    key: PositionKey
    units: int


@dataclass(frozen=True, slots=True)
class PutBack:
    """Somebody put `units` back that they had found at a position: that they were found is not to be counted."""

    key: PositionKey
    at: datetime
    units: int


Observation = Looked | Counted | Moved | PutBack


@dataclass(frozen=True, slots=True)
class Learning:
    """How much is learned from what.

    `type_rates` are the rates that are thought true of nodes of which nothing was seen, worth `node_trials` trials. A
    category's factor on the share of misses is worth `category_misses` misses at 1, a category at a node `cell_trials`,
    a position `position_trials` at the rate of its category and node. Trials of rates lose half of their weight in
    `half_life_days`, those of a position in `position_half_life_days`; a count is half forgotten when `drift_units`
    have moved, or after `drift_days`. Units of one position are found or missed together with the `correlation` given:
    n of them are worth n / (1 + (n - 1) correlation) trials. A miss that nobody counted after is healed when
    `healing_trials` times as much was found there.
    """

    type_rates: Mapping[NodeType, float] = field(
        default_factory=lambda: MappingProxyType(
            {
                NodeType.DC: 0.99,
                NodeType.THIRD_PARTY: 0.985,
                NodeType.SUPPLIER: 0.97,
                NodeType.DROP_SHIP: 0.97,
                NodeType.STORE: 0.95,
                NodeType.LOCKER: 0.95,
            }
        )
    )
    node_trials: float = 40.0
    category_misses: float = 5.0
    cell_trials: float = 40.0
    position_trials: float = 2.0
    half_life_days: float = 90.0
    position_half_life_days: float = 30.0
    drift_units: float = 20.0
    drift_days: float = 60.0
    correlation: float = 0.3
    healing_trials: float = 4.0


LEARNING: Final = Learning()
