"""Values as people read them: money, times, quantities, names, and statuses as chips."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from troth.model.lifecycle import AllocationState
from troth.model.measure import PIECE
from troth.model.money import currency_decimals
from troth.model.network import NodeType
from troth.model.status import OrderStatus
from troth.model.value import dataclass
from troth.store.console import COUNT_MAX

_SIGNS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$"}
_NODE_TYPES: Final = {
    NodeType.DC: "Distribution center",
    NodeType.STORE: "Store",
    NodeType.DROP_SHIP: "Drop-ship vendor",
    NodeType.THIRD_PARTY: "3PL",
    NodeType.SUPPLIER: "Supplier",
    NodeType.LOCKER: "Locker",
}
_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Chip:
    """A status in a word, with a tone for the eye and a shape for those who do not see the tone."""

    text: str
    tone: str
    shape: str


_ORDER_CHIPS: Final = {
    OrderStatus.ON_HOLD: Chip("On hold", "amber", "hold"),
    OrderStatus.PROMISED: Chip("Promised", "blue", "open"),
    OrderStatus.RELEASED: Chip("Released", "indigo", "quarter"),
    OrderStatus.IN_FULFILLMENT: Chip("In fulfillment", "violet", "half"),
    OrderStatus.PARTIALLY_SHIPPED: Chip("Partially shipped", "cyan", "most"),
    OrderStatus.SHIPPED: Chip("Shipped", "teal", "arrow"),
    OrderStatus.DELIVERED: Chip("Delivered", "green", "done"),
    OrderStatus.CANCELED: Chip("Canceled", "gray", "cross"),
    OrderStatus.BACKORDERED: Chip("Backordered", "orange", "clock"),
    OrderStatus.EXCEPTION: Chip("Exception", "red", "alert"),
}
_STATE_CHIPS: Final = {
    AllocationState.BACKORDERED: Chip("Backordered", "orange", "clock"),
    AllocationState.RESERVED: Chip("Reserved", "blue", "open"),
    AllocationState.RELEASED: Chip("Released", "indigo", "quarter"),
    AllocationState.ACCEPTED: Chip("Accepted", "violet", "quarter"),
    AllocationState.PICKED: Chip("Picked", "violet", "half"),
    AllocationState.PACKED: Chip("Packed", "violet", "most"),
    AllocationState.READY: Chip("Ready for pickup", "cyan", "most"),
    AllocationState.SHIPPED: Chip("Shipped", "teal", "arrow"),
    AllocationState.DELIVERED: Chip("Delivered", "green", "done"),
    AllocationState.COLLECTED: Chip("Collected", "green", "done"),
    AllocationState.REJECTED: Chip("Rejected", "red", "cross"),
    AllocationState.SHORT: Chip("Short", "red", "alert"),
    AllocationState.SPLIT: Chip("Split", "gray", "open"),
    AllocationState.CANCELED: Chip("Canceled", "gray", "cross"),
    AllocationState.REPLACED: Chip("Replaced", "gray", "open"),
    AllocationState.UNCOLLECTED: Chip("To put back", "orange", "arrow"),
    AllocationState.UNCLAIMED: Chip("To put back, sent here", "orange", "arrow"),
}


def status_chip(status: str) -> Chip:
    """The chip of an order's or a line's status; one that is not known is shown as it is."""
    return _ORDER_CHIPS[OrderStatus(status)] if status in set(OrderStatus) else Chip(words(status), "gray", "open")


def state_chip(state: str) -> Chip:
    """The chip of an allocation's or a fulfillment's state; one that is not known is shown as it is."""
    return _STATE_CHIPS[AllocationState(state)] if state in set(AllocationState) else Chip(words(state), "gray", "open")


def money(minor: int, currency: str) -> str:
    """An amount in minor units as people write it.

    >>> money(123456, "USD"), money(-50, "EUR"), money(1990, "JPY"), money(100, "CHF")
    ('$1,234.56', '−€0.50', '¥1,990', 'CHF 1.00')
    """
    decimals = currency_decimals(currency)
    amount = f"{Decimal(abs(minor)).scaleb(-decimals):,.{decimals}f}"
    return f"{'−' if minor < 0 else ''}{_SIGNS.get(currency, currency + ' ')}{amount}"


def number(value: int, decimals: int = 0) -> str:
    """A quantity with separators; of what is sold by measure with its decimals.

    >>> number(12345), number(-3), number(1250, 3)
    ('12,345', '−3', '1.250')
    """
    return f"{Decimal(value).scaleb(-decimals):,.{decimals}f}".replace("-", "−")


def quantity(value: int | float) -> str:
    """A quantity as people know it, with separators and no more decimals than it has.

    >>> quantity(1234), quantity(1.25), quantity(-3)
    ('1,234', '1.25', '−3')
    """
    text = f"{value:,.3f}"
    return text.rstrip("0").rstrip(".").replace("-", "−")


def sums(units: Mapping[str, int | float]) -> str:
    """Units by measure, the pieces first; nothing of anything is 0.

    >>> sums({"m": 12.5, "each": 38}), sums({"m": 1250}), sums({})
    ('38 · 12.5 m', '1,250 m', '0')
    """
    measured = [f"{quantity(units[unit])} {unit}" for unit in sorted(units) if unit != PIECE]
    pieces = [quantity(units.get(PIECE, 0))] if PIECE in units or not measured else []
    return " · ".join(pieces + measured)


def count_text(count: int) -> str:
    """A count that went no further than COUNT_MAX.

    >>> count_text(42), count_text(10_000)
    ('42', '10,000+')
    """
    return f"{count:,}+" if count >= COUNT_MAX else f"{count:,}"


def words(name: str) -> str:
    """A name from the code as words.

    >>> words("in_fulfillment"), words("3pl"), words("DC-1")
    ('In fulfillment', '3pl', 'DC-1')
    """
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """A note as a sentence: it begins with a capital and ends with a stop.

    >>> sentence("tier anybody covers nothing, then backorder"), sentence("Open until 9.")
    ('Tier anybody covers nothing, then backorder.', 'Open until 9.')
    """
    found = text.strip()
    return found[:1].upper() + found[1:] + ("" if not found or found[-1] in ".!?" else ".")


def node_type_text(type_: str) -> str:
    """A node's type in words; one that is not known is shown as it is."""
    return _NODE_TYPES[NodeType(type_)] if type_ in set(NodeType) else words(type_)


def moment(at: datetime) -> str:
    """A time to the minute, in UTC; the page's script turns it into the reader's own.

    >>> moment(datetime(2026, 11, 3, 9, 5, tzinfo=UTC))
    'Nov 3, 09:05'
    """
    return f"{at.astimezone(UTC):%b} {at.astimezone(UTC).day}, {at.astimezone(UTC):%H:%M}"


def day(at: datetime) -> str:
    """A day, in UTC, with its weekday.

    >>> day(datetime(2026, 11, 3, tzinfo=UTC))
    'Tue, Nov 3'
    """
    return f"{at.astimezone(UTC):%a, %b} {at.astimezone(UTC).day}"


def promise_text(starts: datetime | None, ends: datetime | None, zone: str, *, is_short: bool = False) -> str:
    """A promised window in the time zone of the node that keeps it; short: only its day.

    >>> until = datetime(2026, 11, 26, 1, tzinfo=UTC)
    >>> promise_text(until.replace(hour=0), until, "America/New_York")
    'Wed, Nov 25, 19:00–20:00'
    >>> promise_text(until, until, "UTC"), promise_text(None, until, "UTC", is_short=True)
    ('Thu, Nov 26, 01:00', 'Thu, Nov 26')
    """
    if ends is None:
        return ""
    last = ends.astimezone(ZoneInfo(zone))
    first = starts.astimezone(ZoneInfo(zone)) if starts is not None else last
    if is_short:
        return f"{last:%a, %b} {last.day}"
    if first == last:
        return f"{last:%a, %b} {last.day}, {last:%H:%M}"
    if first.date() == last.date():
        return f"{last:%a, %b} {last.day}, {first:%H:%M}–{last:%H:%M}"
    return f"{first:%a, %b} {first.day}, {first:%H:%M} – {last:%a, %b} {last.day}, {last:%H:%M}"


def duration(seconds: float) -> str:
    """A length of time in its largest unit, rounded down.

    >>> duration(0.42), duration(59.9), duration(3600), duration(200_000)
    ('0.4 s', '59 s', '1 h', '2 d')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < _MINUTE:
        return f"{int(seconds)} s"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min"
    return f"{int(seconds // _HOUR)} h" if seconds < 2 * _DAY else f"{int(seconds // _DAY)} d"


def ago(at: datetime, now: datetime) -> str:
    """How far a time is from now.

    >>> from datetime import timedelta
    >>> now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    >>> ago(now - timedelta(minutes=5), now), ago(now + timedelta(hours=3), now), ago(now, now)
    ('5 min ago', 'in 3 h', 'just now')
    """
    seconds = (now - at).total_seconds()
    if abs(seconds) < 10:
        return "just now"
    return f"{duration(seconds)} ago" if seconds > 0 else f"in {duration(-seconds)}"


def actor_text(actor: str) -> str:
    """Who did something, as people say it.

    >>> actor_text("user/maya"), actor_text("key/web-feed"), actor_text("clock"), actor_text("")
    ('maya', 'key web-feed', 'the clock', 'nobody named')
    """
    kind, slash, name = actor.partition("/")
    if kind == "user" and slash:
        return name
    if not slash:
        return {"clock": "the clock", "": "nobody named"}.get(actor, actor)
    return f"{kind} {name}"


def path_part(name: str) -> str:
    """A name as one part of a path, whatever is in it."""
    return quote(name, safe="")


def query(**parameters: str | None) -> str:
    """The query part of an address, without what is empty.

    >>> query(q="a b", status=None, node="")
    '?q=a+b'
    """
    given = {name: value for name, value in parameters.items() if value}
    return f"?{urlencode(given)}" if given else ""


def read_position(text: str) -> tuple[datetime, str] | None:
    """The position (time, id) that a cursor of a list names; None where it names none.

    >>> read_position(position_text((datetime(2026, 11, 23, tzinfo=UTC), "O-1")))
    (datetime.datetime(2026, 11, 23, 0, 0, tzinfo=datetime.timezone.utc), 'O-1')
    >>> read_position("yesterday"), read_position("2026-11-23~O-1")
    (None, None)
    """
    at, tilde, id_ = text.partition("~")
    try:
        parsed = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (parsed, id_) if tilde and id_ and parsed.tzinfo else None


def position_text(position: tuple[datetime, str]) -> str:
    """A position (time, id) of a list as a cursor."""
    return f"{position[0].isoformat()}~{position[1]}"
