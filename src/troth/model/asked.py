"""What comes back from somebody else who was asked for an effect under a key: a gateway, a carrier."""

from datetime import datetime, timedelta
from typing import Final

from troth.model.value import dataclass

_SECONDS_FIRST: Final = 2.0
_SECONDS_MAX: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Declined:
    """They did not do it. `is_gone`: since what it was about is there no more."""

    code: str
    detail: str = ""
    is_final: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """Nobody knows whether they did it."""

    detail: str


NEVER_ARRIVED: Final = Declined("never_arrived", "they never heard of it, and no longer know its key")


def again_at(asked_at: datetime, attempts: int) -> datetime:
    """When to ask again after what was asked for so often and last at an instant: the pauses double, up to an hour.

    >>> again_at(datetime(2026, 11, 23, 12), 3).isoformat()
    '2026-11-23T12:00:08'
    """
    seconds = min(_SECONDS_MAX, _SECONDS_FIRST * 2.0 ** min(max(attempts - 1, 0), 30))
    return asked_at + timedelta(seconds=seconds)
