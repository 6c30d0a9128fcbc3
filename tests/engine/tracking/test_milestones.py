"""Milestones are scheduled back from the promise, in the node's hours, and are done when the log says so."""

from datetime import datetime, time, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW, capture, item, node
from troth.engine.carriage.network import compile_network
from troth.engine.promising.context import Decision
from troth.engine.tracking.milestones import find_step_times, milestones_of, next_step
from troth.engine.tracking.schedule import schedule_back
from troth.model.commands import (
    AdjustStock,
    Command,
    DeliverWork,
    PackWork,
    PickWork,
    RecordTracking,
    ReleaseOrder,
    ShipWork,
    UnpickWork,
)
from troth.model.events import Event
from troth.model.ids import NodeId, Sku
from troth.model.inventory import SupplyKey
from troth.model.lifecycle import AllocationState
from troth.model.network import Calendar
from troth.model.order import Method, Order, Package, PackageLine
from troth.model.status import fulfillment_status
from troth.model.tracking import Milestone, Proof, Step
from troth.replay.world import World

OFFICE = Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(8), closes=time(18))
READY = 120


class Day:
    """A world of one node, and everything that happened to one order in it."""

    def __init__(self, **node_facts: Any) -> None:
        self.network = compile_network((node("DC-PA", **{"calendar": OFFICE, "processing_hours": 5.0} | node_facts),))
        self.world = World(self.network, {Sku("A"): item("A")})
        self.events: list[Event] = []
        self.do(AdjustStock(SupplyKey(Sku("A"), NodeId("DC-PA")), 100, "initial"), NOW - timedelta(days=1))

    def do(self, command: Command, now: datetime) -> Decision:
        decided = self.world.apply(command, now=now)
        assert isinstance(decided, Decision), decided
        self.events += [event for _, event in decided.events]
        return decided

    def captured(self, quantity: int = 1, **changes: Any) -> Order:
        command = capture(lines={"A": quantity}, **changes)
        self.do(command, NOW)
        return self.world.orders[command.order_id]

    def order(self, order: Order) -> Order:
        return self.world.orders[order.order_id]

    def milestones(self, order: Order) -> dict[Step, Milestone]:
        now = self.order(order)
        times = find_step_times(now, self.events)
        found = milestones_of(now, now.fulfillments[0], self.network, times, ready_minutes=READY)
        return {one.step: one for one in found}


def hour(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(timespec="minutes").removesuffix("+00:00")


def test_steps_are_due_back_from_the_promise_in_the_hours_of_the_node() -> None:
    day = Day()
    order = day.captured()
    work = order.fulfillments[0]
    due = {step: hour(one.expected_by) for step, one in day.milestones(order).items()}
    # out by the closing of Monday in New York; the promise is the evening of the day of arrival
    assert hour(work.ship_by) == due[Step.HANDED_OVER]
    assert hour(work.promised_at) == due[Step.DELIVERED]
    left = {step: work.ship_by - day_time(due[step]) for step in (Step.PICKED, Step.PACKED)}
    assert left == {Step.PICKED: timedelta(hours=2), Step.PACKED: timedelta(minutes=30)}
    assert work.promised_at - day_time(due[Step.OUT_FOR_DELIVERY]) == timedelta(hours=8)
    assert Step.ACCEPTED not in due


def day_time(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


def test_a_node_that_closes_in_between_has_to_have_picked_the_day_before() -> None:
    day = Day(calendar=Calendar(weekdays=(0, 1, 2, 3, 4), opens=time(8), closes=time(9)), processing_hours=3.0)
    order = day.captured()
    picked = day.milestones(order)[Step.PICKED].expected_by
    assert picked is not None
    assert picked < order.fulfillments[0].ship_by - timedelta(hours=23)


@given(hours=st.floats(0.1, 30.0), ready=st.integers(1, 600), method=st.sampled_from([Method.SHIP, Method.PICKUP]))
def test_no_step_is_due_after_a_later_one(hours: float, ready: int, method: Method) -> None:
    day = Day(processing_hours=hours, pickup=True, acceptance_minutes=30)
    at_counter = NodeId("DC-PA") if method is Method.PICKUP else None
    order = day.captured(method=method, pickup_node=at_counter)
    work = order.fulfillments[0]
    due = list(schedule_back(day.network, work, since=order.captured_at, ready_minutes=ready).values())
    assert due == sorted(due)
    assert due[-1] == work.promised_at


def test_a_pickup_is_due_when_it_is_promised_to_be_ready_and_nothing_hangs_on_when_it_is_fetched() -> None:
    day = Day(pickup=True)
    order = day.captured(method=Method.PICKUP, pickup_node=NodeId("DC-PA"))
    found = day.milestones(order)
    assert list(found) == [Step.RELEASED, Step.PICKED, Step.READY, Step.COLLECTED]
    assert found[Step.READY].expected_by == order.fulfillments[0].promised_at
    assert found[Step.COLLECTED].expected_by is None


def test_what_was_told_is_done_and_a_skipped_step_is_done_with_the_next() -> None:
    day = Day()
    order = day.captured()
    name = order.fulfillments[0].fulfillment_id
    day.do(ReleaseOrder(order.order_id), NOW + timedelta(minutes=5))
    day.do(PickWork(name), NOW + timedelta(hours=1))
    day.do(ShipWork(name, (Package("1", tracking_number="1Z"),)), NOW + timedelta(hours=3))
    done = {step: one.done_at for step, one in day.milestones(order).items()}
    assert done[Step.RELEASED] == NOW + timedelta(minutes=5)
    assert done[Step.PICKED] == NOW + timedelta(hours=1)
    assert done[Step.PACKED] == done[Step.HANDED_OVER] == NOW + timedelta(hours=3)
    assert done[Step.IN_TRANSIT] is None
    following = next_step(day.milestones(order).values())
    assert following is not None
    assert following.step is Step.IN_TRANSIT
    day.do(scan(name, "1Z", "in_transit", 20), NOW + timedelta(hours=21))
    assert day.milestones(order)[Step.IN_TRANSIT].done_at == NOW + timedelta(hours=20)


def test_a_step_that_was_taken_back_is_due_again() -> None:
    day = Day()
    order = day.captured()
    name = order.fulfillments[0].fulfillment_id
    day.do(ReleaseOrder(order.order_id), NOW + timedelta(minutes=5))
    day.do(PickWork(name), NOW + timedelta(hours=1))
    day.do(UnpickWork(name, "wrong one"), NOW + timedelta(hours=2))
    assert day.milestones(order)[Step.PICKED].done_at is None
    day.do(PickWork(name), NOW + timedelta(hours=3))
    assert day.milestones(order)[Step.PICKED].done_at == NOW + timedelta(hours=3)


def scan(name: Any, number: str, status: str, hours: float, **facts: Any) -> RecordTracking:
    return RecordTracking(name, "ups", number, status, NOW + timedelta(hours=hours), **facts)


def shipped_in_two(day: Day) -> Order:
    order = day.captured(2)
    name = order.fulfillments[0].fulfillment_id
    day.do(ReleaseOrder(order.order_id), NOW + timedelta(minutes=5))
    line = order.lines[0].line_id
    packages = tuple(Package(str(number), (PackageLine(line, 1),)) for number in (1, 2))
    day.do(PackWork(name, packages), NOW + timedelta(hours=1))
    left = tuple(Package(str(number), tracking_number=f"1Z-{number}") for number in (1, 2))
    day.do(ShipWork(name, left), NOW + timedelta(hours=3))
    return day.order(order)


def test_work_of_two_parcels_is_delivered_when_the_second_one_is() -> None:
    day = Day()
    order = shipped_in_two(day)
    name = order.fulfillments[0].fulfillment_id
    first = day.do(scan(name, "1Z-1", "delivered", 30), NOW + timedelta(hours=31))
    assert [type(event).__name__ for _, event in first.events] == ["TrackingRecorded"]
    assert fulfillment_status(day.order(order), name) is AllocationState.SHIPPED
    second = day.do(scan(name, "1Z-2", "delivered", 29), NOW + timedelta(hours=32))
    assert [type(event).__name__ for _, event in second.events] == ["TrackingRecorded", "FulfillmentDelivered"]
    assert day.order(order).fulfillments[0].delivered_at == NOW + timedelta(hours=30)


def test_what_was_told_before_changes_nothing() -> None:
    day = Day()
    order = shipped_in_two(day)
    name = order.fulfillments[0].fulfillment_id
    assert day.do(scan(name, "1Z-1", "picked_up", 4), NOW + timedelta(hours=5)).events
    before = day.order(order)
    again = day.do(scan(name, "1Z-1", "handed_over", 4), NOW + timedelta(hours=6))
    assert (again.events, day.order(order)) == ((), before)
    (told,) = before.fulfillments[0].packages[0].checkpoints
    assert (told.status, told.told) == ("handed_over", "picked_up")


def test_a_carrier_that_tells_of_a_delivery_before_the_shipment_delivers_it_when_it_was_shipped() -> None:
    day = Day()
    order = shipped_in_two(day)
    name = order.fulfillments[0].fulfillment_id
    for number in (1, 2):
        day.do(scan(name, f"1Z-{number}", "delivered", 1), NOW + timedelta(hours=31))
    assert day.order(order).fulfillments[0].delivered_at == NOW + timedelta(hours=3)


def test_a_proof_of_delivery_stays_with_its_parcel() -> None:
    day = Day()
    order = shipped_in_two(day)
    name = order.fulfillments[0].fulfillment_id
    proof = Proof("Ada Park", "https://example.com/1.jpg", "A. Park")
    day.do(scan(name, "1Z-1", "delivered", 30, proof=proof), NOW + timedelta(hours=31))
    assert [one.proof for one in day.order(order).fulfillments[0].packages[0].checkpoints] == [proof]
    other = Day()
    carried = shipped_in_two(other)
    other.do(DeliverWork(carried.fulfillments[0].fulfillment_id, proof=proof), NOW + timedelta(hours=31))
    kept = [package.checkpoints[0].proof for package in other.order(carried).fulfillments[0].packages]
    assert kept == [proof, proof]
