"""The tracking page as an application, to be mounted at `/track`: who has the link may look and act, without login."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from troth.engine.tracking.window import find_window
from troth.flows.door.system import System
from troth.flows.telling.open_choices import find_open_choices
from troth.flows.telling.order_markup import markup_script, public_markup
from troth.flows.tracking.links import find_linked_order
from troth.flows.tracking.read import read_tracked
from troth.flows.wording.languages import accepted_languages
from troth.model.ids import OrderId
from troth.model.messages import LANGUAGE_ATTRIBUTE
from troth.model.order import Order
from troth.pages.feed import Feed
from troth.pages.render import HEADERS
from troth.store.orders import read_orders
from troth.store.watch import read_expected
from troth.tracking.actions import ACTIONS, FIELDS
from troth.tracking.choices import view_choices
from troth.tracking.news import stream_news
from troth.tracking.rates import Rates
from troth.tracking.view import view_order, zone_of
from troth.tracking.words import TEXTS, Words, find_words

BURST: Final = 60.0
PER_SECOND: Final = 2.0
GUESSES: Final = 20.0
GUESSES_PER_SECOND: Final = 0.2
NOTHING_GIVEN: Final[Mapping[str, str]] = {}
_FOLDER: Final = Path(__file__).parent
_HEADERS: Final = {**HEADERS, "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}

_templates: Final = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def create_tracking(system: System, *, rates: Rates | None = None, guesses: Rates | None = None) -> Starlette:
    """The tracking pages over a system. `rates` bound how often one address asks, `guesses` how often in vain."""
    routes = [
        Mount(
            "/static", StaticFiles(directory=_FOLDER / "static", packages=[("troth.pages", "static")]), name="static"
        ),
        Route("/{token}", _guarded(show)),
        Route("/{token}/news", _guarded(show_news)),
        Route("/{token}/{action}", _guarded(act), methods=["POST"]),
    ]
    tracking = Starlette(routes=routes, exception_handlers={HTTPException: _say_no})
    tracking.state.system, tracking.state.feed = system, Feed(system.pool)
    tracking.state.rates = rates or Rates(BURST, PER_SECOND)
    tracking.state.guesses = guesses or Rates(GUESSES, GUESSES_PER_SECOND)
    return tracking


def end_news(tracking: Starlette) -> None:
    """End the streams of all who watch, which do not end by themselves."""
    feed: Feed = tracking.state.feed
    feed.close()


def _guarded(run: Callable[[Request, OrderId], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint for whoever has a link that counts, and does not ask too often."""

    async def endpoint(request: Request) -> Response:
        state = request.app.state
        address = "" if request.client is None else request.client.host
        if not state.rates.take(address):
            return _refuse(request, 429)
        order_id = await find_linked_order(state.system, request.path_params["token"])
        if order_id is None:
            return _refuse(request, 404 if state.guesses.take(address) else 429)
        return await run(request, order_id)

    return endpoint


async def show(request: Request, order_id: OrderId) -> Response:
    """The page."""
    return await _page(request, order_id, told=request.query_params.get("done", ""))


async def show_news(request: Request, order_id: OrderId) -> Response:
    """The stream of what happens to this one order, without end."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", **_HEADERS}
    feed: Feed = request.app.state.feed

    async def is_stale() -> bool:
        if "last-event-id" in request.headers:  # the phone slept, or the network was away
            return True
        order = await _order(request, order_id)
        return order is not None and str(order.version) != request.query_params.get("version", str(order.version))

    return StreamingResponse(stream_news(feed, order_id, is_stale), media_type="text/event-stream", headers=headers)


async def act(request: Request, order_id: OrderId) -> Response:
    """Do what a form of the page asks for, as the customer, of the order as they saw it."""
    action = ACTIONS.get(request.path_params["action"])
    if action is None:
        return _refuse(request, 404)
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    order = await _order(request, order_id)
    if order is None:
        return _refuse(request, 404)
    told, field = await action(request.app.state.system, order, form)
    if told.startswith("did_"):
        base, token = request.scope.get("root_path", ""), request.path_params["token"]
        language = f"&lang={form['lang']}" if form.get("lang") in TEXTS else ""
        return RedirectResponse(f"{base}/{token}?done={told}{language}", 303)
    return await _page(request, order_id, told=told, field=field, status=409, given=form)


async def _page(
    request: Request,
    order_id: OrderId,
    *,
    told: str = "",
    field: str = "",
    status: int = 200,
    given: Mapping[str, str] = NOTHING_GIVEN,
) -> Response:
    """The page with what is told of a form that was sent, and what was `given` in one that could not be done."""
    system: System = request.app.state.system
    order = await _order(request, order_id)
    if order is None:
        return _refuse(request, 404)
    async with system.pool.acquire() as connection:
        tracked = (await read_tracked(connection, system, [order]))[order_id]
        expected = await read_expected(connection, [order_id])
        offers = await find_open_choices(connection, order, system.door.now())
    reference = system.door.reference
    await reference.need_items({line.sku for line in order.lines})
    own = order.attributes.get(LANGUAGE_ATTRIBUTE)
    words = _words(request, zone_of(order, reference.network), (own,) if own else (), given.get("lang", ""))
    view = view_order(order, tracked, expected, reference.items, reference.network, find_window(order), words)
    choices = view_choices(offers, order, reference, words.language, words.now)
    url = f"{system.origin.public_url.rstrip('/')}/track/{request.path_params['token']}"
    markup = markup_script(public_markup(order, reference.items, reference.network, shop=system.origin.shop, url=url))
    said = (
        words.say(told, field=words.say(field) if field else "")
        if told in TEXTS["en"] and told.startswith(("did_", "was_", "not_", "try_"))
        else ""
    )
    return _answer(
        request,
        "track.html",
        status,
        words=words,
        view=view,
        choices=choices,
        given={name: given.get(name, "") for name in FIELDS},
        is_readdressing=any(given.get(name) for name in FIELDS),
        said=said,
        is_refused=status != 200,
        languages=TEXTS,
        markup=markup,
    )


async def _order(request: Request, order_id: OrderId) -> Order | None:
    system: System = request.app.state.system
    async with system.pool.acquire() as connection:
        return (await read_orders(connection, [order_id])).get(order_id)


def _words(request: Request, zone: str, more: tuple[str, ...] = (), asked: str = "") -> Words:
    """In the language that the page is asked for in its address, else that of the order, else of the browser."""
    named = asked or request.query_params.get("lang", "")
    languages = (*((named,) if named in TEXTS else ()), *more)
    accepted = accepted_languages(request.headers.get("accept-language", ""))
    return find_words((*languages, *accepted), zone, request.app.state.system.door.now())


def _refuse(request: Request, status: int) -> Response:
    """What stands where there is nothing to see, or for who asks too often."""
    words = _words(request, "UTC")
    name = "too_many" if status == 429 else "not_found"
    answer = _answer(request, "nothing.html", status, words=words, name=name)
    if status == 429:
        answer.headers["Retry-After"] = "60"
    return answer


async def _say_no(request: Request, error: Exception) -> Response:
    return _refuse(request, error.status_code if isinstance(error, HTTPException) else 500)


def _answer(request: Request, template: str, status: int, **context: Any) -> HTMLResponse:
    base = request.scope.get("root_path", "")
    token = request.path_params.get("token", "")
    text = _templates.get_template(template).render({"base": base, "token": token} | context)
    return HTMLResponse(text, status, headers=_HEADERS)
