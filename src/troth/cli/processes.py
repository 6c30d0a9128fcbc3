"""A family of processes: started, started again when one ends unasked, stopped together.

The children are forks: they share the memory of what was imported, and start in milliseconds. Each says through a pipe
that it is ready, and ends when it hears through another that its parent is gone.
"""

import logging
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import field
from types import FrameType
from typing import Final

from troth.cli.exits import CRASHED, OK
from troth.cli.terminal import say
from troth.model.value import dataclass

_STOP_SECONDS_MAX: Final = 30.0
_QUICK_SECONDS: Final = 5.0
_QUICK_ENDS_MAX: Final = 4
_AGAIN_SECONDS: Final = 0.25

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Life:
    """What a child is given: to say that it is ready, and a descriptor that ends when its parent does."""

    say_ready: Callable[[], None]
    parent: int


@dataclass(slots=True)
class Member:
    """A kind of child: its name, what it does until it is told to stop, and what is known of the one that runs."""

    name: str
    run: Callable[[Life], None]
    pid: int | None = None
    started_at: float = 0.0
    quick_ends: int = 0
    start_at: float = 0.0
    is_ready: bool = False


@dataclass(slots=True)
class Family:
    """The processes of a server. `on_ready` is called once, when all of them are."""

    members: Sequence[Member]
    on_ready: Callable[[], None]
    _signals: int = field(default=0, init=False)
    _pipes: dict[str, tuple[int, int]] = field(default_factory=dict, init=False)

    def run(self) -> int:
        """Keep the processes running until SIGINT, SIGTERM or SIGHUP; the exit code."""
        for name in ("wake", "ready", "alive"):
            self._pipes[name] = os.pipe()
        for descriptor in (*self._pipes["wake"], self._pipes["ready"][0]):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._pipes["wake"][1], warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup stays in force
                signal.signal(number, self._note)
        try:
            code = self._keep_running()
            self._stop()
        finally:
            signal.set_wakeup_fd(-1)
        return code

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _keep_running(self) -> int:
        was_ready = False
        while self._signals == 0:
            now = time.monotonic()
            for member in self.members:
                if member.pid is None and now >= member.start_at:
                    self._start(member)
            self._wait(min((m.start_at - now for m in self.members if m.pid is None), default=60.0))
            for member in self._reap():
                if member.quick_ends >= _QUICK_ENDS_MAX:
                    say(f"The process {member.name} ends again and again; the log above says why. Stopping.")
                    return CRASHED
            if not was_ready and all(member.is_ready for member in self.members):
                was_ready = True
                self.on_ready()
        return OK

    def _start(self, member: Member) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._live(member)
        member.pid, member.started_at, member.is_ready = pid, time.monotonic(), False

    def _live(self, member: Member) -> None:
        """Be the child: never returns, and runs no exit handlers, which are the parent's."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            # A Ctrl-C goes to the whole terminal; the parent hears these two and asks us to stop, once.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            if self._signals:  # one that came between the fork and here
                os._exit(0)
            os.close(self._pipes["alive"][1])
            ready, me = self._pipes["ready"][1], f"{os.getpid()}\n".encode()
            member.run(Life(lambda: _write(ready, me), self._pipes["alive"][0]))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _wait(self, seconds: float) -> None:
        """Sleep until a signal comes, a child says that it is ready, or the time is over."""
        wake, ready = self._pipes["wake"][0], self._pipes["ready"][0]
        for descriptor in select.select([wake, ready], [], [], max(0.0, seconds))[0]:
            told = os.read(descriptor, 65536).split(b"\n")
            if descriptor == ready:
                pids = {int(pid) for pid in told if pid}
                for member in self.members:
                    member.is_ready = member.is_ready or member.pid in pids

    def _reap(self) -> list[Member]:
        """Take note of the children that have ended, and when they are to be started again."""
        ended = []
        for member in self.members:
            if member.pid is None:
                continue
            pid, status = os.waitpid(member.pid, os.WNOHANG)
            if pid == 0:
                continue
            now = time.monotonic()
            member.pid = None
            member.quick_ends = member.quick_ends + 1 if now - member.started_at < _QUICK_SECONDS else 0
            member.start_at = now + _AGAIN_SECONDS * (2**member.quick_ends - 1)
            if self._signals == 0:
                code = os.waitstatus_to_exitcode(status)
                how = f"by signal {-code}" if code < 0 else f"with code {code}"
                _log.error("the process %s ended unasked, %s; it is started again", member.name, how)
            ended.append(member)
        return ended

    def _stop(self) -> None:
        """Ask all to stop and wait for it: once more at a second signal; at a third, or after half a minute, kill."""
        say("Stopping; requests under way end first. Ctrl-C again ends them, too.")
        asked = 0
        deadline = time.monotonic() + _STOP_SECONDS_MAX
        while any(member.pid is not None for member in self.members):
            if asked < max(1, self._signals):
                asked = max(1, self._signals)
                self._tell(signal.SIGTERM)
            left = deadline - time.monotonic()
            if left <= 0 or self._signals >= 3:
                self._tell(signal.SIGKILL)
                left = 1.0
            self._wait(min(left, 1.0))
            self._reap()

    def _tell(self, number: signal.Signals) -> None:
        for member in self.members:
            if member.pid is not None:
                os.kill(member.pid, number)


def _write(descriptor: int, text: bytes) -> None:
    os.write(descriptor, text)
