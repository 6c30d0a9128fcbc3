"""`troth worker`: what happens without anybody asking, in a process of its own."""

import typer

from troth.cli.running import (
    DatabaseUrl,
    DataDir,
    collect_seldom,
    log_to_stderr,
    migrated_system,
    run_loop,
    running_database,
    settings_of,
    stop_on_signals,
)
from troth.cli.terminal import say
from troth.cli.worker_metrics import publishing_metrics
from troth.settings import Settings
from troth.worker.run import run_worker


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("worker")(worker)


def worker(database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Run a worker: releases, deliveries to subscribers, seals, upkeep. Any number of them run side by side."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)
    log_to_stderr(settings)
    with running_database(settings) as dsn:
        run_loop(_work(settings, dsn))
    say("Stopped.")


async def _work(settings: Settings, dsn: str) -> None:
    collect_seldom()
    stop = stop_on_signals()
    async with migrated_system(settings, dsn) as system:
        say("The worker runs. Ctrl-C stops it.")
        with publishing_metrics(settings):
            await run_worker(system, settings, stop)
