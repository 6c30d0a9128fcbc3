"""The slip that goes with goods that are mailed: what is in the parcel, where it goes, and the name of the return."""

from troth.flows.wording.return_slip import render_slip
from troth.http.edge.body import NoQuery
from troth.http.edge.operations import NO_BODY, Operation, Plain, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply
from troth.http.returns.return_examples import RETURN_PATH
from troth.http.returns.return_replies import read_visible_return
from troth.http.returns.returns import NO_RETURN
from troth.model.refusals import NotPossibleNow
from troth.model.returns import ReturnMethod


async def read_label(call: Plain) -> Reply:
    """The slip as a page that can be printed."""
    order, one = await read_visible_return(call)
    if one.method is not ReturnMethod.MAIL or one.node is None:
        raise Refused(NotPossibleNow("label", f"a return by {one.method}"))
    page = render_slip(order, one, call.system.door.reference.network)
    return Reply(200, page.encode(), media_type="text/html; charset=utf-8")


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/returns/{return_id}/label",
        name="read_return_label",
        summary="The slip of a return by mail, as a page to be printed",
        tag="returns",
        run=read_label,
        shown=(Shown(200, "A page of HTML"),),
        body=NO_BODY,
        query=NoQuery,
        scope="returns:read",
        refusals=(NO_RETURN, NotPossibleNow("label", "a return by in_store")),
        path_examples=RETURN_PATH,
    ),
)
