"""The name of a plan: what an option of a quote is called as long as it stays the same."""

from datetime import timedelta
from hashlib import blake2b
from typing import Final

from troth.engine.demand.ship_groups import HANDED_OVER
from troth.model.plan import Plan, Shipment
from troth.model.ways import counter_of

GRACE: Final = timedelta(minutes=15)
"""What is handed over counts as the same for so long, since the time at which it is ready moves on with the clock."""

_NOW: Final = timedelta()


def name_plan(plan: Plan, *, ago: timedelta = _NOW) -> str:
    """The name of what a plan promises: which units leave from where, how and by when, and what is left of them.

    What is handed over is named by the quarter of an hour in which it is ready; with `ago`, as if all that were
    promised so much sooner. Costs are no part of it.
    """
    promised = [_told(shipment, ago) for shipment in plan.shipments]
    left = sorted((gap.line_id, gap.sku, gap.quantity) for gap in plan.uncovered)
    wish = plan.disposition
    action = "" if wish is None else wish.action.value
    return "P-" + blake2b(repr((promised, left, action)).encode(), digest_size=10).hexdigest()


def is_named(plan: Plan, plan_id: str) -> bool:
    """Whether a plan is the one that was named so, now or within the grace of what is handed over."""
    return plan_id in (name_plan(plan), name_plan(plan, ago=GRACE))


def _told(shipment: Shipment, ago: timedelta) -> tuple[object, ...]:
    moments = [shipment.ship_by.timestamp(), shipment.promised_at.timestamp()]
    if shipment.method in HANDED_OVER:
        moments = [(moment - ago.total_seconds()) // GRACE.total_seconds() for moment in moments]
    pegs = [(peg.line_id, peg.sku, peg.source, peg.quantity) for peg in shipment.pegs]
    way = (shipment.method.value, shipment.service, shipment.carrier)
    counter = counter_of(shipment)
    return (shipment.node, *way, "" if counter == shipment.node else counter, *moments, pegs)
