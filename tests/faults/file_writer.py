"""A worker that writes the files of nodes, and stays for ever between a file and the note that it was written:
`python -m tests.faults.file_writer DSN FOLDER`.
"""

import asyncio
import sys
import threading
from pathlib import Path

from troth.adapters.node_files.folder import LocalFolder
from troth.adapters.node_files.opening import CODECS
from troth.flows.door.system import open_system
from troth.flows.nodes.files import Place, exchange_files


class Lingering(LocalFolder):
    """A folder that says that a file was written, and never comes back."""

    def write(self, place: Place, name: str, content: bytes) -> None:
        """Write a file and stay."""
        super().write(place, name, content)
        print(name, flush=True)
        threading.Event().wait()


async def run(dsn: str, root: Path) -> None:
    """Write what there is to be written."""
    async with open_system(dsn) as system:
        await exchange_files(system, lambda name: Lingering(root / name), CODECS)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], Path(sys.argv[2])))
