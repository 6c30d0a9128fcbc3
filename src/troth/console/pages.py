"""Pages from templates. Everything is escaped; no page loads anything from elsewhere or runs a script of its own."""

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from troth.console import views
from troth.console.desk import Desk, Visit
from troth.console.views_editor import json_text
from troth.console.views_order import supply_text
from troth.console.views_waterfall import word_of

FOLDER: Final = Path(__file__).parent
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_SECTIONS: Final = (
    ("overview", "/", "Overview", "orders:read"),
    ("orders", "/orders", "Orders", "orders:read"),
    ("exceptions", "/exceptions", "Exceptions", "orders:read"),
    ("returns", "/returns", "Returns", "returns:read"),
    ("customers", "/customers", "Customers", "orders:read"),
    ("quote", "/quote", "Quote", "orders:read"),
    ("work", "/fulfillments", "Work", "fulfillments:read"),
    ("inventory", "/inventory", "Inventory", "inventory:read"),
    ("nodes", "/nodes", "Nodes", "configuration:read"),
    ("items", "/items", "Items", "configuration:read"),
    ("configuration", "/routing", "Configuration", "configuration:read"),
    ("webhooks", "/webhooks", "Webhooks", "webhooks:write"),
    ("audit", "/audit", "Audit", "audit:read"),
)

_environment: Final = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(
    money=views.money,
    number=views.number,
    quantity=views.quantity,
    sums=views.sums,
    count=views.count_text,
    words=views.words,
    node_type=views.node_type_text,
    moment=views.moment,
    day=views.day,
    ago=views.ago,
    duration=views.duration,
    actor=views.actor_text,
    status_chip=views.status_chip,
    state_chip=views.state_chip,
    path=views.path_part,
    promise=views.promise_text,
    supply=supply_text,
    tojson_text=json_text,
    fall_word=word_of,
)


def page(visit: Visit, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """The page that a template makes for somebody who is logged in."""
    return _answer(
        template,
        status,
        {
            "base": visit.base,
            "desk": visit.desk,
            "actor": visit.actor,
            "csrf": visit.csrf,
            "now": visit.now,
            "section": "",
            "sections": [part for part in _SECTIONS if visit.actor.may(part[3])],
        }
        | context,
    )


def page_of_nobody(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """The page that a template makes for somebody who is not known yet."""
    desk: Desk = request.app.state.desk
    return _answer(template, status, {"base": request.scope.get("root_path", ""), "desk": desk} | context)


def _answer(template: str, status: int, context: dict[str, Any]) -> HTMLResponse:
    return HTMLResponse(_environment.get_template(template).render(context), status, headers=_HEADERS)
