"""What people see: sentences and progress on standard error, results on standard output."""

import sys
import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

_PLAIN_SECONDS: Final = 5.0


def say(text: str) -> None:
    """Write a line for the person."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def show(text: str) -> None:
    """Write a line of the result."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Steps:
    """Progress of work in named steps: bars where a person looks on, else a line now and then and at their ends."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said_at: dict[str, float] = {}
        if sys.stderr.isatty():
            columns = (TextColumn("{task.description:>16}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bars = Progress(*columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True))

    def at(self, step: str, done: int, total: int, note: str = "") -> None:
        """Say how far a step is."""
        if self._bars is not None:
            if step not in self._tasks:
                self._tasks[step] = self._bars.add_task(step, total=total, note=note)
            self._bars.update(self._tasks[step], completed=done, total=total, note=note)
            return
        now = time.monotonic()
        is_due = now - self._said_at.setdefault(step, now) >= _PLAIN_SECONDS
        if is_due or (done >= total > 0 and self._said_at[step] >= 0):
            self._said_at[step] = now if done < total else float("-inf")
            say(f"{step}: {done:,} of {total:,}{'  ' + note if note else ''}")

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()
