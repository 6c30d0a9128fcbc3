"""Rivals: the same orders of the large sample retailer, sourced by the rules of other systems and by ours.

Every rule has the stock for itself and uses it up as orders come. What a rule chooses is priced by the same rate cards,
handling and packaging, and promised by the same calendars; a service that the customer asked for is kept by all.
Nothing is charged for splits or delays: the figures are money that is paid out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Figure, figure, publish
from benchmarks.rival_rules import RULES, Sight
from troth.engine.carriage.network import Network, compile_network
from troth.engine.demand.availability import pose_question
from troth.engine.promising.promise import plan
from troth.engine.supply.supply import SupplyRows
from troth.flows.places.places import locate
from troth.model.ids import LineId, Sku
from troth.model.inventory import ON_HAND
from troth.model.item import Item
from troth.model.network import Address, NodeType
from troth.model.order import Method
from troth.model.plan import Demand, DemandLine, Plan
from troth.model.policy import Policy
from troth.replay.demand import draw_orders
from troth.replay.retailer.retailer import Retailer, make_retailer

_ORDERS: Final = 1_500
_ROUNDS: Final = 3
_TODAY: Final = date(2026, 11, 23)
_WITHIN_DAYS: Final = {"standard": 6, "express": 3, "next_day": 2}
"""By the end of which day after the order (in the west) an order of each service is wanted: a shop's promise."""

_PAID_OUT: Final = Policy(version="paid-out", split_minor=0, delay_minor_per_day=0, late_minor_per_day=100_000)
"""Our rule in this comparison: the cheapest plan among those that keep the date."""

_OURS: Final = "troth"


@dataclass(frozen=True, slots=True)
class _Order:
    """An order as all rules see it, and the segments that it counts in."""

    demand: Demand
    at: datetime
    segments: tuple[str, ...]


@dataclass(slots=True)
class _Score:
    """What a rule made of the orders: by order the money paid out, shipments, units not sent, and whether in time."""

    cost: dict[int, int] = field(default_factory=dict)
    shipments: dict[int, int] = field(default_factory=dict)
    missing: dict[int, int] = field(default_factory=dict)
    is_on_time: dict[int, bool] = field(default_factory=dict)


class _Stock:
    """One rule's stock on hand: units by node (N) of each SKU."""

    def __init__(self, units: Mapping[Sku, NDArray[np.int64]], nodes: int) -> None:
        self._units = units
        self._own: dict[Sku, NDArray[np.int64]] = {}
        self._none = np.zeros(nodes, dtype=np.int64)

    def of(self, sku: Sku) -> NDArray[np.int64]:
        """What is left of a SKU."""
        return self._own.get(sku, self._units.get(sku, self._none))

    def take(self, sku: Sku, node: int, units: int) -> None:
        """Send units; AssertionError where they are not there."""
        left = self._own.setdefault(sku, self.of(sku).copy())
        left[node] -= units
        assert left[node] >= 0, "a rule sent what was not there"


def run(*, seed: int) -> Path:
    """Source some days of orders by every rule, over several draws, and publish cost, shipments and promises kept."""
    rounds = [_round(seed * 100 + number) for number in range(_ROUNDS)]
    figures = list(_figures(rounds))
    notes = (
        f"{_ROUNDS} draws of {_ORDERS} orders to be shipped, large sample retailer. Cost is shipping, handling and "
        "packaging per order that all rules sent whole; the ratio is to ours."
    )
    return publish("rivals", figures, seed=seed, notes=notes)


def _round(seed: int) -> tuple[Sequence[_Order], Mapping[str, _Score]]:
    retailer = make_retailer("large", seed=seed, today=_TODAY)
    network = compile_network(retailer.nodes)
    units = _units_on_hand(retailer, network)
    orders = _orders(retailer, seed)
    rank = _fixed_rank(network)
    scores: dict[str, _Score] = {}
    for name in (*RULES, _OURS):
        stock, score = _Stock(units, len(network.nodes)), _Score()
        for number, order in enumerate(orders):
            _source(name, number, order, stock, score, network, rank)
        scores[name] = score
    return orders, scores


def _source(
    name: str, number: int, order: _Order, stock: _Stock, score: _Score, network: Network, rank: NDArray[np.int64]
) -> None:
    demand = order.demand
    levels = [stock.of(line.sku) for line in demand.lines]
    supply = {line.sku: _rows(level) for line, level in zip(demand.lines, levels, strict=True)}
    if name == _OURS:
        answers = [plan(demand, supply, network, _PAID_OUT, order.at)]
    else:
        taken = RULES[name](_sight(order, levels, supply, network, rank)) if any(map(np.any, levels)) else []
        answers = [
            plan(_part(demand, units), _only(demand, node, units), network, _PAID_OUT, order.at)
            for node, units in taken
        ]
    shipments = [shipment for answer in answers for shipment in answer.shipments]
    for shipment in shipments:
        for peg in shipment.pegs:
            stock.take(peg.sku, network.index[shipment.node], peg.quantity)
    sent = sum(peg.quantity for shipment in shipments for peg in shipment.pegs)
    score.missing[number] = sum(line.quantity for line in demand.lines) - sent
    score.cost[number] = sum(_paid(answer) for answer in answers)
    score.shipments[number] = len(shipments)
    need_by = demand.lines[0].need_by
    assert need_by is not None
    score.is_on_time[number] = all(shipment.promised_at <= need_by for shipment in shipments)


def _paid(answer: Plan) -> int:
    return sum(
        minor for shipment in answer.shipments for part, minor in shipment.cost.items() if part not in ("delay", "late")
    )


def _part(demand: Demand, units: Mapping[int, int]) -> Demand:
    lines = tuple(
        DemandLine(line.line_id, line.sku, units[at], line.weight_grams, line.volume_cm3, line.need_by)
        for at, line in enumerate(demand.lines)
        if at in units
    )
    return Demand(lines, demand.destination, demand.method, service=demand.service)


def _only(demand: Demand, node: int, units: Mapping[int, int]) -> dict[Sku, SupplyRows]:
    return {
        demand.lines[at].sku: SupplyRows(
            np.array([node], dtype=np.int32), np.array([count], dtype=np.int64), np.zeros(1), (ON_HAND,)
        )
        for at, count in units.items()
    }


def _sight(
    order: _Order,
    levels: Sequence[NDArray[np.int64]],
    supply: Mapping[Sku, SupplyRows],
    network: Network,
    rank: NDArray[np.int64],
) -> Sight:
    question = pose_question(order.demand, supply, network, _PAID_OUT, order.at.timestamp())
    count = len(network.nodes)
    can_send, is_in_time = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    need_by = order.demand.lines[0].need_by
    if question.problem is not None and need_by is not None:
        block = question.problem.blocks[0]
        promised = block.timetable.promised_at.take(block.lane).min(axis=0)
        can_send[block.nodes] = promised < 1e12
        is_in_time[block.nodes] = promised <= need_by.timestamp()
    available = np.where(can_send, np.stack(levels), 0)
    return Sight(
        wanted=np.array([line.quantity for line in order.demand.lines], dtype=np.int64),
        available=available,
        miles=_miles(network, order.demand.destination),
        is_in_time=is_in_time,
        rank=rank,
        weeks=available / 2.0,
        unit_minor=network.handling,
    )


def _miles(network: Network, destination: Address | None) -> NDArray[np.float64]:
    """Great-circle miles (N) by the law of cosines."""
    assert destination is not None
    assert destination.latitude is not None
    assert destination.longitude is not None
    phi, theta = np.radians(destination.latitude), np.radians(destination.longitude)
    latitude = np.radians([node.latitude for node in network.nodes])
    longitude = np.radians([node.longitude for node in network.nodes])
    cosine = np.sin(phi) * np.sin(latitude) + np.cos(phi) * np.cos(latitude) * np.cos(longitude - theta)
    miles: NDArray[np.float64] = 3958.8 * np.arccos(np.clip(cosine, -1.0, 1.0))
    return miles


def _fixed_rank(network: Network) -> NDArray[np.int64]:
    """A fixed list as a retailer would make it: DCs, then stores from the cheapest to handle, then vendors."""
    kinds = {NodeType.DC: 0, NodeType.STORE: 1, NodeType.DROP_SHIP: 2}
    keys = sorted(
        range(len(network.nodes)),
        key=lambda at: (
            kinds.get(network.nodes[at].type, 3),
            network.nodes[at].handling_minor + network.nodes[at].shipment_minor,
            network.nodes[at].node,
        ),
    )
    rank = np.empty(len(keys), dtype=np.int64)
    rank[keys] = np.arange(len(keys))
    return rank


def _rows(level: NDArray[np.int64]) -> SupplyRows:
    at = np.flatnonzero(level)
    return SupplyRows(at.astype(np.int32), level[at], np.zeros(at.size), (ON_HAND,) * at.size)


def _units_on_hand(retailer: Retailer, network: Network) -> dict[Sku, NDArray[np.int64]]:
    position = np.array([network.index[node.node] for node in retailer.nodes])
    found: dict[Sku, NDArray[np.int64]] = {}
    for sku, node, units in zip(
        retailer.stock_sku_index.tolist(),
        position[retailer.stock_node_index].tolist(),
        retailer.stock_units.tolist(),
        strict=True,
    ):
        found.setdefault(retailer.items[sku].sku, np.zeros(len(network.nodes), dtype=np.int64))[node] = units
    return found


def _orders(retailer: Retailer, seed: int) -> list[_Order]:
    items = {item.sku: item for item in retailer.items}
    found: list[_Order] = []
    start = datetime.combine(_TODAY, datetime.min.time(), UTC)
    for body in draw_orders(retailer, seed=seed, start=start, orders_per_hour=600.0):
        if body["method"] == "ship":
            found.append(_order(body, items))
            if len(found) == _ORDERS:
                break
    return found


def _order(body: Mapping[str, Any], items: Mapping[Sku, Item]) -> _Order:
    at = datetime.fromisoformat(body["ordered_at"])
    need_by = datetime.combine(at.date() + timedelta(days=_WITHIN_DAYS[body["service"]] + 1), time(8), UTC)
    to = body["ship_to"]
    where = locate(Address(to["country"], city=to["city"], region=to["region"], postcode=to["postcode"]))
    lines = tuple(_line(line, items[Sku(line["sku"])], need_by) for line in body["lines"])
    size = f"{len(lines)} line{'s' if len(lines) > 1 else ''}" if len(lines) < 3 else "3 lines and more"
    segments = ("all", size, body["service"], "b2b" if body["channel"] == "b2b" else "consumers")
    return _Order(Demand(lines, where, Method.SHIP, service=body["service"]), at, segments)


def _line(line: Mapping[str, Any], item: Item, need_by: datetime) -> DemandLine:
    length, width, height = item.dimensions_mm
    return DemandLine(
        LineId(line["line_id"]),
        item.sku,
        line["quantity"],
        item.weight_grams,
        length * width * height // 1000,
        need_by,
    )


def _figures(rounds: Sequence[tuple[Sequence[_Order], Mapping[str, _Score]]]) -> Iterable[Figure]:
    segments = sorted({segment for orders, _ in rounds for order in orders for segment in order.segments})
    segments.sort(key=lambda segment: (segment != "all", segment))
    for segment in segments:
        cost: dict[str, list[float]] = defaultdict(list)
        parcels: dict[str, list[float]] = defaultdict(list)
        kept: dict[str, list[float]] = defaultdict(list)
        differences: dict[str, list[float]] = defaultdict(list)
        for orders, scores in rounds:
            members = [number for number, order in enumerate(orders) if segment in order.segments]
            whole = [number for number in members if not any(score.missing[number] for score in scores.values())]
            for name, score in scores.items():
                cost[name].append(fmean(score.cost[number] for number in whole) / 100)
                parcels[name].append(fmean(score.shipments[number] for number in whole))
                kept[name].append(100 * fmean(score.is_on_time[number] for number in whole))
                differences[name] += [(score.cost[number] - scores[_OURS].cost[number]) / 100 for number in whole]
        key = segment.replace(" ", "_")
        for name in (_OURS, *RULES):
            error = stdev(differences[name]) / len(differences[name]) ** 0.5
            label = f"{key}.{name}"
            yield figure(
                f"{label}.cost",
                "USD/order",
                cost[name],
                baseline="troth" if name != _OURS else "",
                baseline_values=cost[_OURS] if name != _OURS else (),
                better="more",
            )
            if name != _OURS:
                yield figure(
                    f"{label}.dearer_by",
                    "USD/order",
                    [fmean(differences[name])],
                    baseline="standard error of it",
                    baseline_values=[error],
                    better="more",
                )
            yield figure(f"{label}.shipments", "per order", parcels[name])
            yield figure(f"{label}.on_time", "%", kept[name])
