"""What clients send about a node, and the node that it is."""

from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from troth.flows.places.places import find_middle, locate, with_region
from troth.http.edge.body import Id, MoneyBody, Name, Strict, Text
from troth.http.edge.problems import Refused
from troth.http.orders.place_body import AddressBody
from troth.http.records.calendar_body import (
    CalendarBody,
    CutOffBody,
    DayCapacityBody,
    ShiftBody,
    TimeOfDay,
    Weekday,
    is_in_order,
    shifts_of,
)
from troth.http.records.link_body import LinkBody
from troth.http.records.locker_body import LockerBody
from troth.model.capacity import CapacityUnit, DayCapacity
from troth.model.ids import NodeId
from troth.model.network import Address, Calendar, CarrierPickup, CutOff, Node, NodeType
from troth.model.refusals import FieldFlaw, Invalid


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def known_zone(name: str) -> str:
    """The name of a time zone, where there is one of it."""
    if name not in _zones():
        raise PydanticCustomError("unknown_zone", "must be an IANA time zone, such as America/New_York")
    return name


Hours = Annotated[Decimal, Field(ge=0, le=720, decimal_places=2)]
Attributes = Annotated[
    dict[Annotated[str, StringConstraints(min_length=1, max_length=100)], Text], Field(max_length=100)
]


class CarrierPickupBody(Strict):
    """When a carrier comes, in the node's time zone; of several on one day the last counts."""

    at: TimeOfDay
    carrier: Annotated[str, Field(max_length=100, description="Empty: every carrier.")] = ""
    service: Annotated[str, Field(max_length=100, description="Empty: every service.")] = ""
    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = tuple(range(7))

    def pickup(self) -> CarrierPickup:
        """The pickup that this is."""
        return CarrierPickup(self.at, self.carrier, self.service, tuple(sorted(set(self.weekdays))))


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
    time_zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
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
    capacity_days: Annotated[
        tuple[DayCapacityBody, ...], Field(max_length=100, description="Of weekdays and dates that have another one.")
    ] = ()
    cut_offs: Annotated[
        tuple[CutOffBody, ...],
        Field(max_length=100, description="Other ones than cut_off; of several for a day the last counts."),
    ] = ()
    link: LinkBody | None = None
    locker: LockerBody | None = None

    def node(self, node_id: NodeId, currency: str) -> Node:
        """The node that this is, with its place; Refused where that is not known."""
        if self.node_id is not None and self.node_id != node_id:
            raise Refused(Invalid((FieldFlaw("/node_id", f"must be {node_id}, as in the path"),)))
        address = Address(country="US") if self.address is None else self.address.address()
        latitude, longitude = self._place(address)
        flaws = [*self._flaws_of_capacity(), *self._flaws_of_cut_offs(), *self._flaws_of_locker(node_id)]
        locker = None if self.locker is None else self.locker.locker(flaws)
        if flaws:
            raise Refused(Invalid(tuple(flaws)))
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
            pickup=self.pickup or locker is not None,
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
            shifts=shifts_of(self.shifts),
            capacity_days=tuple(
                DayCapacity(
                    tuple(sorted(set(row.weekdays))),
                    tuple(sorted(set(row.dates))),
                    row.capacity,
                    shifts_of(row.shifts),
                )
                for row in self.capacity_days
            ),
            cut_offs=tuple(CutOff(row.at, row.service, tuple(sorted(set(row.weekdays)))) for row in self.cut_offs),
            link=None if self.link is None else self.link.link(node_id),
            locker=locker,
        )

    def _flaws_of_capacity(self) -> Iterator[FieldFlaw]:
        calendar = CalendarBody() if self.calendar is None else self.calendar
        hours = (calendar.opens, calendar.closes)
        if self.shifts and self.capacity_per_day is not None:
            yield FieldFlaw("/capacity_per_day", "must not be given with shifts, which take its place")
        if not is_in_order(self.shifts, hours):
            yield FieldFlaw("/shifts", "must begin one after the other")
        days: set[int | date] = set()
        for number, row in enumerate(self.capacity_days):
            pointer = f"/capacity_days/{number}"
            if bool(row.weekdays) is bool(row.dates):
                yield FieldFlaw(f"{pointer}/weekdays", "must be given where dates are not, and left out where they are")
            if row.shifts and row.capacity is not None:
                yield FieldFlaw(f"{pointer}/capacity", "must not be given with shifts, which take its place")
            if not is_in_order(row.shifts, hours):
                yield FieldFlaw(f"{pointer}/shifts", "must begin one after the other")
            named: set[int | date] = {*row.weekdays, *row.dates}
            if days & named:
                yield FieldFlaw(f"{pointer}/{'dates' if row.dates else 'weekdays'}", "names a day a second time")
            days |= named

    def _flaws_of_cut_offs(self) -> Iterator[FieldFlaw]:
        for number, row in enumerate(self.cut_offs):
            if row.service and self.services and row.service not in self.services:
                yield FieldFlaw(f"/cut_offs/{number}/service", "is not one of the services of the node")

    def _flaws_of_locker(self, node_id: NodeId) -> Iterator[FieldFlaw]:
        if (self.locker is None) is (self.type is NodeType.LOCKER):
            yield FieldFlaw("/locker", "is required of a locker, and only of one")
        if self.locker is not None and self.locker.home == node_id:
            yield FieldFlaw("/locker/home", "must be the store that the locker belongs to, not the locker")

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
