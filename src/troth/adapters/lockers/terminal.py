"""A simulated terminal of a locker, for development: what customers, clerks and couriers do at a bank of compartments.

It is what a vendor's software would be: it knows a locker and a key, and asks nothing but `/v1/lockers`. So what can be
done here can be done by any vendor, and what this shows wrong is wrong in the API.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from troth.adapters.lockers.doors import doors_of
from troth.pages.asking import new_key, text
from troth.pages.render import HEADERS

_FOLDER: Final = Path(__file__).parent
_OWN: Final = frozenset({"", "same-origin", "none"})
_SAID: Final = {
    "collected": "Thank you. The compartment is free.",
    "loaded": "It lies in compartment {}. The customer is told.",
    "lapsed": "The time of compartment {} is over. Take the goods out, and put them back in the store.",
    "shut": "The door is shut again, and nothing was taken.",
}

_templates: Final = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def create_terminal(client: httpx.AsyncClient, locker: str) -> Starlette:
    """The terminal of a locker; the client has the address of the server, and the vendor's key."""
    files = StaticFiles(directory=_FOLDER / "static", packages=[("troth.pages", "static")])
    terminal = Starlette(
        routes=[
            Mount("/static", files, name="static"),
            Route("/", show),
            Route("/open", _own(open_door), methods=["POST"]),
            Route("/shut", _own(shut_door), methods=["POST"]),
            Route("/take", _own(take), methods=["POST"]),
            Route("/load", _own(load), methods=["POST"]),
            Route("/lapse", _own(lapse), methods=["POST"]),
        ]
    )
    terminal.state.client, terminal.state.locker, terminal.state.open = client, locker, 0
    return terminal


async def show(request: Request) -> Response:
    """The doors, and what can be done in front of them."""
    return await _page(request)


async def open_door(request: Request) -> Response:
    """The customer enters a code, and the door of its compartment opens."""
    form = await request.form()
    answer = await _tell(request, {"event": "opened", "code": text(form, "code", length_max=32)})
    if not answer.is_success:
        return await _page(request, no=_words(answer))
    request.app.state.open = answer.json()["locker_stay"]["compartment"]
    return RedirectResponse("/", 303)


async def shut_door(request: Request) -> Response:
    """Somebody opened it, and took nothing."""
    request.app.state.open = 0
    return RedirectResponse("/?said=shut", 303)


async def take(request: Request) -> Response:
    """The customer took the goods and shut the door, which the locker sees."""
    return await _said(request, "collected", {"compartment": request.app.state.open})


async def load(request: Request) -> Response:
    """A clerk or a courier laid goods into a compartment."""
    form = await request.form()
    work, number = text(form, "work", length_max=100), _number(text(form, "compartment"))
    return await _said(request, "loaded", {"fulfillment_id": work, "compartment": number})


async def lapse(request: Request) -> Response:
    """Nobody came in time, as the locker sees by itself."""
    return await _said(request, "lapsed", {"compartment": _number(text(await request.form(), "compartment"))})


async def _said(request: Request, event: str, fields: dict[str, Any]) -> Response:
    """What happened, told once however often its form is sent; back to the doors."""
    answer = await _tell(request, {"event": event} | fields)
    if not answer.is_success:
        return await _page(request, no=_words(answer))
    if event == "collected":
        request.app.state.open = 0
    return RedirectResponse(f"/?said={event}&compartment={fields['compartment']}", 303)


async def _tell(request: Request, event: dict[str, Any]) -> httpx.Response:
    client: httpx.AsyncClient = request.app.state.client
    key = text(await request.form(), "key", length_max=64) or new_key()
    return await client.post(f"{_path(request)}/events", json=event, headers={"Idempotency-Key": f"terminal-{key}"})


async def _page(request: Request, *, no: tuple[str, ...] = ()) -> Response:
    client: httpx.AsyncClient = request.app.state.client
    found = await client.get(_path(request))
    now = found.json() if found.is_success else None
    said = _SAID.get(request.query_params.get("said", ""), "")
    page = _templates.get_template("terminal.html").render(
        locker=request.app.state.locker,
        now=now,
        doors=() if now is None else doors_of(now),
        open=request.app.state.open,
        no=no or (() if now is not None else _words(found)),
        said="" if no else said.format(_number(request.query_params.get("compartment", ""))),
        key=new_key(),
    )
    return HTMLResponse(page, 200 if now is not None and not no else 409, headers=HEADERS)


def _own(run: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint for forms of this page alone: nobody is logged in here, and other pages are open in the browser."""

    async def endpoint(request: Request) -> Response:
        if request.headers.get("sec-fetch-site", "") not in _OWN:
            return Response("Only the terminal's own page may say so.", 403)
        return await run(request)

    return endpoint


def _words(answer: httpx.Response) -> tuple[str, ...]:
    """What the server says of why not, by whoever stands there."""
    try:
        problem = answer.json()
        flaws = tuple(f"{one['pointer'].lstrip('/')} {one['detail']}" for one in problem.get("errors", ()))
        return flaws or (problem["detail"],)
    except (ValueError, KeyError, TypeError):
        return (f"The server answered {answer.status_code}.",)


def _path(request: Request) -> str:
    return f"/v1/lockers/{quote(request.app.state.locker, safe='')}"


def _number(given: str) -> int:
    return int(given) if given.isdecimal() and given.isascii() and len(given) < 5 else 0
