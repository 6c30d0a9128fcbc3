"""A world of delays: nodes and carriers that are on time or not as they are, and parcels whose end is known.

It tells how well promises that will be missed are found before they are: times are measured in a first part of it, and
everything is predicted again and again in the second.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

import numpy as np

from troth.engine.carriage.calendars import finish_work, instant, minute_of
from troth.engine.carriage.network import Network, compile_network
from troth.engine.tracking.measured import learn_times
from troth.engine.tracking.milestones import milestones_of, next_step
from troth.engine.tracking.observe import find_times
from troth.engine.tracking.predict import Moment, predict, predict_carried
from troth.model.events import FulfillmentDelivered, FulfillmentShipped, PartsChange
from troth.model.ids import FulfillmentId, LineId, NodeId, OrderId, Sku
from troth.model.lifecycle import AllocationState
from troth.model.measured import CellName, Measured
from troth.model.network import Calendar, Node, NodeType
from troth.model.order import Allocation, Customer, Fulfillment, Line, Method, Order, Package
from troth.model.tracking import Checkpoint, Step, TrackStatus
from troth.model.value import dataclass

BEGINS: Final = datetime(2026, 3, 2, 15, tzinfo=UTC)
LOOK_EVERY: Final = timedelta(hours=2)
_LINE: Final = LineId("1")
_OFFICE: Final = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(8), closes=time(18))
_READY: Final = 120


@dataclass(frozen=True, slots=True)
class Habits:
    """How a node works or a carrier brings parcels: the share that is late (`late`), by how many hours or multiples of
    the planned time on average (`by`), and how much the others vary around being `early`.
    """

    late: float
    by: float
    early: float
    varies: float


NODES: Final[Mapping[str, Habits]] = {
    "DC-1": Habits(0.02, 2.0, 0.4, 0.15),
    "ST-1": Habits(0.05, 2.5, 0.6, 0.2),
    "ST-2": Habits(0.30, 3.0, 0.7, 0.3),
}
CARRIERS: Final[Mapping[str, Habits]] = {
    "swift": Habits(0.02, 24.0, -7.0, 2.5),
    "usual": Habits(0.07, 26.0, -5.0, 3.0),
    "shaky": Habits(0.35, 30.0, -4.0, 3.0),
}
SCANNING: Final = frozenset({"swift", "usual"})
"""The carriers that say when a parcel is out for delivery."""


@dataclass(frozen=True, slots=True)
class Life:
    """What becomes of one parcel: its order as promised, and when it truly leaves, goes out for delivery (None: nobody
    says so) and arrives; `is_told_late` where the carrier says on its way that it is late.
    """

    order: Order
    released_at: datetime
    left_at: datetime
    out_at: datetime | None
    arrives_at: datetime
    is_told_late: bool = False

    @property
    def work(self) -> Fulfillment:
        """Its one work."""
        return self.order.fulfillments[0]

    @property
    def is_missed(self) -> bool:
        """Whether its promise is missed."""
        return self.arrives_at > self.work.promised_at


@dataclass(frozen=True, slots=True)
class Estimated:
    """How estimates did: by how much they were off (hours, median), and how many parcels came before the time by which
    90 % should have (%).
    """

    hours_off: float
    within_percent: float


@dataclass(slots=True)
class Found:
    """How alerts did against what came: true and false ones, what was missed, and how long before (hours)."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    hours_before: list[float] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """The share of alerts that were right."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """The share of missed promises that there was an alert for before they were."""
        return self.right / max(1, self.missed)


def simulate_alerts(
    seed: int, thresholds: Sequence[float], *, learned: int, judged: int
) -> tuple[dict[float, Found], Found]:
    """How alerts do by the probability from which they are raised, and how an alert does that is raised when a
    milestone is overdue; so many parcels are learned from and judged.
    """
    chance = np.random.default_rng(seed)
    network = make_network()
    cells = learn_lives((make_life(network, number, chance) for number in range(learned)), network)
    by_chance: dict[float, Found] = {threshold: Found() for threshold in thresholds}
    overdue = Found()
    for number in range(judged):
        life = make_life(network, learned + number, chance)
        firsts, late_at = watch_life(life, network, cells, thresholds)
        for threshold, found in by_chance.items():
            _judge(found, life, firsts.get(threshold))
        _judge(overdue, life, late_at)
    return by_chance, overdue


def simulate_estimates(seed: int, *, learned: int, judged: int) -> Estimated:
    """How far estimates are off that are made when parcels leave; so many are learned from and judged."""
    chance = np.random.default_rng(seed)
    network = make_network()
    cells = learn_lives((make_life(network, number, chance) for number in range(learned)), network)
    off, within = [], 0
    for number in range(judged):
        life = make_life(network, learned + number, chance)
        found = predict_carried(at(life, life.left_at).fulfillments[0], Moment(network, cells, life.left_at, _READY))
        if found is None:
            continue
        off.append(abs(found.expected_at - life.arrives_at).total_seconds() / 3600.0)
        within += life.arrives_at <= found.late_at
    return Estimated(float(np.median(off)), 100.0 * within / len(off))


def make_network() -> Network:
    """The nodes of this world."""
    return compile_network(
        [
            Node(
                NodeId(name),
                type=NodeType.STORE if name.startswith("ST") else NodeType.DC,
                name=name,
                latitude=40.0,
                longitude=-75.0,
                time_zone="America/New_York",
                cut_off=time(14),
                calendar=_OFFICE,
                processing_hours=4.0,
            )
            for name in sorted(NODES)
        ]
    )


def make_life(network: Network, number: int, chance: np.random.Generator) -> Life:
    """One parcel: captured on a weekday morning, to leave that evening, promised for two or three later."""
    day = number // 40
    weeks, weekday = divmod(day, 5)
    captured = BEGINS + timedelta(days=7 * weeks + weekday, minutes=int(chance.integers(0, 120)))
    node = sorted(NODES)[int(chance.integers(len(NODES)))]
    carrier = sorted(CARRIERS)[int(chance.integers(len(CARRIERS)))]
    ship_by = captured.replace(hour=22, minute=0, second=0, microsecond=0)
    promised = ship_by + timedelta(days=int(chance.integers(2, 4)), hours=3)
    order = _order(number, node, carrier, captured, ship_by, promised)
    position = network.index[NodeId(node)]
    clock, habits = network.clock_of(position, "ground"), NODES[node]
    share = habits.early + habits.varies * abs(chance.normal())
    if chance.random() < habits.late:
        share += chance.exponential(habits.by)
    minutes = max(5, round(share * clock.processing_minutes))
    done = finish_work(clock, minute_of(captured.timestamp()), minutes, has_cut_off=False)
    left = captured if done is None else max(captured, instant(done * 60.0))
    departs = ship_by + timedelta(days=max(0, -(-(left - ship_by) // timedelta(days=1))))
    behaves = CARRIERS[carrier]
    is_late = chance.random() < behaves.late
    hours = chance.exponential(behaves.by) if is_late else behaves.early + behaves.varies * chance.normal()
    arrives = promised + (departs - ship_by) + timedelta(hours=float(hours))
    arrives = max(arrives, left + timedelta(hours=6))
    out = arrives - timedelta(hours=float(chance.uniform(2.0, 8.0))) if carrier in SCANNING else None
    is_told = is_late and bool(chance.random() < 0.4)
    return Life(order, captured, min(left, departs), out, arrives, is_told)


def learn_lives(lives: Iterator[Life], network: Network) -> dict[CellName, Measured]:
    """What is measured when these lives are over."""
    cells: dict[CellName, Measured] = {}
    for life in lives:
        order, name = at(life, life.arrives_at), life.work.fulfillment_id
        times = {name: {Step.RELEASED: life.released_at, Step.HANDED_OVER: life.left_at,
                        Step.DELIVERED: life.arrives_at}}  # fmt: skip
        for event in (
            FulfillmentShipped(name, (), life.left_at, PartsChange()),
            FulfillmentDelivered(name, life.arrives_at, PartsChange()),
        ):
            cells |= learn_times(find_times(event, order, times, network, ready_minutes=_READY), cells)
    return cells


def watch_life(
    life: Life, network: Network, cells: Mapping[CellName, Measured], thresholds: Sequence[float]
) -> tuple[dict[float, datetime], datetime | None]:
    """When a parcel was first said to be late before it was, by the probability from which it is; and when a milestone
    of it was first overdue.
    """
    firsts: dict[float, datetime] = {}
    overdue: datetime | None = None
    now = life.released_at + LOOK_EVERY
    while now < min(life.work.promised_at, life.arrives_at):
        order = at(life, now)
        work = order.fulfillments[0]
        times = {Step.RELEASED: life.released_at} | ({Step.HANDED_OVER: life.left_at} if now >= life.left_at else {})
        milestones = milestones_of(order, work, network, {work.fulfillment_id: times}, ready_minutes=_READY)
        steps = {one.step: one for one in milestones}
        found = predict(order, work, steps, Moment(network, cells, now, _READY))
        if found is not None:
            for threshold in thresholds:
                if found.probability >= threshold:
                    firsts.setdefault(threshold, now)
        due = next_step(milestones)
        if overdue is None and due is not None and due.is_late(now):
            overdue = now
        now += LOOK_EVERY
    return firsts, overdue


def at(life: Life, now: datetime) -> Order:
    """The order as it is known at an instant."""
    order, work = life.order, life.work
    if now < life.left_at:
        return order
    told: list[Checkpoint] = [Checkpoint(TrackStatus.HANDED_OVER.value, life.left_at)]
    halfway = life.left_at + (life.arrives_at - life.left_at) / 2
    if now >= halfway:
        status = TrackStatus.DELAYED if life.is_told_late else TrackStatus.IN_TRANSIT
        told.append(Checkpoint(status.value, halfway, "", life.arrives_at if life.is_told_late else None))
    if life.out_at is not None and life.left_at <= life.out_at <= now:
        told.append(Checkpoint(TrackStatus.OUT_FOR_DELIVERY.value, life.out_at))
    is_there = now >= life.arrives_at
    package = Package("1", carrier=work.carrier, service=work.service, tracking_number="1Z", checkpoints=tuple(told))
    state = AllocationState.DELIVERED if is_there else AllocationState.SHIPPED
    return replace(
        order,
        allocations=tuple(replace(part, state=state) for part in order.allocations),
        fulfillments=(
            replace(
                work,
                packages=(package,),
                shipped_at=life.left_at,
                delivered_at=life.arrives_at if is_there else None,
            ),
        ),
    )


def _judge(found: Found, life: Life, said_at: datetime | None) -> None:
    found.missed += life.is_missed
    if said_at is None:
        return
    if life.is_missed:
        found.right += 1
        found.hours_before.append((life.work.promised_at - said_at).total_seconds() / 3600.0)
    else:
        found.wrong += 1


def _order(number: int, node: str, carrier: str, captured: datetime, ship_by: datetime, promised: datetime) -> Order:
    order_id = OrderId(f"O-{number}")
    name = FulfillmentId(f"{order_id}-F1")
    part = Allocation(1, _LINE, Sku("A"), NodeId(node), 1, AllocationState.RELEASED, name)
    work = Fulfillment(
        name, NodeId(node), Method.SHIP, "ground", ship_by, promised - timedelta(hours=12), promised, carrier=carrier
    )
    return Order(
        order_id=order_id,
        channel="web",
        external_id=str(number),
        digest="",
        version=1,
        currency="USD",
        ordered_at=captured,
        captured_at=captured,
        release_at=captured,
        customer=Customer("", "", "", ""),
        ship_to=None,
        method=Method.SHIP,
        pickup_node=None,
        service="ground",
        ship_complete=False,
        lines=(Line(_LINE, Sku("A"), 1),),
        allocations=(part,),
        fulfillments=(work,),
        released_at=captured,
    )
