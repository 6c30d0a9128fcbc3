"""What clients send about a node, and the node that it is."""

from datetime import date, time
from decimal import Decimal
from functools import cache
from typing import Annotated, Final
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from troth.flows.places import find_middle, locate, with_region
from troth.http.body import Id, MoneyBody, Name, Strict, Text
from troth.http.place_body import AddressBody
from troth.http.problems import Refused
from troth.model.capacity import CapacityUnit, Shift
from troth.model.ids import NodeId
from troth.model.network import Address, Calendar, CarrierPickup, Node, NodeType
from troth.model.refusals import FieldFlaw, Invalid

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _number_of_day(given: object) -> object:
    if not isinstance(given, str):
        return given
    if given not in WEEKDAYS:
        raise PydanticCustomError("unknown_weekday", "must be a weekday such as monday, or 0 (Monday) to 6")
    return WEEKDAYS.index(given)


Weekday = Annotated[
    int,
    BeforeValidator(_number_of_day),
    Field(ge=0, le=6),
    WithJsonSchema({"anyOf": [{"enum": list(WEEKDAYS)}, {"type": "integer", "minimum": 0, "maximum": 6}]}),
]


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise PydanticCustomError("unknown_zone", "must be an IANA time zone, such as America/New_York")
    return name


def _of_a_day(clock: time) -> time:
    if clock.tzinfo is not None:
        raise PydanticCustomError("zoned_time", "must have no offset: it is meant in the node's time zone")
    return clock.replace(second=0, microsecond=0)


TimeOfDay = Annotated[time, AfterValidator(_of_a_day)]
Hours = Annotated[Decimal, Field(ge=0, le=720, decimal_places=2)]
Attributes = Annotated[
    dict[Annotated[str, StringConstraints(min_length=1, max_length=100)], Text], Field(max_length=100)
]


class CalendarBody(Strict):
    """When the node works, in its own time zone. Weekdays by name, or by number with Monday as 0."""

    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = tuple(range(7))
    opens: TimeOfDay = time(0, 0)
    closes: TimeOfDay = time(23, 59)
    holidays: Annotated[tuple[date, ...], Field(max_length=1000)] = ()

    def calendar(self) -> Calendar:
        """The calendar that this is; Refused where it closes before it opens."""
        if self.closes <= self.opens:
            raise Refused(Invalid((FieldFlaw("/calendar/closes", "must be after opens, on the same day"),)))
        return Calendar(tuple(sorted(set(self.weekdays))), self.opens, self.closes, tuple(sorted(set(self.holidays))))


class CarrierPickupBody(Strict):
    """When a carrier comes, in the node's time zone; of several on one day the last counts."""

    at: TimeOfDay
    carrier: Annotated[str, Field(max_length=100, description="Empty: every carrier.")] = ""
    service: Annotated[str, Field(max_length=100, description="Empty: every service.")] = ""
    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = tuple(range(7))

    def pickup(self) -> CarrierPickup:
        """The pickup that this is."""
        return CarrierPickup(self.at, self.carrier, self.service, tuple(sorted(set(self.weekdays))))


class ShiftBody(Strict):
    """A part of the working day, from a time in the node's time zone, and what can be done in it."""

    begins: TimeOfDay
    capacity: Annotated[int, Field(ge=0, le=1_000_000_000)]


class NodeBody(Strict):
    """A node. Only the type and a place are needed: coordinates, or an address whose place is known.

    Without a calendar it works every day; without services it offers all of them; without a capacity it has no limit.
    """

    node_id: Annotated[Id | None, Field(description="May be left out; else the same as in the path.")] = None
    type: NodeType
    name: Name | None = None
    address: AddressBody | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    calendar: CalendarBody | None = None
    cut_off: TimeOfDay = time(14, 0)
    processing_hours: Hours = Decimal(0)
    capacity_per_day: Annotated[
        Annotated[int, Field(ge=0, le=1_000_000_000)] | None,
        Field(description="What it can do on a working day, in capacity_unit: order lines, or units."),
    ] = None
    services: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    pickup: bool = False
    handling_cost: Annotated[MoneyBody | None, Field(description="Of one unit here.")] = None
    labor_cost: Annotated[MoneyBody | None, Field(description="Of picking one line here.")] = None
    shipment_cost: Annotated[MoneyBody | None, Field(description="Of one shipment from here: its packaging.")] = None
    return_cost: Annotated[MoneyBody | None, Field(description="Of taking back one unit that left here.")] = None
    goods_percent: Annotated[
        int, Field(ge=0, le=1000, description="What goods cost here, in percent of the cost of the item.")
    ] = 100
    capabilities: Annotated[
        tuple[Id, ...], Field(max_length=100, description="What items may need of a node, such as hazardous.")
    ] = ()
    attributes: Annotated[Attributes, Field(description="What rules may ask about.")] = {}  # noqa: RUF012 - copied
    active: bool = True
    pickups: Annotated[
        tuple[CarrierPickupBody, ...],
        Field(max_length=500, description="A carrier without any comes every working day at closing time."),
    ] = ()
    feed_minutes: Annotated[
        int, Field(ge=0, le=100_000, description="How long an order takes to get there, at any hour.")
    ] = 0
    acceptance_minutes: Annotated[
        int, Field(ge=0, le=100_000, description="Of its opening hours, until it takes an order on.")
    ] = 0
    reroute_after_minutes: Annotated[
        Annotated[int, Field(ge=0, le=100_000)] | None,
        Field(description="After it should have accepted an order, until that is sourced again; null: never."),
    ] = None
    pickup_minutes: Annotated[
        int, Field(ge=0, le=1_440, description="How long one open pickup keeps those behind it waiting.")
    ] = 5
    feed_due_every_hours: Annotated[
        Annotated[int, Field(ge=1, le=8_760)] | None,
        Field(description="Its stock feed is due so often: while it is late its stock is not counted on; null: never."),
    ] = None
    capacity_unit: CapacityUnit = CapacityUnit.LINES
    shifts: Annotated[
        tuple[ShiftBody, ...], Field(max_length=24, description="They take the place of capacity_per_day.")
    ] = ()

    def node(self, node_id: NodeId, currency: str) -> Node:
        """The node that this is, with its place; Refused where that is not known."""
        if self.node_id is not None and self.node_id != node_id:
            raise Refused(Invalid((FieldFlaw("/node_id", f"must be {node_id}, as in the path"),)))
        address = Address(country="US") if self.address is None else self.address.address()
        latitude, longitude = self._place(address)
        return Node(
            node=node_id,
            type=self.type,
            name=self.name or node_id,
            latitude=latitude,
            longitude=longitude,
            time_zone=self.time_zone,
            address=with_region(address),
            calendar=Calendar() if self.calendar is None else self.calendar.calendar(),
            cut_off=self.cut_off,
            processing_hours=float(self.processing_hours),
            capacity_per_day=self.capacity_per_day,
            services=tuple(sorted(set(self.services))),
            pickup=self.pickup,
            labor_minor=_minor(self.labor_cost, currency, "/labor_cost"),
            return_minor=_minor(self.return_cost, currency, "/return_cost"),
            goods_percent=self.goods_percent,
            capabilities=tuple(sorted(set(self.capabilities))),
            attributes=self.attributes,
            handling_minor=_minor(self.handling_cost, currency, "/handling_cost"),
            shipment_minor=_minor(self.shipment_cost, currency, "/shipment_cost"),
            active=self.active,
            pickups=tuple(pickup.pickup() for pickup in self.pickups),
            feed_minutes=self.feed_minutes,
            acceptance_minutes=self.acceptance_minutes,
            reroute_after_minutes=self.reroute_after_minutes,
            pickup_minutes=self.pickup_minutes,
            feed_due_every_hours=self.feed_due_every_hours,
            capacity_unit=self.capacity_unit,
            shifts=self._shifts(),
        )

    def _shifts(self) -> tuple[Shift, ...]:
        begins = [shift.begins for shift in self.shifts]
        if begins != sorted(set(begins)):
            raise Refused(Invalid((FieldFlaw("/shifts", "must begin one after the other"),)))
        return tuple(Shift(shift.begins, shift.capacity) for shift in self.shifts)

    def _place(self, address: Address) -> tuple[float, float]:
        if (self.latitude is None) is not (self.longitude is None):
            missing = "latitude" if self.latitude is None else "longitude"
            raise Refused(Invalid((FieldFlaw(f"/{missing}", "is required where the other coordinate is given"),)))
        if self.latitude is not None and self.longitude is not None:
            return self.latitude, self.longitude
        located = address if self.address is None else locate(address)
        # That a node is in a country says nothing about where: its middle is no place to ship from.
        middle = find_middle(address.country)
        if located.latitude is None or located.longitude is None or (located.latitude, located.longitude) == middle:
            raise Refused(
                Invalid(
                    tuple(
                        FieldFlaw(f"/{name}", "is required, since the place of the address is not known")
                        for name in ("latitude", "longitude")
                    )
                )
            )
        return located.latitude, located.longitude


def _minor(cost: MoneyBody | None, currency: str, pointer: str) -> int:
    if cost is None:
        return 0
    parsed = cost.parse(pointer)
    if parsed.currency != currency:
        raise Refused(Invalid((FieldFlaw(f"{pointer}/currency", f"must be {currency}, the policy's currency"),)))
    if parsed.minor < 0:
        raise Refused(Invalid((FieldFlaw(f"{pointer}/amount", "must not be negative"),)))
    return parsed.minor
