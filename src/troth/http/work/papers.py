"""What is printed for the work of nodes beside labels: packing slips and pick lists."""

from typing import Annotated, Final

from pydantic import Field

from troth.http.edge.body import Id, NoQuery, Query
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply
from troth.http.work.fulfillments import NO_WORK, WORK_PATH, find_visible_work, read_visible_work
from troth.model.ids import FulfillmentId
from troth.model.label import MEDIA_TYPE, Paper
from troth.model.refusals import FieldFlaw, Invalid, NotPossibleNow
from troth.printing import documents

_WORKS_MAX: Final = 50


class PickListQuery(Query):
    """Of which works of one node; each has a tote, in the order given."""

    fulfillment: Annotated[tuple[Id, ...], Field(min_length=1, max_length=_WORKS_MAX)]


async def print_packing_slip(call: Plain) -> Reply:
    """The slip of a packed work."""
    return _reply(await documents.print_packing_slip(call.system, *await read_visible_work(call)))


async def print_customs(call: Plain) -> Reply:
    """The customs declarations of the packages of a work."""
    return _reply(await documents.print_customs(call.system, *await read_visible_work(call)))


async def print_pick_list(call: Call[Nothing, PickListQuery]) -> Reply:
    """The list of works that one picks on one walk."""
    names = dict.fromkeys(FulfillmentId(name) for name in call.query.fulfillment)
    works = [await find_visible_work(call, name) for name in names]
    nodes = {work.node for _, work in works}
    if len(nodes) > 1:
        flaw = FieldFlaw("/fulfillment", f"must be works of one node; these are of {', '.join(sorted(nodes))}")
        raise Refused(Invalid((flaw,)))
    return _reply(await documents.print_pick_list(call.system, nodes.pop(), works))


def _reply(content: bytes | NotPossibleNow) -> Reply:
    if not isinstance(content, bytes):
        raise Refused(content)
    return Reply(200, content, media_type=MEDIA_TYPE[Paper.PDF])


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/fulfillments/{fulfillment_id}/packing-slip",
        name="print_packing_slip",
        summary="What lies in which package, as PDF to be put into them",
        tag="shipping",
        run=print_packing_slip,
        shown=(Shown(200, "A PDF"),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:read",
        refusals=(NO_WORK, NotPossibleNow("print a packing slip of", "picked")),
        path_examples=WORK_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/fulfillments/{fulfillment_id}/customs-declaration",
        name="print_customs_declaration",
        summary="What customs are told of each package (CN 23), as PDF",
        tag="shipping",
        run=print_customs,
        shown=(Shown(200, "A PDF"),),
        body=NO_BODY,
        query=NoQuery,
        scope="fulfillments:read",
        refusals=(NO_WORK, NotPossibleNow("declare", "sent where nothing is declared")),
        path_examples=WORK_PATH,
    ),
    Operation(
        method="GET",
        path="/v1/pick-lists",
        name="print_pick_list",
        summary="What to pick for works of a node, in walking order, as PDF",
        tag="shipping",
        run=print_pick_list,
        shown=(Shown(200, "A PDF"),),
        body=NO_BODY,
        query=PickListQuery,
        scope="fulfillments:read",
        refusals=(
            NO_WORK,
            NotPossibleNow("print a pick list", "nothing is left to be picked"),
            Invalid((FieldFlaw("/fulfillment", "must be works of one node; these are of DC-PA, ST-NYC"),)),
        ),
    ),
)
