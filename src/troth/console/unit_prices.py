"""What units are worth at nodes: the sets that were published, which of them decides, line by line; published and taken
back.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.configuration import FAMILIES
from troth.console.record_codecs import NUMBER, TEXT, Column, rows
from troth.console.record_form import Field, Group, Widget, fill, lay_out_form, typed
from troth.flows.publishing.unit_prices import ListedSet, list_prices, publish_prices, read_prices, take_back_prices
from troth.model.ids import NodeId, Sku
from troth.model.prices import PriceLine
from troth.model.refusals import FieldFlaw, Invalid, NotFound, Refusal
from troth.pages.asking import text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import Chip, path_part, query
from troth.pages.views_refusal import Told, tell_by_field, tell_refusal

_PAGE: Final = 50
_LINES_MAX: Final = 10_000
_MARK: Final = "~"
_FIGURES: Final = ("minor", "markdown_minor", "weekly_units")
_LINES: Final = rows(Column("sku", TEXT), Column("node", TEXT), *(Column(name, NUMBER) for name in _FIGURES))
_FORM: Final = (
    Group(
        "Publish a set",
        (
            Field("version", "Version", hint="a name of its own, such as forecast-11-23", is_required=True, width=3),
            Field("made_at", "Made at", hint="UTC, such as 2026-11-23T04:00; empty: now", width=3),
            Field(
                "prices",
                "Lines",
                _LINES,
                Widget.ROWS,
                "SKU; node; what a unit is worth; what it loses until its markdown (minor units); units sold a week",
                width=6,
            ),
        ),
    ),
)
_DONE: Final = {
    "published": "Published: it decides about every order from now on, unless one that was made later does.",
    "taken-back": "Taken back: the one that was made before it decides again.",
}


async def show_sets(visit: Visit) -> Response:
    """The sets, those made last first, with the one that decides; and the form of a new one."""
    return await _sets(visit, fill(_FORM, None))


async def publish(visit: Visit) -> Response:
    """Publish a set as the form says, as a whole."""
    form = await visit.request.form()
    texts = typed(_FORM, form)
    asked = _read(texts, visit.now)
    if isinstance(asked, Invalid):
        return await _sets(visit, texts, asked)
    version, made_at, lines = asked
    done = await publish_prices(visit.system, version, made_at, lines, is_last=True, actor=visit.actor.name)
    if not isinstance(done, tuple):
        return await _sets(visit, texts, done)
    return _back(visit, version, "published")


async def show_set(visit: Visit) -> Response:
    """One set: how old it is, whether it decides, and a page of its lines."""
    return await _set(visit)


async def take_back(visit: Visit) -> Response:
    """Take a set back, with a reason."""
    form, version = await visit.request.form(), visit.request.path_params["version"]
    done = await take_back_prices(visit.system, version, text(form, "reason"), actor=visit.actor.name)
    if not isinstance(done, ListedSet):
        return await _set(visit, told=tell_by_field(done))
    return _back(visit, version, "taken-back")


def state_of(one: ListedSet, hours_max: float) -> Chip:
    """How a set stands."""
    if one.prices.taken_back_at is not None:
        return Chip("Taken back", "gray", "cross")
    if one.prices.finished_at is None:
        return Chip("Being published", "amber", "clock")
    if one.is_applied:
        return Chip("Applied", "green", "done")
    if one.is_in_force:
        return Chip(f"Older than {hours_max:g} h", "red", "alert")
    return Chip("A later one decides", "gray", "open")


async def _sets(visit: Visit, texts: Mapping[str, str], refusal: Refusal | None = None) -> Response:
    after = _read_position(visit.asked("after"))
    found = await list_prices(visit.system, after=after, limit=_PAGE + 1)
    shown = found[:_PAGE]
    flaws = refusal.flaws if isinstance(refusal, Invalid) else ()
    groups, others = lay_out_form(_FORM, texts, flaws)
    told: Told = ("", ())
    if isinstance(refusal, Invalid):
        told = (tell_refusal(refusal)[0], others)
    elif refusal is not None:
        told = tell_refusal(refusal)
    last = shown[-1].prices if shown else None
    return page(
        visit,
        "unit_prices.html",
        status=200 if refusal is None else 409,
        section="configuration",
        title="Unit prices",
        families=FAMILIES,
        rows=_with_states(visit, shown),
        decides=next((one for one in shown if one.is_in_force), None),
        policy=visit.system.door.reference.policy,
        more=query(after=_MARK.join((last.made_at.isoformat(), str(last.set_id))))
        if len(found) > _PAGE and last
        else "",
        is_first=not visit.asked("after"),
        groups=groups,
        told=told,
        widgets=Widget,
        may_set=visit.actor.may("configuration:write"),
    )


async def _set(visit: Visit, *, told: Told = ("", ())) -> Response:
    version, sku, node = visit.request.path_params["version"], visit.asked("sku"), visit.asked("node")
    last_sku, mark, last_node = visit.asked("after").partition(_MARK)
    found = await read_prices(
        visit.system,
        version,
        sku=Sku(sku) if sku else None,
        node=NodeId(node) if node else None,
        after=(last_sku, last_node) if mark else None,
        limit=_PAGE + 1,
    )
    if isinstance(found, NotFound):
        title = "No such set of unit prices"
        return page(visit, "missing.html", status=404, section="configuration", title=title, name=version)
    one, lines = found
    shown = lines[:_PAGE]
    more = query(sku=sku, node=node, after=f"{shown[-1].sku}{_MARK}{shown[-1].node}") if len(lines) > _PAGE else ""
    return page(
        visit,
        "unit_price_set.html",
        status=409 if told[0] else 200,
        section="configuration",
        title=f"Unit prices {version}",
        one=one,
        state=state_of(one, visit.system.door.reference.policy.prices_hours_max),
        lines=shown,
        sku=sku,
        node=node,
        more=more,
        is_first=not mark,
        policy=visit.system.door.reference.policy,
        told=told,
        done=_DONE.get(visit.asked("done"), ""),
        may_set=visit.actor.may("configuration:write"),
    )


def _read(texts: Mapping[str, str], now: datetime) -> tuple[str, datetime, list[PriceLine]] | Invalid:
    """The version, the time and the lines of the form, or what of them cannot be read, by field."""
    flaws: list[FieldFlaw] = []
    version, made_at = texts["version"], now
    if not version or len(version) > 64 or not version.isprintable() or "/" in version:
        flaws.append(FieldFlaw("/version", "must be 1 to 64 characters, without a slash"))
    if texts["made_at"]:
        try:
            made_at = datetime.fromisoformat(texts["made_at"])
        except ValueError:
            flaws.append(FieldFlaw("/made_at", "must be a time, such as 2026-11-23T04:00"))
    lines = _LINES.read(texts["prices"])
    if not 0 < len(lines) <= _LINES_MAX:
        flaws.append(FieldFlaw("/prices", f"must be 1 to {_LINES_MAX} lines"))
    for number, line in enumerate(lines):
        flaws += _line_flaws(f"/prices/{number}", line)
    if flaws:
        return Invalid(tuple(flaws))
    made_at = made_at if made_at.tzinfo else made_at.replace(tzinfo=UTC)
    return version, made_at, [_line(line) for line in lines]


def _line_flaws(pointer: str, line: Mapping[str, Any]) -> list[FieldFlaw]:
    flaws = [FieldFlaw(f"{pointer}/{name}", "is required") for name in ("sku", "node") if not line.get(name)]
    for name, value in line.items():
        if name in _FIGURES and not (isinstance(value, int | float) and 0 <= value <= 1e12):
            flaws.append(FieldFlaw(f"{pointer}/{name}", "must be a number, and not below zero"))
        elif name not in (*_FIGURES, "sku", "node"):
            flaws.append(FieldFlaw(pointer, f"has more than five parts: {name}"))
    return flaws


def _line(line: Mapping[str, Any]) -> PriceLine:
    figures = [None if line.get(name) is None else float(line[name]) for name in _FIGURES]
    return PriceLine(Sku(line["sku"]), NodeId(line["node"]), *figures)


def _with_states(visit: Visit, shown: Sequence[ListedSet]) -> list[tuple[ListedSet, Chip]]:
    hours_max = visit.system.door.reference.policy.prices_hours_max
    return [(one, state_of(one, hours_max)) for one in shown]


def _read_position(asked: str) -> tuple[datetime, int] | None:
    """The position (made_at, set_id) that a cursor names; None where it names none."""
    at, _mark, set_id = asked.partition(_MARK)
    try:
        return datetime.fromisoformat(at), int(set_id)
    except ValueError:
        return None


def _back(visit: Visit, version: str, done: str) -> Response:
    return RedirectResponse(f"{visit.base}/unit-prices/{path_part(version)}{query(done=done)}", 303)


_ONE: Final = "/unit-prices/{version:path}"

routes = [
    Route("/unit-prices", guarded(show_sets, scope="configuration:read"), name="unit_prices"),
    Route("/unit-prices", guarded(publish, scope="configuration:write"), methods=["POST"]),
    Route(f"{_ONE}/take-back", guarded(take_back, scope="configuration:write"), methods=["POST"]),
    Route(_ONE, guarded(show_set, scope="configuration:read"), name="unit_price_set"),
]
