"""`troth reconcile payments`: the books of the gateways held against the accounts."""

import json
import sys
from datetime import timedelta
from typing import Annotated, Final

import msgspec
import typer

from troth.cli.exits import OK, PROBLEMS
from troth.cli.running import (
    AsJson,
    DatabaseUrl,
    DataDir,
    migrated_system,
    run_loop,
    running_database,
    settings_of,
)
from troth.cli.terminal import show
from troth.flows.money.reconcile import Reconciled, reconcile
from troth.http.orders.payment_answer import ReconciliationsAnswer, answer_reconciled
from troth.model.money import Money
from troth.store.codec import encode_bytes

app: Final = typer.Typer(no_args_is_help=True, help="Hold other books against ours.")
_SHOWN_MAX: Final = 50


@app.command("payments")
def payments(
    days: Annotated[int, typer.Option(min=1, max=3_650, help="How far back.")] = 7,
    repair: Annotated[bool, typer.Option("--repair", help="Find out what became of steps that are unknown.")] = False,
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Say which payments are not the same at their gateways, and what that means. Exit code 1: there are some."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)

    async def run(dsn: str) -> list[Reconciled]:
        async with migrated_system(settings, dsn) as system:
            since = system.door.now() - timedelta(days=days)
            return await reconcile(system, since=since, is_repairing=repair)

    with running_database(settings) as dsn:
        found = run_loop(run(dsn))
    answer = ReconciliationsAnswer(tuple(map(answer_reconciled, found)))
    show(json.dumps(msgspec.json.decode(encode_bytes(answer)), indent=2) if as_json else _text(found))
    sys.exit(PROBLEMS if any(one.differences for one in found) else OK)


def _text(found: list[Reconciled]) -> str:
    lines = []
    for one in found:
        more = "" if one.is_whole else " (more are there; ask for fewer days)"
        repaired = f", {one.repaired:,} steps became known" if one.repaired else ""
        lines.append(f"{one.gateway}: {one.payments:,} payments{more}, {len(one.differences):,} differ{repaired}")
        for difference in one.differences[:_SHOWN_MAX]:
            ours, theirs = (_amount(minor, difference.currency) for minor in (difference.ours, difference.theirs))
            place = f"order {difference.order_id}, payment {difference.payment or difference.reference}"
            lines.append(f"  {place}: {difference.kind}, ours {ours}, theirs {theirs}: {difference.meaning}")
        if len(one.differences) > _SHOWN_MAX:
            lines.append(f"  and {len(one.differences) - _SHOWN_MAX:,} more; --json lists all")
    return "\n".join(lines)


def _amount(minor: int | None, currency: str) -> str:
    return "none" if minor is None else f"{Money(minor, currency).amount} {currency}"
