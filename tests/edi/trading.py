"""Terms with partners, and what their nodes are told, for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from troth.adapters.edi.reading import read_interchanges
from troth.adapters.edi.segments import Group, Interchange, Party, Segment, Syntax, Transaction
from troth.adapters.edi.terms import Documents, Known, Terms
from troth.model.ids import FulfillmentId, LineId, NodeId, OrderId, Sku
from troth.model.item import Item
from troth.model.network import Address
from troth.model.node_messages import MessageKind, NodeTold, ToldLine, ToldRecall, ToldWork
from troth.model.order import Method

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ORDER = OrderId("O-26SR2YAV7FYG310C5Q3V")
WORK = FulfillmentId(f"{ORDER}-F1")
SHORT_WORK = "26SR2YAV7FYG310C5Q3V1"
ADA = Address(
    country="US", name="Ada Park", line1="1 Main St", line2="Apt 4", city="New York", region="New York",
    region_code="NY", postcode="10001",
)  # fmt: skip
LAMP = Item(Sku("A-1001"), "Brass lamp", gtin="4006381333931", attributes={"acme_number": "X77", "case_units": "12"})
CABLE = Item(Sku("A-1002"), "Cable", unit="m", decimals=2, attributes={"acme_number": "X78"})
SHADE = Item(Sku("A-1003"), "Shade", gtin="012345678905", serialized=True)
ITEMS = {item.sku: item for item in (LAMP, CABLE, SHADE)}


def terms(
    syntax: Syntax = Syntax.X12, documents: Documents = Documents.WAREHOUSE, version: str = "", **changes: Any
) -> Terms:
    """What was agreed with Acme, whose clock hangs in New York."""
    values: dict[str, Any] = {
        "node": NodeId("3PL-1"),
        "time_zone": "America/New_York",
        "our_name": "Troth Goods",
        "our_number": "4711",
        "partner_name": "Acme",
        "number_attribute": "acme_number",
        "pack_attributes": {"CA": "case_units", "CS": "case_units"},
        "carriers": {"ACME": "acme_freight"},
        "services": {"GROUND": "standard"},
    }
    spoken = version or ("004010" if syntax is Syntax.X12 else "D.96A")
    return Terms(syntax, spoken, Party("TROTH", "ZZ"), Party("ACME", "ZZ"), documents, **values | changes)


def line(number: int | str = 1, sku: str = "A-1001", quantity: int | float = 2, lot: str = "") -> ToldLine:
    """Units of a line as a node is told of them."""
    item = ITEMS.get(Sku(sku))
    return ToldLine(LineId(str(number)), Sku(sku), "" if item is None else item.name, quantity, lot)


def work(*lines: ToldLine, **changes: Any) -> ToldWork:
    """Work of a node: two lamps to Ada, where nothing else is said."""
    values: dict[str, Any] = {
        "fulfillment_id": WORK,
        "order_id": ORDER,
        "channel": "web",
        "external_id": "W-1001",
        "method": Method.SHIP,
        "service": "standard",
        "carrier": "ups",
        "ship_by": AT + timedelta(hours=7),
        "promised_at": AT + timedelta(days=3),
        "customer_name": "Ada Park",
        "customer_phone": "+1 212 555 0100",
        "ship_to": ADA,
        "lines": lines or (line(),),
    }
    return ToldWork(**values | changes)


def told(kind: MessageKind = MessageKind.RELEASE, of: ToldWork | None = None, **changes: Any) -> NodeTold:
    """A message to the node."""
    values: dict[str, Any] = {"number": 17, "at": AT}
    return NodeTold(NodeId("3PL-1"), kind=kind, work=of or work(), **values | changes)


def recall(*lines: ToldLine) -> ToldRecall:
    """Units that are asked back within two hours."""
    return ToldRecall("RC-1", AT + timedelta(hours=2), lines)


def known(of: ToldWork | None = None, **changes: Any) -> Known:
    """What is known here: the items, and one work."""
    about = of or work()
    values: dict[str, Any] = {"items": ITEMS, "works": {about.fulfillment_id: about}, "at": AT}
    return Known(**values | changes)


def transaction(kind: str, *segments: Segment, version: str = "004010") -> Transaction:
    """A transaction that came, its segments counted from behind its header."""
    placed = tuple(Segment(one.tag, one.elements, place) for place, one in enumerate(segments, 2))
    return Transaction(kind, version, "0001", placed)


def only_transaction(content: bytes) -> Transaction:
    """The only transaction of an interchange in which nothing is wrong that it could be rejected for."""
    read = read_interchanges(content)
    assert read.flaws == ()
    (one,) = read.interchanges
    assert [flaw for flaw in one.flaws if not flaw.is_noted()] == []
    (found,) = (found for group in one.interchange.groups for found in group.transactions)
    return found


def as_text(found: Transaction) -> list[str]:
    """A transaction as lines, as people write them: elements behind `*`, components between `:`."""
    return ["*".join([one.tag, *(":".join(element[0]) for element in one.elements)]) for one in found.segments]


def interchange(of: Transaction, spoken: Terms, group: str = "") -> Interchange:
    """The interchange that a transaction comes in."""
    one = Transaction(of.kind, of.version, "0001", of.segments)
    groups = (Group(group, "ACME", "TROTH", "1" if group else "", spoken.version if group else "", (one,)),)
    return Interchange(spoken.syntax, spoken.partner, spoken.us, "000000001", AT.replace(tzinfo=None), False, groups)
