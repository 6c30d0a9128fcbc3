"""`troth load inventory`: a file of another system's positions or movements, as a feed."""

import csv
import json
import sys
import time
import zlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from troth.adapters.history.refused import refused_path
from troth.cli.exits import INTERRUPTED, PROBLEMS, REFUSED, USAGE, Failed
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
from troth.flows.people.access import ADMIN, Actor
from troth.flows.stock.feed import Feed, FeedReport
from troth.flows.stock.feed_rows import FIELDS, FeedCut, FeedForm, FeedFormat, RowFlaw
from troth.flows.stock.feeds import take_in
from troth.flows.stock.gunzip import gunzip
from troth.model.ids import NodeId
from troth.model.refusals import Invalid

_ACTOR: Final = Actor("cli", frozenset({ADMIN}))
_ADDED: Final = ("refused_line", "refused_column", "refused_reason")
_GZIP: Final = 31
_CHUNK_BYTES: Final = 1 << 16
_FORMATS: Final[dict[str, FeedFormat]] = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class Mode(StrEnum):
    """What the units of a feed mean."""

    POSITIONS = "positions"
    DELTAS = "deltas"


class FeedMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a file is written: which column bears which field, what is the same for all rows, what parts cells."""

    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    format: FeedFormat | None = None
    delimiter: str = ","


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("inventory")(inventory)


def inventory(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or JSON lines, also .gz.")],
    feed: Annotated[str, typer.Option(help="Whose feed it is, such as WMS-EAST.")],
    as_of: Annotated[str | None, typer.Option(help="When it was so; left out: when the file was last changed.")] = None,
    mode: Annotated[Mode, typer.Option(help="What its units mean.")] = Mode.POSITIONS,
    full: Annotated[bool, typer.Option("--full", help="It has every position of the nodes that it names.")] = False,
    zero_missing: Annotated[
        bool, typer.Option("--zero-missing", help="Positions that a full feed does not name are empty.")
    ] = False,
    node: Annotated[list[str] | None, typer.Option(help="Nodes it is about beside those of its rows.")] = None,
    sequence: Annotated[int | None, typer.Option(min=0, help="Its number; older ones change nothing.")] = None,
    reference: Annotated[
        str | None, typer.Option(help="Which feed it is; left out: the sequence, or the file's name and time.")
    ] = None,
    rows: Annotated[int | None, typer.Option(min=0, help="How many rows it must have.")] = None,
    trailer: Annotated[bool, typer.Option("--trailer", help="Its last line must say so: #rows,N.")] = False,
    reason: Annotated[str, typer.Option(help="What the entries of the ledger shall say.")] = "feed",
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="What its columns are called (TOML).")
    ] = None,
    refused: Annotated[Path | None, typer.Option(help="Where refused rows go; beside the file by default.")] = None,
    as_json: AsJson = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Take in what another system says is on hand, or moved. Can be interrupted and repeated: nothing happens twice.

    Exit code 1: rows were refused, or the file is cut; the rows are in a file beside it, with the reasons.
    """
    settings = settings_of(database_url=database_url, data_dir=data_dir)
    changed_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    wanted = Feed(
        feed,
        changed_at if as_of is None else read_instant(as_of),
        reference or (f"{file.name} {changed_at.isoformat()}" if sequence is None else str(sequence)),
        mode=mode.value,
        sequence=sequence,
        is_full=full,
        zeroes_missing=zero_missing,
        rows=rows,
        has_trailer=trailer,
        nodes=tuple(map(NodeId, node or ())),
        reason=reason,
        form=_form(file, mapping),
    )

    async def run(dsn: str) -> int:
        async with migrated_system(settings, dsn) as system:
            return await _load(system, wanted, file, refused or refused_path(file), as_json=as_json)

    with running_database(settings) as dsn:
        code = run_loop(run(dsn))
    sys.exit(code)


async def _load(system: System, feed: Feed, file: Path, away: Path, *, as_json: bool) -> int:
    began_at = time.monotonic()
    stop = stop_on_signals()
    with Steps() as steps:

        async def chunks() -> AsyncIterator[bytes]:
            with file.open("rb") as opened:
                while chunk := opened.read(_CHUNK_BYTES):
                    yield chunk
                    if stop.is_set():
                        raise FeedCut("it was interrupted")

        flaws: list[RowFlaw] = []
        done = await take_in(
            system,
            feed,
            gunzip(chunks()) if file.suffix == ".gz" else chunks(),
            actor=_ACTOR,
            progress=lambda seen: steps.at("rows", seen, feed.rows or seen + 1),
            refused=flaws.extend,
        )
    if isinstance(done, Invalid):
        raise Failed("\n".join(f"{flaw.pointer or file}: {flaw.detail}" for flaw in done.flaws), REFUSED)
    if not isinstance(done, FeedReport):
        raise Failed("Somebody else takes in this feed at this moment.", REFUSED)
    _tell(done, time.monotonic() - began_at, as_json=as_json)
    known = {flaw.line: flaw for flaw in (*done.account.flaws, *flaws)}
    if known:
        _write_refused(file, feed.form, [known[line] for line in sorted(known)], away)
        say(f"Refused rows, with reasons: {away}")
    if stop.is_set():
        say("Interrupted. The same command goes on where it was.")
        return INTERRUPTED
    return PROBLEMS if done.account.refused or done.status == "incomplete" else 0


def _tell(report: FeedReport, seconds: float, *, as_json: bool) -> None:
    account = report.account
    if as_json:
        counted = msgspec.to_builtins(account)
        told = {"reference": report.reference, "status": report.status, "detail": report.detail}
        show(json.dumps(told | {"seconds": round(seconds, 1)} | counted))
        return
    show(f"{report.status.replace('_', ' ')}: {report.detail}")
    for count, what in (
        (account.rows, f"rows read, in {seconds:,.1f} s"),
        (account.accepted, "accepted"),
        (account.moved, f"positions changed, by {account.units:+,} units"),
        (account.outdated, "counted later already"),
        (account.zeroed, "zeroed, since they are not named"),
        (account.dated, "of supply still to come"),
        (account.refused, "refused"),
    ):
        show(f"{count:>12,}  {what}")


def _write_refused(file: Path, form: FeedForm, flaws: Sequence[RowFlaw], away: Path) -> None:
    """The refused rows as they came, and behind each the line, column and reason, which a feed does not read."""
    with away.open("w", encoding="utf-8", newline="") as opened:
        if form.format == "csv":
            header = _first_line(file)
            opened.write(form.delimiter.join((header, *_ADDED)) + "\n")
        for flaw in flaws:
            opened.write(_refused_row(flaw, form))


def _refused_row(flaw: RowFlaw, form: FeedForm) -> str:
    added = (str(flaw.line), flaw.column, flaw.reason)
    if form.format == "csv":
        cells = StringIO()
        csv.writer(cells, delimiter=form.delimiter, lineterminator="\n").writerow(added)
        return f"{flaw.text}{form.delimiter}{cells.getvalue()}"
    try:
        row = json.loads(flaw.text)
    except ValueError:
        row = None
    return (json.dumps(row | dict(zip(_ADDED, added, strict=True))) if isinstance(row, dict) else flaw.text) + "\n"


def _first_line(file: Path) -> str:
    """The header of a file of which rows could be read, be its end damaged or not."""
    with file.open("rb") as opened:
        content = opened.read(_CHUNK_BYTES)
    if file.suffix == ".gz":
        content = zlib.decompressobj(_GZIP).decompress(content, _CHUNK_BYTES)
    return content.partition(b"\n")[0].decode("utf-8-sig").rstrip("\r")


def _form(file: Path, mapping: Path | None) -> FeedForm:
    try:
        declared = FeedMapping() if mapping is None else msgspec.toml.decode(mapping.read_bytes(), type=FeedMapping)
    except msgspec.DecodeError as error:
        raise Failed(f"{mapping}: {error}", USAGE) from error
    unknown = sorted((declared.columns.keys() | declared.constants.keys()) - set(FIELDS))
    if unknown:
        raise Failed(f"{mapping}: there is no field {', '.join(unknown)}; there are {', '.join(FIELDS)}", USAGE)
    if len(declared.delimiter) != 1:
        raise Failed(f"{mapping}: delimiter must be a single character", USAGE)
    suffix = next((suffix for suffix in reversed(file.suffixes) if suffix != ".gz"), "")
    form = declared.format or _FORMATS.get(suffix)
    if form is None:
        raise Failed(f'{file} does not tell its form by its name: set format = "csv" or "jsonl" in a mapping', USAGE)
    return FeedForm(form, declared.delimiter, declared.columns, declared.constants)


def read_instant(text: str) -> datetime:
    """A time from the command line; raises Failed where it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Failed(f"--as-of: {error}", USAGE) from error
    if at.tzinfo is None:
        raise Failed("--as-of needs an offset from UTC, such as 2026-11-23T09:00:00+01:00", USAGE)
    return at
