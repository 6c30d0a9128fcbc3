"""How much an exception weighs: the weights, and what they made of one exception."""

from typing import Final

from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class RiskWeights:
    """By what exceptions are ranked. Within `horizon_hours` before its promise is missed an exception grows by up to
    `due_percent`, and after it by `past_percent` an hour for `past_hours_max` hours at most. `margin_percent` of the
    margin counts beside what is owed, and `floor_minor` is what each exception weighs at least (minor units).
    """

    horizon_hours: int = 72
    due_percent: int = 100
    past_percent: int = 2
    past_hours_max: int = 100
    margin_percent: int = 100
    floor_minor: int = 1_000


DEFAULT_WEIGHTS: Final = RiskWeights()


@dataclass(frozen=True, slots=True)
class Risk:
    """What an exception weighs (`score`), and why: what the customer owes for its units and the margin on them (minor
    units), the hours until its promise is missed (below 0: it is; None: none is at risk), and by how much that counts
    (in hundredths of a percent: 10,000 is once).
    """

    owed_minor: int
    margin_minor: int
    hours: int | None
    urgency: int
    score: int
