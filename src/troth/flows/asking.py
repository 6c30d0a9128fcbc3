"""Asking somebody else for an effect that must happen once: a gateway for money, a carrier for a label.

Whoever asks has written down before that they will, and records the answer after: nothing of ours is held meanwhile.
Who dies in between leaves it unknown what became of it. That is looked up, or asked for once more under the same key.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from troth.model.asked import NEVER_ARRIVED, Declined, Lost

T = TypeVar("T")

_log = logging.getLogger(__name__)


async def reach(key: str, call: Awaitable[T], *, seconds: float) -> T | Lost:
    """What somebody answers within so many seconds; that nobody knows it, where they do not answer or fail."""
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError:
        return Lost(f"no answer within {seconds:.0f} s")
    except Exception as error:
        _log.exception("asking for %s failed", key)
        return Lost(f"{type(error).__name__}")


async def find_or_ask(
    find: Callable[[], Awaitable[T | None]],
    ask: Callable[[], Awaitable[T]],
    *,
    requested_at: datetime,
    now: datetime,
    keeps_keys_hours: float,
) -> T | Declined:
    """What became of something that was asked for before: looked up, and where they never heard of it asked for once
    more under its key, as long as they know that for a repetition.
    """
    found = await find()
    if found is not None:
        return found
    if now - requested_at > timedelta(hours=keeps_keys_hours):
        return NEVER_ARRIVED
    return await ask()
