"""The answer to a form: a page for a browser without scripts, a few words for the script that sent it."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import JSONResponse, RedirectResponse, Response

from troth.pages.desk import Visit
from troth.pages.render import HEADERS
from troth.storefloor.acting import Done

_JSON: Final = "application/json"


async def answer(
    visit: Visit, form: FormData, done: Done, back: str, show: Callable[[], Awaitable[Response]]
) -> Response:
    """Where to go on, or what was refused: shown by the page that the form is on. What was done before goes on where it
    went then.

    The script hears 200 for what is settled, done or refused for good, so that it sends it no more, and 503 for what it
    should try again.
    """
    back = done.back or back
    if _JSON in visit.request.headers.get("accept", ""):
        refused = [{"title": told[0], "facts": list(told[1])} for _, told in done.refused]
        return JSONResponse({"next": back, "refused": refused}, 503 if done.again else 200, headers=HEADERS)
    if done.is_refused:
        return await show()
    return RedirectResponse(back, 303)
