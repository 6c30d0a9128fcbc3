"""The waterfall of a SKU for an asker: every unit from on hand to what may be sold, with what took it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from troth.engine.exposure.amounts import Units
from troth.engine.exposure.asker import Asker
from troth.engine.exposure.compiled import compile_exposure
from troth.engine.exposure.expose import Exposure, Step, buffer_units, expose, free_units
from troth.engine.exposure.quotas import quotas_of
from troth.engine.exposure.taking import Pool
from troth.engine.feed_age import fed_rows
from troth.engine.shelf_life import fresh_rows
from troth.engine.supply import BookUnits, SupplyRows
from troth.model.ids import NodeId
from troth.model.item import Item
from troth.model.plan import Demand

RESERVED: Final = "reserved"
INACTIVE: Final = "inactive"
FEED_LATE: Final = "feed_late"


@dataclass(frozen=True, slots=True)
class Fall:
    """Units that one reason, or one rule, takes; an empty rule is none of a document."""

    kind: str
    rule: str
    units: int


@dataclass(frozen=True, slots=True)
class NodeWaterfall:
    """A node's units: on hand, what is taken of them in order, and what is left to be shown."""

    node: NodeId
    on_hand: int
    falls: tuple[Fall, ...]
    exposed: int

    @property
    def by_kind(self) -> dict[str, int]:
        """What is taken by each kind of reason."""
        taken: dict[str, int] = {}
        for one in self.falls:
            taken[one.kind] = taken.get(one.kind, 0) + one.units
        return taken


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The same over all nodes (or those that were asked for), and what sums over nodes then take: `available` is what
    may be sold. `class_name` is the asker's class, `incoming` what they may be promised of dated supply.
    """

    class_name: str
    on_hand: int
    falls: tuple[Fall, ...]
    available: int
    incoming: int
    nodes: tuple[NodeWaterfall, ...]


def find_waterfall(
    pool: Pool, demand: Demand, item: Item, rows: SupplyRows, *, nodes: Iterable[NodeId] = ()
) -> Waterfall:
    """The waterfall of an item's rows for whoever asks for the demand; of some nodes, or of all that have any units."""
    network, now = pool.network, pool.now.timestamp()
    fresh = fresh_rows(rows, now)
    rows = fed_rows(fresh, network, now)
    count = len(network.nodes)
    exposure = pool.exposure or Exposure(compile_exposure((), pool.now))
    asker = replace(pool, exposure=exposure).asker(demand)
    assert asker is not None
    steps: list[Step] = []
    shown = expose(exposure, item, rows, asker, network, steps=steps)
    on_hand = _here(rows, rows.available if rows.on_hand is None else rows.on_hand, count)
    free = _here(rows, np.maximum(free_units(rows), 0), count)
    there = _here(fresh, np.maximum(free_units(fresh), 0), count)
    unreserved = there
    if rows.on_hand is not None and rows.reserved is not None:
        unreserved = _here(rows, np.maximum(rows.on_hand - rows.reserved, 0), count)
    before = [
        Step(RESERVED, "", on_hand - unreserved),
        Step(INACTIVE, "", unreserved - there),
        Step(FEED_LATE, "", there - free),
    ]
    exposed = _here(rows, shown.available, count)
    every = [step for step in (*before, *steps) if step.units.any()]
    asked = sorted(network.index[node] for node in nodes if node in network.index)
    positions = asked or np.flatnonzero(on_hand).tolist()
    by_node = tuple(_node(network.nodes[at].node, at, on_hand, every, exposed) for at in positions)
    falls = [Fall(step.kind, step.rule, int(step.units[positions].sum())) for step in every]
    left = int(exposed[positions].sum())
    if not asked:
        left, more = _over_nodes(exposure, item, asker, pool, left)
        falls += more
    is_coming = (rows.available_from > 0.0) & np.isin(rows.node_index, positions if asked else network.positions)
    return Waterfall(
        asker.class_name,
        int(on_hand[positions].sum()),
        tuple(fall for fall in falls if fall.units),
        left,
        int(shown.available[is_coming].sum()),
        by_node,
    )


def _over_nodes(exposure: Exposure, item: Item, asker: Asker, pool: Pool, left: int) -> tuple[int, list[Fall]]:
    """What buffers and quotas leave of the sum over all nodes."""
    rules = exposure.of_item(item, pool.network, asker)
    falls = []
    kept = buffer_units(rules, asker, left)
    if kept:
        label = next(one.label for one in rules.buffers if not one.rule.channels or asker.channel in one.rule.channels)
        falls.append(Fall("channel_buffer", label, kept))
        left -= kept
    for quota in quotas_of(exposure.consumed, rules, asker, item.sku):
        if quota.left < left:
            falls.append(Fall("product_allocation", quota.draw.rule, left - quota.left))
            left = quota.left
    return left, falls


def _node(node: NodeId, at: int, on_hand: Units, steps: Iterable[Step], exposed: Units) -> NodeWaterfall:
    falls = tuple(Fall(step.kind, step.rule, int(step.units[at])) for step in steps if step.units[at])
    return NodeWaterfall(node, int(on_hand[at]), falls, int(exposed[at]))


def _here(rows: SupplyRows, units: BookUnits, count: int) -> Units:
    here = rows.available_from == 0.0
    return np.bincount(rows.node_index[here], units[here], count)[:count].astype(np.int64)
