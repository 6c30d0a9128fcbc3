"""What could be had instead of what cannot be promised: less, later, elsewhere, or another item."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from troth.flows.quote import Kit, Option
from troth.http.measures import Units
from troth.http.values import Instant, MoneyAnswer, money
from troth.model.ids import LineId
from troth.model.kits import whole_units
from troth.model.measure import shown
from troth.model.order import Method
from troth.model.plan import Uncovered

Kind = Literal["less", "later", "elsewhere", "instead"]

_ELSEWHERE_MAX = 3


class CouldBe(msgspec.Struct, frozen=True):
    """One way out: so many units by then; as the option `plan_id` promises them; or of another item, at a price more or
    less for each unit.
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


def find_ways_out(
    gap: Uncovered,
    wanted: int,
    options: Iterable[Option],
    asked: Method,
    currency: str,
    kits: Mapping[LineId, Kit],
    *,
    decimals: int = 0,
) -> list[CouldBe]:
    """The ways to have a line all the same: less of it, then all of it by other options, the soonest first, then what
    may stand in for it.
    """
    found = []
    if gap.available_quantity > 0:
        found.append(CouldBe("less", shown(gap.available_quantity, decimals), gap.available_at))
    kit = kits.get(gap.line_id)
    others = [way for option in options if (way := _by_option(option, gap, wanted, asked, kit, decimals)) is not None]
    others.sort(key=lambda way: (way.promised_at is None, way.promised_at, way.node or ""))
    found += others[:_ELSEWHERE_MAX]
    found += _instead(gap, currency, decimals)
    return found


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
        last.node if is_handed_over else None,
        option.plan_id,
    )


def _instead(gap: Uncovered, currency: str, decimals: int) -> Iterator[CouldBe]:
    for other in gap.instead:
        yield CouldBe(
            "instead",
            shown(other.quantity, decimals),
            other.available_at,
            sku=other.sku,
            price_delta=money(other.price_delta_minor, currency),
        )
