"""What supply there is for a demand, by node and date, and how much of each line it can cover at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.admission import Admission, rows_for
from troth.engine.calendars import minutes_of
from troth.engine.candidates import (
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
from troth.engine.capacity import Need, find_need, is_limited, spill
from troth.engine.kits import find_kits, has_kits, rows_of_kits
from troth.engine.lacking import Lack, find_lacks
from troth.engine.limits import admit, explain_lines, is_special, limit, measure, totals_of
from troth.engine.network import Network
from troth.engine.problem import Problem
from troth.engine.restrictions import find_bars, has_restrictions
from troth.engine.shape import Shape, find_shape
from troth.engine.shelf_life import (
    Perishable,
    find_perishable,
    has_lots,
    keep_lasting,
    leaves_any,
    only_swiftest,
    outlast,
    spoil,
)
from troth.engine.supply import NO_SUPPLY, SupplyRows
from troth.engine.timetable import Timetable, find_timetable
from troth.engine.transit import NEVER, Lanes, find_lanes
from troth.model.ids import NodeId, Sku
from troth.model.order import Method
from troth.model.plan import Demand, DemandLine
from troth.model.policy import Policy

_NODES_BEFORE_COMPRESSION: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A demand made ready to be solved: the problem of what can be covered, and per asked line how much that is
    (aligned with `asked`).

    The problem is None where nothing can be covered; `refusal` is then the reason for all lines. `removed` counts nodes
    by reason; `lacks` are why lines are short that some node has; `has_more` says that there is dated supply that was
    not looked at, `is_extended` that some was because what is on hand falls short, and `has_swifter` that lots were
    left out which last for quicker services only. `reasons` are those of single lines (positions in `asked`): a code
    and a sentence.
    """

    asked: tuple[DemandLine, ...]
    coverable: tuple[int, ...]
    problem: Problem | None
    refusal: str
    removed: Mapping[str, int]
    is_located: bool = True
    has_more: bool = False
    reasons: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    has_swifter: bool = False
    is_extended: bool = False
    lacks: Mapping[int, Lack] = field(default_factory=dict)


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
    pickup, refusal = _pickup_position(demand, network)
    if refusal or not asked:
        return Question(asked, (0,) * len(asked), None, refusal, {})
    method = demand.method
    minute = whole_minute_now(method, now)
    every = find_lanes(network, method, demand.destination, "", pickup)
    timetable = find_timetable(network, every, minute, ready_minutes=minutes_of(policy.pickup_ready_hours))
    lanes = every
    if demand.service and pickup < 0:
        lanes = find_lanes(network, method, demand.destination, demand.service, pickup)
    if demand.excluded_nodes:
        lanes = _without(network, lanes, demand.excluded_nodes)
    earliest = float(timetable.arrival_day.take(every.lane).min(initial=NEVER))
    unreached = _find_unreached(timetable, lanes)
    if earliest >= NEVER or (unreached is not None and unreached.all()):
        return Question(asked, (0,) * len(asked), None, "no_service_to_destination", lanes.removed, lanes.is_located)
    if is_swift:
        lanes = only_swiftest(lanes, timetable)
    special = is_special(demand, asked, policy)
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
    if special and has_restrictions(asked):
        bars = find_bars(asked, network, method, demand.destination, lanes)
        eligible = admit(eligible, bars, timetable, lanes)
    if eligible is not None:
        base.available[:] *= eligible
    shape = find_shape(demand, asked, policy) if special else None
    coverable, lost = measure(asked, shape, base.available, [base])
    dates, blocks = [row.available_from for row in rows], [base]
    has_more = True in dated and (admission is None or admission.counts_dated)
    is_extended = has_more and not is_dated and _is_short(asked, coverable)
    if is_extended or (has_more and is_dated) or _wishes(asked):
        coverable, dates, blocks = _extend(
            demand, asked, rows, coverable, base, network, lanes, policy, eligible, shape, need, perishable
        )
        if shape is not None:
            lost = measure(asked, shape, totals_of(base, blocks), blocks)[1]
        has_more = False
    removed = _count_without_stock(base, lanes, eligible)
    kept = [at for at, units in enumerate(coverable) if units > 0]
    reasons = {} if bars is None and not lost else explain_lines(asked, coverable, rows, eligible, bars, lost)
    short = [at for at, line in enumerate(asked) if coverable[at] < line.quantity and at not in reasons]
    lacks = (
        {}
        if not short
        else find_lacks(
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
    )
    if not kept:
        return Question(
            asked,
            coverable,
            None,
            "no_stock",
            removed,
            lanes.is_located,
            has_more,
            reasons,
            has_swifter,
            is_extended,
            lacks,
        )
    if len(kept) < len(asked):
        blocks = [keep_lines(block, kept) for block in blocks]
    lines = tuple([asked[at] for at in kept])
    problem = Problem(
        network=network,
        method=method,
        offer=network.offer(method),
        lanes=lanes,
        policy=policy,
        lines=lines,
        quantities=tuple([coverable[at] for at in kept]),
        rows=tuple([rows[at] for at in kept]),
        dates=tuple([dates[at] for at in kept]),
        blocks=tuple([_stocked(block) for block in blocks]),
        earliest_day=earliest,
        has_shared_sku=len({line.sku for line in lines}) < len(lines),
        shipments_max=max(1, policy.shipments_max),
        ranks=None if ranks is None else rows_for(ranks, kept),
        need=need,
    )
    if special:
        problem = limit(problem, demand, policy, None if bars is None else bars.services[kept], kits, kept)
    return Question(
        asked, coverable, problem, "", removed, lanes.is_located, has_more, reasons, has_swifter, is_extended, lacks
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
            was_short = _is_short(asked, coverable)
            # What goes together must all last; else each lot may leave while it is good.
            there = outlast(block, perishable) if perishable and demand.ship_complete else block
            totals[:, block.nodes] = there.available
            blocks.append(block)
            coverable, _lost = measure(asked, shape, totals, blocks)
            if demand.ship_complete and was_short and not _is_short(asked, coverable):
                whole = everywhere(network, lanes, dated, totals)
                blocks = [whole if need is None else spill(network, lanes, whole, need)]
                break
    if wishes:
        later = later_blocks(network, lanes, blocks, wishes, policy)
        blocks += later if need is None else [spill(network, lanes, block, need) for block in later]
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


def _pickup_position(demand: Demand, network: Network) -> tuple[int, str]:
    """The position of the node where the goods are to be handed over (-1: they are sent), or why it cannot be there."""
    if demand.method in (Method.SHIP, Method.DELIVERY):
        return -1, ""
    position = -1 if demand.pickup_node is None else network.index.get(demand.pickup_node, -1)
    if position < 0:
        return -1, "unknown_node"
    if demand.pickup_node in demand.excluded_nodes:
        return -1, "excluded"
    return (position, "") if network.is_pickup[position] else (-1, "no_pickup_there")


def _find_unreached(timetable: Timetable, lanes: Lanes) -> NDArray[np.bool_] | None:
    """The nodes (N) from which no service arrives at all; None where every service of every node does."""
    if timetable.is_complete and lanes.is_complete:
        return None
    unreached: NDArray[np.bool_] = np.all(timetable.arrival_day.take(lanes.lane) >= NEVER, axis=0)
    return unreached


def _without(network: Network, lanes: Lanes, excluded: frozenset[NodeId]) -> Lanes:
    at = sorted(network.index[node] for node in excluded if node in network.index)
    is_lost = lanes.is_reachable[at]
    if not is_lost.any():
        return lanes
    lane, is_reachable = lanes.lane.copy(), lanes.is_reachable.copy()
    lane[:, at] = lanes.absent
    is_reachable[at] = False
    return replace(
        lanes,
        lane=lane,
        is_reachable=is_reachable,
        is_complete=False,
        removed={**lanes.removed, "excluded": int(is_lost.sum())},
    )


def _count_without_stock(base: Block, lanes: Lanes, eligible: NDArray[np.bool_] | None) -> Mapping[str, int]:
    """Nodes removed, by reason: those without a lane, and those with one but without any unit on hand of any line."""
    if eligible is not None:
        is_left = lanes.is_reachable & eligible.any(axis=0)
        without = int(np.count_nonzero(is_left & ~base.available.any(axis=0)))
    else:
        without = base.nodes.size - int(np.count_nonzero(base.available.any(axis=0))) - sum(lanes.removed.values())
    return {**lanes.removed, "no_stock": without} if without > 0 else lanes.removed


def _stocked(block: Block) -> Block:
    """The block without the nodes that have nothing; small ones are left as they are, because that is quicker."""
    if block.nodes.size <= _NODES_BEFORE_COMPRESSION:
        return block
    return keep_nodes(block, np.flatnonzero(block.available.any(axis=0)))
