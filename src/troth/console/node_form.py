"""The fields of the form of a node."""

from typing import Final

from troth.console.record_codecs import (
    DAYS,
    NUMBER,
    NUMBERS,
    PAIRS,
    SIZES,
    TEXT,
    WORDS,
    Column,
    listed,
    money,
    rows,
)
from troth.console.record_form import Field, Group, Widget
from troth.model.capacity import CapacityUnit
from troth.model.network import NodeType
from troth.model.node_link import AcknowledgedBy, FileFormat, Reach

_HOURS: Final = rows(Column("weekdays", DAYS), Column("opens", TEXT), Column("closes", TEXT))
_SPECIAL_DAYS: Final = rows(
    Column("date", TEXT), Column("opens", TEXT), Column("closes", TEXT), Column("cut_off", TEXT)
)
_CUT_OFFS: Final = rows(Column("at", TEXT), Column("service", TEXT), Column("weekdays", DAYS))
_PICKUPS: Final = rows(Column("at", TEXT), Column("carrier", TEXT), Column("service", TEXT), Column("weekdays", DAYS))
_SHIFT: Final = (Column("begins", TEXT), Column("capacity", NUMBER))
_CAPACITY_DAYS: Final = rows(
    Column("weekdays", DAYS), Column("dates", WORDS), Column("capacity", NUMBER), Column("shifts", listed(*_SHIFT))
)

_COMPARTMENTS: Final = rows(
    Column("name", TEXT), Column("inner_cm", SIZES), Column("weight_kg_max", NUMBER), Column("numbers", NUMBERS)
)

_WHAT: Final = Group(
    "What it is",
    (
        Field("type", "Type", widget=Widget.CHOICE, options=tuple(NodeType), start=NodeType.STORE, is_required=True),
        Field("name", "Name", hint="empty: its id", width=4),
        Field("active", "Active", widget=Widget.FLAG, start="yes"),
        Field("pickup", "Customers pick up here", widget=Widget.FLAG),
        Field("services", "Services", WORDS, hint="such as standard, express; empty: all"),
        Field("capabilities", "Capabilities", WORDS, hint="what items may need, such as hazardous"),
        Field("attributes", "Attributes", PAIRS, Widget.ROWS, hint="for rules; one a row: district = north", width=4),
    ),
)
_WHERE: Final = Group(
    "Where it is",
    (
        Field("address/line1", "Street", width=4),
        Field("address/line2", "Second line"),
        Field("address/postcode", "Postcode"),
        Field("address/city", "City"),
        Field("address/region", "Region"),
        Field("address/country", "Country", start="US", hint="two letters"),
        Field("latitude", "Latitude", NUMBER, hint="degrees; both empty: where its address is"),
        Field("longitude", "Longitude", NUMBER, hint="degrees"),
        Field("time_zone", "Time zone", hint="IANA name, such as America/New_York; empty: UTC"),
    ),
)
_WHEN: Final = Group(
    "When it works, in its own time zone",
    (
        Field("calendar/weekdays", "Weekdays", DAYS, hint="such as mon-fri sat; empty: every day"),
        Field("calendar/opens", "Opens", widget=Widget.TIME),
        Field("calendar/closes", "Closes", widget=Widget.TIME, hint="before it opens: on the next day"),
        Field("calendar/hours", "Weekdays with other hours", _HOURS, Widget.ROWS, "days; opens; closes", width=3),
        Field(
            "calendar/special_days",
            "Dates with other hours",
            _SPECIAL_DAYS,
            Widget.ROWS,
            "date; opens; closes; cut-off, which may be left out",
            width=3,
        ),
        Field("calendar/holidays", "Days off", WORDS, hint="dates, such as 2026-12-25", width=3),
        Field(
            "calendar/public_holidays", "Public holidays", WORDS, hint="such as US or DE-BY; local: its own", width=3
        ),
        Field("cut_off", "Cut-off", widget=Widget.TIME, hint="empty: 14:00"),
        Field("processing_hours", "Processing hours", NUMBER),
        Field("cut_offs", "Other cut-offs", _CUT_OFFS, Widget.ROWS, "time; service or nothing; days", width=3),
        Field(
            "pickups",
            "Carriers come",
            _PICKUPS,
            Widget.ROWS,
            "time; carrier; service; days (none: at closing)",
            width=3,
        ),
    ),
)
_CAPACITY: Final = Group(
    "How much it can do",
    (
        Field("capacity_per_day", "A day", NUMBER, hint="empty: no limit"),
        Field(
            "capacity_unit", "Counted in", widget=Widget.CHOICE, options=tuple(CapacityUnit), start=CapacityUnit.LINES
        ),
        Field("shifts", "Shifts instead of a day", rows(*_SHIFT), Widget.ROWS, "begins; how much", width=3),
        Field(
            "capacity_days",
            "Days with another capacity",
            _CAPACITY_DAYS,
            Widget.ROWS,
            "days; or dates; how much; or shifts: 06:00 40, 14:00 60",
            width=3,
        ),
    ),
)
_TIMES: Final = Group(
    "How it takes orders",
    (
        Field("feed_minutes", "Minutes until an order is there", NUMBER),
        Field("acceptance_minutes", "Minutes of its hours to accept", NUMBER),
        Field("reroute_after_minutes", "Sourced again after, minutes", NUMBER, hint="empty: never"),
        Field("pickup_minutes", "Minutes for each pickup that waits", NUMBER, start="5"),
        Field("feed_due_every_hours", "Stock feed due every, hours", NUMBER, hint="empty: never"),
    ),
)
_LINK: Final = Group(
    "How its own system is told of work",
    (
        Field("link/by", "By", widget=Widget.CHOICE, options=tuple(Reach), hint="empty: it has none"),
        Field("link/format", "Format of files", widget=Widget.CHOICE, options=tuple(FileFormat), hint="empty: csv"),
        Field("link/folder", "Folder", hint="empty: its id"),
        Field("link/partner", "Trading partner", hint="where it is reached by EDI"),
        Field("link/acknowledge_minutes", "Minutes of its hours to acknowledge", NUMBER, hint="empty: none waits"),
        Field("link/ship_minutes", "Minutes of its hours to ship", NUMBER, hint="empty: by when it has to leave"),
        Field("link/contact", "Who is called where it is silent", width=3),
        Field(
            "link/acknowledged_by",
            "Acknowledged by",
            widget=Widget.CHOICE,
            options=tuple(AcknowledgedBy),
            hint="empty: delivery; of a webhook",
        ),
    ),
)

_LOCKER: Final = Group(
    "Where it is a locker",
    (
        Field("locker/home", "Store that it belongs to", hint="empty: it is no locker"),
        Field("locker/keep_hours", "Hours that goods wait", NUMBER, hint="empty: 72"),
        Field("locker/load_minutes", "Minutes to load it", NUMBER, hint="of its store's hours"),
        Field(
            "locker/sizes",
            "Compartments",
            _COMPARTMENTS,
            Widget.ROWS,
            "size; inside in cm; holds kg; numbers: S; 35 x 45 x 12; 10; 1-8",
            width=4,
        ),
    ),
)


def node_groups(currency: str) -> tuple[Group, ...]:
    """The groups of fields of a node, whose costs are in this currency."""
    cost = money(currency)
    costs = Group(
        "What it costs",
        (
            Field("handling_cost", "A unit", cost),
            Field("labor_cost", "A line", cost),
            Field("shipment_cost", "A shipment", cost, hint="its packaging"),
            Field("return_cost", "A unit taken back", cost),
            Field("goods_percent", "Goods, percent of the item's cost", NUMBER, start="100"),
        ),
    )
    return (_WHAT, _WHERE, _WHEN, _CAPACITY, costs, _TIMES, _LINK, _LOCKER)
