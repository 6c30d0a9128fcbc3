"""Making and changing a node, an item or a partner: a form that is checked as the API checks what it is sent."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.agreed_forms import expected_in, id_in
from troth.console.edi_partner_form import partner_groups
from troth.console.item_form import item_groups
from troth.console.node_form import node_groups
from troth.console.record_form import Group, Widget, body_of, fill, lay_out_form, typed
from troth.flows.door.expected import Expected
from troth.flows.edi.partners import set_partner
from troth.flows.records.bodies import Bodies, Sent
from troth.flows.records.configure import Set, set_item, set_node
from troth.model.ids import NodeId, Sku
from troth.model.refusals import FieldFlaw, Invalid, Refusal
from troth.model.value import dataclass
from troth.pages.asking import Unfit, text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import path_part, query
from troth.pages.views_refusal import Told, tell_refusal
from troth.store.edi_partners import read_partner
from troth.store.reference import read_item, read_node

ID: Final = "record_id"
"""The input that names a new record."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The record that a form is of: what it is called, and the version that the form replaces (`new`: none)."""

    name: str
    is_new: bool
    version: str


@dataclass(frozen=True, slots=True)
class Family:
    """What is its own about nodes, items or partners: what they are called, their fields, how one is found and set."""

    section: str
    singular: str
    id_label: str
    groups: Callable[[str], Sequence[Group]]
    find: Callable[[Visit, Bodies, str], Awaitable[tuple[Sent, int] | None]]
    set: Callable[[Visit, Bodies, str, Sent, Expected], Awaitable[Set | Refusal]]


async def _find_node(visit: Visit, bodies: Bodies, name: str) -> tuple[Sent, int] | None:
    async with visit.system.pool.acquire() as connection:
        found = await read_node(connection, NodeId(name))
    return None if found is None else (bodies.show_node(found.value, _currency(visit)), found.version)


async def _find_item(visit: Visit, bodies: Bodies, name: str) -> tuple[Sent, int] | None:
    async with visit.system.pool.acquire() as connection:
        found = await read_item(connection, Sku(name))
    return None if found is None else (bodies.show_item(found.value), found.version)


async def _set_node(visit: Visit, bodies: Bodies, name: str, body: Sent, expected: Expected) -> Set | Refusal:
    node = await bodies.read_node(visit.system, NodeId(name), body)
    if isinstance(node, Invalid):
        return node
    return await set_node(visit.system, node, actor=visit.actor.name, expected=expected)


async def _set_item(visit: Visit, bodies: Bodies, name: str, body: Sent, expected: Expected) -> Set | Refusal:
    item = await bodies.read_item(visit.system, Sku(name), body)
    if isinstance(item, Invalid):
        return item
    return await set_item(visit.system, item, actor=visit.actor.name, expected=expected)


async def _find_partner(visit: Visit, bodies: Bodies, name: str) -> tuple[Sent, int] | None:
    async with visit.system.pool.acquire() as connection:
        found = await read_partner(connection, name)
    return None if found is None else (bodies.show_partner(found.value), found.version)


async def _set_partner(visit: Visit, bodies: Bodies, name: str, body: Sent, expected: Expected) -> Set | Refusal:
    partner = bodies.read_partner(name, body)
    if isinstance(partner, Invalid):
        return partner
    return await set_partner(visit.system, partner, actor=visit.actor.name, expected=expected)


NODES: Final = Family("nodes", "node", "Id", node_groups, _find_node, _set_node)
ITEMS: Final = Family("items", "item", "SKU", item_groups, _find_item, _set_item)
PARTNERS: Final = Family("partners", "partner", "Id", partner_groups, _find_partner, _set_partner)


def _showing(family: Family) -> Callable[[Visit], Awaitable[Response]]:
    async def show(visit: Visit) -> Response:
        """The form: of a new record, or of one as it is."""
        bodies, name = visit.desk.bodies, visit.request.path_params.get("name")
        found = None if name is None or bodies is None else await family.find(visit, bodies, name)
        if bodies is None or (name is not None and found is None):
            return _missing(visit, family, name or "")
        groups = family.groups(_currency(visit))
        if found is None:
            return _page(visit, family, groups, fill(groups, None), Shown("", is_new=True, version="new"))
        known, version = found
        return _page(visit, family, groups, fill(groups, known), Shown(name or "", is_new=False, version=str(version)))

    return show


def _setting(family: Family) -> Callable[[Visit], Awaitable[Response]]:
    async def set_record(visit: Visit) -> Response:
        """Create or replace a record as the form says, or show the form again with what is wrong at each field."""
        bodies, named = visit.desk.bodies, visit.request.path_params.get("name")
        form = await visit.request.form()
        groups = family.groups(_currency(visit))
        texts = typed(groups, form)
        found = None if named is None or bodies is None else await family.find(visit, bodies, named)
        if bodies is None or (named is not None and found is None):
            return _missing(visit, family, named or "")
        shown = Shown(named or text(form, ID, length_max=64), is_new=named is None, version=text(form, "version"))
        try:
            name = named or id_in(form, ID, f"a new {family.singular}")
        except Unfit as unfit:
            return _page(visit, family, groups, texts, shown, Invalid((FieldFlaw(ID, str(unfit)),)))
        body = body_of(groups, texts, found[0] if found else None)
        done = await family.set(visit, bodies, name, body, expected_in(form))
        if isinstance(done, Set):
            return RedirectResponse(f"{visit.base}/{family.section}/{path_part(name)}{query(done='set')}", 303)
        return _page(visit, family, groups, texts, shown, done)

    return set_record


def _missing(visit: Visit, family: Family, name: str) -> Response:
    title = f"No such {family.singular}"
    return page(visit, "missing.html", status=404, section=family.section, title=title, name=name)


def _page(
    visit: Visit,
    family: Family,
    groups: Sequence[Group],
    texts: Mapping[str, str],
    shown: Shown,
    refusal: Refusal | None = None,
) -> Response:
    flaws = refusal.flaws if isinstance(refusal, Invalid) else ()
    laid, others = lay_out_form(groups, texts, [one for one in flaws if one.pointer != ID])
    told: Told = ("", ())
    if isinstance(refusal, Invalid):
        told = (tell_refusal(refusal)[0], others)
    elif refusal is not None:
        told = tell_refusal(refusal)
    return page(
        visit,
        "record_form.html",
        status=200 if refusal is None else 409,
        section=family.section,
        title=f"New {family.singular}" if shown.is_new else f"Change {shown.name}",
        family=family,
        id_name=ID,
        shown=shown,
        groups=laid,
        told=told,
        id_flaws=[one.detail for one in flaws if one.pointer == ID],
        widgets=Widget,
    )


def _currency(visit: Visit) -> str:
    return visit.system.door.reference.policy.currency


def _routes(family: Family) -> list[Route]:
    show, set_record = _showing(family), _setting(family)
    one, scope = f"/{family.section}/{{name:path}}/edit", "configuration:write"
    return [
        Route(f"/new-{family.singular}", guarded(show, scope=scope)),
        Route(f"/{family.section}", guarded(set_record, scope=scope), methods=["POST"]),
        Route(one, guarded(show, scope=scope)),
        Route(one, guarded(set_record, scope=scope), methods=["POST"]),
    ]


routes = [*_routes(NODES), *_routes(ITEMS), *_routes(PARTNERS)]
