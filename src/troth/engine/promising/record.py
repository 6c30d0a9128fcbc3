"""Recording what a decision saw, and reading it back: the stock of its SKUs as bits, one or two for each node.

A plan never looks further than whether a node has what is asked for, so units above the demand's are not kept, unless
the policy in force looks at stock levels. Most nodes have enough or nothing, and that is one bit.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.carriage.node_load import Limits, NodeLoad
from troth.engine.carriage.public_holidays import no_days
from troth.engine.carriage.rate_cards import FIRST_DELIVERY, FIRST_NAMED
from troth.engine.demand.capacity import Need
from troth.engine.supply.kits import wanted_units
from troth.engine.supply.supply import QUANTITY_MAX, SupplyRows
from troth.model.capacity import LYING, Slot
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND, lot_of, lot_within
from troth.model.network import Node
from troth.model.plan import Demand
from troth.model.recording import RecordedDated, RecordedLot, RecordedStock, Recording
from troth.model.work_times import WorkRates

_LATER: Final = (
    ", region_code='', located_by=''",
    ", method=<Carriage.SHIP: 'ship'>, max_miles=None, countries=(), regions=(), not_regions=(), is_domestic=False,"
    " length_mm_max=None, girth_mm_max=None, window_opens=datetime.time(8, 0), window_closes=datetime.time(20, 0)",
    ", served=None",
    ", feed_due_every_hours=None",
    ", public_holidays=('local',)",
    ", no_po_boxes=False",
)
"""Fields that came to be after decisions had been recorded: at their defaults they are no part of a network's name."""
_WIDTHS: Final = ((1, 0xFF), (2, 0xFFFF), (4, 0xFFFFFFFF), (8, 0xFFFFFFFFFFFFFFFF))


def record(
    demand: Demand,
    supply: Mapping[Sku, SupplyRows],
    network: Network,
    *,
    loads: Mapping[NodeId, float] | None = None,
    with_levels: bool = False,
    with_feeds: bool = False,
    with_work: bool = False,
) -> Recording:
    """What a plan for this demand sees of this supply; with the true stock levels, with when the stock feeds of
    all nodes with stock came, and with how well these do their work, where the policy looks at them.
    """
    stocks = []
    stocked: set[int] = set()
    for sku, units in wanted_units(demand).items():
        rows = supply.get(sku)
        if rows is not None and rows.available.size:
            if with_work or network.limits is not None or network.load.fed_at is not None:
                stocked.update(rows.node_index.tolist())
            stocks.append(_record_rows(sku, rows, len(network.nodes), QUANTITY_MAX if with_levels else units))
    return Recording(
        digest_network(network),
        tuple(stocks),
        loads or {},
        (
            *(() if network.limits is None else _tight_slots(demand, network, network.limits, stocked)),
            *_slots_of_lockers(demand, network),
        ),
        _of_pickups(demand, network, network.load.queue_minutes),
        _fed(network, stocked, with_feeds=with_feeds),
        tuple(sorted(demand.excluded_nodes)),
        ready_minutes=_of_pickups(demand, network, network.load.ready_minutes),
        excluded_items=tuple(sorted(demand.excluded_items)),
        rates=_rates(network, stocked) if with_work else {},
    )


def recall(recording: Recording, network: Network) -> dict[Sku, SupplyRows]:
    """The supply that was recorded in the positions of this network."""
    return {stock.sku: _recall_rows(stock, len(network.nodes)) for stock in recording.stocks}


def recall_load(recording: Recording, network: Network) -> Network:
    """The network with what was recorded of its nodes' promises, and nothing else."""
    load = NodeLoad(network.index, recording.queue_minutes, recording.ready_minutes)
    load.feed(recording.fed_at)
    load.rate(recording.rates)
    load.move(recording.slots)
    return network.with_load(load)


def digest_network(network: Network) -> str:
    """The name of the nodes and rate cards that a plan depends on; remembered with the network because it takes
    long.
    """
    found = network.memory.tables["digest"].get("network")
    if isinstance(found, str):
        return found
    lanes = network.lane_index
    vans = network.delivery.cards
    parts = repr((network.nodes, network.ship.cards, (FIRST_NAMED,) if vans == (FIRST_DELIVERY,) else vans))
    if lanes.by_prefix or lanes.holidays:
        days = sorted((place, sorted(closed)) for place, closed in lanes.holidays.items())
        parts += repr((sorted(lanes.by_prefix.items()), days))
    if network.public_holidays is not no_days:
        kept = {(clock.time_zone, clock.local_holidays) for clock in network.clocks}
        parts += repr(sorted((zone, sorted(days)) for zone, days in kept))
    for fields in _LATER:
        parts = parts.replace(fields, "")
    # What nodes said of their days only later is not shown with the rest, and is named where they say something.
    later = [facts for facts in map(_later_facts, network.nodes) if any(facts[1:])]
    digest = blake2b(f"{parts}{later or ''}".encode(), digest_size=12).hexdigest()
    network.memory.keep("digest", "network", digest)
    return digest


def _later_facts(node: Node) -> tuple[object, ...]:
    days = (node.calendar.hours, node.calendar.special_days, node.cut_offs, node.capacity_days)
    return (node.node, *days) if node.locker is None else (node.node, *days, node.locker)


def _tight_slots(
    demand: Demand, network: Network, limits: Limits, stocked: Iterable[int]
) -> tuple[tuple[Slot, int], ...]:
    """The slots of nodes with stock that have no room for the demand."""
    asked = [line for line in demand.lines if line.quantity > 0]
    need = Need(len(asked), sum(line.count(line.quantity) for line in asked))
    amount = np.where(limits.counts_units, need.units, need.lines)
    suspects = set(np.flatnonzero(limits.least - network.load.used_max < amount).tolist())
    return tuple(
        slot
        for position in sorted(suspects.intersection(stocked))
        for slot in network.load.tight_slots(position, limits.of[position], need.of(limits.of[position].unit))
    )


def _slots_of_lockers(demand: Demand, network: Network) -> Iterator[tuple[Slot, int]]:
    """What is promised of the days of lockers out of which a demand may be picked up."""
    for node in _picked_up_at(demand):
        locker = network.index.get(node)
        if locker is not None and network.nodes[locker].locker is not None:
            yield from ((slot, used) for slot, used in network.load.of_node(locker) if slot.day != LYING)


def _fed(network: Network, stocked: Iterable[int], *, with_feeds: bool) -> dict[NodeId, float]:
    """As of when the newest feeds of nodes with stock are: of those whose feed is due, or of all."""
    fed_at, due = network.load.fed_at, network.feed_due
    if fed_at is None or (due is None and not with_feeds):
        return {}
    return {
        network.nodes[position].node: float(fed_at[position])
        for position in sorted(stocked)
        if math.isfinite(fed_at[position]) and (with_feeds or (due is not None and math.isfinite(due[position])))
    }


def _rates(network: Network, stocked: Iterable[int]) -> dict[NodeId, WorkRates]:
    """How well the nodes with stock do their work; nothing where that is not known of any."""
    rates = network.load.rates
    if rates is None:
        return {}
    return {network.nodes[at].node: WorkRates(*rates[:, at].tolist()) for at in sorted(stocked) if rates[0, at] >= 0.0}


def _of_pickups(demand: Demand, network: Network, waiting: Mapping[NodeId, int]) -> dict[NodeId, int]:
    """What is said of the nodes where a demand is picked up."""
    if not waiting:
        return {}
    positions = (network.hands_over_from(node) for node in _picked_up_at(demand))
    nodes = sorted({network.nodes[at].node for at in positions if at >= 0})
    return {node: waiting[node] for node in nodes if node in waiting}


def _picked_up_at(demand: Demand) -> list[NodeId]:
    named = [demand.pickup_node, *(line.terms.pickup_node for line in demand.lines if line.terms is not None)]
    return sorted({node for node in named if node is not None})


def _record_rows(sku: Sku, rows: SupplyRows, nodes: int, most: int) -> RecordedStock:
    dated: tuple[RecordedDated, ...] = ()
    lots: tuple[RecordedLot, ...] = ()
    node_index, available = rows.node_index, rows.available
    if rows.has_dated:
        dated = tuple(
            RecordedDated(node, min(units, most), date, source, end if end is not None and math.isfinite(end) else None)
            for node, units, date, source, end in zip(
                node_index.tolist(),
                available.tolist(),
                rows.available_from.tolist(),
                rows.sources,
                [None] * len(rows.sources) if rows.good_until is None else rows.good_until.tolist(),
                strict=True,
            )
            if date > 0.0 and units > 0
        )
    if rows.good_until is not None:
        lots = tuple(
            RecordedLot(node, min(units, most), end if math.isfinite(end) else None, source)
            for node, units, end, source in zip(
                node_index.tolist(), available.tolist(), rows.good_until.tolist(), rows.sources, strict=True
            )
            if units > 0 and lot_of(source)
        )
    if dated or lots or rows.has_dated:
        here = [source == ON_HAND for source in rows.sources]
        node_index, available = node_index[here], available[here]
    level = np.zeros(nodes, dtype=np.int64)
    level[node_index] = available  # a node has one supply on hand of a SKU besides lots
    is_full = level >= most
    is_partial = (level > 0) ^ is_full
    units = level[is_partial]
    if most == 1 or not units.size:
        return RecordedStock(sku, most, np.packbits(is_full).tobytes(), dated=dated, lots=lots)
    highest = int(units.max())
    width = next(width for width, limit in _WIDTHS if highest <= limit)
    return RecordedStock(
        sku,
        most,
        np.packbits(is_full).tobytes(),
        np.packbits(is_partial).tobytes(),
        units.astype(f"<u{width}").tobytes(),
        width,
        dated,
        lots,
    )


def _recall_rows(stock: RecordedStock, nodes: int) -> SupplyRows:
    full, partial = _bits(stock.full, nodes), _bits(stock.partial, nodes)
    level = np.where(full, stock.most, 0).astype(np.int64)
    level[partial] = np.frombuffer(stock.units, dtype=f"<u{stock.width}").astype(np.int64)
    here = np.flatnonzero(level)
    more: tuple[RecordedLot | RecordedDated, ...] = (*stock.lots, *stock.dated)
    dates = [0.0] * len(stock.lots) + [row.available_from for row in stock.dated]
    ends = [math.inf if row.good_until is None else row.good_until for row in more]
    is_of_lots = any(lot_within(row.source) for row in more)
    return SupplyRows(
        np.concatenate([here, np.array([row.node for row in more], dtype=np.intp)]).astype(np.int32),
        np.concatenate([level[here], np.array([row.units for row in more], dtype=np.int64)]),
        np.concatenate([np.zeros(here.size), np.array(dates, dtype=np.float64)]),
        (*((ON_HAND,) * here.size), *(row.source for row in more)),
        good_until=np.array([math.inf] * here.size + ends) if is_of_lots else None,
    )


def _bits(packed: bytes, count: int) -> NDArray[np.bool_]:
    if not packed:
        return np.zeros(count, dtype=np.bool_)
    return np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=count).astype(np.bool_)
