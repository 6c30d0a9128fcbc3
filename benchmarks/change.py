"""Changes of large business orders: forty lines that are wanted months ahead, promised anew as one against what twenty
nodes have on hand and what twelve purchase orders bring, beside the same change made line by line.
"""

import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.random_orders import make_network
from benchmarks.report import Figure, figure, publish
from troth.engine.promising.context import Decision
from troth.model.capture_order import CaptureOrder
from troth.model.change import ChangeAction, SetDates, SetQuantity
from troth.model.commands import AdjustStock, ChangeOrder, ExpectedLine, ExpectSupply
from troth.model.ids import LineId, NodeId, Sku, derive_order_id
from troth.model.inventory import SupplyKey
from troth.model.item import Item
from troth.model.network import Address
from troth.model.order import Customer, Line, Method, Order
from troth.model.policy import Policy
from troth.model.status import promise_of
from troth.replay.world import World

_NODES: Final = 20
_PURCHASE_ORDERS: Final = 12
_LINES: Final = 40
_ROUNDS: Final = 3
_CHANGES: Final = 6
_NOW: Final = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
_HORIZON_DAYS: Final = 120
_WINDOWS: Final = (14, 35, 63, 91, _HORIZON_DAYS)
"""The days from now on which the weeks end for which lines are wanted."""

_POLICY: Final = Policy(shipments_max=60)
_TO: Final = Address("US", city="Chicago", region="IL", postcode="60601", latitude=41.88, longitude=-87.63)
_LINE_BY_LINE: Final = "the same change, one line at a time"


@dataclass(slots=True)
class _Seen:
    """What a round took, in milliseconds of processor time, and what came of it, in lines, changes and orders."""

    whole: list[float] = field(default_factory=list)
    apart: list[float] = field(default_factory=list)
    accepted: int = 0
    lines: int = 0
    lines_in_time: int = 0
    others_moved: int = 0


def run(*, seed: int) -> Path:
    """Measure changes of all lines of an order, and of one; the path of the results."""
    random = np.random.default_rng(seed)
    figures = [*_measure(random, "k40_n20_po12", changed=_LINES), *_measure(random, "k1_of_40", changed=1)]
    notes = (
        f"deciding a change in process, processor time of one thread; orders of {_LINES} lines wanted up to"
        f" {_HORIZON_DAYS} days ahead, {_NODES} nodes, each with 30 to 80 % of the items, {_PURCHASE_ORDERS} purchase"
        f" orders, other orders on the same supply; of what is changed half gets another quantity, half other dates;"
        f" {_ROUNDS} rounds of {_CHANGES} changes"
    )
    return publish("change", figures, seed=seed, notes=notes)


def _measure(random: np.random.Generator, name: str, *, changed: int) -> list[Figure]:
    """What changes of so many lines of an order take, and what comes of them."""
    rounds = [_round(random, changed) for _ in range(_ROUNDS)]
    figures = [
        figure(
            f"{name}.{stem}",
            "ms",
            [float(np.percentile(one.whole, share)) for one in rounds],
            baseline=_LINE_BY_LINE if changed > 1 else "",
            baseline_values=[float(np.percentile(one.apart, share)) for one in rounds] if changed > 1 else (),
        )
        for stem, share in (("p50_ms", 50), ("max_ms", 100))
    ]
    figures += [
        figure(f"{name}.accepted_pct", "%", [100.0 * one.accepted / _CHANGES for one in rounds]),
        figure(f"{name}.in_time_pct", "%", [100.0 * one.lines_in_time / one.lines for one in rounds]),
        figure(f"{name}.others_moved", "orders", [float(one.others_moved) for one in rounds]),
    ]
    print(f"  {name}: p50 {figures[0].value:.0f} ms, max {figures[1].value:.0f} ms", flush=True)
    return figures


def _round(random: np.random.Generator, changed: int) -> _Seen:
    world = _world(random)
    mine, *others = [_captured(world, f"B-{number}", random) for number in range(3)]
    seen = _Seen()
    for _ in range(_CHANGES):
        actions = list(_actions(random, world.orders[mine.order_id], changed))
        if changed > 1:
            twin = deepcopy(world)
            seen.apart.append(sum(_timed(twin, mine, (action,))[0] for action in actions))
        took, is_accepted = _timed(world, mine, actions)
        seen.whole.append(took)
        seen.accepted += is_accepted
        seen.others_moved += sum(world.orders[other.order_id] is not other for other in others)
        order = world.orders[mine.order_id]
        for line in order.lines:
            promised = promise_of(order, line.line_id)
            seen.lines += 1
            seen.lines_in_time += promised is not None and (line.need_by is None or promised <= line.need_by)
    return seen


def _timed(world: World, order: Order, actions: Sequence[ChangeAction]) -> tuple[float, bool]:
    """The milliseconds of a change, and whether it was accepted."""
    command = ChangeOrder(order.order_id, tuple(actions), "other quantities and dates")
    begun = time.process_time()
    decision = world.apply(command, now=_NOW)
    return 1e3 * (time.process_time() - begun), isinstance(decision, Decision)


def _world(random: np.random.Generator) -> World:
    """A network whose nodes have some of the items now, and get more by purchase orders over the next months."""
    network = make_network(random, _NODES)
    skus = [Sku(f"S{number:02d}") for number in range(_LINES)]
    world = World(
        network,
        {sku: Item(sku, weight_grams=int(random.integers(50, 400))) for sku in skus},
        _POLICY,
        clock=time.process_time,
    )
    nodes = [node.node for node in network.nodes]
    for node in nodes:
        share = random.uniform(0.3, 0.8)
        for sku in skus:
            if random.random() < share:
                units = int(random.integers(5, 120))
                world.apply(AdjustStock(SupplyKey(sku, node), units, "initial"), now=_NOW)
    for number in range(_PURCHASE_ORDERS):
        at = _NOW + timedelta(days=int(random.integers(5, _HORIZON_DAYS - 20)))
        lines = (
            ExpectedLine(line, NodeId(str(random.choice(nodes))), sku, int(random.integers(100, 500)), at)
            for line, sku in enumerate(random.permutation(skus)[: _LINES // 2].tolist(), 1)
        )
        world.apply(ExpectSupply(f"PO-{number:02d}", tuple(lines)), now=_NOW)
    return world


def _captured(world: World, external_id: str, random: np.random.Generator) -> Order:
    """A business order of every item, each wanted within some weeks of the horizon."""
    lines = tuple(
        Line(LineId(str(number)), Sku(f"S{number:02d}"), int(random.integers(20, 100)), 1_990, *_dates(random))
        for number in range(_LINES)
    )
    command = CaptureOrder(
        order_id=derive_order_id(channel="edi", external_id=external_id),
        channel="edi",
        external_id=external_id,
        digest=external_id,
        currency="USD",
        ordered_at=_NOW,
        customer=Customer("ACCOUNT-1"),
        ship_to=_TO,
        method=Method.SHIP,
        pickup_node=None,
        service="",
        ship_complete=False,
        lines=lines,
    )
    decision = world.apply(command, now=_NOW)
    if not isinstance(decision, Decision):
        raise RuntimeError(f"the order to be changed is refused: {decision}")
    return decision.changes[0].after


def _dates(random: np.random.Generator) -> tuple[datetime, datetime]:
    """By when a line is needed and not before when it is wanted: a week, one of a few within the horizon."""
    days = int(random.choice(_WINDOWS))
    return _NOW + timedelta(days=days), _NOW + timedelta(days=days - 7)


def _actions(random: np.random.Generator, order: Order, count: int) -> Iterator[ChangeAction]:
    """Other quantities for half of so many lines, other dates for the others."""
    for place, at in enumerate(random.permutation(len(order.lines))[:count].tolist()):
        line = order.lines[at]
        if place % 2:
            yield SetQuantity(line.line_id, max(1, line.quantity + int(random.integers(-20, 21))))
        else:
            need_by, not_before = _dates(random)
            yield SetDates(line.line_id, not_before, need_by)
