"""What a node has sent: its shipments with their tracking numbers, the last one first."""

from datetime import datetime
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from troth.model.lifecycle import AllocationState
from troth.model.order import Fulfillment
from troth.model.status import fulfillment_status
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import state_chip
from troth.store.store_floor import find_sent_work
from troth.storefloor.entrance import SCOPE
from troth.storefloor.nodes import node_here

_PAGE: Final = 40
_SENT: Final = (AllocationState.SHIPPED, AllocationState.DELIVERED)
_MARK: Final = "~"


async def show_sent(visit: Visit) -> Response:
    """A page of what a node has sent."""
    node = node_here(visit)
    before = _position(visit.asked("before"))
    async with visit.system.pool.acquire() as connection:
        found = await find_sent_work(connection, node.node, _SENT, before=before, limit=_PAGE + 1)
    shown = found[:_PAGE]
    return page(
        visit,
        "sent.html",
        section="sent",
        title="Sent",
        node=node,
        works=[(order, work, state_chip(fulfillment_status(order, work.fulfillment_id))) for order, work in shown],
        more=_mark(shown[-1][1]) if len(found) > _PAGE else "",
        is_first=before is None,
        zone=node.time_zone,
    )


def _mark(work: Fulfillment) -> str:
    return f"{work.ship_by.isoformat()}{_MARK}{work.fulfillment_id}"


def _position(mark: str) -> tuple[datetime, str] | None:
    """The position that an address names; None where it names none."""
    at, _, name = mark.partition(_MARK)
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return None if found.tzinfo is None or not name else (found, name)


routes = [Route("/at/{node}/sent", guarded(show_sent, scope=SCOPE), name="sent")]
