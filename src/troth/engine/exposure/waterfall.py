"""The waterfall of a SKU for an asker: every unit, on hand or to come, down to what may be sold, with what took it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.demand.shelf_life import fresh_rows
from troth.engine.exposure.accepting import find_most
from troth.engine.exposure.amounts import Units
from troth.engine.exposure.asker import Asker
from troth.engine.exposure.caps import Account, Step
from troth.engine.exposure.compiled import compile_exposure
from troth.engine.exposure.expose import expose, free_units
from troth.engine.exposure.floors import Named
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.taking import Pool
from troth.engine.supply.overdue import timely_rows
from troth.engine.supply.pooled import Pooled
from troth.engine.supply.supply import QUANTITY_MAX, SupplyRows
from troth.model.ids import NodeId, Sku
from troth.model.inventory import Source
from troth.model.item import Item
from troth.model.network import NodeType
from troth.model.plan import Demand
from troth.model.value import dataclass

EXPIRED: Final = "expired"
RESERVED: Final = "reserved"
INACTIVE: Final = "inactive"
OVERDUE: Final = "overdue"
FEED_LATE: Final = "feed_late"
TOO_OLD: Final = "too_old"
BACKORDER_MAX: Final = "backorder_max"
AT_NODES: Final = (
    EXPIRED, RESERVED, INACTIVE, OVERDUE, FEED_LATE, TOO_OLD, "look_ahead", "unfindable", "safety_stock", "protected",
    "threshold", "excluded",
)  # fmt: skip
"""What takes units of single supplies, in this order."""

Cap = Callable[[Sku, SupplyRows], SupplyRows]
"""The rows of a SKU with no more of what is to come than may be backordered."""


@dataclass(frozen=True, slots=True)
class Fall:
    """Units that one reason, or one rule, takes; an empty rule is none of a document."""

    kind: str
    rule: str
    units: int


@dataclass(frozen=True, slots=True)
class NodeWaterfall:
    """A node's units: on hand, what is taken of them in order, and what is left to be shown. Of a kit `binding` is the
    component of which there is least.
    """

    node: NodeId
    on_hand: int
    falls: tuple[Fall, ...]
    exposed: int
    type: NodeType = NodeType.DC
    binding: Sku | None = None

    @property
    def by_kind(self) -> dict[str, int]:
        """What is taken by each kind of reason."""
        taken: dict[str, int] = {}
        for one in self.falls:
            taken[one.kind] = taken.get(one.kind, 0) + one.units
        return taken


@dataclass(frozen=True, slots=True)
class DatedWaterfall:
    """Units that are to come to a node: out of what, when, what is taken of them, and what is left to be promised."""

    node: NodeId
    source: Source
    expected_at: datetime | None
    units: int
    falls: tuple[Fall, ...]
    exposed: int


@dataclass(frozen=True, slots=True)
class PartWaterfall:
    """A component of a kit: how many of it a kit takes, how many lie at nodes, and how many of those are exposed."""

    sku: Sku
    each: int
    on_hand: int
    exposed: int
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The same over all nodes (or those that were asked for), and what sums over nodes then take: `available` is what
    may be sold.

    `class_name` is the asker's class, `incoming` what they may be promised of the `dated` supply, and `incoming_falls`
    what sums take of that. Of a kit `parts` are its components, and `binding` is that of which there is least.
    """

    class_name: str
    on_hand: int
    falls: tuple[Fall, ...]
    available: int
    incoming: int
    nodes: tuple[NodeWaterfall, ...]
    dated: tuple[DatedWaterfall, ...] = ()
    incoming_falls: tuple[Fall, ...] = ()
    decimals: int = 0
    parts: tuple[PartWaterfall, ...] = ()
    binding: Sku | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """Where the units of each row (R) of a SKU go: those on the books, what is taken of them in `steps`, what is left
    at nodes, what sums over nodes take of that (`over`), and what may then be taken.
    """

    rows: SupplyRows
    books: Units
    steps: tuple[Step, ...]
    exposed: Units
    over: tuple[Step, ...]
    taken: Units
    pools: tuple[Pooled, ...] = ()


def find_waterfall(
    pool: Pool,
    demand: Demand,
    item: Item,
    rows: SupplyRows,
    *,
    nodes: Iterable[NodeId] = (),
    cap: Cap = lambda _sku, rows: rows,
) -> Waterfall:
    """The waterfall of an item's rows for whoever asks for the demand; of some nodes, or of all that have any units."""
    network = pool.network
    pool, asker = known_asker(pool, demand)
    flow = find_flow(pool, demand, item, rows, asker, cap=cap)
    asked = positions_of(nodes, network)
    here = rows.available_from == 0.0
    on_hand = at_nodes(flow.books, rows, network)
    positions = asked or np.flatnonzero(on_hand).tolist()
    steps = [(step.kind, step.rule, at_nodes(step.units, rows, network)) for step in flow.steps]
    exposed = at_nodes(flow.exposed, rows, network)
    falls = [Fall(kind, rule, int(units[positions].sum())) for kind, rule, units in steps]
    is_coming = ~here & np.isin(rows.node_index, asked or network.positions)
    if asked:
        is_here = here & np.isin(rows.node_index, asked)
        available, incoming, over, incoming_falls = find_sums(
            lambda units: find_flow(pool, demand, item, rows, asker, asked=units, cap=cap), is_here, is_coming
        )
    else:
        over = [Fall(step.kind, step.rule, int(step.units[here].sum())) for step in flow.over]
        incoming_falls = [Fall(step.kind, step.rule, int(step.units[is_coming].sum())) for step in flow.over]
        available, incoming = int(flow.taken[here].sum()), int(flow.taken[is_coming].sum())
    falls += over
    return Waterfall(
        asker.class_name,
        int(on_hand[positions].sum()),
        some_of(falls),
        available,
        incoming,
        tuple(_node(network, at, on_hand, steps, exposed) for at in positions),
        tuple(_dated(network, flow, row) for row in np.flatnonzero(is_coming & (flow.books > 0)).tolist()),
        some_of(incoming_falls),
        item.decimals,
    )


def find_flow(
    pool: Pool,
    demand: Demand,
    item: Item,
    rows: SupplyRows,
    asker: Asker,
    *,
    kept: Sequence[Named] = (),
    asked: int = QUANTITY_MAX,
    cap: Cap = lambda _sku, rows: rows,
) -> Flow:
    """Where the units of each row go when so many are asked for."""
    account = Account()
    fresh = fresh_rows(rows, pool.now.timestamp())
    usable = pool.usable(demand, item.sku, rows)
    shown = expose(pool.exposure, item, usable, asker, pool.network, asked=asked, kept=kept, account=account)
    books = rows.available if rows.on_hand is None else rows.on_hand.astype(np.int64)
    good = fresh.available if fresh.on_hand is None else fresh.on_hand.astype(np.int64)
    free = np.maximum(free_units(fresh), 0)
    timely = np.maximum(free_units(timely_rows(fresh, pool.now.timestamp())), 0)
    fed = np.maximum(free_units(pool.there(item.sku, rows)), 0)
    unreserved = free
    if fresh.on_hand is not None and fresh.reserved is not None:
        unreserved = np.maximum(fresh.on_hand - fresh.reserved, 0).astype(np.int64)
    before = (
        Step(EXPIRED, "", books - good),
        Step(RESERVED, "", good - unreserved),
        Step(INACTIVE, "", unreserved - free),
        Step(OVERDUE, "", free - timely),
        Step(FEED_LATE, "", timely - fed),
        Step(TOO_OLD, "", fed - np.maximum(free_units(usable), 0)),
    )
    taken = cap(item.sku, shown).available
    over = (*account.over, Step(BACKORDER_MAX, "", shown.available - taken))
    return Flow(rows, books, (*before, *account.steps), account.exposed, over, taken, shown.pools)


def find_sums(
    ask: Callable[[int], Flow], here: NDArray[np.bool_], coming: NDArray[np.bool_]
) -> tuple[int, int, list[Fall], list[Fall]]:
    """What is accepted of some rows (R) that are there now and of some to come, and what sums over all nodes take of
    either.

    Such a sum leaves it open which nodes give: one of them gives as much as is taken there when so much is asked for.
    What keeps it from one unit more is what takes the rest.
    """
    least = ask(0)
    both = here | coming
    total = find_most(lambda units: int(ask(units).taken[both].sum()), int(least.taken[both].sum()))
    now = find_most(lambda units: int(ask(units).taken[here].sum()), min(total, int(least.taken[here].sum())))
    more, most = ask(now + 1), ask(total + 1)
    kept = int(least.exposed[here].sum()) - now
    kept_coming = int(least.exposed[coming].sum()) - (total - now)
    return now, total - now, _share_over(more, here, kept), _share_over(most, coming, kept_coming)


def _share_over(flow: Flow, of: NDArray[np.bool_], kept: int) -> list[Fall]:
    """So many kept units of some rows, by what takes of them; what a rule takes only elsewhere is left to the last."""
    falls: list[Fall] = []
    for step in flow.over:
        units = min(kept - sum(fall.units for fall in falls), int(step.units[of].sum()))
        if units > 0:
            falls.append(Fall(step.kind, step.rule, units))
    left = kept - sum(fall.units for fall in falls)
    if left:
        step = max(flow.over, key=lambda one: int(one.units.sum()))
        falls.append(Fall(step.kind, step.rule, left))
    return falls


def known_asker(pool: Pool, demand: Demand) -> tuple[Pool, Asker]:
    """The pool with the rules that are in force, or with none of them, and whoever asks."""
    ruled = replace(pool, exposure=pool.exposure or Exposure(compile_exposure((), pool.now)))
    asker = ruled.asker(demand)
    assert asker is not None
    return ruled, asker


def positions_of(nodes: Iterable[NodeId], network: Network) -> list[int]:
    """The positions of nodes, in order."""
    return sorted(network.index[node] for node in nodes if node in network.index)


def at_nodes(units: Units, rows: SupplyRows, network: Network) -> Units:
    """What nodes (N) have on hand of so many units of each row (R)."""
    here, count = rows.available_from == 0.0, len(network.nodes)
    return np.bincount(rows.node_index[here], units[here], count)[:count].astype(np.int64)


def some_of(falls: Iterable[Fall]) -> tuple[Fall, ...]:
    """Those that take anything; what one rule takes of several things is one fall."""
    found: dict[tuple[str, str], int] = {}
    for fall in falls:
        found[fall.kind, fall.rule] = found.get((fall.kind, fall.rule), 0) + fall.units
    return tuple(Fall(kind, rule, units) for (kind, rule), units in found.items() if units)


def _node(
    network: Network, at: int, on_hand: Units, steps: Sequence[tuple[str, str, Units]], exposed: Units
) -> NodeWaterfall:
    falls = some_of(Fall(kind, rule, int(units[at])) for kind, rule, units in steps)
    return NodeWaterfall(network.nodes[at].node, int(on_hand[at]), falls, int(exposed[at]), network.nodes[at].type)


def _dated(network: Network, flow: Flow, row: int) -> DatedWaterfall:
    rows = flow.rows
    at = float(rows.available_from[row])
    return DatedWaterfall(
        network.nodes[rows.node_index[row]].node,
        rows.sources[row],
        datetime.fromtimestamp(at, UTC) if at > 1.0 else None,
        int(flow.books[row]),
        some_of(Fall(step.kind, step.rule, int(step.units[row])) for step in flow.steps),
        int(flow.exposed[row]),
    )
