"""What the page shows of an order: the steps of each shipment in the customer's words, and nothing that they need not
see.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from troth.engine.carriage.network import Network
from troth.engine.demand.ship_groups import HANDED_OVER
from troth.engine.money.at_counter import due_at_counter
from troth.engine.pickups.codes import pickup_code
from troth.engine.tracking.parcels import proofs_of
from troth.engine.tracking.window import Window, is_sent
from troth.flows.tracking.read import Tracked
from troth.flows.wording.contents import contents_of, kits_asked
from troth.flows.wording.promised import name_of, supply_message
from troth.model.hold_terms import Block
from troth.model.ids import FulfillmentId, Sku
from troth.model.item import Item
from troth.model.lifecycle import AllocationState, RecallState
from troth.model.money import Money
from troth.model.network import Address
from troth.model.order import Fulfillment, Line, Order
from troth.model.status import blocking_holds, is_kept, live_allocations, uncovered_quantities
from troth.model.tracking import Milestone, Step
from troth.model.value import dataclass
from troth.model.ways import counter_of, pickup_of, stay_of
from troth.store.watch import Expected
from troth.tracking.parcel_notes import parcel_notes
from troth.tracking.words import Words

_SHOWN: Final = {
    False: (Step.RELEASED, Step.PACKED, Step.HANDED_OVER, Step.IN_TRANSIT, Step.OUT_FOR_DELIVERY, Step.DELIVERED),
    True: (Step.RELEASED, Step.PICKED, Step.HANDED_OVER, Step.ARRIVED, Step.READY, Step.COLLECTED),
}
_LATE_PERCENT: Final = 50
_HIDDEN: Final = "•"


@dataclass(frozen=True, slots=True)
class StepView:
    """A step: what it is called and means, how it stands (`done`, `next` or `to_come`), and when it was or is due."""

    name: str
    title: str
    why: str
    state: str
    when: str
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class ShipmentView:
    """One shipment, or what waits at one counter or in a compartment: by which code, until when, and what is `due` when
    it is taken; `awaited` says where goods come from that are not there yet.
    """

    title: str
    place: str
    promise: str
    expected: str
    steps: tuple[StepView, ...]
    parcels: tuple[str, ...]
    items: tuple[str, ...]
    code: str = ""
    note: str = ""
    proof: str = ""
    parcel_notes: tuple[str, ...] = ()
    code_words: str = "code"
    kept: str = ""
    due: str = ""
    awaited: str = ""


@dataclass(frozen=True, slots=True)
class LineChoice:
    """A line of which so many units can be canceled; more than one, where it may be a part of them."""

    line_id: str
    item: str
    units: int
    is_divisible: bool


@dataclass(frozen=True, slots=True)
class OrderView:
    """The order as its customer sees it."""

    number: str
    version: int
    shipments: tuple[ShipmentView, ...]
    notes: tuple[str, ...]
    address: str
    lines: tuple[LineChoice, ...]
    window: Window
    until: str


def view_order(
    order: Order,
    tracked: Sequence[Tracked],
    expected: Mapping[FulfillmentId, Expected],
    items: Mapping[Sku, Item],
    network: Network,
    window: Window,
    words: Words,
) -> OrderView:
    """What the page shows."""
    count = len(tracked)
    shipments = tuple(
        _shipment(order, one, expected.get(one.work.fulfillment_id), items, network, words, number, count)
        for number, one in enumerate(tracked, 1)
    )
    lines = tuple(
        LineChoice(line.line_id, _name(line, items), units, line.decimals == 0 and units > 1)
        for line in order.lines
        if (units := window.cancelable.get(line.line_id, 0))
    )
    is_before = order.released_at is None and order.canceled_at is None and bool(window.cancelable)
    at = order.release_at
    until = words.say("until_released", day=words.day(at), time=words.time(at)) if is_before and at > words.now else ""
    address = words.say("to_place", place=masked(order.ship_to)) if order.ship_to is not None and is_sent(order) else ""
    return OrderView(
        order.external_id, order.version, shipments, tuple(_notes(order, words)), address, lines, window, until
    )


def masked(address: Address) -> str:
    """An address as much as its owner knows it by: initials, city, and how the postcode begins.

    >>> masked(Address("US", name="Ada Park", city="New York", postcode="10001"))
    'A. P., New York 10•••'
    """
    postcode = address.postcode[:2] + _HIDDEN * max(0, len(address.postcode) - 2)
    place = " ".join(part for part in (address.city, postcode) if part)
    return ", ".join(part for part in (initials(address.name), place) if part)


def initials(name: str) -> str:
    """The initials of a name.

    >>> initials("Ada Maria Park"), initials("")
    ('A. M. P.', '')
    """
    return " ".join(f"{part[0]}." for part in name.split()[:4])


def zone_of(order: Order, network: Network) -> str:
    """The time zone of whoever waits for the goods: of the address, else of where they are picked up."""
    if order.ship_to is not None and order.ship_to.time_zone:
        return order.ship_to.time_zone
    nodes = [order.pickup_node, *(counter_of(work) for work in order.fulfillments)]
    position = next((network.index[node] for node in nodes if node is not None and node in network.index), None)
    return "UTC" if position is None else network.nodes[position].time_zone


def _notes(order: Order, words: Words) -> list[str]:
    if order.canceled_at is not None:
        return [words.say("order_canceled")]
    notes = []
    if blocking_holds(order, Block.RELEASE):
        notes.append(words.say("on_hold"))
    if uncovered_quantities(order) or any(
        part.state is AllocationState.BACKORDERED for part in live_allocations(order)
    ):
        notes.append(words.say("waits_for_stock"))
    if any(recall.state is RecallState.REQUESTED for recall in order.recalls):
        notes.append(words.say("asked_open"))
    elif order.recalls and order.recalls[-1].state is RecallState.REFUSED:
        notes.append(words.say("asked_refused"))
    return notes


def _shipment(
    order: Order,
    one: Tracked,
    expected: Expected | None,
    items: Mapping[Sku, Item],
    network: Network,
    words: Words,
    number: int,
    count: int,
) -> ShipmentView:
    work = one.work
    is_pickup = work.method in HANDED_OVER
    place = name_of(network, counter_of(work))
    is_ready = is_pickup and is_kept(order, work)
    stay = stay_of(order, work)
    due = 0 if work.delivered_at is not None else due_at_counter(order, work.fulfillment_id)
    parts = [part for part in live_allocations(order) if part.fulfillment_id == work.fulfillment_id]
    contents = tuple(
        words.say("units_other", number=one.units, item=one.name)
        for one in contents_of(parts, items, kits_asked(order))
    )
    supply = supply_message(part.source for part in parts) if work.shipped_at is None else ""
    proof = next((found.name for found in proofs_of(work) if found.name), "")
    return ShipmentView(
        words.say("shipment_one") if count == 1 else words.say("shipment_other", number=number, count=count),
        words.say("pickup_at" if is_pickup else "from_place", place=place),
        words.say(
            "ready_by" if is_pickup else "promised_by",
            day=words.day(work.promised_at),
            time=words.time(work.promised_at),
        ),
        _expected(work, expected, words, is_pickup=is_pickup),
        (_received(order, words), *_steps(one.milestones, words, is_pickup=is_pickup, is_locker=stay is not None)),
        tuple(
            words.say("parcel", carrier=package.carrier or words.say("a_carrier"), number=package.tracking_number)
            for package in work.packages
            if package.tracking_number
        ),
        contents,
        pickup_code(order, work.fulfillment_id) if is_ready else "",
        words.say("ready_now", place=place) if is_ready else "",
        words.say("proof", name=initials(proof)) if proof else "",
        parcel_notes(order, work, words),
        "code" if stay is None else "code_locker",
        _kept(order, work, words) if is_ready else "",
        words.say("due", amount=words.money(Money(due, order.currency))) if due else "",
        words.say(f"awaited_{supply}", day=words.day(work.ship_by)) if supply else "",
    )


def _kept(order: Order, work: Fulfillment, words: Words) -> str:
    """Until when goods wait, and in which compartment, where they lie in a locker."""
    until, stay = pickup_of(order, work).ends_at, stay_of(order, work)
    where = words.say("in_compartment", number=stay.number) if stay is not None and stay.number else ""
    kept = words.say("kept_until", day=words.day(until), time=words.time(until)) if until is not None else ""
    return " ".join(part for part in (where, kept) if part)


def _received(order: Order, words: Words) -> StepView:
    at = order.captured_at
    when = words.say("at_time", day=words.day(at), time=words.time(at))
    return StepView("received", words.say("step_received"), words.say("why_received"), "done", when)


def _steps(milestones: Sequence[Milestone], words: Words, *, is_pickup: bool, is_locker: bool) -> tuple[StepView, ...]:
    shown_steps = [one for one in milestones if one.step in _SHOWN[is_pickup]]
    following = next((one for one in shown_steps if one.done_at is None), None)
    return tuple(_step(one, words, is_next=one is following, is_locker=is_locker) for one in shown_steps)


def _step(one: Milestone, words: Words, *, is_next: bool, is_locker: bool) -> StepView:
    name = one.step.value
    is_laid = is_locker and one.step is Step.READY
    title, why = words.say(f"step_{name}"), words.say("why_ready_locker" if is_laid else f"why_{name}")
    if one.done_at is not None:
        when = words.say("at_time", day=words.day(one.done_at), time=words.time(one.done_at))
        return StepView(name, title, why, "done", when)
    when = ""
    if one.expected_by is not None:
        when = words.say("by_time", day=words.day(one.expected_by), time=words.time(one.expected_by))
    is_late = is_next and one.is_late(words.now)
    return StepView(name, title, why, "next" if is_next else "to_come", when, is_late)


def _expected(work: Fulfillment, expected: Expected | None, words: Words, *, is_pickup: bool) -> str:
    """What is expected, as honestly as it is known: when it came, else when it will have with 90 %."""
    if work.delivered_at is not None:
        return _at("collected_at" if is_pickup else "arrived", work.delivered_at, words)
    if expected is None or expected.promised_at != work.promised_at or expected.trouble:
        return ""
    name = "expected_late" if expected.percent >= _LATE_PERCENT else "expected"
    at = expected.expected_at if expected.percent >= _LATE_PERCENT else expected.late_at
    return _at(f"{name}_ready" if is_pickup else name, at, words)


def _at(name: str, at: datetime, words: Words) -> str:
    return words.say(name, day=words.day(at), time=words.time(at))


def _name(line: Line, items: Mapping[Sku, Item]) -> str:
    item = items.get(line.sku)
    return line.sku if item is None else item.name or line.sku
