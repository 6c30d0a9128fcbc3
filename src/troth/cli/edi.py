"""`troth edi`: what a file of electronic data interchange says, what is wrong with it, and what is answered to it."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from troth.adapters.edi.acknowledge_whole import acknowledge_whole
from troth.adapters.edi.flaws import ReadInterchanges
from troth.adapters.edi.reading import read_interchanges, write_interchange
from troth.adapters.edi.segments import Syntax
from troth.cli.edi_text import checked_of, checked_text, shown_of, shown_text
from troth.cli.exits import OK, PROBLEMS, USAGE, Failed
from troth.cli.running import AsJson
from troth.cli.terminal import say, show
from troth.model.edi_partner import FORMS, AckForm
from troth.store.codec import encode_bytes

app = typer.Typer(
    help="Interchanges of X12 and EDIFACT in files: checked, shown and acknowledged.", no_args_is_help=True
)

InterchangeFile = Annotated[
    Path, typer.Argument(dir_okay=False, allow_dash=True, help="A file; - reads standard input.")
]
_USUAL = {Syntax.X12: AckForm.X12_997, Syntax.EDIFACT: AckForm.CONTRL}


@app.command("check")
def check(file: InterchangeFile, as_json: AsJson = False) -> None:
    """Say what is in a file, and what is wrong with it and where. Exit code 1: something is."""
    read = _read(file)
    show(_json(checked_of(read)) if as_json else checked_text(read))
    sys.exit(PROBLEMS if read.flaws or any(one.flaws for one in read.interchanges) else OK)


@app.command("show")
def show_file(file: InterchangeFile, as_json: AsJson = False) -> None:
    """Show what a file says, each segment and element by its name. Exit code 1: some of it cannot be read."""
    read = _read(file)
    show(_json(shown_of(read)) if as_json else shown_text(read))
    sys.exit(PROBLEMS if read.flaws else OK)


@app.command("acknowledge")
def acknowledge_file(
    file: InterchangeFile,
    form: Annotated[
        AckForm | None, typer.Option(help="997, 999 or CONTRL; left out: 997 for X12, CONTRL for EDIFACT.")
    ] = None,
    control: Annotated[int, typer.Option(min=1, max=999_999_999, help="The control number of the answer.")] = 1,
) -> None:
    """Write what acknowledges a file. Exit code 1: it rejects something, or there is nothing to be acknowledged."""
    read = _read(file)
    at = datetime.now(UTC).replace(tzinfo=None)
    is_right = bool(read.interchanges) and not read.flaws
    for number, one in enumerate(read.interchanges, control):
        syntax = one.interchange.syntax
        chosen = form or _USUAL[syntax]
        if chosen not in FORMS[syntax]:
            raise Failed(f"{chosen} is no acknowledgment of {syntax}; {', '.join(FORMS[syntax])} are", USAGE)
        answer = acknowledge_whole(one, chosen, control=number, at=at)
        if answer is None:
            say(f"Nothing is answered to interchange {one.interchange.control}.")
            is_right = False
            continue
        sys.stdout.buffer.write(write_interchange(answer) + b"\n")
        is_right = is_right and all(flaw.is_noted() for flaw in one.flaws)
    for flaw in read.flaws:
        say(f"at {flaw.offset}: {flaw.detail}")
    sys.stdout.flush()
    sys.exit(OK if is_right else PROBLEMS)


def _read(file: Path) -> ReadInterchanges:
    return read_interchanges(sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes())


def _json(value: object) -> str:
    return encode_bytes(value).decode()
