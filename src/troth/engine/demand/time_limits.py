"""What the wishes of single lines bar of the supply in time: what would arrive too late, and what is still to come."""

from collections.abc import Sequence
from dataclasses import field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.demand.candidates import Block
from troth.model.plan import DemandLine
from troth.model.value import dataclass

TOO_LATE: Final = ("too_late", "all that could be sent of it would be there too late")
NO_BACKORDER: Final = ("no_backorder", "more of it is still to come, and it is not to be backordered")
"""Why units are not promised although there are, or will be, enough."""


@dataclass(frozen=True, slots=True, eq=False)
class TimeLimits:
    """The last instants for which lines (L, POSIX) may be promised, and which of them take on-hand supply only.

    `met` collects, by position, what kept units of a line from being promised.
    """

    until: NDArray[np.float64]
    is_on_hand_only: NDArray[np.bool_]
    met: dict[int, tuple[str, str]] = field(default_factory=dict)

    def bar(self, block: Block) -> Block:
        """The block without what its lines may not be promised of it."""
        promised = block.timetable.promised_at.take(block.lane).min(axis=0, initial=np.inf)
        late = promised[np.newaxis] > self.until[:, np.newaxis]
        later = self.is_on_hand_only[:, np.newaxis] & (not block.is_on_hand)
        for barred, why in ((late, TOO_LATE), (later, NO_BACKORDER)):
            for line in np.flatnonzero((barred & (block.available > 0.0)).any(axis=1)).tolist():
                self.met[line] = why
        return replace(block, available=np.where(late | later, 0.0, block.available))

    def explain(self, asked: Sequence[DemandLine], coverable: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Why lines (positions) that are short are."""
        return {at: why for at, why in self.met.items() if coverable[at] < asked[at].quantity}


def find_time_limits(asked: Sequence[DemandLine]) -> TimeLimits | None:
    """The limits of lines; None where none has any."""
    until = np.array([deadline_of(line) for line in asked])
    is_on_hand_only = np.array([line.terms is not None and line.terms.is_on_hand_only for line in asked])
    return TimeLimits(until, is_on_hand_only) if is_on_hand_only.any() or np.isfinite(until).any() else None


def deadline_of(line: DemandLine) -> float:
    """The last instant (POSIX) for which a line may be promised; infinity where there is none.

    >>> from datetime import UTC, datetime
    >>> from troth.model.ids import LineId, Sku
    >>> from troth.model.order import Terms
    >>> day = datetime(1970, 1, 2, tzinfo=UTC)
    >>> line = DemandLine(LineId("1"), Sku("A"), 1, need_by=day)
    >>> deadline_of(line), deadline_of(replace(line, terms=Terms(need_by_firm=True)))
    (inf, 86400.0)
    """
    terms = line.terms
    if terms is None:
        return np.inf
    firm = line.need_by if terms.need_by_firm and not line.is_promised else None
    return min((at.timestamp() for at in (terms.cancel_after, firm) if at is not None), default=np.inf)
