"""What the forms of customers and blanket orders say, as values; Unfit where a field says nothing that could be set."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from starlette.datastructures import FormData

from troth.flows.door.expected import ANYTHING, Expected
from troth.model.blanket import BlanketLine, BlanketOrder
from troth.model.credit import CustomerTerms
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.measure import units_in, why_not_units
from troth.model.money import Money, parse_money, why_no_currency
from troth.model.value import dataclass
from troth.pages.asking import Unfit, text

_DAYS_MAX: Final = 3_650
_LINES_MAX: Final = 5_000
_LINES_LENGTH_MAX: Final = 500_000
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A line of a blanket order as it is typed: an item, how many of it (empty: as many as the value lets), a price."""

    number: int
    sku: str
    quantity: str
    price: str


def expected_in(form: FormData) -> Expected:
    """Which version the form replaces: none where it makes something new, any where it does not say."""
    given = text(form, "version")
    if given == "new":
        return Expected(is_none=True)
    return Expected(frozenset({int(given)})) if given.isascii() and given.isdecimal() else ANYTHING


def id_in(form: FormData, name: str, what: str) -> str:
    """An id that somebody types."""
    given = text(form, name, length_max=64)
    if not given or not given.isprintable() or "/" in given:
        raise Unfit(f"{what} needs an id, without a slash")
    return given


def terms_in(form: FormData, customer_id: str) -> CustomerTerms:
    """The customer that the form describes; without a limit it is not limited."""
    currency = _currency(form)
    limit = text(form, "credit_limit")
    return CustomerTerms(
        customer_id,
        text(form, "name", length_max=200),
        text(form, "customer_class", length_max=200),
        count_in(form, "priority", most=999_999_999),
        currency,
        amount_in(limit, currency, "the credit limit") if limit else None,
        count_in(form, "terms_days", most=365),
    )


def balance_in(form: FormData, currency: str, now: datetime) -> tuple[Money, datetime]:
    """What the books say is unpaid, and as of when; of now where no time is given."""
    given = text(form, "as_of")
    minor = amount_in(text(form, "unpaid"), currency, "the unpaid amount", least=None)
    return Money(minor, currency), _moment(given, "the time of the balance") if given else now


def asked_lines(form: FormData) -> tuple[AskedLine, ...]:
    """The lines that are typed, one in each row: item, quantity, price, apart by tabs, semicolons or commas."""
    rows = str(form.get("lines", ""))[:_LINES_LENGTH_MAX].splitlines()
    found = []
    for number, row in enumerate(rows, 1):
        if not row.strip():
            continue
        mark = next((one for one in "\t;," if one in row), " ")
        parts = [part.strip() for part in row.split(mark)]
        if len(parts) != _PARTS:
            raise Unfit(f"row {number} must be an item, a quantity and a price: {row.strip()[:80]}")
        found.append(AskedLine(number, *parts))
    if not found or len(found) > _LINES_MAX:
        raise Unfit(f"a blanket order has between 1 and {_LINES_MAX} lines")
    return tuple(found)


def blanket_in(form: FormData, blanket_id: str, items: Mapping[Sku, Item], known: BlanketOrder | None) -> BlanketOrder:
    """The blanket order that the form describes; of the one that is known its places stay, which no form says."""
    currency = _currency(form)
    starts_at = _kept(_moment(text(form, "starts_at"), "the begin"), known.starts_at if known else None)
    ends_at = _kept(_moment(text(form, "ends_at"), "the end"), known.ends_at if known else None)
    if ends_at <= starts_at:
        raise Unfit("the end must be later than the begin")
    most = text(form, "value_max")
    lines = tuple(_line(one, items, currency, has_value=bool(most)) for one in asked_lines(form))
    if len({line.sku for line in lines}) < len(lines):
        raise Unfit("an item may have one row only")
    return BlanketOrder(
        blanket_id,
        id_in(form, "customer_id", "the customer"),
        currency,
        starts_at,
        ends_at,
        lines,
        amount_in(most, currency, "the value") if most else None,
        count_in(form, "release_days", most=_DAYS_MAX),
        known.ship_to if known else (),
    )


def minute_text(at: datetime) -> str:
    """A time as a form holds it, to the minute and in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M}"


def _kept(given: datetime, known: datetime | None) -> datetime:
    """The time as it is known to the second, where the form still holds it."""
    return known if known is not None and minute_text(known) == minute_text(given) else given


def _line(asked: AskedLine, items: Mapping[Sku, Item], currency: str, *, has_value: bool) -> BlanketLine:
    item = items.get(Sku(asked.sku))
    if item is None:
        raise Unfit(f"row {asked.number}: there is no item {asked.sku}")
    price = amount_in(asked.price, currency, f"row {asked.number}: the price")
    if not asked.quantity:
        if not has_value:
            raise Unfit(f"row {asked.number}: the quantity is required where the value is not limited")
        return BlanketLine(item.sku, price, None, item.decimals)
    try:
        given = Decimal(asked.quantity)
    except InvalidOperation:
        raise Unfit(f"row {asked.number}: the quantity is no number") from None
    is_whole = given.is_finite() and asked.quantity.isdecimal()
    units = units_in(int(given) if is_whole else given, item.decimals) if given.is_finite() else None
    if units is None or units <= 0 or units >= 10**12:
        raise Unfit(f"row {asked.number}: the quantity {why_not_units(item.sku, item.decimals)}")
    return BlanketLine(item.sku, price, units, item.decimals)


def _currency(form: FormData) -> str:
    given = text(form, "currency", length_max=3).upper()
    if why_no_currency(given):
        raise Unfit(why_no_currency(given))
    return given


def amount_in(given: str, currency: str, what: str, *, least: int | None = 0) -> int:
    """An amount as somebody types it (minor units), of at least so much (None: also below zero)."""
    try:
        minor = parse_money(given[:20], currency).minor
    except ValueError:
        raise Unfit(f"{what} must be an amount of {currency}") from None
    if least is not None and minor < least:
        raise Unfit(f"{what} must not be negative")
    if abs(minor) >= 10**15:
        raise Unfit(f"{what} is too large")
    return minor


def count_in(form: FormData, name: str, *, most: int) -> int:
    """A whole number as somebody types it; 0 where nothing is typed."""
    given = text(form, name) or "0"
    if not (given.isascii() and given.isdecimal() and len(given) <= 9 and int(given) <= most):
        raise Unfit(f"{name.replace('_', ' ')} must be a whole number up to {most}")
    return int(given)


def _moment(given: str, what: str) -> datetime:
    """A time as the form says it, in UTC."""
    try:
        return datetime.fromisoformat(given).replace(tzinfo=UTC)
    except ValueError:
        raise Unfit(f"{what} must be a time") from None
