"""Who is visiting: login, logout, and the guard before every page.

The session's token is in a cookie that scripts cannot read. What a form must bring back is derived from the token, so
that another site, which cannot read it, cannot make a form that counts.
"""

import secrets
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from hmac import compare_digest
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.flows.people.users import authenticate_session, log_in, log_out
from troth.model.refusals import Unauthorized
from troth.pages.desk import Desk, Visit
from troth.pages.render import page, page_of_nobody

Handler = Callable[[Visit], Awaitable[Response]]

COOKIE: Final = "troth_session"
_DOOR_COOKIE: Final = "troth_login"
_HOURS: Final = 12


def csrf_of(secret: str) -> str:
    """What the forms of whoever holds this secret bring back."""
    return blake2b(secret.encode(), digest_size=16, person=b"troth csrf").hexdigest()


def guarded(handler: Handler, *, scope: str) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that lets in who is logged in and carries the scope, and takes a form only with its token."""

    async def endpoint(request: Request) -> Response:
        desk: Desk = request.app.state.desk
        token = request.cookies.get(COOKIE, "")
        actor = await authenticate_session(desk.system.pool, token) if token else None
        if actor is None or not desk.entrance.may_visit(actor):
            return _to_login(request)
        visit = Visit(request, desk, actor, csrf_of(token))
        if not actor.may(scope):
            return page(visit, "refused.html", status=403, title="Not for this login", needs=scope)
        try:
            if request.method == "POST" and not await _is_own_form(request, visit.csrf):
                return page(visit, "refused.html", status=403, title="This form has expired", needs="")
            return await handler(visit)
        finally:
            await request.close()  # files that came with a form

    return endpoint


async def show_login(request: Request) -> Response:
    """The login form; whoever is logged in already goes on to where they wanted."""
    token = request.cookies.get(COOKIE, "")
    desk: Desk = request.app.state.desk
    actor = await authenticate_session(desk.system.pool, token) if token else None
    if actor is not None and desk.entrance.may_visit(actor):
        return RedirectResponse(_next(request, request.query_params.get("next", "")), 303)
    return _login_page(request, next_=request.query_params.get("next", ""))


async def enter(request: Request) -> Response:
    """Begin a session, or say why not."""
    form = await request.form()
    desk: Desk = request.app.state.desk
    login, next_ = str(form.get("login", "")).strip(), str(form.get("next", ""))
    secret = request.cookies.get(_DOOR_COOKIE, "")
    if not secret or not compare_digest(str(form.get("csrf", "")).encode(), csrf_of(secret).encode()):
        return _login_page(
            request, login=login, next_=next_, flaw="The form had expired. Please try again.", status=403
        )
    token = await log_in(desk.system.pool, login, str(form.get("password", "")))
    if isinstance(token, Unauthorized):
        return _login_page(request, login=login, next_=next_, flaw="Login or password is wrong.", status=401)
    actor = await authenticate_session(desk.system.pool, token)
    if actor is None or not desk.entrance.may_visit(actor):
        await log_out(desk.system.pool, token)
        return _login_page(request, login=login, next_=next_, flaw=desk.entrance.strangers, status=403)
    answer = RedirectResponse(_next(request, next_), 303)
    _set_cookie(answer, request, COOKIE, token, seconds=_HOURS * 3600)
    answer.delete_cookie(_DOOR_COOKIE, path=_base(request) or "/")
    return answer


async def leave(visit: Visit) -> Response:
    """End the session."""
    await log_out(visit.system.pool, visit.request.cookies.get(COOKIE, ""))
    answer = RedirectResponse(f"{visit.base}/login", 303)
    answer.delete_cookie(COOKIE, path=visit.base or "/")
    return answer


async def _is_own_form(request: Request, csrf: str) -> bool:
    form = await request.form()
    return compare_digest(str(form.get("csrf", "")).encode(), csrf.encode())


def _login_page(request: Request, *, next_: str, login: str = "", flaw: str = "", status: int = 200) -> Response:
    secret = request.cookies.get(_DOOR_COOKIE) or secrets.token_urlsafe(24)
    answer = page_of_nobody(
        request, "login.html", status=status, csrf=csrf_of(secret), login=login, next=next_, flaw=flaw
    )
    _set_cookie(answer, request, _DOOR_COOKIE, secret, seconds=3600)
    return answer


def _to_login(request: Request) -> Response:
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    wanted = f"?next={quote(target)}" if request.method == "GET" else ""
    return RedirectResponse(f"{_base(request)}/login{wanted}", 303)


def _next(request: Request, wanted: str) -> str:
    """Where somebody wanted to go, if that is a page of this entrance, or its first page."""
    home = f"{_base(request)}/"
    is_here = wanted.startswith(home) and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    return wanted if is_here else home


def _set_cookie(answer: Response, request: Request, name: str, value: str, *, seconds: int) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        path=_base(request) or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def _base(request: Request) -> str:
    path: str = request.scope.get("root_path", "")
    return path


def routes_of(scope: str) -> list[Route]:
    """The routes in and out of an entrance whose visitors carry a scope."""
    return [
        Route("/login", show_login, name="login"),
        Route("/login", enter, methods=["POST"]),
        Route("/logout", guarded(leave, scope=scope), methods=["POST"]),
    ]
