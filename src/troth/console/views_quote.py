"""A quote as its page shows it: each way to have what is asked, what it costs, what is missing, and what could be."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from troth.console.views_trace import Bar, Why, stack, view_decision
from troth.engine.capture import parts_of
from troth.engine.carriage.calendars import hours_by
from troth.engine.carriage.distance import KM_PER_MILE
from troth.engine.carriage.transit import compute_miles, find_coordinates
from troth.engine.promising.disposition import ends_waiting_at, is_queued
from troth.flows.orders.explain import Decided
from troth.flows.orders.quote import Option, Quote
from troth.flows.wording.messages import plan_message
from troth.flows.wording.wording import Voice
from troth.model.cost_rates import PARTS
from troth.model.ids import NodeId, OrderId, Sku
from troth.model.item import Item
from troth.model.kits import whole_units
from troth.model.measure import shown
from troth.model.plan import Shipment, Uncovered
from troth.model.routing import Action
from troth.model.value import dataclass
from troth.model.ways import counter_of
from troth.pages.views import moment, money, quantity, words

_WAYS_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class OptionView:
    """One way to have it; costs in minor units by part. `place` says of a pickup where it is, how far, and today's
    hours, and `remarks` what keeps an order of it from being on its way.
    """

    plan_id: str
    title: str
    is_orderable: bool
    message: str
    promised_from: datetime | None
    promised_at: datetime | None
    promised_by: str
    place: str
    remarks: tuple[str, ...]
    cost_minor: int
    parts: tuple[tuple[str, int], ...]
    bars: tuple[Bar, ...]
    shipments: tuple[Shipment, ...]


@dataclass(frozen=True, slots=True)
class GapView:
    """Units of a line that cannot be promised as asked, why, and what could be instead; `ways` are options by id."""

    sku: str
    quantity: str
    why: str
    could_be: tuple[str, ...]
    ways: tuple[tuple[str, str], ...]


def view_options(found: Quote, voice: Voice, items: Mapping[Sku, Item]) -> tuple[OptionView, ...]:
    """The ways to have it, in their order; the dearest is as wide as there is."""
    dearest = max((option.plan.cost_minor for option in found.options), default=0)
    return tuple(_option(option, found, dearest, voice, items) for option in found.options)


def view_unavailable(found: Quote, items: Mapping[Sku, Item]) -> tuple[GapView, ...]:
    """What cannot be promised as asked."""
    return tuple(_gap(gap, found, items) for gap in found.uncovered)


def view_why(found: Quote) -> Why | None:
    """Why the first option is what an order as asked would get; None where that was not asked."""
    if found.explanation is None:
        return None
    plan = found.explanation.plan
    chosen, _ = parts_of(plan.shipments, OrderId(""), first_fulfillment=1, first_allocation=1)
    return view_decision(Decided(1, found.at, plan.trace, chosen, found.explanation), found.currency)


def tell_units(sku: Sku, units: int, items: Mapping[Sku, Item]) -> str:
    """Units of an item in what it is sold in."""
    return quantity(shown(units, items[sku].decimals if sku in items else 0))


def tell_way(option: Option) -> str:
    """A way to have it in words.

    >>> from troth.model.order import Method
    >>> from troth.model.plan import Plan, Trace
    >>> plan = Plan((), (), Trace("none", 0))
    >>> tell_way(Option("P-1", plan, Method.SHIP, "next_day"))
    'Ship, next day'
    >>> tell_way(Option("P-1", plan, Method.PICKUP, "", NodeId("ST-1")))
    'Pickup at ST-1'
    """
    service = option.service or next((shipment.service for shipment in option.plan.shipments), "")
    if option.node is not None:
        return f"{words(option.method)} at {option.node}"
    return words(option.method) + (f", {words(service).lower()}" if service and service != option.method else "")


def _option(option: Option, found: Quote, dearest: int, voice: Voice, items: Mapping[Sku, Item]) -> OptionView:
    plan = option.plan
    cost: dict[str, int] = {}
    for shipment in plan.shipments:
        for part, minor in shipment.cost.items():
            cost[part] = cost.get(part, 0) + minor
    parts = tuple(part for part in PARTS if cost.get(part)) + tuple(
        sorted(p for p in cost.keys() - set(PARTS) if cost[p])
    )
    last = max(plan.shipments, key=lambda shipment: shipment.promised_at, default=None)
    whole = None if plan.uncovered else last
    return OptionView(
        option.plan_id,
        tell_way(option),
        not plan.uncovered or option.will_wait,
        plan_message(plan, found.network, found.destination, found.at, voice, items, found.need_by, found.kits),
        None if whole is None else whole.promised_from,
        None if whole is None else whole.promised_at,
        "" if whole is None else counter_of(whole),
        "" if option.node is None else _place(option.node, found),
        tuple(_remarks(option, found)),
        plan.cost_minor,
        tuple((part, cost[part]) for part in parts),
        stack(cost, parts, dearest),
        plan.shipments,
    )


def _place(node: NodeId, found: Quote) -> str:
    network = found.network
    position = network.index[node]
    known = network.nodes[position]
    address = known.address
    town = " ".join(part for part in (address.city, address.region, address.postcode) if part)
    hours = hours_by(network.clock_of(position, ""), found.at)
    told = [known.name, *(part for part in (address.line1, town) if part)]
    told.append("closed today" if hours is None else f"open today {hours[0]:%H:%M}–{hours[1]:%H:%M}")
    latitude, longitude = find_coordinates(found.destination if found.near is None else found.near)
    if latitude is not None and longitude is not None:
        miles = float(compute_miles(network, latitude, longitude)[position])
        told.append(f"{miles:.1f} miles ({miles * KM_PER_MILE:.1f} km) away")
    return ", ".join(told)


def _remarks(option: Option, found: Quote) -> Iterator[str]:
    """What the routing does with an order of it besides sending what is there."""
    wish = option.plan.disposition
    if option.plan.uncovered and not option.will_wait:
        yield "An order of it is refused: not all of it can be had."
    if option.will_wait and wish is not None:
        until = ends_waiting_at(wish, found.at)
        end = f", until {moment(until)} UTC at most" if until is not None else ""
        yield (
            f"The rest waits for stock{end} (tier {wish.tier})."
            if is_queued(option.plan)
            else (f"A person has to find a place for the rest (tier {wish.tier}).")
        )
    if wish is not None and wish.action is Action.HOLD:
        yield f"An order of it is held: {wish.reason}."
    if any(shipment.is_backordered for shipment in option.plan.shipments):
        yield "A part of it is still to come."


def _gap(gap: Uncovered, found: Quote, items: Mapping[Sku, Item]) -> GapView:
    could_be = []
    if gap.available_quantity > 0:
        when = f" by {moment(gap.available_at)} UTC" if gap.available_at is not None else ""
        could_be.append(f"{tell_units(gap.sku, gap.available_quantity, items)} of it{when}")
    for other in gap.instead:
        delta = f" for {money(other.price_delta_minor, found.currency)} more each" if other.price_delta_minor else ""
        could_be.append(f"{tell_units(other.sku, int(other.quantity), items)} of {other.sku} instead{delta}")
    ways = [option for option in found.options if _covers(option, gap, found)]
    return GapView(
        gap.sku,
        tell_units(gap.sku, gap.quantity, items),
        gap.detail or words(gap.reason).lower(),
        tuple(could_be),
        tuple((option.plan_id, tell_way(option)) for option in ways[:_WAYS_MAX]),
    )


def _covers(option: Option, gap: Uncovered, found: Quote) -> bool:
    """Whether an option promises all of a line."""
    if any(other.line_id == gap.line_id for other in option.plan.uncovered):
        return False
    pegs = [peg for shipment in option.plan.shipments for peg in shipment.pegs]
    units = whole_units(pegs, {line_id: kit.components for line_id, kit in found.kits.items()})
    return units.get(gap.line_id, 0) > 0
