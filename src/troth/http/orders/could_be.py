"""What could be had instead of what cannot be promised: less, later, elsewhere, or another item."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from troth.flows.orders.quote import Option
from troth.http.edge.measures import Units
from troth.http.edge.values import Instant, MoneyAnswer, money
from troth.model.ids import LineId
from troth.model.kits import Kit, whole_units
from troth.model.measure import shown
from troth.model.order import Method
from troth.model.plan import Uncovered
from troth.model.ways import counter_of

Kind = Literal["less", "separately", "later", "elsewhere", "instead"]

_ELSEWHERE_MAX = 3


class CouldBe(msgspec.Struct, frozen=True):
    """One way out: so many units by then; as the option `plan_id` promises them; or of another item, at a price more or
    less for each unit. A `plan_id` orders what was quoted; that of `less` orders so many of each line that is short.

    It `is_late` where that is after the line is needed.

    `separately`: so many, and the whole order in so many `shipments`, if it gave up its wishes `without`.
    """

    kind: Kind
    quantity: Units
    promised_at: Instant | None
    method: Method | None = None
    service: str | None = None
    node: str | None = None
    plan_id: str | None = None
    sku: str | None = None
    price_delta: MoneyAnswer | None = None
    without: tuple[str, ...] = ()
    shipments: int | None = None
    is_late: bool = False


def find_ways_out(
    gap: Uncovered,
    wanted: int,
    options: Iterable[Option],
    asked: Method,
    currency: str,
    kits: Mapping[LineId, Kit],
    *,
    decimals: int = 0,
    need_by: datetime | None = None,
) -> list[CouldBe]:
    """The ways to have a line all the same: less of it, more without a wish of the order, then all of it by other
    options, the soonest first, then what may stand in for it. A way names the option that promises just that.
    """
    found = []
    options, kit = tuple(options), kits.get(gap.line_id)
    if gap.available_quantity > 0:
        units = shown(gap.available_quantity, decimals)
        found.append(CouldBe("less", units, gap.available_at, plan_id=gap.available_as or None))
    found += [
        CouldBe(
            "separately", shown(way.quantity, decimals), way.promised_at, without=way.without, shipments=way.shipments
        )
        for way in gap.separately
    ]
    others = [way for option in options if (way := _by_option(option, gap, wanted, asked, kit, decimals)) is not None]
    others.sort(key=lambda way: (way.promised_at is None, way.promised_at, way.node or ""))
    found += others[:_ELSEWHERE_MAX]
    found += _instead(gap, options, currency, decimals)
    return [replace(way, is_late=_is_late(way, need_by)) for way in found]


def _is_late(way: CouldBe, need_by: datetime | None) -> bool:
    return need_by is not None and way.promised_at is not None and way.promised_at > need_by


def _by_option(
    option: Option, gap: Uncovered, wanted: int, asked: Method, kit: Kit | None, decimals: int
) -> CouldBe | None:
    pegs = [peg for shipment in option.plan.shipments for peg in shipment.pegs if peg.line_id == gap.line_id]
    units = whole_units(pegs, {} if kit is None else {gap.line_id: kit.components})
    if units.get(gap.line_id, 0) < wanted:
        return None
    sending = [one for one in option.plan.shipments if any(peg.line_id == gap.line_id for peg in one.pegs)]
    last = max(sending, key=lambda shipment: shipment.promised_at)
    is_handed_over = last.method in (Method.PICKUP, Method.CURBSIDE)
    return CouldBe(
        "later" if last.method is asked and not is_handed_over else "elsewhere",
        shown(wanted, decimals),
        last.promised_at,
        last.method,
        last.service or None,
        counter_of(last) if is_handed_over else None,
        option.plan_id if _is_taken(option) else None,
    )


def _instead(gap: Uncovered, options: Iterable[Option], currency: str, decimals: int) -> Iterator[CouldBe]:
    for other in gap.instead:
        yield CouldBe(
            "instead",
            shown(other.quantity, decimals),
            other.available_at,
            plan_id=_named(options, gap, other.sku, int(other.quantity), other.available_at),
            sku=other.sku,
            price_delta=money(other.price_delta_minor, currency),
        )


def _named(options: Iterable[Option], gap: Uncovered, sku: str, quantity: int, at: datetime | None) -> str | None:
    """The first option that promises just so many of an item for the line, all by then; None where none does."""
    for option in filter(_is_taken, options):
        sending = [one for one in option.plan.shipments if any(peg.line_id == gap.line_id for peg in one.pegs)]
        pegs = [peg for one in sending for peg in one.pegs if peg.line_id == gap.line_id]
        units = sum(peg.quantity for peg in pegs if peg.sku == sku)
        if pegs and units == quantity and max(one.promised_at for one in sending) == at:
            return option.plan_id
    return None


def _is_taken(option: Option) -> bool:
    """Whether an order of an option would be taken, and not be refused for what it lacks."""
    return not option.plan.uncovered or option.will_wait
