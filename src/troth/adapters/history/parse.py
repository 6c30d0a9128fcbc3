"""One row as a line of an order, or what is wrong with it, column by column."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from troth.adapters.history.mapping import ALWAYS_REQUIRED, Field, HistoryMapping, SkipRule
from troth.flows.places.places import country_code
from troth.model.ids import NodeId, Sku
from troth.model.money import CURRENCIES, Money, parse_money
from troth.model.network import Address
from troth.model.order import Customer, Method
from troth.model.value import dataclass

_QUANTITY: Final = re.compile(r"([+-]?\d{1,12})(\.0+)?")
_QUANTITY_MAX: Final = 1_000_000
_PRICE_MINOR_MAX: Final = 10**12
# Those that were withdrawn since 2000 (ISO 4217 list three): a history may be as old.
_WITHDRAWN: Final = """
AFA ANG ATS AZM BEF BYB BYR CSD CUC CYP DEM EEK ESP FIM FRF GHC GRD HRK IEP ITL LTL LUF LVL MGF MRO MTL MZM NLG PTE ROL
SDD SIT SKK SLL SRG STD TMM TRL VEB VEF ZMK ZWL
"""
_CURRENCIES: Final = CURRENCIES.union(_WITHDRAWN.split())
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
_IDS: Final = frozenset({"external_id", "sku", "line_id", "channel", "customer_id", "pickup_node", "service"})
_ID_LENGTH_MAX: Final = 64
_TEXT_LENGTH_MAX: Final = 500
_HEADS_KEPT: Final = 4096
_METHODS: Final = {method.value: method for method in Method}

_OF_ORDER: Final = (
    "ordered_at", "channel", "currency", "customer_id", "customer_name", "customer_email", "customer_phone", "method",
    "pickup_node", "service", "name", "line1", "line2", "city", "region", "postcode", "country",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a row: in which column, in a few words to count by, and in a sentence."""

    column: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Head:
    """What a row says about its order as a whole; `ordered_at` may differ between the lines of one."""

    ordered_at: datetime
    channel: str
    currency: str
    customer: Customer
    method: Method
    pickup_node: NodeId | None
    service: str
    ship_to: Address | None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """What a row says about its line. `line_id` is empty where the file has none."""

    line_id: str
    sku: Sku
    quantity: int
    unit_price: Money | None
    item_name: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A row that is a line of an order."""

    head: Head
    line: OrderLine


class _Flawed(Exception):
    def __init__(self, column: str, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.flaw = Flaw(column, reason, detail)


class RowParser:
    """Reads rows as a mapping says."""

    def __init__(self, mapping: HistoryMapping) -> None:
        self._skips = [(rule, _compile_skip(rule)) for rule in mapping.skip]
        self._fields = {name: mapping.field(name) for name in mapping.fields.__struct_fields__}
        self._read = {name: _compile(name, field) for name, field in self._fields.items()}
        self._head_columns = tuple(sorted({self._fields[name].column for name in _OF_ORDER} - {""}))
        self._read_head = lru_cache(maxsize=_HEADS_KEPT)(self._parse_head)

    def skip_reason(self, cells: Mapping[str, str]) -> str:
        """The reason of the first skip rule that a row meets; empty where it meets none."""
        return next((rule.reason for rule, is_met in self._skips if is_met(cells.get(rule.column, "").strip())), "")

    def external_id(self, cells: Mapping[str, str]) -> str:
        """Which order a row belongs to; empty where that cannot be told."""
        try:
            return self._read["external_id"](cells)
        except _Flawed:
            return ""

    def parse(self, cells: Mapping[str, str]) -> Parsed | tuple[Flaw, ...]:
        """The row as a line of an order, or every flaw of it."""
        flaws: list[Flaw] = []
        head = self._read_head(tuple(cells.get(column, "") for column in self._head_columns))
        if not isinstance(head, Head):
            flaws += head
        try:
            self._read["external_id"](cells)
        except _Flawed as flawed:
            flaws.append(flawed.flaw)
        line = self._parse_line(cells, head.currency if isinstance(head, Head) else "", flaws)
        return tuple(flaws) if flaws or line is None or not isinstance(head, Head) else Parsed(head, line)

    def _parse_line(self, cells: Mapping[str, str], currency: str, flaws: list[Flaw]) -> OrderLine | None:
        text: dict[str, str] = {}
        for name in ("line_id", "sku", "quantity", "unit_price", "item_name"):
            try:
                text[name] = self._read[name](cells)
            except _Flawed as flawed:
                flaws.append(flawed.flaw)
        quantity = 0
        price: Money | None = None
        if "quantity" in text:
            matched = _QUANTITY.fullmatch(text["quantity"])
            quantity = int(matched[1]) if matched else 0
            if not matched:
                flaws.append(self._flaw("quantity", "is no whole number", text["quantity"]))
            elif quantity <= 0:
                flaws.append(self._flaw("quantity", "is not above zero", text["quantity"]))
            elif quantity > _QUANTITY_MAX:
                flaws.append(self._flaw("quantity", f"is above {_QUANTITY_MAX:,}", text["quantity"]))
        if currency and text.get("unit_price"):
            try:
                price = parse_money(text["unit_price"], currency)
            except ValueError:
                flaws.append(self._flaw("unit_price", f"is no amount of {currency}", text["unit_price"]))
            if price is not None and not 0 <= price.minor <= _PRICE_MINOR_MAX:
                flaws.append(self._flaw("unit_price", "is below zero or absurd", text["unit_price"]))
        if flaws:
            return None
        return OrderLine(text["line_id"], Sku(text["sku"]), quantity, price, text["item_name"])

    def _parse_head(self, head_cells: tuple[str, ...]) -> Head | tuple[Flaw, ...]:
        cells = dict(zip(self._head_columns, head_cells, strict=True))
        flaws: list[Flaw] = []
        text = dict.fromkeys(_OF_ORDER, "")
        for name in _OF_ORDER:
            try:
                text[name] = self._read[name](cells)
            except _Flawed as flawed:
                flaws.append(flawed.flaw)
        failed = {flaw.column for flaw in flaws}
        ordered_at = _LATEST
        if self._column("ordered_at") not in failed:
            ordered_at, flaw = self._parse_time(text["ordered_at"])
            flaws += [flaw] if flaw else []
        if text["currency"] and text["currency"] not in _CURRENCIES:
            flaws.append(self._flaw("currency", "is no ISO 4217 code", text["currency"]))
        method = Method.SHIP
        if text["method"] in _METHODS:
            method = _METHODS[text["method"]]
        elif text["method"]:
            flaws.append(self._flaw("method", f"is none of {', '.join(Method)}", text["method"]))
        ship_to = None
        if method in (Method.SHIP, Method.DELIVERY):
            country = country_code(text["country"]) if text["country"] else None
            if country is None and self._column("country") not in failed:
                flaws.append(self._flaw("country", "is no country", text["country"]))
            ship_to = self._address(text, country or "")
        elif not text["pickup_node"]:
            flaws.append(self._flaw("pickup_node", "is missing", ""))
        if flaws:
            return tuple(flaws)
        customer = Customer(text["customer_id"], text["customer_name"], text["customer_email"], text["customer_phone"])
        pickup_node = None if ship_to is not None else NodeId(text["pickup_node"])
        return Head(
            ordered_at, text["channel"], text["currency"], customer, method, pickup_node, text["service"], ship_to
        )

    def _address(self, text: Mapping[str, str], country: str) -> Address:
        return Address(
            country,
            text["name"] or text["customer_name"],
            text["line1"],
            text["line2"],
            text["city"],
            text["region"],
            text["postcode"],
        )

    def _parse_time(self, text: str) -> tuple[datetime, Flaw | None]:
        field = self._fields["ordered_at"]
        try:
            at = datetime.strptime(text, field.format) if field.format else datetime.fromisoformat(text)  # noqa: DTZ007
        except ValueError:
            wanted = f"of the form {field.format}" if field.format else "in ISO 8601"
            return _LATEST, self._flaw("ordered_at", f"is no time {wanted}", text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=ZoneInfo(field.time_zone or "UTC"))
        if not _EARLIEST <= at < _LATEST:
            return _LATEST, self._flaw("ordered_at", "is not from 1970 to 2099", text)
        return at.astimezone(UTC), None

    def _column(self, name: str) -> str:
        return self._fields[name].column or name

    def _flaw(self, name: str, reason: str, text: str) -> Flaw:
        return Flaw(self._column(name), f"{name} {reason}", f"{name} {reason}: {text!r}")


def _compile(name: str, field: Field) -> Callable[[Mapping[str, str]], str]:
    """Returns the text of a field, empty where there is none; raises _Flawed."""
    if field.constant or not field.column:
        return lambda cells: field.constant
    column = field.column
    pattern = re.compile(field.pattern) if field.pattern else None
    is_required = field.required or name in ALWAYS_REQUIRED
    length_max = _ID_LENGTH_MAX if name in _IDS else _TEXT_LENGTH_MAX

    def read(cells: Mapping[str, str]) -> str:
        text = cells.get(column, "").strip()
        if not text:
            if is_required:
                raise _Flawed(column, f"{name} is missing", f"{name} is missing")
            return text
        if pattern is not None:
            matched = pattern.fullmatch(text)
            if matched is None:
                raise _Flawed(column, f"{name} has another form", f"{name} does not match {field.pattern}: {text!r}")
            text = matched[1] or "" if pattern.groups else text
        text = field.values.get(text, text)
        if len(text) > length_max or not text.isprintable():
            raise _Flawed(column, f"{name} is too long or not printable", f"{name} cannot be used: {text[:80]!r}")
        return text.upper() if field.upper else text

    return read


def _compile_skip(rule: SkipRule) -> Callable[[str], bool]:
    if rule.matches:
        pattern = re.compile(rule.matches)
        return lambda text: pattern.fullmatch(text) is not None
    if rule.one_of:
        return lambda text: text in rule.one_of
    if rule.empty:
        return lambda text: not text
    below = rule.below if rule.below is not None else 0.0
    return lambda text: _is_below(text, below)


def _is_below(text: str, limit: float) -> bool:
    try:
        return float(text) < limit
    except ValueError:
        return False
