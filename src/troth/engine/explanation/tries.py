"""Planning again with one thing changed, as often as an explanation may."""

from typing import Final

from troth.engine.demand.budget import Budget, Clock
from troth.engine.promising.case import Case
from troth.model.plan import Plan

SECONDS_MAX: Final = 1.5
"""So long may an explanation look for what else there was."""

TRIES_MAX: Final = 600
"""So many plans may an explanation make, however quick they are."""

_SECONDS_EACH: Final = 0.1
_SEARCHES_EACH: Final = 4


class Tries:
    """The plans that an explanation may still make; those that it asked for and did not get are counted.

    Its parts come one after the other, and each leaves a share for the next ones.
    """

    __slots__ = ("_clock", "_ends", "_seconds", "skipped", "tries_left")

    def __init__(self, clock: Clock | None, seconds: float = SECONDS_MAX, tries_max: int = TRIES_MAX) -> None:
        self._clock = clock
        self._seconds = seconds
        self._ends = 0.0 if clock is None else clock() + seconds
        self.tries_left = tries_max
        self.skipped = 0

    def plan(self, case: Case, *, keep: float = 0.0) -> Plan | None:
        """The plan of a case, None where only a share `keep` (0 to 1) of the time is left, or nothing to try."""
        left = self._seconds if self._clock is None else self._ends - self._clock()
        left -= keep * self._seconds
        if left <= 0.0 or self.tries_left <= 0:
            self.skipped += 1
            return None
        self.tries_left -= 1
        seconds = case.policy.decision_seconds_max
        if self._clock is not None:
            seconds = min(seconds, left, _SECONDS_EACH)
        return case.plan(Budget(seconds, self._clock, searches_max=_SEARCHES_EACH))

    def take_skipped(self) -> int:
        """How many plans were asked for and not made since the last time."""
        skipped, self.skipped = self.skipped, 0
        return skipped
