"""`troth doctor`: whether everything is true that must be."""

import sys
from typing import Annotated

import typer

from troth.cli.exits import OK, PROBLEMS
from troth.cli.running import AsJson, DatabaseUrl, DataDir, command_pool, run_loop, running_database, settings_of
from troth.cli.terminal import say, show
from troth.flows.log.doctor import ORDERS_MAX, Report, examine


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    orders: Annotated[int, typer.Option(min=0, help="Orders to fold again from their events; 0: all.")] = ORDERS_MAX,
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Re-derive balances and orders from what happened and list every difference. Exit code 1: there are problems."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)
    with running_database(settings) as dsn:
        report = run_loop(_examine(dsn, orders or None))
    show(report.json() if as_json else report.text())
    sys.exit(OK if report.is_clean else PROBLEMS)


async def _examine(dsn: str, orders_max: int | None) -> Report:
    async with command_pool(dsn) as pool:
        return await examine(pool, orders_max=orders_max, progress=lambda check: say(f"Checking {check} …"))
