"""Calls to a running server: its address, the key, and problems told as sentences."""

from typing import Annotated, Any, Final

import httpx
import typer

from troth.cli.exits import REFUSED, USAGE, Failed
from troth.settings import Settings

TIMEOUT_SECONDS: Final = 30.0

Url = Annotated[str | None, typer.Option(help="Address of the server; that of the settings where it is left out.")]
ApiKey = Annotated[str | None, typer.Option(envvar="TROTH_API_KEY", help="An API key of the server.")]


def server_url(settings: Settings, url: str | None) -> str:
    """The address that was given, or the one where a server with these settings listens."""
    if url is not None:
        return url.rstrip("/")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def headers_of(key: str | None) -> dict[str, str]:
    """The headers that let us in; raises Failed where there is no key."""
    if not key:
        raise Failed("An API key is needed: set TROTH_API_KEY, or make one with `troth key create NAME`.", USAGE)
    return {"Authorization": f"Bearer {key}"}


def answer_of(response: httpx.Response) -> Any:
    """The answer's JSON; raises Failed with the problem's words where it is one."""
    if response.is_success:
        return response.json() if response.content else None
    try:
        problem = response.json()
        lines = [f"{problem['title']}: {problem['detail']}"]
        lines += [f"  {error['pointer']}: {error['detail']}" for error in problem.get("errors", ())]
    except (ValueError, KeyError, TypeError):
        lines = [f"The server answered {response.status_code}: {response.text[:200]}"]
    raise Failed("\n".join(lines), REFUSED)
