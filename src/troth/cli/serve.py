"""`troth serve`: everything in one command, from an empty folder to a running server.

The worker has a process of its own, also beside a single API process: measured on two cores while it released 4,000
orders of twenty lines, the 99th percentile of a read was 15 ms so, and 190 ms with both on one event loop.
"""

import errno
import socket
import sys
import time
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from troth.cli.api import listen, serve_api, serve_worker
from troth.cli.exits import UNREACHABLE, Failed
from troth.cli.processes import Family, Member
from troth.cli.running import (
    DatabaseUrl,
    DataDir,
    log_to_stderr,
    migrated_system,
    run_loop,
    running_database,
    settings_of,
)
from troth.cli.sample import SampleSize, load_sample_of
from troth.cli.terminal import say, show
from troth.flows.people.access import ensure_bootstrap_key
from troth.flows.people.users import Credentials, ensure_bootstrap_user
from troth.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Number of API processes.")] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    sample: Annotated[SampleSize | None, typer.Option(help="Sample retailer to load into an empty database.")] = None,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Run the worker here, too.")] = True,
) -> None:
    """Serve API, console and worker; starts the embedded database, migrates and loads the sample where needed.

    Ctrl-C stops everything: requests under way end first. Started again, it goes on with its data.
    """
    began_at = time.monotonic()
    settings = settings_of(
        host=host,
        port=port,
        workers=workers,
        database_url=database_url,
        data_dir=data_dir,
        sample=sample.value if sample else None,
    )
    log_to_stderr(settings)
    listener = _listen(settings)
    if settings.database_url is None:
        say(f"Starting the embedded PostgreSQL in {settings.data_dir / 'postgres'} …")
    with running_database(settings) as dsn:
        key, credentials = run_loop(_prepare(settings, dsn))
        what = f"{settings.workers} API processes" if settings.workers > 1 else "the API"
        say(f"Starting {what}{' and the worker' if worker else ''} …")
        members = [
            Member(f"api {number}", partial(serve_api, settings, dsn, listener))
            for number in range(1, settings.workers + 1)
        ]
        if worker:
            members.append(Member("worker", partial(serve_worker, settings, dsn)))
        code = Family(members, lambda: _tell(settings, listener, key, credentials, began_at)).run()
        listener.close()
        if settings.database_url is None:
            say("Stopping the embedded PostgreSQL …")
    say("Stopped.")
    sys.exit(code)


def _listen(settings: Settings) -> socket.socket:
    try:
        return listen(settings.host, settings.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = f"Port {settings.port} of {settings.host} is taken; choose another with --port (0 takes a free one)."
        elif error.errno == errno.EACCES:
            why = f"Port {settings.port} is not ours to take; choose one above 1023 with --port."
        else:
            why = f"Cannot listen on {settings.host}, port {settings.port}: {error}"
        raise Failed(why, UNREACHABLE) from error


async def _prepare(settings: Settings, dsn: str) -> tuple[str | None, Credentials | None]:
    """Bring the database up to date and filled; the key and the login that were made on the way."""
    say("Applying migrations …")
    async with migrated_system(settings, dsn) as system:
        if settings.sample != "none":
            await load_sample_of(system, dsn, settings.sample, today=datetime.now(UTC).date())
        return await ensure_bootstrap_key(system.pool, settings), await ensure_bootstrap_user(system.pool)


def _tell(
    settings: Settings, listener: socket.socket, key: str | None, credentials: Credentials | None, began_at: float
) -> None:
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    url = f"http://{host}:{port}"
    say(f"Ready after {time.monotonic() - began_at:.1f} s. Ctrl-C stops everything.")
    show(f"URL:      {url}")
    show(f"Console:  {url}/console")
    show(f"API docs: {url}/docs")
    if credentials is not None:
        show(f"Login:    {credentials.login}")
        show(f"Password: {credentials.password}   (shown this once)")
    else:
        show("Login:    as before (troth user password LOGIN sets another password)")
    if key is not None:
        show(f"API key:  {key}   (shown this once)")
    elif settings.api_key is not None:
        show("API key:  the one in TROTH_API_KEY")
    else:
        show("API key:  as before (troth key create makes another)")
