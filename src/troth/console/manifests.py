"""Manifests: which parcels wait for the close of the day, and what was handed over."""

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.flows.shipping.manifests import close_day
from troth.model.ids import NodeId
from troth.model.label import MEDIA_TYPE, Paper
from troth.model.manifest import Manifest, ManifestId
from troth.model.refusals import NotFound
from troth.pages.asking import text
from troth.pages.desk import Visit
from troth.pages.render import HEADERS, page
from troth.pages.session import guarded
from troth.pages.views import query
from troth.pages.views_refusal import Told, tell_refusal
from troth.printing.documents import print_manifest
from troth.store.manifests import count_to_manifest, find_manifests, read_manifest

_SHOWN = 50
_NOTHING: Told = ("", ())


async def show_manifests(visit: Visit) -> Response:
    """What waits, and the last manifests."""
    return await _page(visit)


async def close(visit: Visit) -> Response:
    """Close the day of a node for a carrier."""
    form = await visit.request.form()
    node, carrier = NodeId(text(form, "node", length_max=64)), text(form, "carrier", length_max=64)
    if not visit.actor.may_at(node):
        return await _page(visit, told=tell_refusal(NotFound("node", node)))
    made = await close_day(visit.system, node, carrier, actor=visit.actor.name)
    if not isinstance(made, Manifest):
        return await _page(visit, told=tell_refusal(made))
    return RedirectResponse(f"{visit.base}/manifests{query(done=made.manifest_id)}", 303)


async def show_document(visit: Visit) -> Response:
    """A manifest to be printed and signed."""
    async with visit.system.pool.acquire() as connection:
        found = await read_manifest(connection, ManifestId(visit.request.path_params["manifest_id"]))
    if found is None or not visit.actor.may_at(found.node):
        raise HTTPException(404)
    content = await print_manifest(visit.system, found)
    return Response(content, media_type=MEDIA_TYPE[Paper.PDF], headers=HEADERS)


async def _page(visit: Visit, *, told: Told = _NOTHING) -> Response:
    async with visit.system.pool.acquire() as connection:
        waiting = await count_to_manifest(connection, visit.actor.nodes)
        found = await find_manifests(connection, visit.actor.nodes, after=None, limit=_SHOWN)
    return page(
        visit,
        "manifests.html",
        status=409 if told[0] else 200,
        section="work",
        title="Manifests",
        waiting=waiting,
        manifests=found,
        may_write=visit.actor.may("fulfillments:write"),
        done=visit.asked("done"),
        told=told,
    )


routes = [
    Route("/manifests", guarded(show_manifests, scope="fulfillments:read"), name="manifests"),
    Route("/manifests", guarded(close, scope="fulfillments:write"), methods=["POST"]),
    Route("/manifests/{manifest_id}", guarded(show_document, scope="fulfillments:read"), name="manifest"),
]
