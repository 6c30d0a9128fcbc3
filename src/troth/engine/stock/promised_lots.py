"""Lots that were promised, and whether their goods are still good for long enough: a count may say another last day."""

from collections.abc import Callable, Iterable
from datetime import date, datetime

from troth.engine.carriage.calendars import DAY_SECONDS
from troth.engine.carriage.network import Network
from troth.engine.demand.shelf_life import end_of_supply
from troth.engine.supply.supply import SupplyRows, end_of_life
from troth.model.ids import Sku
from troth.model.inventory import lot_of
from troth.model.lifecycle import AllocationEvent, is_possible
from troth.model.order import Allocation, Fulfillment, Order
from troth.model.refusals import FieldFlaw


def needed_until(order: Order, part: Allocation, now: datetime) -> float:
    """Until when (POSIX) what covers a part must be good."""
    line = next(line for line in order.lines if line.line_id == part.line_id)
    days = line.terms.min_remaining_days if line.terms is not None else 0
    promised = [work.promised_at for work in order.fulfillments if work.fulfillment_id == part.fulfillment_id]
    return max(now, *promised).timestamp() + days * DAY_SECONDS


def is_spoiled(order: Order, part: Allocation, expires_on: date | None, network: Network, now: datetime) -> bool:
    """Whether a part's goods, good until a day where they lie, no longer last as long as they must."""
    node = network.index.get(part.node)
    if expires_on is None or node is None:
        return False
    return needed_until(order, part, now) > end_of_life(expires_on, network.nodes[node].time_zone)


def find_spoiled_flaws(
    parts: Iterable[Allocation],
    work: Fulfillment,
    supply: Callable[[Sku], SupplyRows],
    network: Network,
    at: datetime,
) -> tuple[FieldFlaw, ...]:
    """Why parts cannot leave, each lot once: it has expired at that time or, of what is not picked yet, will have when
    it is delivered.

    The days that a line asks for beyond that are not looked at here: they were when it was promised, and who picks late
    takes of them.
    """
    flaws: dict[FieldFlaw, None] = {}
    for part in parts:
        lot = lot_of(part.source)
        if not lot:
            continue
        _units, end = end_of_supply(supply(part.sku), network.index.get(part.node, -1), part.source)
        is_picked = not is_possible(part.state, AllocationEvent.PICK)
        until = at if is_picked else max(at, work.promised_at)
        if until.timestamp() <= end:
            continue
        name = f"lot {lot} of {part.sku} at {part.node}"
        what = "has expired" if at.timestamp() > end else "will have expired when it is delivered"
        flaws[FieldFlaw("", f"{name} {what}: pick another lot, or cancel these units")] = None
    return tuple(flaws)
