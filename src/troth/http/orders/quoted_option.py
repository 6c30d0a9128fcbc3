"""An option of a quote as it is answered: what is sent from where by when, at which cost to serve, and what an order of
it would wait for.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from troth.engine.carriage.calendars import hours_by
from troth.engine.carriage.distance import KM_PER_MILE
from troth.engine.carriage.network import Network
from troth.engine.carriage.transit import find_coordinates, miles_to
from troth.engine.promising.disposition import ends_waiting_at, is_queued
from troth.flows.orders.quote import Option
from troth.flows.wording.messages import plan_message
from troth.flows.wording.wording import Voice
from troth.http.edge.measures import Units, of_sku
from troth.http.edge.values import CostAnswer, Instant, Window, cost, total
from troth.http.orders.address_answer import answer_address
from troth.http.orders.collect import collect_window
from troth.http.orders.order_shapes import AddressAnswer
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import is_on_hand
from troth.model.item import Item
from troth.model.kits import Kit, whole_units
from troth.model.network import Address
from troth.model.order import Method
from troth.model.plan import Plan, Shipment
from troth.model.routing import Action

_ACTIONS: Final[Mapping[Action, Literal["queue", "hold", "backorder", "cancel"]]] = {
    Action.QUEUE: "queue",
    Action.HOLD: "hold",
    Action.BACKORDER: "backorder",
    Action.CANCEL: "cancel",
}


class QuotedUnits(msgspec.Struct, frozen=True):
    """Units of a line in a shipment, on hand or still to come."""

    line_id: str
    sku: str
    quantity: Units
    is_on_hand: bool


class QuotedShipment(msgspec.Struct, frozen=True):
    """What one node would send or hand over at once; `via` is where it goes first, where the customer picks it up.

    `carbon_grams` is the CO2e of its way; null: the policy has no factors for it. `carrier` is null where nobody
    carries it. What is picked up is ready by `promised_at`, and can be collected first in the hours `collect`.
    """

    node: str
    method: Method
    service: str
    ship_by: Instant
    promised_at: Window
    is_backordered: bool
    cost_to_serve: CostAnswer
    lines: tuple[QuotedUnits, ...]
    via: str | None
    carbon_grams: int | None
    carrier: str | None
    collect: Window | None


class QuotedLine(msgspec.Struct, frozen=True):
    """How many units of a line an option promises, when they are all there, and whether that is after `need_by`."""

    line_id: str
    sku: str
    quantity: Units
    promised_at: Window
    is_late: bool


class WaitingUnits(msgspec.Struct, frozen=True):
    """Units of a line that an order would be taken with although they lie nowhere.

    They wait for stock by themselves (`is_waiting`), `until` they are canceled (null: for as long as it takes), or for
    a person.
    """

    line_id: str
    sku: str
    quantity: Units
    reason: str
    is_waiting: bool
    until: Instant | None


class DispositionAnswer(msgspec.Struct, frozen=True):
    """What the routing does with an order besides sending it, and which tier says so.

    `queue` lets what is not covered wait, `until` it is canceled; `hold` calls a person; `backorder` promises from what
    is still to come, which is there and leaves by `until`; `cancel` gives up what is not covered.
    """

    tier: str
    action: Literal["queue", "hold", "backorder", "cancel"]
    reason: str
    until: Instant | None


class PickupAnswer(msgspec.Struct, frozen=True):
    """Where it is picked up: the hours of today in the node's own time, null where it is closed, and how far it is from
    where pickups were looked for, where that is known.
    """

    node: str
    name: str
    address: AddressAnswer
    time_zone: str
    opens: str | None
    closes: str | None
    miles: float | None
    km: float | None


class OptionAnswer(msgspec.Struct, frozen=True):
    """One way to have it; `plan_id` stays the same as long as the plan does, and an order that names it gets it.

    What is missing is not `is_complete`, and is promised for no time as a whole: the lines have their own. `waiting`
    are units with which an order would be taken all the same. Where it `will_be_held` nothing is sent before a
    person says so; `disposition` has the reason. It `is_late` where a line comes later than it is needed.
    """

    plan_id: str
    method: Method
    service: str
    node: str | None
    is_complete: bool
    promised_at: Window | None
    message: str
    cost_to_serve: CostAnswer
    shipments: tuple[QuotedShipment, ...]
    lines: tuple[QuotedLine, ...]
    waiting: tuple[WaitingUnits, ...]
    will_be_held: bool
    disposition: DispositionAnswer | None
    pickup: PickupAnswer | None
    is_late: bool


def answer_option(
    option: Option,
    network: Network,
    currency: str,
    now: datetime,
    items: Mapping[Sku, Item],
    voice: Voice,
    *,
    destination: Address | None = None,
    near: Address | None = None,
    kits: Mapping[LineId, Kit] = MappingProxyType({}),
    need_by: Mapping[LineId, datetime] = MappingProxyType({}),
) -> OptionAnswer:
    """An option as it is shown to a customer at a destination, or `near` somewhere where it is picked up; `kits` are
    lines that are asked for as kits, `need_by` says when lines are needed.
    """
    plan = option.plan
    shipments = plan.shipments
    lines = _lines(shipments, items, kits, need_by)
    service = option.service or next((shipment.service for shipment in shipments), "")
    return OptionAnswer(
        option.plan_id,
        option.method,
        service,
        option.node,
        not plan.uncovered,
        None if plan.uncovered else _window(max(shipments, key=lambda shipment: shipment.promised_at)),
        plan_message(plan, network, destination, now, voice, items, need_by, kits),
        cost(total([shipment.cost for shipment in shipments]), currency),
        tuple(_shipment(shipment, network, currency, items) for shipment in shipments),
        lines,
        _waiting(option, now, items),
        option.will_be_held,
        answer_disposition(plan, now),
        None if option.node is None else _pickup(option.node, network, destination if near is None else near, now),
        any(line.is_late for line in lines),
    )


def answer_disposition(plan: Plan, now: datetime) -> DispositionAnswer | None:
    """What the routing does with an order of a plan besides sending what is at hand; None where nothing."""
    wish = plan.disposition
    if wish is not None:
        return DispositionAnswer(wish.tier, _ACTIONS[wish.action], wish.reason, ends_waiting_at(wish, now))
    awaited = [shipment.ship_by for shipment in plan.shipments if shipment.is_backordered]
    if not awaited:
        return None
    return DispositionAnswer(plan.trace.tier, "backorder", "promised from what is still to come", max(awaited))


def _waiting(option: Option, now: datetime, items: Mapping[Sku, Item]) -> tuple[WaitingUnits, ...]:
    wish = option.plan.disposition
    if wish is None or not option.will_wait:
        return ()
    until = ends_waiting_at(wish, now)
    return tuple(
        WaitingUnits(
            gap.line_id, gap.sku, of_sku(gap.quantity, gap.sku, items), gap.reason, is_queued(option.plan), until
        )
        for gap in option.plan.uncovered
    )


def _pickup(node: NodeId, network: Network, point: Address | None, now: datetime) -> PickupAnswer:
    position = network.index[node]
    known = network.nodes[position]
    hours = hours_by(network.clock_of(position, ""), now)
    latitude, longitude = find_coordinates(point)
    miles = None
    if latitude is not None and longitude is not None:
        miles = miles_to(network, position, latitude, longitude)
    return PickupAnswer(
        node,
        known.name,
        answer_address(known.address),
        known.time_zone,
        None if hours is None else f"{hours[0]:%H:%M}",
        None if hours is None else f"{hours[1]:%H:%M}",
        None if miles is None else round(miles, 1),
        None if miles is None else round(miles * KM_PER_MILE, 1),
    )


def _shipment(shipment: Shipment, network: Network, currency: str, items: Mapping[Sku, Item]) -> QuotedShipment:
    return QuotedShipment(
        shipment.node,
        shipment.method,
        shipment.service,
        shipment.ship_by,
        _window(shipment),
        shipment.is_backordered,
        cost(shipment.cost, currency),
        tuple(
            QuotedUnits(peg.line_id, peg.sku, of_sku(peg.quantity, peg.sku, items), is_on_hand(peg.source))
            for peg in shipment.pegs
        ),
        shipment.via,
        shipment.carbon_grams,
        shipment.carrier or None,
        collect_window(shipment, network, shipment.promised_at),
    )


def _lines(
    shipments: tuple[Shipment, ...],
    items: Mapping[Sku, Item],
    kits: Mapping[LineId, Kit],
    need_by: Mapping[LineId, datetime],
) -> tuple[QuotedLine, ...]:
    units = whole_units(
        (peg for shipment in shipments for peg in shipment.pegs),
        {line_id: kit.components for line_id, kit in kits.items()},
    )
    skus: dict[LineId, Sku] = {}
    lasts: dict[LineId, Shipment] = {}
    for shipment in sorted(shipments, key=lambda shipment: shipment.promised_at):
        for peg in shipment.pegs:
            skus[peg.line_id] = kits[peg.line_id].sku if peg.line_id in kits else peg.sku
            lasts[peg.line_id] = shipment
    return tuple(
        QuotedLine(
            line_id,
            skus[line_id],
            of_sku(units[line_id], skus[line_id], items),
            _window(last),
            is_late=line_id in need_by and last.promised_at > need_by[line_id],
        )
        for line_id, last in lasts.items()
    )


def _window(shipment: Shipment) -> Window:
    return Window(shipment.promised_from, shipment.promised_at)
