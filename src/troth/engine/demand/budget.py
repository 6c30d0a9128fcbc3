"""What one decision may spend on a better plan than the first it finds: seconds, searches, and questions.

The engine reads no clock: whoever asks may hand one over. Without one, searches and questions are counted, so that the
same question has the same answer. A decision that was cut short says so.
"""

from collections.abc import Callable
from typing import Final

Clock = Callable[[], float]
"""Seconds since some instant, never fewer than before."""

SEARCHES_MAX: Final = 48
"""So many models and searches may one decision take, however quick they are."""

QUESTIONS_MAX: Final = 1_000
"""So many questions may one decision ask of the engine before it does with what it has."""

_SECONDS_LEAST: Final = 0.01
"""With less no model comes to anything."""

_MOST: Final = 0.9

_PATIENCE: Final = 8.0
"""Quick answers may take so many times as long as the search before further questions are left out."""

OUT_OF_TIME: Final = (
    "the time for one decision ran out, so that better plans were not looked for to the end: decided again it may come "
    "out otherwise"
)
OUT_OF_WORK: Final = "the work for one decision was done before every plan was looked for"


class Budget:
    """The seconds, searches and questions that are left of a decision.

    Each part asks before it searches and takes a quick answer where nothing is left. With several questions to come,
    one search may take half of the seconds that are left.
    """

    __slots__ = (
        "_began",
        "_clock",
        "_seconds",
        "_taken",
        "is_out_of_time",
        "is_out_of_work",
        "parts",
        "questions_left",
        "searches_left",
    )

    def __init__(
        self,
        seconds: float,
        clock: Clock | None = None,
        *,
        searches_max: int = SEARCHES_MAX,
        questions_max: int = QUESTIONS_MAX,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._began = self._taken = 0.0 if clock is None else clock()
        self.searches_left = searches_max
        self.questions_left = questions_max
        self.is_out_of_time = False
        self.is_out_of_work = False
        self.parts = 1

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of a decision that was cut short, in sentences."""
        if self.is_out_of_time:
            return (OUT_OF_TIME,)
        return (OUT_OF_WORK,) if self.is_out_of_work else ()

    def take_search(self) -> float:
        """The seconds that the next search may take, which is counted; 0.0 where none is left."""
        seconds = self._seconds - self._spent()
        if seconds < _SECONDS_LEAST:
            self.is_out_of_time = True
            return 0.0
        if self.searches_left <= 0:
            self.is_out_of_work = True
            return 0.0
        self.searches_left -= 1
        self._taken = 0.0 if self._clock is None else self._clock()
        return seconds if self.parts < 2 or self._clock is None else max(seconds / 2.0, _SECONDS_LEAST)

    def end_search(self, seconds: float, *, is_proven: bool) -> None:
        """A search that was given so many seconds is over; what took most of them and proved nothing was cut short."""
        if not is_proven and (self._clock is None or self._clock() - self._taken >= seconds * _MOST):
            self.is_out_of_time = True

    def has_search(self) -> bool:
        """Whether anything may be searched any more; where not, that is remembered."""
        if self._seconds - self._spent() < _SECONDS_LEAST:
            self.is_out_of_time = True
            return False
        if self.searches_left <= 0 or self.questions_left <= 0:
            self.is_out_of_work = True
            return False
        return True

    def has_question(self) -> bool:
        """Whether a further question may be asked, be it for a quick answer; where not, that is remembered."""
        if self._spent() > self._seconds * _PATIENCE:
            self.is_out_of_time = True
            return False
        if self.questions_left <= 0:
            self.is_out_of_work = True
            return False
        return True

    def count_question(self) -> None:
        """One question is asked."""
        self.questions_left -= 1

    def _spent(self) -> float:
        return 0.0 if self._clock is None else self._clock() - self._began
