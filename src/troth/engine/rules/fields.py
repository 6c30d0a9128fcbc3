"""What a rule may ask about: every field with its type, its unit and what it is."""

from difflib import get_close_matches
from typing import Final

from troth.engine.rules.values import Kind
from troth.model.value import dataclass

LINES_AXIS: Final = 1
NODES_AXIS: Final = 2

ORDER: Final = 1
LINE: Final = 2
NODE: Final = 4
LANE: Final = 8
STOCK: Final = 16
ITEM: Final = 32
SALES: Final = 64
FEEDS: Final = 128
MOMENT: Final = 256
LOAD: Final = 512
HISTORY: Final = 1024
RETURN: Final = 2048
ALERT: Final = 4096
WORK: Final = 8192
OF_ORDER: Final = ORDER | MOMENT
EVERYTHING: Final = OF_ORDER | LINE | ITEM | NODE | LANE | STOCK | SALES | FEEDS | LOAD | WORK

SCOPES: Final = {"order": ORDER, "customer": ORDER, "line": LINE, "item": ITEM, "node": NODE, "lane": LANE,
                 "stock": STOCK, "rma": RETURN, "alert": ALERT, "work": ALERT}  # fmt: skip
"""What an expression reads when it names a field of these. Besides, MOMENT is what is only known when one order is
decided, such as the time; LOAD is what nodes have promised; SALES what they sell; FEEDS when their stock feeds came;
WORK how well they do their work; HISTORY what is known of a customer, which only hold rules may read; RETURN what is
known of a return and of the customer's others, which only rules of returns may; and ALERT what is expected of work on
its way, which only alert rules may.
"""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the catalog. `is_optional`: it may be missing, and then a rule about it cannot be evaluated; `also`:
    what it reads besides its scope; `is_of_sales`: it depends on what nodes sell; `is_of_feeds`: on the time and on
    when their stock feeds came; `is_of_work`: on how well they do their work; `is_signed`: it is a number that
    may be below zero.
    """

    path: str
    kind: Kind
    unit: str
    doc: str
    is_optional: bool = False
    is_by_line: bool = True
    is_of_sales: bool = False
    is_of_feeds: bool = False
    is_of_work: bool = False
    is_signed: bool = False
    also: int = 0

    @property
    def reads(self) -> int:
        """What an expression reads that names the field."""
        more = (SALES if self.is_of_sales else 0) | (FEEDS if self.is_of_feeds else 0)
        more |= WORK if self.is_of_work else 0
        return self.scope | self.also | more

    @property
    def scope(self) -> int:
        """What it is a field of."""
        return SCOPES[self.path.split(".")[0]]

    @property
    def axes(self) -> int:
        """Along what its values differ."""
        by_line = LINES_AXIS if self.is_by_line and self.reads & (LINE | ITEM | STOCK) else 0
        return by_line | (NODES_AXIS if self.reads & (NODE | LANE | STOCK) else 0)


_B, _I, _D, _S, _M, _T = Kind.BOOL, Kind.INT, Kind.DOUBLE, Kind.STRING, Kind.MAP, Kind.TIMESTAMP

_CATALOG: Final = (
    Field("order.channel", _S, "", "where the order was placed"),
    Field("order.method", _S, "", "`ship`, `pickup`, `curbside` or `delivery`"),
    Field("order.service", _S, "", "the service asked for; empty for any"),
    Field("order.currency", _S, "", "the order's currency"),
    Field("order.value", _D, "currency units", "price times quantity of all lines", True),
    Field("order.units", _I, "units", "quantity of all lines"),
    Field("order.weight_kg", _D, "kg", "weight of all units"),
    Field("order.lines", Kind.LINES, "", "the lines, for `size`, `exists` and `all`"),
    Field("order.country", _S, "ISO 3166", "country of the destination, or of the pickup node", True),
    Field("order.region", _S, "", "state or province of the destination, or of the pickup node", True),
    Field("order.city", _S, "", "city of the destination, or of the pickup node", True),
    Field("order.postcode", _S, "", "postcode of the destination, or of the pickup node", True),
    Field("order.priority", _I, "", "a larger number comes first; 0 where the order states none"),
    Field("order.ship_complete", _B, "", "whether the order ships as a whole or not at all"),
    Field("order.attributes", _M, "", "what the channel sent along, by name"),
    Field("order.residential", _B, "", "whether the destination is a home, where that is known", True),
    Field("order.tender", _S, "", "how the order is paid; empty where it does not say"),
    Field("order.external_id", _S, "", "the channel's own number; empty in a quote without one", also=MOMENT),
    Field("order.shipments_max", _I, "shipments", "how many shipments the order may have at most, where it says", True),
    Field("order.now", _T, "", "the time at which it is decided", also=MOMENT),
    Field("order.ordered_at", _T, "", "when the customer ordered", True, also=MOMENT),
    Field("customer.id", _S, "", "the customer as the channel knows them; empty where it does not"),
    Field("customer.class", _S, "", "the customer's class; empty where there is none"),
    Field("customer.name", _S, "", "the customer's name; empty where the channel does not say", also=MOMENT),
    Field("customer.email", _S, "", "the customer's mail address; empty where the channel does not say", also=MOMENT),
    Field("line.quantity", _I, "units", "how many units the line asks for"),
    Field("line.price", _D, "currency units", "price of one unit", True),
    Field("line.value", _D, "currency units", "price times quantity", True),
    Field("line.need_by_days", _D, "days", "days from now until the line is needed", True, is_signed=True),
    Field("line.not_before_days", _D, "days", "days from now before which the line is not wanted", True,
          is_signed=True),
    Field("item.sku", _S, "", "the item"),
    Field("item.name", _S, "", "the item's name", True),
    Field("item.category", _S, "", "the item's category; empty where it has none", True),
    Field("item.brand", _S, "", "the item's brand; empty where it has none", True),
    Field("item.gtin", _S, "", "the item's GTIN; empty where it has none", True),
    Field("item.return_percent", _D, "%", "the share of its units that come back, where the item says so", True),
    Field("item.price", _D, "currency units", "list price of one unit", True),
    Field("item.cost", _D, "currency units", "cost of one unit", True),
    Field("item.weight_kg", _D, "kg", "weight of one unit"),
    Field("item.volume_liters", _D, "liters", "volume of one unit"),
    Field("item.length_mm", _I, "mm", "length of one unit; 0 where it is not measured", True),
    Field("item.width_mm", _I, "mm", "width of one unit; 0 where it is not measured", True),
    Field("item.height_mm", _I, "mm", "height of one unit; 0 where it is not measured", True),
    Field("item.kit", _B, "", "whether it is made of other items", True),
    Field("item.serialized", _B, "", "whether each unit has a number", True),
    Field("item.needs", Kind.STRINGS, "", "what whoever keeps it must be able to do (`hazardous` …)", True),
    Field("item.not_to", Kind.STRINGS, "", "the countries and regions where it may not go (`US-CA` …)", True),
    Field("item.ship_alone", _B, "", "whether it is never packed with other lines", True),
    Field("item.attributes", _M, "", "the item's attributes, by name"),
    Field("node.id", _S, "", "the node"),
    Field("node.type", _S, "", "`dc`, `store`, `drop_ship`, `3pl` or `supplier`"),
    Field("node.name", _S, "", "the node's name"),
    Field("node.country", _S, "ISO 3166", "country of its address"),
    Field("node.region", _S, "", "state or province of its address", True),
    Field("node.city", _S, "", "city of its address", True),
    Field("node.postcode", _S, "", "postcode of its address", True),
    Field("node.time_zone", _S, "", "its time zone, as `America/Chicago`"),
    Field("node.latitude", _D, "degrees", "where it is, north of the equator", is_signed=True),
    Field("node.longitude", _D, "degrees", "where it is, east of Greenwich", is_signed=True),
    Field("node.pickup", _B, "", "whether it hands over to customers"),
    Field("node.capacity_per_day", _I, "a day", "what it can work on in a day, where that is limited", True),
    Field("node.processing_hours", _D, "hours", "how long it works on an order"),
    Field("node.handling", _D, "currency units", "cost of handling one unit there"),
    Field("node.shipment", _D, "currency units", "cost of one shipment from there"),
    Field("node.labor", _D, "currency units", "cost of picking one line there"),
    Field("node.cut_off", _I, "minutes", "its cut-off, in minutes since its midnight"),
    Field("node.opens", _I, "minutes", "when it opens, in minutes since its midnight"),
    Field("node.closes", _I, "minutes", "when it closes, in minutes since its midnight"),
    Field("node.local_hour", _I, "hours", "the hour of the day there, 0 to 23", also=MOMENT),
    Field("node.local_minute", _I, "minutes", "the time of day there, in minutes since midnight", also=MOMENT),
    Field("node.weekday", _S, "", "the day of the week there, `monday` to `sunday`", also=MOMENT),
    Field("node.load", _D, "share",
          "what share is promised of the day on which it would work on an order of now, where that has a limit", True,
          also=MOMENT | LOAD),
    Field("node.capacity_left", _I, "a day", "what is left of that day's capacity, where it has a limit", True,
          also=MOMENT | LOAD),
    Field("node.services", Kind.STRINGS, "", "the services it offers; empty for all"),
    Field("node.capabilities", Kind.STRINGS, "", "what it can do (`hazardous`, `chilled` …)"),
    Field("node.attributes", _M, "", "its attributes, by name"),
    Field("node.feed_age_hours", _D, "hours", "the age of its newest stock feed, where one is known", True,
          is_of_feeds=True),
    Field("node.accept_rate", _D, "share", "of the work it was given, what it takes on in time, over 28 days",
          is_of_work=True),
    Field("node.short_rate", _D, "share", "of the units it looks for, those that are not there, over 28 days",
          is_of_work=True),
    Field("node.on_time_rate", _D, "share", "of the work it does, what is out or ready in time, over 28 days",
          is_of_work=True),
    Field("node.task_minutes", _D, "minutes", "how long one more task takes there, in its hours", is_of_work=True),
    Field("lane.miles", _D, "miles", "great-circle distance to the destination or the pickup node", True),
    Field("lane.zone", _I, "", "the nearest zone, counted from 1, in which a card of the method has it", True),
    Field("lane.transit_days", _I, "carrier days", "days of transit of the quickest service it may use", True),
    Field("lane.same_region", _B, "", "whether it is in the destination's region", True),
    Field("lane.same_country", _B, "", "whether it is in the destination's country", True),
    Field("lane.cost", _D, "currency units", "the least that a card charges for all of the order in one parcel", True,
          also=ORDER),
    Field("lane.services", Kind.STRINGS, "", "the services by which it may go"),
    Field("lane.carriers", Kind.STRINGS, "", "the carriers of these services"),
    Field("stock.available", _I, "units", "what the node has on hand and may promise; of a kit, how many it can make"),
    Field("stock.has_all", _B, "", "whether that is as much as the line asks for"),
    Field("stock.lines_covered", _I, "lines", "how many lines of the order the node can send whole", is_by_line=False),
    Field("stock.incoming", _I, "units", "what is to come there and may be promised"),
    Field("stock.weekly_units", _D, "units a week", "what sells there in a week", True, is_of_sales=True),
    Field("stock.weeks_of_supply", _D, "weeks", "`available` divided by what sells there in a week", True,
          is_of_sales=True),
)  # fmt: skip

FIELDS: Final = {field.path: field for field in _CATALOG}

HOLD_FIELDS: Final = {
    field.path: field
    for field in (
        Field("order.located", _B, "", "whether it is known where exactly the goods go"),
        Field("customer.orders", _I, "orders", "how many orders of the customer there were before", True, also=HISTORY),
        Field("customer.knows_address", _B, "", "whether an earlier order of theirs went to the same address", True,
              also=HISTORY),
        Field("customer.same_orders", _I, "orders", "how many of their orders of the last day want the very same goods",
              True, also=HISTORY),
    )
}  # fmt: skip
"""What only hold rules may ask about besides."""


_OF_RETURNS: Final = (
    Field("rma.kind", _S, "", "`return` or `claim`"),
    Field("rma.method", _S, "", "`in_store`, `mail` or `none`"),
    Field("rma.reason", _S, "", "why these units come back"),
    Field("rma.grade", _S, "", "the grade of what came back; missing before it is graded", True),
    Field("rma.node", _S, "", "where it comes back; missing before that is known", True),
    Field("rma.node_type", _S, "", "the type of that node", True),
    Field("rma.units", _D, "units", "how many units of this line come back"),
    Field("rma.value", _D, "currency units", "what was paid for them", True),
    Field("rma.days", _D, "days", "days since the last of the line was delivered", True),
    Field("rma.without_receipt", _B, "", "whether the order was found without its number"),
    Field("rma.serial_mismatch", _B, "", "whether a serial was named that was not shipped"),
    Field("customer.returns", _I, "in 90 days", "how many returns the customer opened", also=RETURN),
    Field("customer.returned_units", _I, "in 90 days", "how many units came back from the customer", also=RETURN),
    Field("customer.returned_percent", _D, "%", "their share of the units ordered; missing without orders", True,
          also=RETURN),
    Field("customer.returned_value", _D, "currency units", "what was credited to the customer in 90 days", True,
          also=RETURN),
    Field("customer.returns_without_receipt", _I, "in 90 days", "how many of them came without a receipt",
          also=RETURN),
)  # fmt: skip

RETURN_FIELDS: Final = {field.path: field for field in _OF_RETURNS}
"""What only rules of returns may ask about."""


ALERT_FIELDS: Final = {
    field.path: field
    for field in (
        Field("alert.probability", _D, "0 to 1", "how likely the promise is missed"),
        Field("alert.hours_late", _D, "hours", "how much after the promise it is expected; below 0: before it",
              is_signed=True),
        Field("alert.hours_left", _D, "hours", "how long it is until the promise; below 0: it is over", is_signed=True),
        Field("alert.step", _S, "", "the step that is due next: `picked`, `in_transit` …"),
        Field("alert.leg", _S, "", "who takes it: `order`, `node`, `carrier` or `customer`"),
        Field("alert.step_hours_late", _D, "hours", "by how much it is overdue; below 0: it is not", True,
              is_signed=True),
        Field("work.status", _S, "", "where the work stands: `released`, `shipped` …"),
        Field("work.node", _S, "", "the node that does it"),
        Field("work.node_type", _S, "", "the type of that node", True),
        Field("work.method", _S, "", "`ship`, `pickup`, `curbside` or `delivery`"),
        Field("work.service", _S, "", "the service by which it goes; empty where nothing is carried"),
        Field("work.carrier", _S, "", "who carries it; empty where nobody does, or it is not known"),
    )
}  # fmt: skip
"""What only alert rules may ask about."""


def find_field(path: str, reads: int) -> Field | None:
    """The field of this name, where an expression that may read these scopes may ask about it."""
    found = FIELDS.get(path) or (HOLD_FIELDS.get(path) if reads & HISTORY else None)
    found = found or (RETURN_FIELDS.get(path) if reads & RETURN else None)
    return found or (ALERT_FIELDS.get(path) if reads & ALERT else None)


def suggest(path: str) -> str:
    """A sentence that names the field which was probably meant; nothing where none is near.

    >>> suggest("order.chanel")
    '; did you mean order.channel?'
    """
    near = get_close_matches(path, FIELDS, n=1, cutoff=0.7)
    if not near and "." in path:
        near = get_close_matches(path.split(".")[-1], [field.split(".")[1] for field in FIELDS], n=1, cutoff=0.8)
        near = [field for field in FIELDS if near and field.endswith(f".{near[0]}")][:1]
    return f"; did you mean {near[0]}?" if near else ""
