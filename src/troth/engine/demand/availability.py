"""What supply there is for a demand, by node and date, and how much of each line it can cover at all."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import minutes_of
from troth.engine.carriage.network import Network
from troth.engine.carriage.offers import lighten_offer
from troth.engine.carriage.restrictions import bar_large, find_bars, has_restrictions
from troth.engine.carriage.sizes import find_large
from troth.engine.carriage.transit import Lanes
from troth.engine.carriage.unserved import tell_unserved, way_notes
from troth.engine.carriage.way_there import find_way, pickup_position
from troth.engine.demand.admission import Admission, rows_for
from troth.engine.demand.candidates import (
    NODES_BEFORE_COMPRESSION,
    Block,
    dated_blocks,
    everywhere,
    keep_lines,
    keep_nodes,
    later_blocks,
    on_hand_block,
    ready_times,
    whole_minute_now,
)
from troth.engine.demand.capacity import Need, find_need, is_limited, spill
from troth.engine.demand.lacking import find_inactive, find_lacks
from troth.engine.demand.limits import admit, explain_lines, is_special, limit, measure, totals_of
from troth.engine.demand.problem import Problem
from troth.engine.demand.question import Question
from troth.engine.demand.shape import Shape, find_shape
from troth.engine.demand.shelf_life import (
    Perishable,
    find_perishable,
    has_lots,
    keep_lasting,
    leaves_any,
    only_swiftest,
    outlast,
    spoil,
)
from troth.engine.demand.time_limits import TimeLimits, find_time_limits
from troth.engine.supply.feed_age import late_nodes
from troth.engine.supply.kits import find_kits, has_kits, rows_of_kits
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.model.ids import Sku
from troth.model.plan import Demand, DemandLine
from troth.model.policy import Policy


def pose_question(
    demand: Demand,
    supply: Mapping[Sku, SupplyRows],
    network: Network,
    policy: Policy,
    now: float,
    *,
    is_dated: bool = False,
    is_swift: bool = False,
    admission: Admission | None = None,
    need: Need | None = None,
) -> Question:
    """The question that a demand asks of this supply: candidates, and the quantity of each line that they can cover.

    Dated supply is looked at only where what is on hand does not cover every line, where a line is not wanted yet, or
    where `is_dated` says so; and only as far as the rules' `admission` lets it. With `is_swift` only each node's
    quickest service counts. `need` is the work of the order that the demand is a part of; None: it is a whole order.
    """
    asked = tuple([line for line in demand.lines if line.quantity > 0])
    pickup, refusal = pickup_position(demand, network)
    if refusal or not asked:
        return Question(asked, (0,) * len(asked), None, refusal, {})
    method = demand.method
    minute = whole_minute_now(method, now)
    way = find_way(demand, network, pickup, minute, ready_minutes=minutes_of(policy.pickup_ready_hours))
    lanes, timetable, unreached = way.lanes, way.timetable, way.unreached
    notes = way_notes(network, lanes, demand.destination)
    if not way.is_there:
        return Question(
            asked,
            (0,) * len(asked),
            None,
            "no_service_to_destination",
            lanes.removed,
            lanes.is_located,
            detail=tell_unserved(network, lanes, demand.service),
            lacks=find_inactive(asked, supply, network),
            notes=notes,
        )
    offer = lighten_offer(network.offer(method), sum([line.grams(line.quantity) for line in asked]))
    if is_swift:
        lanes = only_swiftest(lanes, timetable)
    large = find_large(offer.sizes, asked)
    special = bool(large) or is_special(demand, asked, policy)
    is_lots = has_lots(supply)
    kits, has_swifter = None, False
    if special and has_kits(asked):
        lasting = keep_lasting(asked, supply, timetable, lanes) if is_lots else supply
        has_swifter = is_lots and not is_swift and lanes.lane.shape[0] > 1 and leaves_any(lasting, supply)
        kits = find_kits(asked, lasting, now)
    rows = tuple([supply.get(line.sku, NO_SUPPLY) for line in asked]) if kits is None else rows_of_kits(asked, kits)
    dated = [row.has_dated for row in rows]
    eligible, ranks, on_hand = _rows_of(demand, admission)
    perishable = find_perishable(asked, rows) if is_lots and kits is None else ()
    if is_lots and kits is not None:
        on_hand = None  # it counts all components, also those that do not last
    base = on_hand_block(network, lanes, rows, timetable, dated=dated, now=now, minute=minute, on_hand=on_hand)
    if unreached is not None:
        base.available[:, unreached] = 0.0
    if need is None and is_limited(network, lanes):
        need = find_need(asked, policy)
    if need is not None:
        base = spill(network, lanes, base, need)
    if perishable:
        base, kept_lots = spoil(base, perishable)
        has_swifter = not is_swift and lanes.lane.shape[0] > 1 and kept_lots != perishable
        perishable = kept_lots
    bars = None
    if special and (large or has_restrictions(asked)):
        bars = bar_large(find_bars(asked, network, method, demand.destination, lanes), large, offer, lanes)
        eligible = admit(eligible, bars, timetable, lanes)
    if eligible is not None:
        base.available[:] *= eligible
    limits = find_time_limits(asked) if special else None
    if limits is not None:
        base = limits.bar(base)
    shape = find_shape(demand, asked, policy) if special else None
    coverable, lost = measure(asked, shape, base.available, [base])
    dates, blocks = [row.available_from for row in rows], [base]
    has_more = True in dated and (admission is None or admission.counts_dated)
    is_extended = has_more and not is_dated and _is_short(asked, coverable)
    if is_extended or (has_more and is_dated) or _wishes(asked):
        coverable, dates, blocks = _extend(
            demand, asked, rows, coverable, base, network, lanes, policy, eligible, shape, need, perishable, limits
        )
        if shape is not None:
            lost = measure(asked, shape, totals_of(base, blocks), blocks)[1]
        has_more = False
    removed = _count_without_stock(base, lanes, eligible, rows, late_nodes(network, now))
    kept = [at for at, units in enumerate(coverable) if units > 0]
    reasons = {} if bars is None and not lost else explain_lines(asked, coverable, rows, eligible, bars, lost)
    if limits is not None:
        reasons = limits.explain(asked, coverable) | reasons
    short = [at for at, line in enumerate(asked) if coverable[at] < line.quantity and at not in reasons]
    lacks = find_lacks(
        short,
        asked,
        rows,
        supply,
        network,
        lanes,
        timetable,
        excluded=demand.excluded_nodes,
        eligible=eligible,
        need=need,
        minute=minute,
    )
    problem = None
    if kept:
        if len(kept) < len(asked):
            blocks = [keep_lines(block, kept) for block in blocks]
        lines = tuple([asked[at] for at in kept])
        problem = Problem(
            network=network,
            method=method,
            offer=offer,
            lanes=lanes,
            policy=policy,
            lines=lines,
            quantities=tuple([coverable[at] for at in kept]),
            rows=tuple([rows[at] for at in kept]),
            dates=tuple([dates[at] for at in kept]),
            blocks=tuple([_stocked(block) for block in blocks]),
            earliest_day=way.earliest_day,
            has_shared_sku=len({line.sku for line in lines}) < len(lines),
            shipments_max=max(1, policy.shipments_max),
            ranks=None if ranks is None else rows_for(ranks, kept),
            need=need,
        )
        if special:
            problem = limit(problem, demand, policy, None if bars is None else bars.services[kept], kits, kept)
    return Question(
        asked,
        coverable,
        problem,
        "" if kept else "no_stock",
        removed,
        lanes.is_located,
        has_more,
        reasons,
        has_swifter,
        is_extended,
        lacks=lacks,
        notes=notes,
    )


def _extend(
    demand: Demand,
    asked: Sequence[DemandLine],
    rows: Sequence[SupplyRows],
    coverable: tuple[int, ...],
    base: Block,
    network: Network,
    lanes: Lanes,
    policy: Policy,
    eligible: NDArray[np.bool_] | None,
    shape: Shape | None,
    need: Need | None,
    perishable: Sequence[Perishable],
    limits: TimeLimits | None,
) -> tuple[tuple[int, ...], list[NDArray[np.float64]], list[Block]]:
    """What each line can be covered with, each row's ready time, and the blocks, once dated supply and wishes count
    too.

    An order that ships complete begins when everything is there: its one block is that of the first date by which
    supply covers every line. `coverable` is what is on hand.
    """
    wishes = _wishes(asked)
    dates = [row.available_from for row in rows]
    blocks = [base]
    if any(row.has_dated for row in rows):
        flat = ready_times(np.concatenate(dates), base.ready)
        dates = np.split(flat, np.cumsum([row.available.size for row in rows])[:-1])
        totals = base.available.copy()
        for dated in dated_blocks(network, lanes, rows, flat, base, policy):
            block = dated if need is None else spill(network, lanes, dated, need)
            if eligible is not None:
                block.available[:] *= eligible[:, block.nodes]
            block = block if limits is None else limits.bar(block)
            was_short = _is_short(asked, coverable)
            # What goes together must all last; else each lot may leave while it is good.
            there = outlast(block, perishable) if perishable and demand.ship_complete else block
            by_now = there.available if limits is None else np.maximum(totals[:, block.nodes], there.available)
            totals[:, block.nodes] = by_now
            blocks.append(block)
            coverable, _lost = measure(asked, shape, totals, blocks)
            if demand.ship_complete and was_short and not _is_short(asked, coverable):
                whole = everywhere(network, lanes, dated, totals)
                blocks = [whole if need is None else spill(network, lanes, whole, need)]
                if limits is not None:
                    blocks = [limits.bar(blocks[0])]
                    coverable, _lost = measure(asked, shape, blocks[0].available, blocks)
                break
    if wishes:
        later = later_blocks(network, lanes, blocks, wishes, policy)
        later = later if need is None else [spill(network, lanes, block, need) for block in later]
        blocks += later if limits is None else [limits.bar(block) for block in later]
    if perishable:
        blocks = [outlast(block, perishable) for block in blocks]
    return coverable, dates, blocks


def _rows_of(
    demand: Demand, admission: Admission | None
) -> tuple[NDArray[np.bool_] | None, NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Who may send the lines that are asked for, who comes first, and what there is; None: anybody, nobody, unknown."""
    if admission is None:
        return None, None, None
    at = [position for position, line in enumerate(demand.lines) if line.quantity > 0]
    return (
        None if admission.eligible is None else rows_for(admission.eligible, at),
        None if admission.ranks is None else rows_for(admission.ranks, at),
        None if admission.on_hand is None else admission.on_hand[at],
    )


def _wishes(asked: Sequence[DemandLine]) -> list[float]:
    """The instants (POSIX) before which lines must not arrive."""
    return [line.not_before.timestamp() for line in asked if line.not_before is not None]


def _is_short(asked: Sequence[DemandLine], coverable: Sequence[int]) -> bool:
    return any(line.quantity > units for line, units in zip(asked, coverable, strict=True))


def _count_without_stock(
    base: Block,
    lanes: Lanes,
    eligible: NDArray[np.bool_] | None,
    rows: Sequence[SupplyRows],
    late: NDArray[np.bool_] | None,
) -> Mapping[str, int]:
    """Nodes removed, by reason: those without a lane, and those with one but without any unit on hand of any line; of
    these apart those that have some by their stock feed, which is `late` (N).
    """
    if eligible is not None:
        is_left = lanes.is_reachable & eligible.any(axis=0)
        without = int(np.count_nonzero(is_left & ~base.available.any(axis=0)))
    else:
        without = base.nodes.size - int(np.count_nonzero(base.available.any(axis=0))) - sum(lanes.removed.values())
    removed = {**lanes.removed, "no_stock": without} if without > 0 else lanes.removed
    if late is None or without <= 0:
        return removed
    withheld = np.zeros(late.size, dtype=np.bool_)
    for row in rows:
        if row.withheld is not None:
            withheld[row.node_index[row.withheld > 0]] = True
    of_late = min(without, int(np.count_nonzero(withheld & late & lanes.is_reachable)))
    if not of_late:
        return removed
    return {**lanes.removed, **({"no_stock": without - of_late} if without > of_late else {}), "feed_late": of_late}


def _stocked(block: Block) -> Block:
    """The block without the nodes that have nothing; small ones are left as they are, because that is quicker."""
    if block.nodes.size <= NODES_BEFORE_COMPRESSION:
        return block
    return keep_nodes(block, np.flatnonzero(block.available.any(axis=0)))
