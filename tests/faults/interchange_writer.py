"""A worker that writes interchanges to partners, and stays for ever between a file and the note that it was written:
`python -m tests.faults.interchange_writer DSN FOLDER`.
"""

import asyncio
import sys
from pathlib import Path

from tests.faults.file_writer import Lingering
from troth.adapters.edi.tongue import EdiTongue
from troth.flows.door.system import open_system
from troth.flows.edi.folders import exchange_interchanges
from troth.flows.edi.send import write_all_told


async def run(dsn: str, root: Path) -> None:
    """Write what there is to be written, and lay it into the folders."""
    async with open_system(dsn, tongue=EdiTongue()) as system:
        await write_all_told(system, EdiTongue())
        await exchange_interchanges(system, EdiTongue(), lambda name: Lingering(root / name))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], Path(sys.argv[2])))
