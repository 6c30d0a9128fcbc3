"""The retailer that the benchmarks over HTTP share: items at nodes in a database, and API processes on it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import asyncpg
import httpx

from troth.flows.log.maintain import create_partitions
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.network import Node, NodeType
from troth.store.migrate import migrate
from troth.store.reference import write_items, write_nodes

_STOCK: Final = """
WITH placed AS (
    INSERT INTO balances (sku, node, source, on_hand, reserved, deficit)
    SELECT sku, node, 'on_hand', $2, 0, 0 FROM items, nodes
    WHERE abs(hashtext(sku || ' ' || node)) % 100 < $1 RETURNING sku, node, on_hand
)
INSERT INTO entries (sku, node, source, at, kind, on_hand_delta, reserved_delta, reason, reference)
SELECT sku, node, 'on_hand', now(), 'adjustment', on_hand, 0, 'benchmark', '' FROM placed
"""


async def fill(
    dsn: str,
    *,
    skus: int,
    nodes: int,
    held_percent: int = 100,
    has_pickup: bool = False,
    on_hand: int = 1_000_000_000,
) -> None:
    """Migrate a database and put so many items at so many nodes, which hold plenty of each, or so many units, or none
    but of some percent of them; where it has pickup, all of them hand over to customers.
    """
    await migrate(dsn)
    now = datetime.now(UTC)
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        await create_partitions(pool, now)
    connection = await asyncpg.connect(dsn)
    try:
        # Spread over the United States in a fixed pattern.
        await write_nodes(
            connection,
            [
                Node(
                    NodeId(f"N{number:04d}"),
                    NodeType.STORE,
                    f"Node {number}",
                    30 + number * 7 % 150 / 10,
                    -120 + number * 13 % 400 / 10,
                    "America/Chicago",
                    pickup=has_pickup,
                )
                for number in range(nodes)
            ],
            now,
        )
        items = [Item(Sku(f"S{number:05d}"), f"Item {number}", weight_grams=500) for number in range(skus)]
        await write_items(connection, items, now)
        await connection.execute(_STOCK, held_percent, on_hand, timeout=600)
        await connection.execute("VACUUM ANALYZE balances, nodes, items", timeout=600)
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True)
class Serving:
    """Where a server listens, and the process whose children serve."""

    port: int
    pid: int


def processor_seconds(pid: int) -> float:
    """The processor time that a process and its children have used so far, those that ended included."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if stat.parent.name == str(pid):
            ticks += sum(map(int, fields[11:15]))
        elif fields[1] == str(pid):
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_bytes(pid: int) -> int:
    """The most memory that any child of a process took so far."""
    sizes = [0]
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            told = dict(line.split(":\t", 1) for line in status.read_text().splitlines())
        except OSError:  # it has just ended
            continue
        if told["PPid"] == str(pid):
            sizes.append(int(told.get("VmHWM", "0 kB").split()[0]))
    return 1_024 * max(sizes)


def postmaster_pid(data_dir: Path) -> int:
    """The process of the PostgreSQL below a data directory, whose children are its sessions."""
    return int((data_dir / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0])


@contextmanager
def serve(
    dsn: str,
    key: str,
    folder: Path,
    *,
    processes: int,
    has_worker: bool = False,
    settings: dict[str, str] | None = None,
) -> Iterator[Serving]:
    """So many API processes on a database that know an administrator's key, with a worker or without, and with these
    settings beside (by the names that the environment has).
    """
    port = free_port()
    environment = _environment(dsn, key, folder) | (settings or {})
    process = subprocess.Popen(
        [
            str(Path(sys.executable).parent / "troth"), "serve", "--workers", str(processes), "--port", str(port),
            *(() if has_worker else ("--no-worker",)),
        ],
        env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_until_ready(port, process)
        yield Serving(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def work(dsn: str, key: str, folder: Path) -> Iterator[int]:
    """A worker as a process of its own on the database of servers: its process."""
    troth = str(Path(sys.executable).parent / "troth")
    process = subprocess.Popen([troth, "worker"], env=_environment(dsn, key, folder), stdout=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _environment(dsn: str, key: str, folder: Path) -> dict[str, str]:
    # What is installed was compiled once: no start that is measured compiles it again.
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    return os.environ | compiled | {"TROTH_DATABASE_URL": dsn, "TROTH_API_KEY": key, "TROTH_DATA_DIR": str(folder)}


def free_port() -> int:
    """A port of this machine on which nothing listens."""
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
