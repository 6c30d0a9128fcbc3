"""Pages from templates. Everything is escaped; no page loads anything from elsewhere or runs a script of its own."""

from typing import Any, Final

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse

from troth.pages.desk import Desk, Visit

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def page(visit: Visit, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """The page that a template makes for somebody who is logged in."""
    return _answer(
        visit.desk.entrance.templates,
        template,
        status,
        {
            "base": visit.base,
            "desk": visit.desk,
            "actor": visit.actor,
            "csrf": visit.csrf,
            "now": visit.now,
            "section": "",
            "sections": [part for part in visit.desk.entrance.sections if visit.actor.may(part.scope)],
        }
        | context,
    )


def page_of_nobody(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """The page that a template makes for somebody who is not known yet."""
    desk: Desk = request.app.state.desk
    base = request.scope.get("root_path", "")
    return _answer(desk.entrance.templates, template, status, {"base": base, "desk": desk} | context)


def _answer(templates: Environment, template: str, status: int, context: dict[str, Any]) -> HTMLResponse:
    return HTMLResponse(templates.get_template(template).render(context), status, headers=HEADERS)
