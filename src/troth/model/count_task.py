"""Counts that are proposed: the position, what counting it is worth, and why."""

from datetime import datetime

from troth.model.accuracy import PositionRecord
from troth.model.ids import NodeId, Sku
from troth.model.measure import PIECE
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """A position that may be counted: units, those of them reserved, what a unit earns (minor units), how many units
    were asked of it in 28 days, and its record, if it has one. Of what is sold by measure units have so many
    `decimals` of a `unit`, while a unit's earnings and the record are of wholes. `lots` are those that hold any of it,
    with units: each is counted by its name.
    """

    sku: Sku
    node: NodeId
    name: str
    category: str
    on_hand: int
    reserved: int
    margin_minor: int
    asked_units: int
    record: PositionRecord | None = None
    decimals: int = 0
    lots: tuple[tuple[str, int], ...] = ()
    unit: str = PIECE

    @property
    def available(self) -> int:
        """Units that are exposed."""
        return max(0, self.on_hand - self.reserved)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a position should be counted: a code, a sentence, and since when it is so, where that is an instant."""

    code: str
    detail: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CountTask:
    """A position to count. `probability` is that of finding a unit, `wrong_probability` that the record is wrong,
    `missing_units` how many are then not there of those exposed, `asked_share` how many of these will be asked for,
    `unit_minor` what one costs, and `value_minor` what the count is worth after its own cost.
    """

    candidate: Candidate
    probability: float
    wrong_probability: float
    missing_units: float
    asked_share: float
    unit_minor: float
    value_minor: float
    reasons: tuple[Reason, ...]
