"""Two plans for one order side by side, as a dry run shows them."""

from collections.abc import Mapping, Sequence

import msgspec

from troth.flows.orders.dry_run import DryRun
from troth.http.edge.measures import Units, of_sku
from troth.http.edge.values import CostAnswer, Instant, MoneyAnswer, Window, cost, money, total
from troth.http.orders.explanation import TraceAnswer, answer_trace
from troth.http.orders.front_answer import FrontAnswer, answer_front
from troth.model.explanation import Explanation
from troth.model.front import Front
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.order import Method
from troth.model.plan import Plan, Shipment, Uncovered


class PlannedUnits(msgspec.Struct, frozen=True):
    """Units of a line that a shipment takes from a source: `on_hand`, or a supply that is still to come."""

    line_id: str
    sku: str
    quantity: Units
    source: str


class PlannedShipment(msgspec.Struct, frozen=True):
    """What one node would send or hand over at once; `carrier` is null where nobody carries it. `carbon_grams` is the
    CO2e of its way (null: the policy has no factors for it), `via` the node to which the goods go first.
    """

    node: str
    method: Method
    service: str
    ship_by: Instant
    promised_at: Window
    is_backordered: bool
    cost_to_serve: CostAnswer
    lines: tuple[PlannedUnits, ...]
    carrier: str | None
    carbon_grams: int | None
    via: str | None


class UnplannedUnits(msgspec.Struct, frozen=True):
    """Units of a line that the plan does not promise, why, and what could be promised."""

    line_id: str
    sku: str
    quantity: Units
    reason: str
    detail: str
    available_quantity: Units
    available_at: Instant | None


class PlanAnswer(msgspec.Struct, frozen=True):
    """What would be promised under one routing, at which cost by part, and how many candidates it left out and why.

    `trace` goes through the candidates one by one, and `fronts` say what sooner and fewer shipments would cost, one for
    each part of the order that is planned by itself; both where they were asked for.
    """

    policy_version: str
    is_complete: bool
    promised_at: Window | None
    cost_to_serve: CostAnswer
    shipments: tuple[PlannedShipment, ...]
    unavailable: tuple[UnplannedUnits, ...]
    tier: str
    candidates: int
    removed: dict[str, int]
    notes: tuple[str, ...]
    trace: TraceAnswer | None
    fronts: tuple[FrontAnswer, ...]


class DryRunAnswer(msgspec.Struct, frozen=True):
    """Both plans side by side; `cost_difference` is how much dearer the one that was tried is. `tried_label` names the
    version that was tried (0: a content that is not saved), `in_force_label` what is in force in its place (null:
    nothing of its name, so that what is built in holds, or another name).
    """

    at: Instant
    order_id: str | None
    is_same: bool
    cost_difference: MoneyAnswer
    tried: PlanAnswer
    in_force: PlanAnswer
    tried_label: str
    in_force_label: str | None


def answer_dry_run(done: DryRun, items: Mapping[Sku, Item]) -> DryRunAnswer:
    """Both plans as they are shown."""
    return DryRunAnswer(
        done.at,
        done.order_id,
        done.is_same,
        money(done.tried.cost_minor - done.in_force.cost_minor, done.currency),
        _answer_plan(done.tried, done.currency, items, done.why_tried, done.tried_fronts),
        _answer_plan(done.in_force, done.currency, items, done.why_in_force, done.in_force_fronts),
        done.tried_label,
        done.in_force_label,
    )


def _answer_plan(
    plan: Plan, currency: str, items: Mapping[Sku, Item], why: Explanation | None, fronts: Sequence[Front]
) -> PlanAnswer:
    last = max(plan.shipments, key=lambda shipment: shipment.promised_at, default=None)
    trace = plan.trace
    return PlanAnswer(
        trace.policy_version,
        not plan.uncovered,
        None if last is None else Window(last.promised_from, last.promised_at),
        cost(total([shipment.cost for shipment in plan.shipments]), currency),
        tuple(_shipment(shipment, currency, items) for shipment in plan.shipments),
        tuple(_unplanned(gap, items) for gap in plan.uncovered),
        trace.tier,
        trace.candidates,
        dict(trace.removed),
        trace.notes,
        None if why is None else answer_trace(trace, why, currency),
        tuple(answer_front(front, currency) for front in fronts),
    )


def _shipment(shipment: Shipment, currency: str, items: Mapping[Sku, Item]) -> PlannedShipment:
    return PlannedShipment(
        shipment.node,
        shipment.method,
        shipment.service,
        shipment.ship_by,
        Window(shipment.promised_from, shipment.promised_at),
        shipment.is_backordered,
        cost(shipment.cost, currency),
        tuple(
            PlannedUnits(peg.line_id, peg.sku, of_sku(peg.quantity, peg.sku, items), peg.source)
            for peg in shipment.pegs
        ),
        shipment.carrier or None,
        shipment.carbon_grams,
        shipment.via,
    )


def _unplanned(gap: Uncovered, items: Mapping[Sku, Item]) -> UnplannedUnits:
    return UnplannedUnits(
        gap.line_id,
        gap.sku,
        of_sku(gap.quantity, gap.sku, items),
        gap.reason,
        gap.detail,
        of_sku(gap.available_quantity, gap.sku, items),
        gap.available_at,
    )
