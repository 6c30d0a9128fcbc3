"""`troth drift`: a file of another system's positions held against the books, and corrected by a count if asked."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from troth.cli.exits import OK, PROBLEMS, REFUSED, Failed
from troth.cli.load_files import read_positions
from troth.cli.load_inventory import read_instant
from troth.cli.running import (
    AsJson,
    DatabaseUrl,
    DataDir,
    migrated_system,
    run_loop,
    running_database,
    settings_of,
)
from troth.cli.terminal import say, show
from troth.flows.door.system import System
from troth.flows.people.access import ADMIN, Actor
from troth.flows.stock.drift import DriftReport, TheirPosition, find_drift
from troth.flows.stock.stock import LineResult, count
from troth.http.stock.drift import DriftAnswer, answer_drift
from troth.model.refusals import Invalid
from troth.store.codec import encode_bytes

_ACTOR: Final = Actor("cli", frozenset({ADMIN}))
_POSITIONS_A_TIME: Final = 20_000
_SHOWN_MAX: Final = 30


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("drift")(drift)


def drift(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV: node, sku, on_hand, perhaps lot.")],
    system: Annotated[str, typer.Option(help="Whose positions they are, such as WMS-EAST.")],
    as_of: Annotated[str | None, typer.Option(help="When it was so; left out: when the file was last changed.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Count what is proposed to be counted.")] = False,
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Say where another system differs from the books of the same time, why, and what to do. Exit code 1: it does."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)
    at = datetime.fromtimestamp(file.stat().st_mtime, UTC) if as_of is None else read_instant(as_of)
    given = [
        TheirPosition(one.position.sku, one.position.node, one.on_hand, one.position.lot)
        for one in read_positions(file)
    ]

    async def run(dsn: str) -> int:
        async with migrated_system(settings, dsn) as opened:
            report = await _compare(opened, at, given)
            reference = opened.door.reference
            answer = answer_drift(report, system, reference.policy.currency, reference.items)
            show(json.dumps(msgspec.json.decode(encode_bytes(answer)), indent=2) if as_json else _text(answer))
            if apply:
                await _apply(opened, report, system)
            return PROBLEMS if report.differences or report.refused else OK

    with running_database(settings) as dsn:
        code = run_loop(run(dsn))
    sys.exit(code)


async def _compare(system: System, as_of: datetime, given: list[TheirPosition]) -> DriftReport:
    report = DriftReport(as_of, 0, (), ())
    for start in range(0, len(given), _POSITIONS_A_TIME):
        found = await find_drift(system, as_of, given[start : start + _POSITIONS_A_TIME], actor=_ACTOR)
        if isinstance(found, Invalid):
            raise Failed("\n".join(flaw.detail for flaw in found.flaws), REFUSED)
        refused = (LineResult(start + one.line, one.code, one.transient, one.flaws) for one in found.refused)
        report = DriftReport(
            as_of,
            report.compared + found.compared,
            (*report.differences, *found.differences),
            (*report.refused, *refused),
        )
    return report


async def _apply(system: System, report: DriftReport, name: str) -> None:
    """Make the counts that are proposed: each line is done or refused for itself."""
    lines = report.correction()
    if not lines:
        say("There is nothing to be counted.")
        return
    done = await count(system, None, report.as_of, lines, actor=_ACTOR, reference=f"drift {name}")
    if not isinstance(done, tuple):
        raise Failed(f"Nothing was counted: {done.code}", REFUSED)
    refused = [result for result in done if result.code]
    say(f"{len(done) - len(refused):,} positions counted, {len(refused):,} refused")
    for result in refused[:_SHOWN_MAX]:
        why = "; ".join(flaw.detail for flaw in result.flaws) or result.code
        say(f"  {lines[result.line].sku} at {lines[result.line].node}: {why}")


def _text(answer: DriftAnswer) -> str:
    lines = [f"{answer.compared:,} positions compared, {answer.agreeing:,} agree"]
    for cause in answer.causes:
        money = f"{cause.cost.amount} {cause.cost.currency}"
        pieces = f"+{cause.units_more:,} -{cause.units_less:,} units"
        by_measure = (f"+{one.units_more:,} -{one.units_less:,} {one.unit}" for one in cause.measured)
        lines.append(
            f"{cause.positions:>8,}  {cause.cause.replace('_', ' ')}: {', '.join((pieces, *by_measure, money))}"
        )
    for one in answer.differences[:_SHOWN_MAX]:
        told = f"ours {one.ours:,}, theirs {one.theirs:,}, moved since {one.moved_since:+,}"
        evidence = f" ({', '.join(one.evidence[:3])})" if one.evidence else ""
        todo = f"{one.cause.replace('_', ' ')}: {one.proposal.replace('_', ' ')}"
        lot = f", lot {one.lot}," if one.lot else ""
        lines.append(f"  {one.sku}{lot} at {one.node}: {told}; {todo}{evidence}")
    if len(answer.differences) > _SHOWN_MAX:
        lines.append(f"  and {len(answer.differences) - _SHOWN_MAX:,} more; --json lists all")
    for refused in answer.refused[:_SHOWN_MAX]:
        why = "; ".join(error.detail for error in refused.problem.errors) if refused.problem else ""
        lines.append(f"  line {refused.line + 2}: {why}")
    return "\n".join(lines)
