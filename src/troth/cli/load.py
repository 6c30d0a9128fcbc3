"""`troth load`: nodes, items, stock and order history from files, straight into the database."""

import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from troth.adapters.history import Account, HistoryMapping, load_history, read_mapping
from troth.adapters.history.assemble import Overview
from troth.adapters.history.refused import refused_path
from troth.cli import load_inventory
from troth.cli.exits import INTERRUPTED, PROBLEMS, REFUSED, Failed
from troth.cli.load_files import read_items, read_nodes, read_positions
from troth.cli.running import (
    AsJson,
    DatabaseUrl,
    DataDir,
    migrated_system,
    run_loop,
    running_database,
    settings_of,
    stop_on_signals,
)
from troth.cli.terminal import Steps, say, show
from troth.flows.door.system import System
from troth.flows.records.configure import DecimalsKeptError, set_items, set_nodes
from troth.flows.stock.load_stock import LoadReport, load_positions
from troth.settings import Settings

app = typer.Typer(help="Load files straight into the database; any of them can be loaded again.", no_args_is_help=True)

load_inventory.register(app)

_ACTOR: Final = "cli"

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The file, also compressed (.gz).")]


@app.command("nodes")
def nodes(file: File, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Create or replace nodes: a JSON list, or an object a line, each as PUT /v1/nodes takes it, with its node_id."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)

    async def work(system: System) -> int:
        given = read_nodes(file, system.door.reference.policy.currency)
        changed = await set_nodes(system.pool, given, actor=_ACTOR)
        show(f"{len(given)} nodes read, {changed} new or changed")
        return 0

    _run(settings, work)


@app.command("items")
def items(file: File, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Create or replace items: a JSON list, or an object a line, each as PUT /v1/items takes it, with its sku."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)

    async def work(system: System) -> int:
        given = read_items(file)
        with Steps() as steps:
            try:
                changed = await set_items(
                    system.pool, given, actor=_ACTOR, progress=lambda done: steps.at("items", done, len(given))
                )
            except DecimalsKeptError as error:
                raise Failed(str(error), REFUSED) from None
        show(f"{len(given)} items read, {changed} new or changed")
        return 0

    _run(settings, work)


@app.command("stock")
def stock(file: File, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Set what nodes hold: a CSV file with the columns node, sku and on_hand, and perhaps lot and expires_on.

    Exit code 1: some were left out.
    """
    settings = settings_of(database_url=database_url, data_dir=data_dir)

    async def work(system: System) -> int:
        given = read_positions(file)
        with Steps() as steps:
            report = await load_positions(
                system.pool,
                given,
                actor=_ACTOR,
                reason="loaded",
                at=system.door.now,
                progress=lambda done: steps.at("positions", done, len(given)),
            )
        return _tell_stock(report)

    _run(settings, work)


@app.command("orders")
def orders(
    file: File,
    mapping: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="What its columns mean (TOML).")],
    refused: Annotated[
        Path | None, typer.Option(help="Where refused rows go; beside the file, with .refused before its ending.")
    ] = None,
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Capture the orders of a CSV or JSON lines file. Can be interrupted and repeated: nothing is captured twice.

    Exit code 1: some rows were refused; they are in the file of refused rows, with the reasons.
    """
    settings = settings_of(database_url=database_url, data_dir=data_dir)
    declared = read_mapping(mapping)
    away = refused or refused_path(file)

    async def work(system: System) -> int:
        began_at = time.monotonic()
        account = await _load_orders(system, file, declared, away)
        seconds = time.monotonic() - began_at
        show(
            json.dumps(account.as_dict() | {"seconds": round(seconds, 1)})
            if as_json
            else _account_text(account, seconds)
        )
        if account.refused:
            say(f"Refused rows, with reasons: {away}")
        if account.is_interrupted:
            say("Interrupted. The same command goes on where it was.")
            return INTERRUPTED
        return PROBLEMS if account.refused else 0

    _run(settings, work)


async def _load_orders(system: System, file: Path, mapping: HistoryMapping, refused: Path) -> Account:
    began_at = time.monotonic()
    say(f"Looking through {file} …")
    with Steps() as steps:

        def tell(account: Account, overview: Overview) -> None:
            seconds = max(0.001, time.monotonic() - began_at)
            done = account.rows_read - max(0, account.rows_open)
            steps.at("rows", done, overview.rows, f"{account.orders_captured / seconds:,.0f} orders/s")

        return await load_history(
            system, file, mapping, refused=refused, stop=stop_on_signals(), progress=_now_and_then(tell)
        )


def _now_and_then(tell: Callable[[Account, Overview], None]) -> Callable[[Account, Overview], None]:
    """The same, at most some times a second: it is asked after every order."""
    told_at = 0.0

    def maybe(account: Account, overview: Overview) -> None:
        nonlocal told_at
        now = time.monotonic()
        if now - told_at > 0.2 or account.rows_read - account.rows_open == overview.rows:
            told_at = now
            tell(account, overview)

    return maybe


def _account_text(account: Account, seconds: float) -> str:
    def part(rows: int, what: str) -> str:
        return f"{rows:>12,}  {what}"

    lines = [
        part(account.rows_read, f"rows read in {seconds:,.1f} s"),
        part(account.rows_captured, f"captured, in {account.orders_captured:,} orders"),
        part(account.rows_known, f"there already, in {account.orders_known:,} orders"),
        part(account.skipped.total(), "skipped"),
    ]
    lines += [part(rows, f"    {reason}") for reason, rows in account.skipped.most_common()]
    lines.append(part(account.refused.total(), f"refused, of {account.orders_refused:,} orders"))
    lines += [part(rows, f"    {reason}") for reason, rows in account.refused.most_common()]
    if account.rows_open:
        lines.append(part(account.rows_open, "open, since it was interrupted"))
    if account.items_created:
        lines.append(part(account.items_created, "items created"))
    if account.stocked_units:
        lines.append(part(account.stocked_units, "units put on hand, as needed"))
    return "\n".join(lines)


def _tell_stock(report: LoadReport) -> int:
    show(f"{report.given:,} positions read, {report.moved:,} changed, by {report.units:,} pieces")
    if report.unknown:
        say(f"Left out, since nobody knows them: {', '.join(report.unknown)}")
    if report.by_lot:
        say(f"Left out, since it is held by lot and each lot must be counted: {', '.join(report.by_lot)}")
    if report.unfit:
        say(f"Left out, since it is no quantity of the item: {'; '.join(report.unfit)}")
    return PROBLEMS if report.unknown or report.by_lot or report.unfit else 0


def _run(settings: Settings, work: Callable[[System], Awaitable[int]]) -> None:
    async def run() -> int:
        async with migrated_system(settings, dsn) as system:
            return await work(system)

    with running_database(settings) as dsn:
        code = run_loop(run())
    sys.exit(code)
