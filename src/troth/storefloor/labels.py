"""Labels of what is packed, and the papers of a store: asked for and printed where the packages lie.

Carriers are asked while somebody waits, so none of this is queued for later by a phone without a network.
"""

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.flows.shipping.label_work import label_work
from troth.flows.shipping.labels import void_label
from troth.flows.shipping.manifests import close_day
from troth.model.ids import FulfillmentId, LabelId
from troth.model.label import MEDIA_TYPE, Label, Paper
from troth.model.manifest import Manifest, ManifestId
from troth.model.order import Fulfillment, Order
from troth.model.refusals import NotPossibleNow
from troth.model.value import dataclass
from troth.pages.asking import text
from troth.pages.desk import Visit
from troth.pages.render import HEADERS
from troth.pages.session import guarded
from troth.pages.views import path_part, query
from troth.pages.views_refusal import tell_refusal
from troth.printing.documents import print_label, print_manifest, print_packing_slip, print_pick_list
from troth.store.labels import read_label
from troth.store.manifests import read_manifest
from troth.storefloor.acting import refused
from troth.storefloor.entrance import SCOPE
from troth.storefloor.nodes import node_here
from troth.storefloor.work import read_works, show_works


@dataclass(frozen=True, slots=True)
class _Here:
    """A work of the node that somebody is at."""

    order: Order
    work: Fulfillment
    page: str


async def ask_labels(visit: Visit) -> Response:
    """Ask the carrier for labels of all packages of a work."""
    here = await _here(visit)
    labels = await label_work(visit.system, here.order, here.work, actor=visit.actor.name)
    if isinstance(labels, tuple):
        return RedirectResponse(here.page, 303)
    return await show_works(visit, node_here(visit), [here.work.fulfillment_id], done=refused(labels))


async def void(visit: Visit) -> Response:
    """Take a label back."""
    here, form = await _here(visit), await visit.request.form()
    label = await _label(visit, LabelId(text(form, "label", length_max=100)))
    after = await void_label(visit.system, label.label_id, reason=text(form, "reason"), actor=visit.actor.name)
    if isinstance(after, Label):
        return RedirectResponse(here.page, 303)
    return await show_works(visit, node_here(visit), [here.work.fulfillment_id], done=refused(after))


async def show_label(visit: Visit) -> Response:
    """A label to be printed, as PDF or for a label printer."""
    form = Paper.ZPL if visit.asked("form") == Paper.ZPL else Paper.PDF
    label = await _label(visit, LabelId(visit.request.path_params["label_id"]))
    return _file(await print_label(visit.system, label, form), form)


async def show_slip(visit: Visit) -> Response:
    """The packing slip of a work."""
    here = await _here(visit)
    return _file(await print_packing_slip(visit.system, here.order, here.work))


async def close_today(visit: Visit) -> Response:
    """Close the day for a carrier, and show what it signs."""
    node, form = node_here(visit), await visit.request.form()
    made = await close_day(visit.system, node.node, text(form, "carrier", length_max=64), actor=visit.actor.name)
    here = f"{visit.base}/at/{path_part(node.node)}"
    if not isinstance(made, Manifest):
        return RedirectResponse(f"{here}/list{query(refused=tell_refusal(made)[1][0])}", 303)
    return RedirectResponse(f"{here}/manifests/{path_part(made.manifest_id)}", 303)


async def show_manifest(visit: Visit) -> Response:
    """A manifest to be printed and signed."""
    async with visit.system.pool.acquire() as connection:
        found = await read_manifest(connection, ManifestId(visit.request.path_params["manifest_id"]))
    if found is None or found.node != node_here(visit).node:
        raise HTTPException(404)
    return _file(await print_manifest(visit.system, found))


async def show_pick_list(visit: Visit) -> Response:
    """The pick list of the works that are named."""
    node = node_here(visit)
    names = [FulfillmentId(name) for name in visit.request.query_params.getlist("work")]
    return _file(await print_pick_list(visit.system, node.node, await read_works(visit, node.node, names)))


async def _here(visit: Visit) -> _Here:
    node = node_here(visit)
    name = FulfillmentId(visit.request.path_params["fulfillment_id"])
    works = [one for one in await read_works(visit, node.node, [name]) if one[1].node == node.node]
    if not works:
        raise HTTPException(404)
    page = f"{visit.base}/at/{path_part(node.node)}/work/{path_part(name)}"
    return _Here(*works[0], page)


async def _label(visit: Visit, name: LabelId) -> Label:
    async with visit.system.pool.acquire() as connection:
        label = await read_label(connection, name)
    if label is None or label.node != node_here(visit).node:
        raise HTTPException(404)
    return label


def _file(content: bytes | NotPossibleNow, form: Paper = Paper.PDF) -> Response:
    if not isinstance(content, bytes):
        raise HTTPException(404)
    return Response(content, media_type=MEDIA_TYPE[form], headers=HEADERS)


_WORK = "/at/{node}/work/{fulfillment_id}"
routes = [
    Route(f"{_WORK}/labels", guarded(ask_labels, scope=SCOPE), methods=["POST"]),
    Route(f"{_WORK}/void", guarded(void, scope=SCOPE), methods=["POST"]),
    Route(f"{_WORK}/packing-slip", guarded(show_slip, scope=SCOPE), name="packing_slip"),
    Route("/at/{node}/labels/{label_id}", guarded(show_label, scope=SCOPE), name="label"),
    Route("/at/{node}/manifests", guarded(close_today, scope=SCOPE), methods=["POST"]),
    Route("/at/{node}/manifests/{manifest_id}", guarded(show_manifest, scope=SCOPE), name="manifest"),
    Route("/at/{node}/pick-list", guarded(show_pick_list, scope=SCOPE), name="pick_list"),
]
