"""What could be done about parcels that are lost, damaged or go back: sent once more, or credited."""

from collections.abc import Iterable
from typing import Final

from troth.engine.exceptions.proposal import Proposal
from troth.engine.returns.opening import sku_of
from troth.engine.returns.returnable import returnable_units, unit_places, whole_count
from troth.engine.tracking.trouble import CONTRADICTED, Trouble, find_troubles, units_in
from troth.flows.door.system import System
from troth.flows.orders.returns import ReplacedLine, Replacement, ReturnContent, prepare_open
from troth.model.exceptions import OpenException
from troth.model.fix import FixKind
from troth.model.ids import LineId
from troth.model.order import Fulfillment, Order
from troth.model.refusals import Invalid
from troth.model.return_moves import AskedUnits
from troth.model.returns import ReturnKind, ReturnMethod
from troth.model.tracking import TrackStatus

_LOST: Final = "lost_in_transit"
_DAMAGED: Final = "damaged"


async def propose_for_parcels(system: System, found: OpenException, order: Order) -> tuple[Proposal, ...]:
    """A claim of the units in parcels of work that are in trouble, with a new order for them, and without one. Nothing
    where nobody knows what became of them.
    """
    work = next((one for one in order.fulfillments if one.fulfillment_id == found.subject), None)
    if work is None:
        return ()
    asked = claimed_units(order, work, find_troubles(order, work))
    if not asked:
        return ()
    skus = {line.line_id: line.sku for line in order.lines}
    again = Replacement(tuple(ReplacedLine(one.line_id, skus[one.line_id], one.quantity, None) for one in asked))
    proposals = []
    for kind, replacement in ((FixKind.RE_SHIP, again), (FixKind.REFUND, None)):
        content = ReturnContent(
            order.order_id, asked, ReturnMethod.NONE, kind=ReturnKind.CLAIM, replacement=replacement
        )
        command = await prepare_open(system, order, content)
        if not isinstance(command, Invalid):
            units = ", ".join(f"{one.quantity} of {skus[one.line_id]}" for one in asked)
            proposals.append(Proposal(kind, command, units))
    return tuple(proposals)


def claimed_units(order: Order, work: Fulfillment, troubles: Iterable[Trouble]) -> tuple[AskedUnits, ...]:
    """The units in parcels of work that are in trouble, as far as nothing has taken them back yet."""
    left = returnable_units(order, with_shipped=True)
    reasons: dict[LineId, str] = {}
    units: dict[LineId, int] = {}
    for trouble in troubles:
        if trouble.kind == CONTRADICTED:
            continue
        for line_id, count in units_in(order, work, trouble.package).items():
            units[line_id] = units.get(line_id, 0) + count
            reasons.setdefault(line_id, _DAMAGED if trouble.kind == TrackStatus.DAMAGED else _LOST)
    asked = []
    for line_id, count in sorted(units.items()):
        sku = sku_of(order, AskedUnits(line_id, count, reasons[line_id]))
        there = {place: left.get(place, 0) for place in unit_places(order, line_id, sku, 1)}
        can = min(count, whole_count(order, line_id, there))
        if can:
            asked.append(AskedUnits(line_id, can, reasons[line_id]))
    return tuple(asked)
