"""What lies on the shelf: counts that set the books right, what is worth a count, and where items lie."""

from typing import Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from troth.flows.door.requests import Key
from troth.flows.stock.count_tasks import propose_counts
from troth.flows.stock.shelf_places import PLACE_MAX, set_shelf_places
from troth.flows.stock.stock import Counted, LineResult, count
from troth.model.barcodes import scan_key, scan_keys
from troth.model.ids import Sku
from troth.model.refusals import Invalid, KeyReused
from troth.model.shelf import ShelfPlace
from troth.pages.asking import new_key, text, whole_number
from troth.pages.desk import Visit
from troth.pages.render import HEADERS, page
from troth.pages.session import guarded
from troth.pages.views import path_part, query
from troth.pages.views_refusal import Told, tell_refusal
from troth.store.shelf_places import read_shelf_places
from troth.store.store_floor import sum_units_off_shelf
from troth.storefloor.acting import Done, digest_of, done_at, refused
from troth.storefloor.answers import answer
from troth.storefloor.find_items import find_items_by_text
from troth.storefloor.nodes import node_here

_SCOPE: Final = "inventory:write"
_PROPOSED: Final = 20


async def show_counts(visit: Visit) -> Response:
    """What is worth a count, and the form for one item, found by its code."""
    return await _page(visit)


async def show_code(visit: Visit) -> Response:
    """What a code is called that somebody scanned; empty where it is of nothing."""
    node_here(visit)
    q = visit.asked("q")
    found = [item for item in await find_items_by_text(visit, q) if scan_key(q) in scan_keys(item)] if q else []
    return JSONResponse({"name": found[0].name if found else ""}, headers=HEADERS)


async def keep_count(visit: Visit) -> Response:
    """Set the books to what lies on the shelf and what was taken off it for orders that are still here."""
    node = node_here(visit)
    form = await visit.request.form()
    sku, units = Sku(text(form, "sku")), whole_number(form, "on_shelf")
    back = f"{visit.base}/at/{path_part(node.node)}/counts?done={path_part(sku)}"
    done = Done()
    if units is None or units < 0:
        done = refused(("How many are on the shelf? A whole number, or 0.", ()))
    else:
        async with visit.system.pool.acquire() as connection:
            beside = await sum_units_off_shelf(connection, node.node, sku)
        counted = Counted(sku, units + beside, node.node, counted_by=visit.actor.name)
        key = Key(f"store/{text(form, 'key') or new_key()}", digest_of(form))
        results = await count(
            visit.system, node.node, done_at(visit, form), (counted,), actor=visit.actor, reference="store", key=key
        )
        done = _done(results)
    return await answer(visit, form, done, back, lambda: _page(visit, done))


async def keep_place(visit: Visit) -> Response:
    """Say where an item lies."""
    node = node_here(visit)
    form = await visit.request.form()
    sku, place = Sku(text(form, "sku")), text(form, "place", length_max=PLACE_MAX)
    results = await set_shelf_places(visit.system, (ShelfPlace(sku, node.node, place),), actor=visit.actor)
    back = f"{visit.base}/at/{path_part(node.node)}/counts{query(q=sku)}"
    done = _done(results)
    return await answer(visit, form, done, back, lambda: _page(visit, done))


async def _page(visit: Visit, done: Done | None = None) -> Response:
    node = node_here(visit)
    q = visit.asked("q")
    found = await find_items_by_text(visit, q) if q else []
    async with visit.system.pool.acquire() as connection:
        places = await read_shelf_places(connection, node.node, [item.sku for item in found])
        beside = {item.sku: await sum_units_off_shelf(connection, node.node, item.sku) for item in found}
    tasks = await propose_counts(visit.system, nodes=frozenset({str(node.node)}), limit=_PROPOSED)
    return page(
        visit,
        "counts.html",
        status=409 if done is not None and done.is_refused else 200,
        section="counts",
        title="Shelf",
        node=node,
        q=q,
        found=[(item, places.get(item.sku, ""), beside[item.sku]) for item in found],
        tasks=tasks,
        key=new_key(),
        told=[told for _, told in done.refused] if done is not None else [],
        done=visit.asked("done"),
    )


def _done(results: tuple[LineResult, ...] | Invalid | KeyReused) -> Done:
    if not isinstance(results, tuple):
        return refused(results)
    return Done(tuple((one.line, _told(one)) for one in results if one.code))


def _told(line: LineResult) -> Told:
    return tell_refusal(Invalid(line.flaws)) if line.flaws else (f"It was refused: {line.code}.", ())


routes = [
    Route("/at/{node}/counts", guarded(show_counts, scope="inventory:read"), name="counts"),
    Route("/at/{node}/counts", guarded(keep_count, scope=_SCOPE), methods=["POST"]),
    Route("/at/{node}/code", guarded(show_code, scope="inventory:read"), name="code"),
    Route("/at/{node}/places", guarded(keep_place, scope=_SCOPE), methods=["POST"]),
]
