"""Where stock is held and from where it leaves: nodes, addresses, calendars."""

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final

from troth.model.capacity import CapacityUnit, DayCapacity, Shift
from troth.model.ids import NodeId
from troth.model.locker import Locker
from troth.model.node_link import NodeLink
from troth.model.value import dataclass

LOCAL: Final = "local"
"""The calendar of public holidays of wherever something is."""


class Carriage(StrEnum):
    """How the goods of a rate card travel: in a parcel, or in a van of the node's own surroundings."""

    SHIP = "ship"
    DELIVERY = "delivery"


class NodeType(StrEnum):
    """What kind of place a node is."""

    DC = "dc"
    STORE = "store"
    DROP_SHIP = "drop_ship"
    THIRD_PARTY = "3pl"
    SUPPLIER = "supplier"
    LOCKER = "locker"


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; `country` is ISO 3166 alpha-2, the coordinates (degrees) and the IANA time zone are there
    where they are known. `residential` None is not known: surcharges take it for a home.

    `region` is as it was sent, `region_code` what stands for it in ISO 3166-2 behind the country, as `locate` found it
    (empty: it was not looked for), and `located_by` says by what it found the coordinates.
    """

    country: str
    name: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    latitude: float | None = None
    longitude: float | None = None
    time_zone: str = ""
    residential: bool | None = None
    region_code: str = ""
    located_by: str = ""

    @property
    def subdivision(self) -> str:
        """The region as it is compared: its code, where that is known, else as it was sent."""
        return self.region_code or self.region


@dataclass(frozen=True, slots=True)
class DayHours:
    """The hours of some weekdays (Monday is 0), where they are not those of the other days."""

    weekdays: tuple[int, ...]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A date with hours of its own, also where it is no working day of the week; `cut_off` None: as on other days."""

    day: date
    opens: time
    closes: time
    cut_off: time | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a node works, in its own time zone: weekdays (Monday is 0), opening hours, days off.

    `hours` are those of weekdays that have others (of several rows the last counts), `special_days` those of a date.
    Hours that do not close after they open are a night's: they close on the next day, and belong to the day on which
    they open. `public_holidays` are the calendars of days off besides, by name (`US`, `DE-BY`; `local`: of the place).
    """

    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    opens: time = time(0, 0)
    closes: time = time(23, 59)
    holidays: tuple[date, ...] = ()
    hours: tuple[DayHours, ...] = field(default=(), repr=False)
    special_days: tuple[SpecialDay, ...] = field(default=(), repr=False)
    public_holidays: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class CutOff:
    """The last local time for work of the same day, of one service or of all (empty), on some weekdays (Monday is 0).

    Rows that name the service count before those of all; of several the last.
    """

    at: time
    service: str = ""
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class CarrierPickup:
    """When a carrier comes to a node: a local time on some weekdays (Monday is 0), for one service or for all.

    An empty carrier stands for all. Of several on one day the last counts.
    """

    at: time
    carrier: str = ""
    service: str = ""
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """That a node is asked for nothing since an instant, why, by whom, and until when (None: until it is switched)."""

    reason: str
    since: datetime
    until: datetime | None
    by: str

    def tell(self) -> str:
        """What is said of the node.

        >>> SwitchedOff("no staff", datetime(2026, 11, 23), None, "user/ann").tell()
        'is switched off (no staff)'
        """
        until = "" if self.until is None else f" until {self.until.isoformat()}"
        return f"is switched off{until} ({self.reason})"


@dataclass(frozen=True, slots=True)
class Node:
    """A place that holds or fulfills stock.

    `services` empty means every service; `cut_off` is that of all services and days which no row of `cut_offs` names.
    `capacity_per_day` (in `capacity_unit`) None means no limit, and `shifts` take its place; `capacity_days` are the
    capacities of weekdays and dates that have others. `handling_minor` is the cost of handling one unit here and
    `shipment_minor` that of one shipment (its packaging), in minor units of the policy's currency. A carrier without
    `pickups` comes at closing time.
    `labor_minor` is the cost of picking one line, `return_minor` that of taking back one unit that was sent from here,
    and `goods_percent` what goods cost here in percent of the item's cost: more than 100 at a vendor who adds a margin.
    An order is with the node `feed_minutes` after it was placed, and taken on after `acceptance_minutes` of its hours.
    What it has not accepted by then is sourced again `reroute_after_minutes` later (None: it waits for the node).
    Its stock feed is due after so many hours (`feed_due_every_hours`, None: none is): while it is late nothing of its
    stock is counted on. `pickup_minutes` is how much later a pickup is ready for each open one that waits before it.
    `capabilities` are what items may need of a node (`hazardous`, `chilled` …), `attributes` what rules may ask about.
    Where somebody switched it `off` it is not active meanwhile; that is never set with the node itself. A node with a
    system of its own is told of its work by its `link`. One of type locker holds nothing of its own: its `locker` says
    whose goods it hands over.
    """

    node: NodeId
    type: NodeType
    name: str
    latitude: float
    longitude: float
    time_zone: str = "UTC"
    address: Address = field(default_factory=lambda: Address(country="US"))
    calendar: Calendar = field(default_factory=Calendar)
    cut_off: time = time(14, 0)
    processing_hours: float = 0.0
    capacity_per_day: int | None = None
    services: tuple[str, ...] = ()
    pickup: bool = False
    handling_minor: int = 0
    shipment_minor: int = 0
    active: bool = True
    pickups: tuple[CarrierPickup, ...] = ()
    feed_minutes: int = 0
    acceptance_minutes: int = 0
    capacity_unit: CapacityUnit = CapacityUnit.LINES
    shifts: tuple[Shift, ...] = ()
    labor_minor: int = 0
    return_minor: int = 0
    goods_percent: int = 100
    capabilities: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    pickup_minutes: int = 5
    reroute_after_minutes: int | None = None
    feed_due_every_hours: int | None = None
    cut_offs: tuple[CutOff, ...] = field(default=(), repr=False)
    capacity_days: tuple[DayCapacity, ...] = field(default=(), repr=False)
    off: SwitchedOff | None = field(default=None, repr=False)
    link: NodeLink | None = field(default=None, repr=False)
    locker: Locker | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Surcharge:
    """What a carrier charges for a parcel on top of its rate, where all that is said here holds; what is left at its
    default says nothing.

    Of the destination: `residential`, `countries` (ISO 3166), `regions`, `postcode_prefixes`, and the card's `zones`
    (0-based). Of the parcel: it weighs more than `grams_over`, and holds a unit whose longest side is over
    `length_mm_over`, whose length and girth (twice its two shorter sides) are over `girth_mm_over`, and whose item has
    an `attribute` (with any value where `value` is empty); what is said of a unit must hold for one and the same unit.
    Fuel is charged on it where it `is_fuelable`.
    """

    name: str
    minor: int
    is_fuelable: bool = False
    residential: bool | None = None
    countries: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    postcode_prefixes: tuple[str, ...] = ()
    zones: tuple[int, ...] = ()
    grams_over: int | None = None
    length_mm_over: int | None = None
    girth_mm_over: int | None = None
    attribute: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class RateCard:
    """What a parcel costs and how long it travels: one service of one carrier.

    Zone z (0-based) holds destinations up to `zone_miles[z]` miles away (the last is unbounded). A parcel of weight w
    costs `rates_minor[z][b]` for the first bracket b with w <= `brackets_grams[b]`, and above the last bracket
    `over_minor[z]` more for each further kilogram or part of it. Transit takes `transit_days[z]` of the carrier's
    days, and ends on a day of `delivery_weekdays` (empty: the same days). `capabilities` are what items may need of
    whoever carries them. A parcel weighs at most `grams_max` (None: any weight), no unit in it has a side longer than
    `length_mm_max`, nor a length and girth (the longest side and twice the two others) of more than `girth_mm_max`;
    what is more goes by freight, which is a card like any other.
    Fuel is `fuel_basis_points` (hundredths of a percent) of each rate and of each fuelable surcharge, each rounded by
    itself.
    It reaches places at most `max_miles` away (None: any), in its `countries` (empty: all), in its `regions` (`US-CA`;
    empty: all) and in none of `not_regions` (`US-HI`, or a whole country as `AQ`), where it `is_domestic` only in the
    node's own country, and with `no_po_boxes` to no box at a post office. It is there between `window_opens` and
    `window_closes`, in the time zone of the place.
    `public_holidays` are the calendars of days on which it rests besides its `holidays`, by name (`US`, `DE-BY`);
    `local` stands for those of the places: it leaves no node on a holiday there, and arrives on none of its goal.
    """

    service: str
    carrier: str
    currency: str
    zone_miles: tuple[float, ...]
    brackets_grams: tuple[int, ...]
    rates_minor: tuple[tuple[int, ...], ...]
    over_minor: tuple[int, ...]
    transit_days: tuple[int, ...]
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    holidays: tuple[date, ...] = ()
    dimensional_divisor_cm3_per_kg: int = 5000
    delivery_weekdays: tuple[int, ...] = ()
    capabilities: tuple[str, ...] = ()
    fuel_basis_points: int = 0
    surcharges: tuple[Surcharge, ...] = ()
    grams_max: int | None = None
    method: Carriage = Carriage.SHIP
    max_miles: float | None = None
    countries: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    not_regions: tuple[str, ...] = ()
    is_domestic: bool = False
    length_mm_max: int | None = None
    girth_mm_max: int | None = None
    window_opens: time = time(8, 0)
    window_closes: time = time(20, 0)
    public_holidays: tuple[str, ...] = (LOCAL,)
    no_po_boxes: bool = False
