"""`troth locker-terminal`: a page that plays the terminal of a locker, for development, over the API for its vendor."""

from typing import Annotated, Final
from urllib.parse import quote

import httpx
import typer
import uvicorn

from troth.adapters.lockers.terminal import create_terminal
from troth.cli.client import TIMEOUT_SECONDS, ApiKey, Url, answer_of, headers_of, server_url
from troth.cli.running import run_loop, settings_of
from troth.cli.terminal import say

PORT: Final = 8090


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("locker-terminal")(locker_terminal)


def locker_terminal(
    locker: Annotated[str, typer.Argument(help="The node that is the locker.")],
    port: Annotated[int, typer.Option(help="Port of this machine to show it at.")] = PORT,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Play the terminal of a locker: enter a code, take the goods, load it, say that nobody came.

    It is for development, and open to whoever reaches the port: it listens to this machine alone. Ctrl-C ends it.
    """
    run_loop(_serve(locker, port, server_url(settings_of(), url), headers_of(api_key)))


async def _serve(locker: str, port: int, base: str, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        answer_of(await client.get(f"/v1/lockers/{quote(locker, safe='')}"))
        say(f"Locker {locker} of {base}: http://127.0.0.1:{port}/")
        app = create_terminal(client, locker)
        await uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", ws="none", lifespan="off")).serve()
