"""kill -9 of a worker between an interchange in a folder and the note that it lies there: nothing is told twice."""

import asyncio
import signal
import sys
from pathlib import Path

from tests.builders import Clock, item, set_up, stock
from tests.conftest import Database
from tests.flows.telling_nodes import released
from tests.flows.trading_partners import TONGUE, OtherSide, agree, edi_node, edi_partner
from troth.flows.door.system import open_system
from troth.flows.nodes.files import Exchanged, Place


async def test_a_worker_that_is_killed_after_the_file_and_before_its_note_uses_no_number_twice(
    database: Database, tmp_path: Path
) -> None:
    await set_up(database.pool, nodes=(edi_node(),), items=(item("A"),))
    clock = Clock()
    async with open_system(database.dsn, clock=clock, tongue=TONGUE) as system:
        await agree(system, edi_partner())
        other = OtherSide(system, tmp_path)
        await stock(system, {("A", "3PL-1"): 50})
        for number in range(3):
            await released(system, clock, f"W-{number}")
        writer = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.interchange_writer",
            database.dsn,
            str(tmp_path),
            stdout=asyncio.subprocess.PIPE,
        )
        assert writer.stdout is not None
        async with asyncio.timeout(60):
            name = (await writer.stdout.readline()).decode().strip()
        writer.send_signal(signal.SIGKILL)
        await writer.wait()
        first = other.read(Place.OUT, name)
        (tmp_path / "east" / "out" / name).unlink()
        await released(system, clock, "W-3")

        assert await other.exchange() == Exchanged(written=2)
        assert other.names(Place.OUT) == ["000000001-940.x12", "000000002-940.x12"]
        assert other.read(Place.OUT, name) == first
        sent = [(one.number, [part.message for part in one.report.transactions]) for one in await other.sent()]

    assert name == "000000001-940.x12"
    assert sent == [(1, [1, 2, 3]), (2, [4])]
