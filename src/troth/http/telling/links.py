"""The pages behind the links of notifications, for customers: they show what would be done, and only a POST does it, as
scanners of mail open every link.
"""

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from troth.flows.door.system import System
from troth.flows.telling.choose import Choosable, Chosen, choose, find_choosable, find_stoppable, stop_telling
from troth.flows.telling.media import Letter
from troth.flows.wording.wording import Voice

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
_STATUS: Final = {
    Chosen.OPEN: 200,
    Chosen.DONE: 200,
    Chosen.BEFORE: 409,
    Chosen.OVER: 410,
    Chosen.REFUSED: 409,
}
_environment: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


async def show_choice(request: Request) -> Response:
    """What a link lets its customer choose: a button, or why there is none."""
    found = await find_choosable(_system(request), request.path_params["token"])
    return _missing() if found is None else _choice(request, found, found.standing)


async def make_choice(request: Request) -> Response:
    """Do what the link offers."""
    done = await choose(_system(request), request.path_params["token"])
    return _missing() if done is None else _choice(request, *done)


async def show_stop(request: Request) -> Response:
    """What would be sent no more."""
    found = await find_stoppable(_system(request), request.path_params["token"])
    if found is None:
        return _missing()
    voice = _voice(request, found.letter)
    asked = voice.say("confirm_opt_out", {"address": found.letter.to})
    return _page(found.letter, voice, asked, button=voice.say("confirm_choice"))


async def make_stop(request: Request) -> Response:
    """Send no more of it; also what mail programs ask for with one request (RFC 8058)."""
    found = await stop_telling(_system(request), request.path_params["token"])
    if found is None:
        return _missing()
    voice = _voice(request, found.letter)
    return _page(found.letter, voice, voice.say("opted_out", {"address": found.letter.to}))


def _choice(request: Request, found: Choosable, standing: Chosen) -> Response:
    voice = _voice(request, found.letter)
    if standing is Chosen.OPEN:
        return _page(found.letter, voice, found.offer.text, button=voice.say("confirm_choice"))
    said = voice.say(standing.value, {"order": found.letter.external_id})
    return _page(found.letter, voice, said, status=_STATUS[standing])


def _page(letter: Letter, voice: Voice, said: str, *, button: str = "", status: int = 200) -> Response:
    text = _environment.get_template("choice.html").render(
        language=voice.language,
        shop=letter.shop,
        subject=letter.subject,
        said=said,
        button=button,
        order_url=letter.order_url,
        see_order=voice.say("see_order"),
    )
    return HTMLResponse(text, status, _HEADERS)


def _missing() -> Response:
    text = _environment.get_template("choice.html").render(
        language="en",
        shop="",
        subject="There is nothing here",
        said="This link is not one of ours.",
        button="",
        order_url="",
    )
    return HTMLResponse(text, 404, _HEADERS)


def _voice(request: Request, letter: Letter) -> Voice:
    """In the language of the letter."""
    reference = _system(request).door.reference
    return reference.wording_at(_system(request).door.now()).voice("", (letter.language,))


def _system(request: Request) -> System:
    system: System = request.app.state.system
    return system


ROUTES: Final = (
    Route("/choose/{token}", show_choice, methods=["GET"]),
    Route("/choose/{token}", make_choice, methods=["POST"]),
    Route("/stop/{token}", show_stop, methods=["GET"]),
    Route("/stop/{token}", make_stop, methods=["POST"]),
)
