"""Nodes: set, read and listed."""

from collections.abc import Iterable
from datetime import date, time
from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import Field, TypeAdapter

from troth.flows.records.configure import Set, set_node
from troth.http.edge.body import Body, NoQuery, Text
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Plain, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.preconditions import expected_of, path_id, set_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply, etag, json_reply
from troth.http.edge.values import MoneyAnswer, money
from troth.http.orders.address_answer import answer_address
from troth.http.orders.order_shapes import AddressAnswer
from troth.http.records.calendar_body import WEEKDAYS
from troth.http.records.link_body import LinkAnswer, answer_link
from troth.http.records.locker_body import LockerAnswer, answer_locker
from troth.http.records.node_body import NodeBody
from troth.model.capacity import CapacityUnit, Shift
from troth.model.ids import NodeId
from troth.model.network import Node, NodeType
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.store.reference import find_nodes, read_node

WeekdayName = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class DayHoursAnswer(msgspec.Struct, frozen=True):
    """The hours of weekdays that have others."""

    weekdays: tuple[WeekdayName, ...]
    opens: str
    closes: str


class SpecialDayAnswer(msgspec.Struct, frozen=True):
    """A date with hours of its own."""

    date: date
    opens: str
    closes: str
    cut_off: str | None


class CutOffAnswer(msgspec.Struct, frozen=True):
    """The cut-off of a service (empty: all) on weekdays."""

    at: str
    service: str
    weekdays: tuple[WeekdayName, ...]


class CalendarAnswer(msgspec.Struct, frozen=True):
    """When a node works, in its own time zone."""

    weekdays: tuple[WeekdayName, ...]
    opens: str
    closes: str
    holidays: tuple[date, ...]
    hours: tuple[DayHoursAnswer, ...]
    special_days: tuple[SpecialDayAnswer, ...]
    public_holidays: tuple[str, ...]


class CarrierPickupAnswer(msgspec.Struct, frozen=True):
    """When a carrier comes, in the node's time zone."""

    at: str
    carrier: str
    service: str
    weekdays: tuple[WeekdayName, ...]


class ShiftAnswer(msgspec.Struct, frozen=True):
    """A part of the working day and what can be done in it."""

    begins: str
    capacity: int


class DayCapacityAnswer(msgspec.Struct, frozen=True):
    """What can be done on weekdays or dates that have a capacity of their own."""

    weekdays: tuple[WeekdayName, ...]
    dates: tuple[date, ...]
    capacity: int | None
    shifts: tuple[ShiftAnswer, ...]


class NodeAnswer(msgspec.Struct, frozen=True):
    """A node, as it can be sent back."""

    node_id: str
    type: NodeType
    name: str
    address: AddressAnswer
    latitude: float
    longitude: float
    time_zone: str
    calendar: CalendarAnswer
    cut_off: str
    processing_hours: float
    capacity_per_day: int | None
    services: tuple[str, ...]
    pickup: bool
    handling_cost: MoneyAnswer
    labor_cost: MoneyAnswer
    shipment_cost: MoneyAnswer
    return_cost: MoneyAnswer
    goods_percent: int
    capabilities: tuple[str, ...]
    attributes: dict[str, str]
    active: bool
    pickups: tuple[CarrierPickupAnswer, ...]
    feed_minutes: int
    acceptance_minutes: int
    capacity_unit: CapacityUnit
    shifts: tuple[ShiftAnswer, ...]
    capacity_days: tuple[DayCapacityAnswer, ...]
    cut_offs: tuple[CutOffAnswer, ...]
    reroute_after_minutes: int | None
    pickup_minutes: int
    feed_due_every_hours: int | None
    link: LinkAnswer | None
    locker: LockerAnswer | None


class NodesQuery(PageQuery):
    """Which nodes."""

    type: NodeType | None = None
    q: Annotated[Text | None, Field(description="Part of the name, or how the id begins.")] = None


def answer_node(node: Node, currency: str) -> NodeAnswer:
    """A node as it is answered; costs are in the policy's currency."""
    address, calendar = node.address, node.calendar
    return NodeAnswer(
        node_id=node.node,
        type=node.type,
        name=node.name,
        address=answer_address(address),
        latitude=node.latitude,
        longitude=node.longitude,
        time_zone=node.time_zone,
        calendar=CalendarAnswer(
            tuple(_weekday(day) for day in calendar.weekdays),
            _clock(calendar.opens),
            _clock(calendar.closes),
            calendar.holidays,
            tuple(
                DayHoursAnswer(tuple(_weekday(day) for day in row.weekdays), _clock(row.opens), _clock(row.closes))
                for row in calendar.hours
            ),
            tuple(
                SpecialDayAnswer(
                    row.day,
                    _clock(row.opens),
                    _clock(row.closes),
                    None if row.cut_off is None else _clock(row.cut_off),
                )
                for row in calendar.special_days
            ),
            calendar.public_holidays,
        ),
        cut_off=_clock(node.cut_off),
        processing_hours=node.processing_hours,
        # Of a node from before the two were refused together, what it works by.
        capacity_per_day=None if node.shifts else node.capacity_per_day,
        services=node.services,
        pickup=node.pickup,
        handling_cost=money(node.handling_minor, currency),
        labor_cost=money(node.labor_minor, currency),
        shipment_cost=money(node.shipment_minor, currency),
        return_cost=money(node.return_minor, currency),
        goods_percent=node.goods_percent,
        capabilities=node.capabilities,
        attributes=dict(node.attributes),
        active=node.active,
        pickups=tuple(
            CarrierPickupAnswer(
                _clock(pickup.at), pickup.carrier, pickup.service, tuple(_weekday(day) for day in pickup.weekdays)
            )
            for pickup in node.pickups
        ),
        feed_minutes=node.feed_minutes,
        acceptance_minutes=node.acceptance_minutes,
        capacity_unit=node.capacity_unit,
        shifts=_answer_shifts(node.shifts),
        capacity_days=tuple(
            DayCapacityAnswer(
                tuple(_weekday(day) for day in row.weekdays), row.dates, row.capacity, _answer_shifts(row.shifts)
            )
            for row in node.capacity_days
        ),
        cut_offs=tuple(
            CutOffAnswer(_clock(row.at), row.service, tuple(_weekday(day) for day in row.weekdays))
            for row in node.cut_offs
        ),
        reroute_after_minutes=node.reroute_after_minutes,
        pickup_minutes=node.pickup_minutes,
        feed_due_every_hours=node.feed_due_every_hours,
        link=answer_link(node.link),
        locker=answer_locker(node.locker),
    )


async def put_node(call: Call[NodeBody, NoQuery]) -> Reply:
    """Create or replace a node."""
    currency = call.system.door.reference.policy.currency
    node = call.body.node(NodeId(path_id(call, "node_id")), currency)
    done = await set_node(call.system, node, actor=call.actor.name, expected=expected_of(call))
    if not isinstance(done, Set):
        raise Refused(done)
    return set_reply(done, answer_node(node, currency))


async def get_node(call: Plain) -> Reply:
    """One node."""
    node_id = NodeId(call.path("node_id"))
    async with call.system.pool.acquire() as connection:
        found = await read_node(connection, node_id)
    if found is None:
        raise Refused(NotFound("node", node_id))
    currency = call.system.door.reference.policy.currency
    return json_reply(answer_node(found.value, currency), headers=(etag(found.version),))


async def list_nodes(call: Call[Nothing, NodesQuery]) -> Reply:
    """A page of nodes, by id."""
    asked = call.query
    after = decode_cursor(asked.cursor, tuple[str])
    async with call.system.pool.acquire() as connection:
        found = await find_nodes(
            connection,
            type_=None if asked.type is None else asked.type.value,
            text=asked.q,
            after=after[0] if after else None,
            limit=asked.limit + 1,
        )
    currency = call.system.door.reference.policy.currency
    return page_reply(
        call,
        found,
        limit=asked.limit,
        shown=lambda one: answer_node(one.value, currency),
        position=lambda one: (one.value.node,),
    )


def _answer_shifts(shifts: Iterable[Shift]) -> tuple[ShiftAnswer, ...]:
    return tuple(ShiftAnswer(_clock(shift.begins), shift.capacity) for shift in shifts)


def _weekday(day: int) -> Any:
    return WEEKDAYS[day]


def _clock(clock: time) -> str:
    return clock.strftime("%H:%M")


_EXAMPLE_BODY: Final = {
    "type": "store",
    "name": "Fifth Avenue",
    "address": {"country": "US", "line1": "350 5th Ave", "city": "New York", "region": "NY", "postcode": "10118"},
    "latitude": 40.7484,
    "longitude": -73.9857,
    "time_zone": "America/New_York",
    "calendar": {
        "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday"],
        "opens": "09:00",
        "closes": "21:00",
        "holidays": ["2026-12-25"],
        "hours": [{"weekdays": ["saturday"], "opens": "10:00", "closes": "18:00"}],
        "special_days": [{"date": "2026-12-24", "opens": "09:00", "closes": "14:00", "cut_off": "11:00"}],
    },
    "cut_off": "16:00",
    "processing_hours": 2,
    "capacity_per_day": 120,
    "capacity_days": [{"weekdays": ["saturday"], "capacity": 60}, {"dates": ["2026-11-27"], "capacity": 200}],
    "cut_offs": [{"at": "11:00", "service": "standard", "weekdays": ["saturday"]}],
    "services": ["standard"],
    "pickup": True,
    "handling_cost": {"amount": "0.35", "currency": "USD"},
    "labor_cost": {"amount": "1.20", "currency": "USD"},
    "shipment_cost": {"amount": "0.80", "currency": "USD"},
    "return_cost": {"amount": "2.50", "currency": "USD"},
    "goods_percent": 100,
    "capabilities": ["hazardous"],
    "attributes": {"district": "north-east"},
    "pickups": [{"at": "17:30", "carrier": "parcel", "weekdays": ["monday", "tuesday", "wednesday", "thursday"]}],
}
_BODY: Final = Body(TypeAdapter(NodeBody), _EXAMPLE_BODY)
_EXAMPLE: Final = answer_node(_BODY.parse(msgspec.json.encode(_EXAMPLE_BODY)).node(NodeId("ST-NYC"), "USD"), "USD")
_NODE_ID: Final = (("node_id", "ST-NYC"),)

OPERATIONS = (
    Operation(
        method="PUT",
        path="/v1/nodes/{node_id}",
        name="put_node",
        summary="Create or replace a node",
        tag="configuration",
        run=put_node,
        shown=(
            Shown(200, "The node, replaced or as it was already", NodeAnswer, _EXAMPLE),
            Shown(201, "The node, new", NodeAnswer, _EXAMPLE),
        ),
        body=_BODY,
        query=NoQuery,
        scope="configuration:write",
        refusals=(Invalid((FieldFlaw("/time_zone", "must be an IANA time zone, such as America/New_York"),)),),
        has_if_match=True,
        path_examples=_NODE_ID,
    ),
    Operation(
        method="GET",
        path="/v1/nodes/{node_id}",
        name="get_node",
        summary="Read a node",
        tag="configuration",
        run=get_node,
        shown=(Shown(200, "The node; its version is the ETag", NodeAnswer, _EXAMPLE),),
        body=NO_BODY,
        query=NoQuery,
        scope="configuration:read",
        refusals=(NotFound("node", "ST-NYC"),),
        path_examples=_NODE_ID,
    ),
    Operation(
        method="GET",
        path="/v1/nodes",
        name="list_nodes",
        summary="List nodes, by id",
        tag="configuration",
        run=list_nodes,
        shown=(Shown(200, "A page of nodes", Page[NodeAnswer], Page((_EXAMPLE,), None)),),
        body=NO_BODY,
        query=NodesQuery,
        scope="configuration:read",
    ),
)
