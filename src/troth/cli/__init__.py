"""The command line: `troth`, with a module for each group of commands."""

import sys
from collections.abc import Sequence

import typer

from troth.cli import (
    access,
    database,
    doctor,
    drift,
    edi,
    exceptions,
    load,
    locker_terminal,
    orders,
    recalls,
    reconcile,
    routings,
    sample,
    serve,
    traffic,
    waves,
    worker,
)
from troth.cli.exits import failure_of
from troth.cli.terminal import say

app = typer.Typer(
    name="troth",
    help="""An omnichannel order management system that promises only what it can keep.

    Exit codes: 0 done, 1 problems found, 2 wrong use, file or settings, 3 no connection or no free port, 4 refused,
    5 a process of the server kept ending, 130 interrupted.""",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (serve, worker, doctor, drift, sample, traffic, locker_terminal, database):
    group.register(app)
app.add_typer(database.app, name="db")
app.add_typer(edi.app, name="edi")
app.add_typer(orders.app, name="order")
app.add_typer(exceptions.app, name="exception")
app.add_typer(load.app, name="load")
app.add_typer(reconcile.app, name="reconcile")
app.add_typer(routings.app, name="routing")
app.add_typer(routings.rate_cards, name="rate-card")
app.add_typer(routings.lane_tables, name="lane-table")
app.add_typer(routings.exposure_rules, name="exposure-rules")
app.add_typer(routings.message_templates, name="message-templates")
app.add_typer(routings.alert_rules, name="alert-rules")
app.add_typer(routings.hold_rules, name="hold-rules")
app.add_typer(routings.release_rules, name="release-rules")
app.add_typer(routings.work_rules, name="work-rules")
app.add_typer(routings.notification_rules, name="notification-rules")
app.add_typer(routings.boxes, name="boxes")
app.add_typer(waves.app, name="wave")
app.add_typer(recalls.app, name="recall")
app.add_typer(routings.return_rules, name="return-rules")
app.add_typer(access.keys, name="key")
app.add_typer(access.users, name="user")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; what is expected to fail says so in a sentence, not in a traceback."""
    try:
        app(args=list(arguments) if arguments is not None else None, prog_name="troth")
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        say(failure.message)
        return failure.code
    return 0


def main() -> None:
    """The installed command."""
    sys.exit(run())
