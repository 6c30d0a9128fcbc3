"""When reserved work is handed to its node: at once, as late as a future date allows, or in a wave."""

from datetime import datetime, timedelta

from troth.engine.asked import demand_for, demand_line
from troth.engine.carriage.calendars import minutes_of
from troth.engine.policies.release_rules import BUILT_IN, LEAD_HOURS
from troth.engine.promising.context import Facts
from troth.engine.rules.ground import Ground
from troth.engine.waves.latest_start import latest_start
from troth.engine.waves.wave_times import find_waves
from troth.model.lifecycle import AllocationState
from troth.model.order import Fulfillment, Line, Order
from troth.model.plan import DemandLine
from troth.model.release import PlannedRelease


def plan_release(
    order: Order, work: Fulfillment, facts: Facts, *, behind: datetime | None = None
) -> PlannedRelease | None:
    """When reserved work is to be released later than now; None: at once.

    What is not wanted before a date waits until a lead time before its node has to begin, so that it stays changeable,
    and other work where a rule says so. Then it goes with the next wave of its node, if one comes in time: a wave that
    would break the promise is none. `behind` an instant (of a wave that had no room) no cut-off counts any more.
    """
    release = facts.release or BUILT_IN
    is_future = _is_future(order, work, facts.now)
    if not is_future and not release.has_times:
        return None
    latest = latest_start(
        facts.network, work, since=order.captured_at, ready_minutes=minutes_of(facts.policy.pickup_ready_hours)
    )
    if latest <= facts.now:
        return None
    ground = ground_of(order, facts)
    rule = release.lead_of(ground)
    if rule is not None or is_future:
        at = latest - timedelta(hours=LEAD_HOURS if rule is None else rule.hours)
        if at > facts.now:
            return PlannedRelease(work.fulfillment_id, at, latest)
    waves = release.wave_of(ground, work.node)
    if waves is None:
        return None
    for wave in find_waves(waves, work.node, facts.network, after=facts.now if behind is None else behind):
        if wave.at > latest:
            return None
        if behind is not None or wave.cut_off >= facts.now:
            return PlannedRelease(work.fulfillment_id, wave.at, latest, wave.wave)
    return None


def ground_of(order: Order, facts: Facts) -> Ground:
    """What rules about an order are evaluated on."""
    lines = (_demand_line(line, facts) for line in order.lines)
    return Ground(demand_for(order, lines), {}, facts.network, currency=facts.policy.currency, now=facts.now)


def reserved_work(order: Order) -> tuple[Fulfillment, ...]:
    """The work of which something is reserved and not released."""
    open_ids = {part.fulfillment_id for part in order.allocations if part.state is AllocationState.RESERVED}
    return tuple(work for work in order.fulfillments if work.fulfillment_id in open_ids)


def _is_future(order: Order, work: Fulfillment, now: datetime) -> bool:
    """Whether some of the work is of a line that is not wanted before a date."""
    dated = {line.line_id for line in order.lines if line.not_before is not None and line.not_before > now}
    if not dated:
        return False
    return any(
        part.line_id in dated and part.state is AllocationState.RESERVED and part.fulfillment_id == work.fulfillment_id
        for part in order.allocations
    )


def _demand_line(line: Line, facts: Facts) -> DemandLine:
    """Units of a line; of an item that was not looked up, which rules do not ask about then, without its weight."""
    wanted = line.quantity - line.canceled_quantity
    if line.sku in facts.items:
        return demand_line(line, wanted, facts)
    return DemandLine(line.line_id, line.sku, wanted, unit_price_minor=line.unit_price_minor, terms=line.terms)
