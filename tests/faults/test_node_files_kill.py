"""kill -9 of a worker between a file and the note that it was written: a partner acts on each release once."""

import asyncio
import csv
import signal
import sys
from pathlib import Path

from tests.builders import Clock, item, set_up, stock
from tests.conftest import Database
from tests.flows.telling_nodes import partner, released
from troth.adapters.node_files.folder import open_local
from troth.adapters.node_files.opening import CODECS
from troth.flows.door.system import open_system
from troth.flows.nodes.files import Exchanged, exchange_files
from troth.model.node_link import NodeLink, Reach


class Warehouse:
    """A partner who takes files away, acts on each message once, and does not look at a name twice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.acted: list[str] = []
        self.files: list[str] = []
        self._known: set[str] = set()

    def look(self) -> None:
        for path in sorted((self.folder / "out").glob("*.csv")):
            self.files.append(path.name)
            for row in csv.DictReader(path.read_text().splitlines()):
                if row["number"] not in self._known:
                    self._known.add(row["number"])
                    self.acted.append(row["external_id"])
            path.unlink()


async def test_a_worker_that_is_killed_after_the_file_and_before_its_note_releases_nothing_twice(
    database: Database, tmp_path: Path
) -> None:
    link = NodeLink(Reach.FILE, folder="acme")
    await set_up(database.pool, nodes=(partner(link=link),), items=(item("A"),))
    warehouse = Warehouse(tmp_path / "acme")
    clock = Clock()
    async with open_system(database.dsn, clock=clock) as system:
        await stock(system, {("A", "3PL-1"): 50})
        for number in range(3):
            await released(system, clock, f"W-{number}")
        writer = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.file_writer",
            database.dsn,
            str(tmp_path),
            stdout=asyncio.subprocess.PIPE,
        )
        assert writer.stdout is not None
        async with asyncio.timeout(60):
            name = (await writer.stdout.readline()).decode().strip()
        writer.send_signal(signal.SIGKILL)
        await writer.wait()
        assert name == "messages-00000001-00000003.csv"
        warehouse.look()
        await released(system, clock, "W-3")

        assert await exchange_files(system, open_local(tmp_path), CODECS) == Exchanged()  # its claim holds
        await database.pool.execute("UPDATE node_files SET claimed_until = now() - interval '1 second'")
        assert await exchange_files(system, open_local(tmp_path), CODECS) == Exchanged(written=2)
        warehouse.look()
        await database.pool.execute("UPDATE node_files SET attempt_at = now()")
        assert await exchange_files(system, open_local(tmp_path), CODECS) == Exchanged()

    assert warehouse.files == [name, name, "messages-00000004-00000004.csv"]
    assert warehouse.acted == [f"W-{number}" for number in range(4)]
