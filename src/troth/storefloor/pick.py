"""The pick walk: the units of one work or several, along the shelves, scanned one by one."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.flows.orders.shelf_lines import Stop, Want, read_stops
from troth.model.commands import LineQuantity, LineSerials, LotQuantity, PickWork
from troth.model.ids import FulfillmentId
from troth.model.order import Fulfillment, Order
from troth.model.refusals import NotFound, NotPossibleNow, Refusal
from troth.model.status import fulfillment_status
from troth.model.value import dataclass
from troth.pages.asking import text, units_of
from troth.pages.desk import Visit
from troth.pages.session import guarded
from troth.pages.views import path_part, query
from troth.pages.views_refusal import Told
from troth.storefloor.acting import Done, act, done_at, refused
from troth.storefloor.answers import answer
from troth.storefloor.entrance import SCOPE
from troth.storefloor.nodes import node_here
from troth.storefloor.steps import ahead
from troth.storefloor.work import read_works, show_works

WORKS_MAX: Final = 12
"""As many totes go on a cart."""
SHORT: Final = ("not_found", "damaged", "expired")
"""Why units are missing."""


@dataclass(frozen=True, slots=True)
class Picked:
    """How many units were taken for a want, and of which lots (none: as planned)."""

    units: int
    lots: tuple[LotQuantity, ...] = ()


async def show_walk(visit: Visit) -> Response:
    """A walk for the works that are chosen; those that are picked already are shown with what comes next."""
    node = node_here(visit)
    names = [FulfillmentId(name) for name in visit.request.query_params.getlist("work")[:WORKS_MAX]]
    if not names:
        return RedirectResponse(f"{visit.base}/at/{path_part(node.node)}", 303)
    return await show_works(visit, node, names)


async def pick(visit: Visit) -> Response:
    """Report what was picked for each work of a walk; what is missing leaves the books and is sourced again."""
    node = node_here(visit)
    form = await visit.request.form()
    names = list(dict.fromkeys(FulfillmentId(str(name)) for name in form.getlist("work")))[:WORKS_MAX]
    works = await read_works(visit, node.node, names)
    stops = await read_stops(visit.system, node.node, works)
    given = _read(form, stops)
    short = () if isinstance(given, tuple) else _short(stops, given)
    back = f"{visit.base}/at/{path_part(node.node)}/walk{query_of(names)}"
    back += "".join(f"&short={path_part(sku)}" for sku in short)
    if isinstance(given, tuple):
        done = refused(given)
    else:
        commands = _commands(works, given, form, done_at(visit, form))

        async def check() -> Refusal | Told | None:
            return _refuse(names, works, node.node)

        done = await act(visit, form, commands, check=check, back=back)
    return await answer(visit, form, _named(done, names), back, lambda: show_works(visit, node, names, done=done))


def query_of(names: Iterable[str]) -> str:
    """The query part of the address of a walk."""
    found = [f"work={path_part(name)}" for name in names]
    return f"?{'&'.join(found)}" if found else query()


def _read(form: FormData, stops: Sequence[Stop]) -> dict[Want, Picked] | Told:
    """How many units were picked for each want, in the smallest unit; or what is wrong with a number."""
    given: dict[Want, Picked] = {}
    for stop in stops:
        for want in stop.wants:
            fields = [(one.lot, want.lot_field(one.lot)) for one in want.lots] or [("", want.field)]
            amounts: list[tuple[str, int]] = []
            for lot, name in fields:
                written = text(form, name) or "0"
                units = units_of(written, stop.decimals)
                if units is None or units < 0:
                    return f"{written} is no quantity of {stop.item.name}.", ()
                amounts.append((lot, units))
            given[want] = Picked(sum(units for _, units in amounts), _lots(want, amounts))
    return given


def _lots(want: Want, amounts: Sequence[tuple[str, int]]) -> tuple[LotQuantity, ...]:
    """The lots that were taken; none where all was taken as planned, or there are none."""
    taken = {lot: units for lot, units in amounts if units}
    if not want.lots or taken == {lot: units for lot, units in want.planned if units}:
        return ()
    return tuple(LotQuantity(lot, units) for lot, units in taken.items())


def _commands(
    works: Sequence[tuple[Order, Fulfillment]], given: dict[Want, Picked], form: FormData, at: datetime
) -> list[PickWork]:
    commands = []
    for _, work in works:
        wants = [want for want in given if want.fulfillment_id == work.fulfillment_id]
        lines = tuple(
            LineQuantity(want.line_id, given[want].units, _reason(form, want, given[want].units), given[want].lots)
            for want in wants
        )
        serials = tuple(
            LineSerials(want.line_id, tuple(named), pointer=f"/serials of line {want.line_id}")
            for want in wants
            if (named := text(form, f"serials~{want.fulfillment_id}~{want.line_id}", length_max=5_000).split())
        )
        if lines:
            commands.append(PickWork(work.fulfillment_id, lines, at, serials))
    return commands


def _reason(form: FormData, want: Want, units: int) -> str:
    if units >= want.units:
        return ""
    given = text(form, f"reason~{want.fulfillment_id}~{want.line_id}")
    return given if given in SHORT else SHORT[0]


def _short(stops: Sequence[Stop], given: dict[Want, Picked]) -> tuple[str, ...]:
    """The items of which not everything was found, whose shelf is worth a count."""
    return tuple(stop.sku for stop in stops if sum(given[want].units for want in stop.wants) < stop.units)


def _refuse(names: Sequence[FulfillmentId], works: Sequence[tuple[Order, Fulfillment]], node: str) -> Refusal | None:
    """Why a walk cannot be reported at all: a work is not there, or was picked, or taken back, in the meantime."""
    known = {work.fulfillment_id for _, work in works}
    missing = next((name for name in names if name not in known), None)
    if missing is not None or not names:
        return NotFound("fulfillment", missing or "")
    for order, work in works:
        if ahead(order, work, node)[:1] != ("pick",):
            return NotPossibleNow(f"pick {order.external_id}", fulfillment_status(order, work.fulfillment_id))
    return None


def _named(done: Done, names: Sequence[FulfillmentId]) -> Done:
    """The refusals, each with the work that it is about."""
    if len(names) < 2:
        return done
    return replace(done, refused=tuple((at, (f"{names[at]}: {told[0]}", told[1])) for at, told in done.refused))


routes = [
    Route("/at/{node}/walk", guarded(show_walk, scope=SCOPE), name="walk"),
    Route("/at/{node}/walk", guarded(pick, scope=SCOPE), methods=["POST"]),
]
