"""Typing commands: in this process, with what they write and return; or as a server that a test starts and stops."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
import pytest

from troth.cli import run

COMMAND = (sys.executable, "-c", "from troth.cli import main; main()")


@dataclass(frozen=True, slots=True)
class Typed:
    """How a command ended."""

    code: int
    out: str
    err: str


def type_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> Typed:
    """Run a command here."""
    capsys.readouterr()
    code = run(arguments)
    written = capsys.readouterr()
    return Typed(code, written.out, written.err)


@dataclass(slots=True)
class Server:
    """A running `troth serve`: what it printed when it was ready."""

    process: "subprocess.Popen[str]"
    told: dict[str, str]

    @property
    def url(self) -> str:
        return self.told["URL"]

    @property
    def key(self) -> str:
        return self.told["API key"].split()[0]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    @property
    def err(self) -> IO[str]:
        assert self.process.stderr is not None
        return self.process.stderr

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=self.headers, timeout=20, trust_env=False)

    def children(self) -> list[int]:
        """The processes that it started, oldest first."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Its exit code and what else it wrote, after a signal."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=40)
        return self.process.returncode, err


def start_server(*arguments: str, **settings: str) -> Server:
    """Start a server on a free port and wait until it says that it is ready."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TROTH_")}
    process = subprocess.Popen(
        (*COMMAND, "serve", "--port", "0", *arguments),
        env=environment | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    told: dict[str, str] = {}
    for line in process.stdout:
        name, _, value = line.partition(":")
        told[name] = value.strip()
        if name == "API key":
            return Server(process, told)
    raise AssertionError(f"it ended with {process.wait()}: {process.stderr.read()}")
