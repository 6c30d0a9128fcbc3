"""The network as the engine uses it: nodes sorted by id, their facts as arrays, and a memory of what only depends on
them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import WorkClock, work_clock
from troth.engine.carriage.distance import points_on_sphere
from troth.engine.carriage.lane_table import LaneIndex, Spans, compile_spans, index_lanes
from troth.engine.carriage.node_load import Limits, NodeLoad, compile_limits
from troth.engine.carriage.offers import Offer, compile_offer
from troth.engine.carriage.public_holidays import FindDays, holidays_of, no_days
from troth.engine.carriage.rate_cards import DEFAULT_CARDS, HAND_OVER, LOCAL_DELIVERY
from troth.model.ids import NodeId
from troth.model.lanes import NO_LANES, LaneTable
from troth.model.network import Carriage, Node, NodeType, RateCard
from troth.model.order import Method
from troth.model.value import dataclass

_DELIVERING: Final = frozenset({NodeType.STORE, NodeType.DC})


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """All nodes with what they offer. N is the number of nodes; arrays of nodes are in the order of `nodes`, which is
    by id.

    `points` (3, N) are where they are on a sphere of radius 1. `clock_index` (N) points into `clocks`, the distinct
    work clocks, and so do the rows of `clocks_by_service` for the services that have a cut-off of their own somewhere.
    `homes` (N) are the positions from which goods come that are handed over at each node: its own, of a locker that of
    its store (-1: it is not there).
    Costs are float64 made from minor units here and nowhere else.
    A node's next stock feed is late after so many seconds (`feed_due`, N; infinite: never; None: no node has any).
    `public_holidays` finds the public holidays of a place.
    `limits` are the nodes' capacities (None: no node has one) and `load` is what is promised of them:
    whoever commits promises moves it, and every copy of a network that has promises of its own has a load of its own.
    `memory` holds pure functions' results (zones by destination, dates by minute), bounded; it never
    changes an answer.
    """

    nodes: tuple[Node, ...]
    index: Mapping[NodeId, int]
    positions: NDArray[np.intp]
    points: NDArray[np.float64]
    handling: NDArray[np.float64]
    shipment: NDArray[np.float64]
    clocks: tuple[WorkClock, ...]
    clock_index: NDArray[np.intp]
    clocks_by_service: Mapping[str, NDArray[np.intp]]
    is_active: NDArray[np.bool_]
    is_pickup: NDArray[np.bool_]
    homes: NDArray[np.intp]
    countries: NDArray[np.str_]
    ship: Offer
    delivery: Offer
    hand_over: Offer
    ship_spans: Spans
    delivery_spans: Spans
    hand_over_spans: Spans
    lane_index: LaneIndex
    public_holidays: FindDays
    limits: Limits | None
    feed_due: NDArray[np.float64] | None
    load: NodeLoad = field(repr=False)
    memory: "Memory" = field(repr=False)

    def clocks_of(self, service: str) -> NDArray[np.intp]:
        """Of each node (N) the position of the clock by which it works on what goes by a service."""
        return self.clocks_by_service.get(service, self.clock_index)

    def clock_of(self, position: int, service: str) -> WorkClock:
        """The clock by which a node works on what goes by a service."""
        return self.clocks[self.clocks_of(service).item(position)]

    def in_country(self, country: str) -> NDArray[np.bool_]:
        """The nodes (N) of a country, remembered."""
        found = self.memory.tables["countries"].get(country)
        if isinstance(found, np.ndarray):
            return found
        inside: NDArray[np.bool_] = self.countries == country
        self.memory.keep("countries", country, inside)
        return inside

    def with_load(self, load: NodeLoad | None = None) -> "Network":
        """The same network with another load; with none at all by default."""
        return replace(self, load=NodeLoad(self.index) if load is None else load)

    @property
    def has_lockers(self) -> bool:
        """Whether any node hands over what is not its own."""
        return not np.array_equal(self.homes, self.positions)

    def hands_over_from(self, node: NodeId | None) -> int:
        """The position from which goods come that are handed over at a node; -1: it is not known."""
        at = -1 if node is None else self.index.get(node, -1)
        return at if at < 0 else self.homes.item(at)

    def offer(self, method: Method) -> Offer:
        """The offer of a method."""
        if method is Method.SHIP:
            return self.ship
        return self.delivery if method is Method.DELIVERY else self.hand_over

    def spans(self, method: Method) -> Spans:
        """The days of transit of a method."""
        if method is Method.SHIP:
            return self.ship_spans
        return self.delivery_spans if method is Method.DELIVERY else self.hand_over_spans


class Memory:
    """Bounded memory of pure functions: a full table is emptied, so that an entry costs one dict look-up and no
    bookkeeping.
    """

    __slots__ = ("entries_max", "tables")

    def __init__(self, entries_max: Mapping[str, int]) -> None:
        self.entries_max = dict(entries_max)
        self.tables: dict[str, dict[object, object]] = {name: {} for name in entries_max}

    def keep(self, table: str, key: object, value: object) -> None:
        """Remember a value; forgets the whole table first where it is full."""
        entries = self.tables[table]
        if len(entries) >= self.entries_max[table]:
            entries.clear()
        entries[key] = value


def compile_network(
    nodes: Sequence[Node],
    cards: Sequence[RateCard] = DEFAULT_CARDS,
    lanes: LaneTable = NO_LANES,
    public_holidays: FindDays = no_days,
) -> Network:
    """The network of these nodes and rate cards, and of what is known about lanes. Of two nodes with one id the last
    wins; of two cards of one service both are offered. Where no card is one of local delivery, the built-in one is.

    `public_holidays` finds those of a place, which carriers keep; holidays of nodes and cards are dates by now.
    """
    by_id = {node.node: node for node in nodes}
    ordered = tuple(by_id[key] for key in sorted(by_id))
    index = {node.node: position for position, node in enumerate(ordered)}
    clocks: dict[WorkClock, int] = {}
    local = [holidays_of(public_holidays, node.address) for node in ordered]
    clock_index = [
        clocks.setdefault(work_clock(node, "", days), len(clocks)) for node, days in zip(ordered, local, strict=True)
    ]
    named = {row.service for node in ordered for row in node.cut_offs if row.service}
    by_service = {
        service: np.array(
            [
                clocks.setdefault(work_clock(node, service, days), len(clocks))
                for node, days in zip(ordered, local, strict=True)
            ],
            dtype=np.intp,
        )
        for service in sorted(named)
    }
    count = max(1, len(ordered))
    is_active = np.array([node.active for node in ordered], dtype=np.bool_)
    is_pickup = np.array([_hands_over(node, by_id) for node in ordered], dtype=np.bool_)
    parcels = [card for card in cards if card.method is Carriage.SHIP]
    vans = [card for card in cards if card.method is Carriage.DELIVERY] or [LOCAL_DELIVERY]
    ship = _offer(ordered, parcels, is_active)
    delivery = _offer(ordered, vans, is_active)
    hand_over = compile_offer((HAND_OVER,), is_pickup[np.newaxis])
    lane_index = index_lanes(lanes)
    ship_spans = compile_spans(ship, lane_index)
    lanes_count = len(clocks) * len(ship.cards) * ship_spans.width
    return Network(
        nodes=ordered,
        index=index,
        positions=np.arange(len(ordered), dtype=np.intp),
        points=points_on_sphere(
            np.array([node.latitude for node in ordered], dtype=np.float64),
            np.array([node.longitude for node in ordered], dtype=np.float64),
        ),
        handling=np.array([node.handling_minor for node in ordered], dtype=np.float64),
        shipment=np.array([node.shipment_minor for node in ordered], dtype=np.float64),
        clocks=tuple(clocks),
        clock_index=np.array(clock_index, dtype=np.intp),
        clocks_by_service=by_service,
        is_active=is_active,
        is_pickup=is_pickup,
        homes=_homes(ordered, index),
        countries=np.array([node.address.country.upper() for node in ordered], dtype=np.str_),
        ship=ship,
        delivery=delivery,
        hand_over=hand_over,
        ship_spans=ship_spans,
        delivery_spans=compile_spans(delivery, lane_index),
        hand_over_spans=compile_spans(hand_over, lane_index),
        lane_index=lane_index,
        public_holidays=public_holidays,
        limits=compile_limits(ordered),
        feed_due=_due_seconds(ordered),
        load=NodeLoad(index),
        memory=Memory(
            {
                **dict.fromkeys(
                    ("lanes", "kinds", "ways"), min(16_384, max(256, 2_000_000 // (count * max(1, len(cards)))))
                ),
                "timetables": min(1024, max(32, 4_000_000 // max(1, lanes_count))),
                "dates": max(16_384, 40 * len(clocks)),
                "standings": 4096,
                "lasting": 256,
                "destinations": 4096,
                "pickups": 16_384,
                "wanted": min(4096, max(64, 500_000 // max(1, count))),
                "digest": 1,
                "costs": 2,
                "offers": 32,
                "figures": max(256, 2_000_000 // count),
                "able": 256,
                "regions": 256,
                "countries": 256,
            }
        ),
    )


def _hands_over(node: Node, nodes: Mapping[NodeId, Node]) -> bool:
    """Whether customers pick up at a node; out of a locker only while its store hands over as well."""
    home = node if node.locker is None else nodes.get(node.locker.home)
    return node.pickup and node.active and home is not None and home.pickup and home.active


def _homes(nodes: Sequence[Node], index: Mapping[NodeId, int]) -> NDArray[np.intp]:
    return np.array(
        [at if node.locker is None else index.get(node.locker.home, -1) for at, node in enumerate(nodes)], dtype=np.intp
    )


def _due_seconds(nodes: Sequence[Node]) -> NDArray[np.float64] | None:
    hours = [node.feed_due_every_hours for node in nodes]
    if not any(hours):
        return None
    return np.array([np.inf if each is None else each * 3600.0 for each in hours], dtype=np.float64)


def _offer(nodes: Sequence[Node], cards: Sequence[RateCard], is_active: NDArray[np.bool_]) -> Offer:
    rows = np.array([_offers(nodes, card) & is_active for card in cards], dtype=np.bool_)
    return compile_offer(cards, rows.reshape(len(cards), len(nodes)))


def _offers(nodes: Sequence[Node], card: RateCard) -> NDArray[np.bool_]:
    """The nodes (N) that offer a card: those without a list of services offer all. Only stores and DCs have vans."""
    return np.array(
        [
            (not node.services or card.service in node.services)
            and (card.method is Carriage.SHIP or node.type in _DELIVERING)
            for node in nodes
        ],
        dtype=np.bool_,
    )
