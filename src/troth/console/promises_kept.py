"""How many promises were kept, and which will probably be missed."""

from datetime import timedelta
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.store.promise_kept import KeptBy, count_kept_promises
from troth.store.watch import find_predicted

_DAYS: Final = (7, 28, 91)
_BY: Final[dict[str, KeptBy]] = {"node": "node", "carrier": "carrier", "service": "service", "supply": "supply"}
_SHOWN: Final = 20
_PERCENT_MIN: Final = 30


async def show_promises_kept(visit: Visit) -> Response:
    """On time and in full by node, carrier, service or supply, and the work that is likeliest to be late."""
    by = _BY.get(visit.asked("by"), "node")
    days = next((days for days in _DAYS if visit.asked("days") == str(days)), 28)
    async with visit.system.pool.acquire() as connection:
        kept = await count_kept_promises(connection, visit.now - timedelta(days=days), visit.now, by=by)
        late = await find_predicted(
            connection, nodes=None, customers=None, percent_min=_PERCENT_MIN, after=None, limit=_SHOWN
        )
    return page(
        visit,
        "promises_kept.html",
        section="work",
        title="Promises kept",
        kept=kept,
        by=by,
        bys=list(_BY),
        days=days,
        spans=_DAYS,
        late=late,
        percent=_PERCENT_MIN,
    )


routes = [Route("/promises-kept", guarded(show_promises_kept, scope="fulfillments:read"), name="promises_kept")]
