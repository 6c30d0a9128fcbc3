"""One thing: what may be sold now, out of the memory of the process: the same numbers from which orders are promised.

Where another process sold the stock a number is some hundred milliseconds old; capturing the order checks it again.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from math import floor, inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.calendars import DAY_SECONDS
from troth.engine.carriage.network import Network
from troth.engine.carriage.reach import nodes_in, nodes_that_hand_over, nodes_that_ship, nodes_within
from troth.engine.carriage.transit import compute_miles
from troth.engine.demand.line_terms import components, is_whole
from troth.engine.exposure.accepting import Accepted, RowsAsked, find_accepted, rows_of_line
from troth.engine.exposure.expose import expose
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.lasting import spoils_soon
from troth.engine.promising.context import Facts
from troth.engine.supply.available_to_sell import (
    NodeUnits,
    Stock,
    compute_node_units,
    compute_stock,
    low_stock_max,
    valid_until,
)
from troth.engine.supply.backorder_cap import cap_backorders
from troth.engine.supply.feed_age import fed_rows
from troth.engine.supply.overdue import has_overdue, timely_rows
from troth.engine.supply.supply import NO_SUPPLY, SupplyRows
from troth.flows.door.door import Door
from troth.flows.door.system import System
from troth.flows.memory.few_left import NOBODY, FewLeft
from troth.flows.memory.reference import Reference
from troth.flows.places.places import find_place
from troth.flows.places.zip_states import find_state
from troth.flows.stock.waterfall import Inquirer
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND
from troth.model.item import Item
from troth.model.measure import scale_of
from troth.model.network import Address
from troth.model.order import Method
from troth.model.place_notes import BY_COUNTRY
from troth.model.refusals import Busy, FieldFlaw, Invalid
from troth.model.value import dataclass

PICKUP_MILES: Final = 50.0
"""How far a customer goes at most to pick something up."""

_NEAREST_MAX: Final = 5
_LOADS_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where the customer is: in a country, in one of its regions (`NY`) or at a postcode, as far as that is known."""

    country: str
    region: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which nodes something shall be said too.

    Of those in `nodes` each for itself. Of `place`: what can be had there, and the nodes near it (with a postcode) or
    in it. `has_columns`: those nodes as columns, or all where neither is given.
    """

    nodes: tuple[NodeId, ...] = ()
    place: Place | None = None
    has_columns: bool = False


@dataclass(frozen=True, slots=True)
class NodeStock:
    """The stock of one node, and how far it is (miles) where the customer's postcode is known."""

    node: NodeId
    stock: Stock
    miles: float | None


@dataclass(frozen=True, slots=True)
class PlaceStock:
    """Units on hand that a customer at a place can have sent, and can pick up in it or near it."""

    ship: int
    pickup: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What an answer about a SKU rests on beside its rows and the network: it stands as long as these are the same."""

    item: Item
    exposure: Exposure | None
    sales: object
    draws: int
    few: FewLeft = NOBODY

    def stand(self, reference: Reference, exposure: Exposure | None) -> bool:
        """Whether these are the terms of now, by identity, where these rules count now."""
        if reference.items.get(self.item.sku) is not self.item or self.exposure is not exposure:
            return False
        if reference.few_left(self.item.sku) != self.few:
            return False
        return exposure is None or (
            reference.sales.get(self.item.sku) is self.sales and _count_draws(exposure) == self.draws
        )


@dataclass(frozen=True, slots=True)
class Availability:
    """The stock of one SKU over all nodes, at the place and at the nodes that were asked for, these as values or as
    columns (of the nodes of the answer).

    Unless a row moves, or its terms or the network become others, it is right until `until` (POSIX seconds).
    """

    sku: Sku
    terms: Terms
    stock: Stock
    until: float
    place: PlaceStock | None = None
    nodes: tuple[NodeStock, ...] = ()
    columns: NodeUnits | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The availability of each SKU in the order in which they were asked, and the nodes of the columns."""

    items: tuple[Availability, ...]
    columns_of: tuple[NodeId, ...] | None = None


async def read_availability(
    system: System, skus: Sequence[Sku], *, channel: str = "", asked: Asked | None = None
) -> Answered | Invalid | Busy:
    """What a channel may sell of each SKU."""
    door, wanted = system.door, asked or Asked()
    for _ in range(_LOADS_MAX):
        times_forgotten = door.reference.times_forgotten
        await door.need_stock(await door.reference.need_kits(skus))
        unknown = [sku for sku in skus if sku not in door.reference.items]
        terms = [(sku, found) for sku in skus if (found := find_terms(door, sku)) is not None]
        # What was read could have been forgotten again while the rest was: then nobody knows that it does not exist.
        if len(terms) == len(skus) or (unknown and door.reference.times_forgotten == times_forgotten):
            break
    else:
        return Busy(_LOADS_MAX)
    network = door.reference.network
    flaws = [FieldFlaw("?sku", f"there is no item {sku}") for sku in unknown]
    flaws += [FieldFlaw("?node", f"there is no node {node}") for node in wanted.nodes if node not in network.index]
    there = None
    if wanted.place is not None:
        there = _find_there(network, wanted.place)
        if there is None:
            place = wanted.place
            flaws.append(FieldFlaw("?postcode", f"{place.postcode} is no known place in {place.country}"))
    if flaws:
        return Invalid(tuple(flaws))
    if not wanted.nodes and there is None and not wanted.has_columns:
        return Answered(tuple(find_now(door, sku, on, channel=channel) for sku, on in terms))
    listed = np.array([network.index[node] for node in wanted.nodes], dtype=np.intp)
    if not wanted.has_columns:
        return Answered(tuple(_find_nodes(door, sku, on, channel, listed, there) for sku, on in terms))
    if not wanted.nodes:
        listed = np.flatnonzero(network.is_active if there is None else network.is_active & there.is_near)
    return Answered(
        tuple(_find_columns(door, sku, on, channel, listed, there) for sku, on in terms),
        tuple(network.nodes[position].node for position in listed.tolist()),
    )


def find_terms(door: Door, sku: Sku) -> Terms | None:
    """On what an answer about a SKU would rest now; None where the process does not know enough to make one."""
    reference = door.reference
    item, exposure = reference.items.get(sku), reference.exposure_at(door.now())
    if item is None or door.index.missing((sku,)):
        return None
    if item.kit and door.index.missing(components(sku, reference.items) & reference.items.keys()):
        return None
    if exposure is None:
        return Terms(item, None, None, 0, reference.few_left(sku))
    sales = reference.sales.get(sku)
    if sales is None and exposure.rules.looks_at_sales:
        return None
    return Terms(item, exposure, sales, _count_draws(exposure), reference.few_left(sku))


def _count_draws(exposure: Exposure) -> int:
    """Another number after each draw, where rules count them."""
    return exposure.consumed.version if exposure.rules.counts_draws else 0


def find_now(door: Door, sku: Sku, terms: Terms, *, channel: str) -> Availability:
    """The availability of a SKU, on the terms of now, over all nodes."""
    now, item = door.now(), terms.item
    found = _accepted(door, terms, Inquirer(channel), None)
    low_max = _low_max(door, terms, channel)
    stock = compute_stock(found.rows, now.timestamp(), low_max)
    if not found.incoming:
        stock = replace(stock, next_supply_at=None, next_node=-1, next_source=ON_HAND)
    stock = replace(stock, available=found.available, incoming=found.incoming, decimals=item.decimals)
    if item.kit:  # what is kept of it would not know of a component that moves
        return Availability(sku, terms, stock, now.timestamp())
    until = min(valid_until(found.rows, now.timestamp()), _rules_until(terms, now))
    # A feed becomes late, or comes, without moving any row; and what is overdue is expected later with each second.
    if door.reference.network.feed_due is not None or has_overdue(door.index.rows(sku), now.timestamp()):
        until = min(until, floor(now.timestamp()) + 1.0)
    return Availability(sku, terms, stock, until)


def find_everywhere(door: Door, sku: Sku, terms: Terms, *, channel: str) -> Availability:
    """The same with the columns of all nodes that are active."""
    network = door.reference.network
    return _find_columns(door, sku, terms, channel, np.flatnonzero(network.is_active), None)


def active_nodes(network: Network) -> tuple[NodeId, ...]:
    """The nodes of those columns."""
    return tuple(network.nodes[position].node for position in np.flatnonzero(network.is_active).tolist())


def _low_max(door: Door, terms: Terms, channel: str, node: NodeId | str = "") -> int:
    """Up to how many units an item is low in stock: more where a level is watched and few are left by now."""
    voice = door.reference.wording_at(door.now()).voice(channel)
    enter = low_stock_max(terms.item, voice.low_stock_units)
    if voice.leave_units is None or not {(channel, node), ("", node)} & terms.few:
        return enter
    return max(enter, voice.leave_units * scale_of(terms.item.decimals))


def _accepted(door: Door, terms: Terms, who: Inquirer, destination: Address | None) -> Accepted:
    """How much of a SKU is accepted of who asks, who is in a place where one is given."""
    if not terms.item.kit:
        return find_accepted(partial(_rows, door, terms, who, destination), is_kit=False)
    if not is_whole(terms.item.sku, door.reference.items):
        return Accepted(0, 0, NO_SUPPLY)
    return find_accepted(_line(door, terms, who, destination), is_kit=True)


def _rows(door: Door, terms: Terms, who: Inquirer, destination: Address | None, asked: int) -> SupplyRows:
    """What may be taken of a SKU by who asks for so many units.

    Here is the one place between what is remembered and what is shown: what an order sees goes the same way.
    """
    sku, rows = terms.item.sku, door.index.rows(terms.item.sku)
    if terms.item.kit and not is_whole(sku, door.reference.items):
        return NO_SUPPLY
    if terms.exposure is None and rows.good_until is None and not terms.item.kit:
        network, now = door.reference.network, door.now().timestamp()
        fed = fed_rows(timely_rows(rows, now), network, now)
        return _cap(door, sku, expose(None, terms.item, fed, None, network))
    return _line(door, terms, who, destination)(asked)


def _line(door: Door, terms: Terms, who: Inquirer, destination: Address | None) -> RowsAsked:
    reference = door.reference
    facts = Facts(door.now(), "", reference.network, reference.items, reference.policy, exposure=terms.exposure)
    demand = who.demand(terms.item, facts, destination)
    return rows_of_line(facts.pool, demand, door.index.rows, partial(_cap, door))


def _cap(door: Door, sku: Sku, rows: SupplyRows) -> SupplyRows:
    """The rows with no more of what is to come than may still be backordered."""
    return cap_backorders({sku: rows}, door.index.backordered, door.reference.items)[sku]


def _rules_until(terms: Terms, now: datetime) -> float:
    """Until when (POSIX seconds) rules say the same by themselves, beside what makes other terms of them.

    A quota may begin anew with each day, and what counts and picks teach of finding units comes at any time.
    """
    if terms.exposure is None:
        return inf
    if terms.exposure.rules.finding or terms.exposure.rules.looks_at_moment:
        return floor(now.timestamp()) + 1.0
    if terms.exposure.rules.allocations:
        return (floor(now.timestamp() / DAY_SECONDS) + 1.0) * DAY_SECONDS
    return inf


@dataclass(frozen=True, slots=True, eq=False)
class _There:
    """A place, with the nodes (N) near it or in it, and their miles to it where it has a postcode."""

    address: Address
    is_near: NDArray[np.bool_]
    miles: NDArray[np.float64] | None


def _find_there(network: Network, place: Place) -> _There | None:
    """The place as the engine sees it; None where its postcode is not known."""
    if not place.postcode:
        inside = nodes_in(network, f"{place.country}-{place.region}" if place.region else place.country)
        return _There(Address(place.country, region=place.region), inside, None)
    found = find_place(place.country, "", "", place.postcode)
    if found is None or found.by == BY_COUNTRY:
        return None  # the middle of the country is no place to measure from
    latitude, longitude = found.coordinates
    region = place.region or find_state(place.country, place.postcode)
    address = Address(place.country, region=region, postcode=place.postcode, latitude=latitude, longitude=longitude)
    near = nodes_within(network, latitude, longitude, miles=PICKUP_MILES)
    return _There(address, near, compute_miles(network, latitude, longitude))


def _find_columns(
    door: Door, sku: Sku, terms: Terms, channel: str, listed: NDArray[np.intp], there: _There | None
) -> Availability:
    found, units = _find_units(door, sku, terms, channel)
    incoming = None if units.incoming is None else units.incoming[listed]
    next_at = None if units.next_at is None else units.next_at[listed]
    columns = NodeUnits(units.available[listed], incoming, next_at)  # whose messages nobody asks for
    place = None if there is None else _find_place(door, found, channel, units, there)
    return replace(found, place=place, columns=columns)


def _find_nodes(
    door: Door, sku: Sku, terms: Terms, channel: str, listed: NDArray[np.intp], there: _There | None
) -> Availability:
    found, units = _find_units(door, sku, terms, channel)
    network = door.reference.network
    if there is not None and not listed.size:
        listed = _with_units(network, units, there)
    miles = None if there is None else there.miles
    nodes = tuple(
        NodeStock(
            network.nodes[position].node,
            replace(
                units.stock(position, _low_max(door, terms, channel, network.nodes[position].node)),
                decimals=terms.item.decimals,
            ),
            None if miles is None else round(float(miles[position]), 1),
        )
        for position in listed.tolist()
    )
    place = None if there is None else _find_place(door, found, channel, units, there)
    return replace(found, place=place, nodes=nodes)


def _find_units(door: Door, sku: Sku, terms: Terms, channel: str) -> tuple[Availability, NodeUnits]:
    """The stock over all nodes and by node: of each node alone, as far as the sum over all allows."""
    found = find_now(door, sku, terms, channel=channel)
    units = _units_by_node(door, terms, Inquirer(channel), None)
    if terms.exposure is None:
        return found, units
    incoming = None if units.incoming is None else np.minimum(units.incoming, found.stock.incoming)
    return found, NodeUnits(np.minimum(units.available, found.stock.available), incoming, units.next_at, units.rows)


def _units_by_node(door: Door, terms: Terms, who: Inquirer, destination: Address | None) -> NodeUnits:
    rows = _rows(door, terms, who, destination, 0)
    return compute_node_units(rows, len(door.reference.network.nodes), door.now().timestamp())


def _find_place(door: Door, found: Availability, channel: str, units: NodeUnits, there: _There) -> PlaceStock:
    """What can be had at a place: sent there in the time that it takes there, or picked up."""
    network, terms = door.reference.network, found.terms
    ships = nodes_that_ship(network, terms.item, there.address)
    hands_over = nodes_that_hand_over(network, terms.item) & there.is_near
    most = found.stock.available
    if _spoils(door, terms.item):
        units = _units_by_node(door, terms, Inquirer(channel), there.address)
        most = _accepted(door, terms, Inquirer(channel), there.address).available
    ship = min(most, int(units.available[ships].sum()))
    if terms.exposure is None and not _spoils(door, terms.item):
        return PlaceStock(ship, int(units.available[hands_over].sum()))
    collecting = Inquirer(channel, method=Method.PICKUP)
    here = _units_by_node(door, terms, collecting, None)
    most = _accepted(door, terms, collecting, None).available
    return PlaceStock(ship, min(most, int(here.available[hands_over].sum())))


def _spoils(door: Door, item: Item) -> bool:
    """Whether it depends on the way what may be had of an item."""
    skus = components(item.sku, door.reference.items) if item.kit else {item.sku}
    return spoils_soon({sku: door.index.rows(sku) for sku in skus})


def _with_units(network: Network, units: NodeUnits, there: _There) -> NDArray[np.intp]:
    """The nodes that hand over to customers and have units: the nearest, of two at one distance the first by id; where
    only a region is known all that are in it, by id.
    """
    has_units = (units.available > 0) & network.is_pickup
    if there.miles is None:
        return np.flatnonzero(has_units & there.is_near)
    positions = np.flatnonzero(has_units)
    return positions[np.argsort(there.miles[positions], kind="stable")[:_NEAREST_MAX]]
