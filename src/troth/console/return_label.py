"""The carrier's label of a return by mail: bought by one button, and printed as any label."""

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.returns import find_return, show_return
from troth.flows.shipping.label_work import label_return
from troth.model.ids import LabelId
from troth.model.label import MEDIA_TYPE, Label, Paper
from troth.pages.asking import text
from troth.pages.desk import Visit
from troth.pages.render import HEADERS
from troth.pages.session import guarded
from troth.pages.views import path_part
from troth.pages.views_refusal import tell_refusal
from troth.printing.documents import print_label
from troth.store.labels import read_label


async def buy(visit: Visit) -> Response:
    """Buy the label by which the customer mails the goods back; there is one however often it is asked for."""
    found = await find_return(visit)
    if isinstance(found, Response):
        return found
    form = await visit.request.form()
    carrier, _, service = text(form, "rate", length_max=129).partition("~")
    made = await label_return(
        visit.system, *found, carrier=carrier, service=service, reason=text(form, "reason"), actor=visit.actor.name
    )
    if not isinstance(made, Label):
        return await show_return(visit, "label", tell_refusal(made))
    return RedirectResponse(f"{visit.base}/returns/{path_part(found[1].return_id)}?done=label", 303)


async def show(visit: Visit) -> Response:
    """The label to be printed, or saved for the customer."""
    found = await find_return(visit)
    if isinstance(found, Response):
        return found
    name, form = (
        LabelId(visit.request.path_params["label_id"]),
        Paper.ZPL if visit.asked("form") == Paper.ZPL else Paper.PDF,
    )
    async with visit.system.pool.acquire() as connection:
        label = await read_label(connection, name)
    if label is None or label.subject != found[1].return_id:
        raise HTTPException(404)
    content = await print_label(visit.system, label, form)
    if not isinstance(content, bytes):
        raise HTTPException(404)
    named = {"Content-Disposition": f'inline; filename="{label.label_id}.{form}"'}
    return Response(content, media_type=MEDIA_TYPE[form], headers=HEADERS | named)


routes = [
    Route("/returns/{return_id}/labels", guarded(buy, scope="returns:write"), methods=["POST"]),
    Route("/returns/{return_id}/labels/{label_id}", guarded(show, scope="returns:read"), name="return_label"),
]
