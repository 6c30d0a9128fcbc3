"""What sooner and fewer shipments would cost: the Pareto front of a decision as a table and a drawing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from troth.console.views_trace import PARTS
from troth.model.front import Front, FrontPlan, Span
from troth.model.value import dataclass
from troth.pages.views import money, words

_WIDTH: Final = 560.0
_HEIGHT: Final = 200.0
_LEFT: Final = 78.0
_RIGHT: Final = 20.0
_TOP: Final = 18.0
_BOTTOM: Final = 34.0
_DAYS_MARKED: Final = 8


@dataclass(frozen=True, slots=True)
class FrontRow:
    """One plan: what it is, what it costs by part (minor units), and at which weights it is worth as much as the chosen
    one, and would be chosen, in words.
    """

    label: str
    node: str
    promised_at: datetime
    delay_days: int
    shipments: int
    money_minor: int
    difference: int
    parts: tuple[int, ...]
    worth: tuple[str, ...]
    best: tuple[str, ...]
    is_chosen: bool
    is_on_front: bool


@dataclass(frozen=True, slots=True)
class Dot:
    """A plan in the drawing: days to the right, money upwards, and its shipments as a number."""

    x: float
    y: float
    shipments: int
    is_chosen: bool
    told: str


@dataclass(frozen=True, slots=True)
class FrontView:
    """A front as it is shown; `dots` are empty where there is nothing to compare. `days` and `amounts` are the marks of
    the axes with their places.
    """

    rows: tuple[FrontRow, ...]
    parts: tuple[str, ...]
    weights: str
    is_complete: bool
    reason: str
    left_out: int
    width: float
    height: float
    dots: tuple[Dot, ...]
    days: tuple[tuple[float, str], ...]
    amounts: tuple[tuple[float, str], ...]


def view_front(front: Front, currency: str) -> FrontView:
    """A front as a table, and as a drawing where it has more than one plan."""
    plans = front.plans
    names = {part for plan in plans for part, minor in plan.cost.items() if minor and part not in ("split", "delay")}
    parts = tuple(name for name in PARTS if name in names) + tuple(sorted(names - set(PARTS)))
    chosen = next((plan.money_minor for plan in plans if plan.is_chosen), 0)
    rows = tuple(_row(plan, chosen, parts, currency) for plan in plans)
    weights = front.weights
    told = (
        f"A line's day counts {money(weights['delay_minor_per_day'], currency)}, "
        f"a further shipment {money(weights['split_minor'], currency)}."
    )
    is_drawn = len(plans) > 1
    return FrontView(
        rows,
        parts,
        told,
        front.is_complete,
        front.reason,
        front.left_out,
        _WIDTH,
        _HEIGHT,
        _draw(plans, rows, currency) if is_drawn else (),
        _mark_days(plans) if is_drawn else (),
        _mark_amounts(plans, currency) if is_drawn else (),
    )


def tell_span(span: Span | None, currency: str) -> str:
    """The amounts at which a plan would be chosen, in words; empty where there are none.

    >>> tell_span(Span(0, 150), "USD"), tell_span(Span(150, 400), "USD"), tell_span(Span(400, None), "USD")
    ('up to $1.50', '$1.50 to $4.00', '$4.00 or more')
    >>> tell_span(Span(0, None), "USD"), tell_span(Span(150, 150), "USD"), tell_span(None, "USD")
    ('whatever it counts', '$1.50', '')
    """
    if span is None:
        return ""
    least = money(span.least_minor, currency)
    if span.most_minor is None:
        return f"{least} or more" if span.least_minor else "whatever it counts"
    most = money(span.most_minor, currency)
    if span.least_minor == span.most_minor:
        return most
    return f"{least} to {most}" if span.least_minor else f"up to {most}"


def _row(plan: FrontPlan, chosen_minor: int, parts: Sequence[str], currency: str) -> FrontRow:
    last = max(plan.shipments, key=lambda shipment: shipment.promised_at)
    services = dict.fromkeys(words(shipment.service).lower() for shipment in plan.shipments if shipment.service)
    nodes = " + ".join(shipment.node for shipment in plan.shipments)
    worth = (
        *((f"a day at {money(plan.day_minor, currency)}",) if plan.day_minor is not None else ()),
        *((f"a shipment at {money(plan.shipment_minor, currency)}",) if plan.shipment_minor is not None else ()),
    )
    at_day, at_shipment = tell_span(plan.at_day, currency), tell_span(plan.at_shipment, currency)
    best = (*((f"a day: {at_day}",) if at_day else ()), *((f"a shipment: {at_shipment}",) if at_shipment else ()))
    cost = plan.cost
    return FrontRow(
        f"{nodes} by {' + '.join(services)}" if services else nodes,
        last.node,
        last.promised_at,
        plan.delay_days,
        len(plan.shipments),
        plan.money_minor,
        plan.money_minor - chosen_minor,
        tuple(cost.get(part, 0) for part in parts),
        worth,
        best,
        plan.is_chosen,
        plan.is_on_front,
    )


def _draw(plans: Sequence[FrontPlan], rows: Sequence[FrontRow], currency: str) -> tuple[Dot, ...]:
    """The plans as dots, the chosen one last, so that it lies on top."""
    most_days, least, span = _extent(plans)
    dots = [
        Dot(
            _place_of_day(plan.delay_days, most_days),
            _place_of_money(plan.money_minor, least, span),
            len(plan.shipments),
            plan.is_chosen,
            f"{row.label}: {money(plan.money_minor, currency)}, days: {plan.delay_days}, shipments: {row.shipments}",
        )
        for plan, row in zip(plans, rows, strict=True)
    ]
    return tuple(sorted(dots, key=lambda dot: dot.is_chosen))


def _mark_days(plans: Sequence[FrontPlan]) -> tuple[tuple[float, str], ...]:
    most, _least, _span = _extent(plans)
    step = -(-most // _DAYS_MARKED)
    return tuple((_place_of_day(day, most), str(day)) for day in range(0, most + 1, max(1, step)))


def _mark_amounts(plans: Sequence[FrontPlan], currency: str) -> tuple[tuple[float, str], ...]:
    _most, least, span = _extent(plans)
    amounts = dict.fromkeys((least, least + span // 2, least + span))
    return tuple((_place_of_money(amount, least, span), money(amount, currency)) for amount in amounts)


def _extent(plans: Sequence[FrontPlan]) -> tuple[int, int, int]:
    """The most days, the least money, and how far the most of it is above that."""
    amounts = [plan.money_minor for plan in plans]
    return max(plan.delay_days for plan in plans), min(amounts), max(amounts) - min(amounts)


def _place_of_day(day: int, most: int) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * day / max(1, most), 1)


def _place_of_money(minor: int, least: int, span: int) -> float:
    return round(_HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (minor - least) / max(1, span), 1)
