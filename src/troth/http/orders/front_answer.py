"""The Pareto front of a decision as it is answered: what sooner and fewer shipments would cost, in money."""

import msgspec

from troth.http.edge.values import CostAnswer, Instant, MoneyAnswer, Window, cost, money
from troth.http.orders import examples
from troth.model.front import Front, FrontPlan, Span
from troth.model.ids import LineId, Sku
from troth.model.inventory import ON_HAND
from troth.model.plan import Peg, Shipment, total_carbon


class FrontShipment(msgspec.Struct, frozen=True):
    """What one node would send or hand over at once, and when."""

    node: str
    service: str
    promised_at: Window
    line_ids: tuple[str, ...]


class SpanAnswer(msgspec.Struct, frozen=True):
    """From the least to the most that a weight may be, both included; null: however much."""

    least: MoneyAnswer
    most: MoneyAnswer | None


class FrontPlanAnswer(msgspec.Struct, frozen=True):
    """A plan of the front: `money` is its cost without `split` and `delay`, `delay_days` its lines' days behind the
    earliest promise, and `dearer_by` what its money is above that of the chosen plan.

    `day_worth` is what a line's day of delay must count (`delay_minor_per_day`) for the plan to be worth as much as the
    chosen one, `shipment_worth` the same of a further shipment (`split_minor`). `best_at_day` and `best_at_shipment`
    are the amounts at which it would be chosen; null: at none of this weight alone. One that is not `is_on_front` was
    chosen for other reasons.
    """

    is_chosen: bool
    is_on_front: bool
    money: MoneyAnswer
    delay_days: int
    shipments: tuple[FrontShipment, ...]
    promised_at: Instant
    cost_to_serve: CostAnswer
    carbon_grams: int | None
    dearer_by: MoneyAnswer
    day_worth: MoneyAnswer | None
    shipment_worth: MoneyAnswer | None
    best_at_day: SpanAnswer | None
    best_at_shipment: SpanAnswer | None


class FrontAnswer(msgspec.Struct, frozen=True):
    """The plans of which none is better in money, days of delay and shipments at once, the cheapest first.

    `weights` are those in force; where it is not complete, `reason` says why. `left_out` counts plans that are not
    shown.
    """

    plans: tuple[FrontPlanAnswer, ...]
    weights: dict[str, MoneyAnswer]
    is_complete: bool
    reason: str
    left_out: int


def answer_front(front: Front, currency: str) -> FrontAnswer:
    """A front as it is answered."""
    chosen = next((plan.money_minor for plan in front.plans if plan.is_chosen), 0)
    return FrontAnswer(
        tuple(_plan(plan, chosen, currency) for plan in front.plans),
        {name: money(minor, currency) for name, minor in front.weights.items()},
        front.is_complete,
        front.reason,
        front.left_out,
    )


def _plan(plan: FrontPlan, chosen_minor: int, currency: str) -> FrontPlanAnswer:
    return FrontPlanAnswer(
        plan.is_chosen,
        plan.is_on_front,
        money(plan.money_minor, currency),
        plan.delay_days,
        tuple(_shipment(shipment) for shipment in plan.shipments),
        max(shipment.promised_at for shipment in plan.shipments),
        cost(plan.cost, currency),
        total_carbon(plan.shipments),
        money(plan.money_minor - chosen_minor, currency),
        None if plan.day_minor is None else money(plan.day_minor, currency),
        None if plan.shipment_minor is None else money(plan.shipment_minor, currency),
        _span(plan.at_day, currency),
        _span(plan.at_shipment, currency),
    )


def _shipment(shipment: Shipment) -> FrontShipment:
    return FrontShipment(
        shipment.node,
        shipment.service,
        Window(shipment.promised_from, shipment.promised_at),
        tuple(dict.fromkeys(peg.line_id for peg in shipment.pegs)),
    )


def _span(span: Span | None, currency: str) -> SpanAnswer | None:
    if span is None:
        return None
    most = None if span.most_minor is None else money(span.most_minor, currency)
    return SpanAnswer(money(span.least_minor, currency), most)


_WORK = examples.WORK
_SHIPMENT = Shipment(
    _WORK.node,
    _WORK.method,
    _WORK.service,
    _WORK.ship_by,
    _WORK.promised_from,
    _WORK.promised_at,
    (Peg(LineId("1"), Sku("A-1001"), ON_HAND, 2),),
    _WORK.cost,
)
EXAMPLE = Front(
    (FrontPlan((_SHIPMENT,), 787, 78_700, 2, is_chosen=True, at_day=Span(0, 410), at_shipment=Span(0, None)),),
    {"delay_minor_per_day": 150, "late_minor_per_day": 1000, "split_minor": 100},
    is_complete=True,
)
