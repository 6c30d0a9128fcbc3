"""A process that learns from the log in small steps until it is killed: `python -m tests.faults.learner DSN`."""

import sys

import uvloop

from troth.flows.memory.accuracy import learn_from_log
from troth.store.database import open_pool


async def run(dsn: str) -> None:
    """Learn, and say after each step that another one was done."""
    pool = await open_pool(dsn, size=2)
    while True:
        if await learn_from_log(pool, events_max=5):
            print("step", flush=True)


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1]))
