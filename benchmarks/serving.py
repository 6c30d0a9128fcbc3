"""A server of Troth for the time of a measurement."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


@contextmanager
def serve(dsn: str, folder: Path, *, processes: int) -> Iterator[tuple[int, str, int]]:
    """A server without worker on a migrated database: its port, the key of an administrator, and its process id."""
    key = f"troth_{secrets.token_urlsafe(32)}"
    port = _free_port()
    environment = os.environ | {"TROTH_DATABASE_URL": dsn, "TROTH_API_KEY": key, "TROTH_DATA_DIR": str(folder)}
    process = subprocess.Popen(
        [
            str(Path(sys.executable).parent / "troth"), "serve", "--no-worker",
            "--workers", str(processes), "--port", str(port),
        ],
        env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_until_ready(port, process)
        yield port, key, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"troth serve ended with {process.returncode}")
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError("troth serve was not ready within a minute")
