"""What commands run on: the settings, the database with its server, an open system, an event loop."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
import uvloop

from troth.adapters.carriers.opening import open_carriers
from troth.adapters.edi.tongue import EdiTongue
from troth.adapters.messages.opening import origin_of
from troth.adapters.payments.opening import open_gateways, settled_providers
from troth.flows.door.system import System, open_system
from troth.model.risk import RiskWeights
from troth.settings import Settings, read_settings
from troth.store.database import Pool, open_pool
from troth.store.embedded import start
from troth.store.migrate import migrate

T = TypeVar("T")

_COLLECT_AFTER: Final = (10_000, 20, 50)
"""How often Python looks for cycles. Requests leave hardly any, and what they leave is freed without; but all that a
process remembers is searched each time: at Python's own thresholds that took a tenth of its time, 60 ms at once.
"""

DatabaseUrl = Annotated[
    str | None,
    typer.Option(help="A PostgreSQL 15 or later; the embedded one where neither this nor the setting names one."),
]
DataDir = Annotated[Path | None, typer.Option(help="Where the embedded PostgreSQL lives.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for scripts.")]


def collect_seldom() -> None:
    """Look for cycles as seldom as a process does that serves for long."""
    gc.set_threshold(*_COLLECT_AFTER)


def settings_of(**options: Any) -> Settings:
    """The settings, with the options that were given."""
    return read_settings(**options)


def run_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a fresh event loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


@contextmanager
def running_database(settings: Settings) -> Iterator[str]:
    """The DSN of a database that takes connections; the embedded server stops afterwards if nobody else uses it."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with start(settings) as embedded:
        yield embedded.dsn


def risk_weights(settings: Settings) -> RiskWeights:
    """By what exceptions are ranked."""
    return RiskWeights(
        horizon_hours=settings.exception_horizon_hours,
        due_percent=settings.exception_due_percent,
        past_percent=settings.exception_past_percent,
        margin_percent=settings.exception_margin_percent,
    )


@asynccontextmanager
async def migrated_system(settings: Settings, dsn: str) -> AsyncIterator[System]:
    """An open system on the database, with all migrations applied."""
    await migrate(dsn)
    async with open_system(
        dsn,
        pool_size=settings.pool_size,
        cart_units_max=settings.cart_units_max,
        currency=settings.currency,
        providers=settled_providers(settings),
        gateways=partial(open_gateways, settings),
        risk=risk_weights(settings),
        origin=origin_of(settings),
        carriers=partial(open_carriers, settings),
        gs1_prefix=settings.gs1_prefix,
        font_dirs=settings.font_dirs,
        tongue=EdiTongue(),
    ) as system:
        yield system


@asynccontextmanager
async def command_pool(dsn: str) -> AsyncIterator[Pool]:
    """A small pool without time limits, for a command that needs no write door."""
    pool = await open_pool(dsn, size=2, statement_timeout_ms=0, name="troth command")
    try:
        yield pool
    finally:
        await pool.close()


def stop_on_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set; the second Ctrl-C ends the process as usual."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def ask_to_stop() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, ask_to_stop)
    loop.add_signal_handler(signal.SIGTERM, ask_to_stop)
    return stop


def log_to_stderr(settings: Settings) -> None:
    """Send the log to standard error, from the level that the settings say."""
    logging.basicConfig(
        level=settings.log_level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        force=True,
    )
    # What a library logs about each request or step is of no interest to an operator.
    for name in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
