"""When a carrier is asked again where a parcel is: soon after something happened, then ever more seldom.

The pause is half the time since the last thing was told: what happens after some hours of silence is known at most half
as many hours later, and the questions about a parcel that nothing happens to grow with the logarithm of its age only,
until the longest pause is reached.
"""

from datetime import datetime, timedelta
from typing import Final

from troth.engine.tracking.parcels import Standing
from troth.model.tracking import TrackStatus

PAUSE_MIN: Final = timedelta(minutes=30)
PAUSE_MAX: Final = timedelta(hours=6)
DOOR_PAUSE: Final = timedelta(minutes=15)
"""While it is out for delivery, for a day."""
GIVEN_UP_AFTER: Final = timedelta(days=60)
"""So long after the last thing that was told a carrier is not asked about a parcel any more."""

_ENDS: Final = (TrackStatus.DELIVERED, TrackStatus.RETURNED)


def ask_again_at(standing: Standing, *, shipped_at: datetime, now: datetime, speed: float = 1.0) -> datetime | None:
    """When to ask again about a parcel that was shipped at a time; None: not any more, since it has arrived, goes back,
    or nothing was told of it for too long. What was lost may be found. The pauses of a carrier of another
    `speed` are as much shorter.
    """
    if standing.status in _ENDS:
        return None
    last = shipped_at if standing.last is None else max(shipped_at, standing.last.at)
    quiet = now - last
    if quiet >= GIVEN_UP_AFTER:
        return None
    if standing.status == TrackStatus.OUT_FOR_DELIVERY and quiet < timedelta(days=1):
        return now + DOOR_PAUSE / speed
    return now + min(PAUSE_MAX / speed, max(PAUSE_MIN / speed, quiet / 2))
