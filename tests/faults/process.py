"""One process of Troth, as the fault tests kill it: `python -m tests.faults.process api|worker FOLDER PORT HOURS_BACK`.

The clock goes `HOURS_BACK` behind, so that the orders which the API captures are long due for the worker, whose clock
is right.
"""

import asyncio
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
import uvloop

from troth.flows.door.system import open_system
from troth.http.app import create_app
from troth.settings import Settings
from troth.store.embedded import start
from troth.worker.run import run_worker


async def run(role: str, settings: Settings, dsn: str, clock_back: timedelta) -> None:
    """Serve the API or work until SIGTERM; says "ready" when it does."""
    async with open_system(dsn, clock=lambda: datetime.now(UTC) - clock_back) as system:
        print("ready", flush=True)
        if role == "api":
            # uvicorn ends gracefully, then raises the signal again, which would look like a kill.
            signal.signal(signal.SIGTERM, lambda _number, _frame: None)
            config = uvicorn.Config(create_app(system, settings), port=settings.port, log_level="critical")
            await uvicorn.Server(config).serve()
        else:
            stop = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
            await run_worker(system, settings, stop)


def main() -> None:
    """Run the process that the arguments say."""
    role, folder, port, hours_back = sys.argv[1:]
    settings = Settings(data_dir=Path(folder), port=int(port))
    with start(settings) as embedded:
        uvloop.run(run(role, settings, embedded.dsn, timedelta(hours=float(hours_back))))


if __name__ == "__main__":
    main()
