"""The end of the event log, as a process has read it: many read the log one after the other, and one of them asks."""

import asyncio
from bisect import bisect_right
from collections.abc import Collection
from typing import Final

from troth.store.database import Connection
from troth.store.events import AUDITED, LoggedEvent, LogPage, Position, read_events_after, read_events_of_kinds

EVENTS_MAX: Final = 10_000
CHARACTERS_MAX: Final = 32_000_000
_ASKED_MIN: Final = 1_000
_NOWHERE: Final[Position] = (-1, 0)


class LogTail:
    """A part of the log without a gap: every event after `start` up to the last one that was read.

    What is in it does not change any more, since a reader stops before the oldest transaction that is still running.
    Whoever is behind it asks for itself, and whoever is ahead of it has it begin where they are.
    """

    def __init__(self, *, events_max: int = EVENTS_MAX, characters_max: int = CHARACTERS_MAX) -> None:
        self._events_max = events_max
        self._characters_max = characters_max
        self._events: list[LoggedEvent] = []
        self._positions: list[Position] = []
        self._characters = 0
        self._start = self._end = _NOWHERE
        self._asking = asyncio.Lock()

    async def read(
        self,
        connection: Connection,
        position: Position,
        *,
        kinds: Collection[str] | None,
        limit: int,
        subject: str | None = None,
    ) -> LogPage:
        """The events of some kinds (None: of all but the audit's) and of a subject (None: of all) among the next
        `limit` after a position, as far as no earlier one can still appear. Of what came meanwhile it may tell the next
        time; that nothing is left it says only where the log says so.
        """
        async with self._asking:
            if position > self._end:
                self._begin(position)
            if position == self._end:
                self._append(await read_events_after(connection, position, limit=max(limit, _ASKED_MIN)), position)
            if position >= self._start:
                return self._page(position, kinds, subject, limit)
        return await read_events_of_kinds(connection, position, kinds=kinds, limit=limit, subject=subject)

    def _begin(self, position: Position) -> None:
        self._events, self._positions, self._characters = [], [], 0
        self._start = self._end = position

    def _append(self, events: list[LoggedEvent], position: Position) -> None:
        """Add what was read after a position, and drop the oldest of what lies before it where that is too much."""
        self._events += events
        self._positions += [event.position for event in events]
        self._characters += sum(len(event.body) for event in events)
        self._end = events[-1].position if events else position
        dropped, latest = 0, bisect_right(self._positions, position)
        while dropped < latest and (
            len(self._events) - dropped > self._events_max or self._characters > self._characters_max
        ):
            self._characters -= len(self._events[dropped].body)
            dropped += 1
        if dropped:
            self._start = self._positions[dropped - 1]
            del self._events[:dropped], self._positions[:dropped]

    def _page(self, position: Position, kinds: Collection[str] | None, subject: str | None, limit: int) -> LogPage:
        first = bisect_right(self._positions, position)
        found = self._events[first : first + limit]
        wanted = tuple(
            event
            for event in found
            if (event.kind != AUDITED if kinds is None else event.kind in kinds)
            and (subject is None or event.subject == subject)
        )
        return LogPage(wanted, found[-1].position if found else position, len(found))
