"""Which nodes and services may send a line at all: places its item may not go, what its keeper and carrier must be able
to do, and the one node that it is to come from.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from troth.engine.carriage.network import Network
from troth.engine.carriage.offers import Offer
from troth.engine.carriage.sizes import takes
from troth.engine.carriage.transit import Lanes
from troth.engine.carriage.where import regions_of
from troth.model.ids import NodeId
from troth.model.item import Restrictions
from troth.model.network import Address
from troth.model.order import Method
from troth.model.plan import DemandLine
from troth.model.regions import codes_of, has_regions, region_code
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """What restrictions leave: `nodes` (lines, N) and `services` (lines, services of the lanes) that may send each
    line; `details` say by line what bars the others (empty: nothing is barred). `large` are the lines that are barred
    by the size of their units alone, `alone` those that are only bound to one node.
    """

    nodes: NDArray[np.bool_]
    services: NDArray[np.bool_]
    details: tuple[str, ...]
    large: frozenset[int] = frozenset()
    alone: frozenset[int] = frozenset()


def has_restrictions(lines: Sequence[DemandLine]) -> bool:
    """Whether any of the lines is of an item with restrictions, or is to come from one node."""
    return any(_restrictions(line) is not None or only_from(line) is not None for line in lines)


def find_bars(
    lines: Sequence[DemandLine],
    network: Network,
    method: Method,
    destination: Address | None,
    lanes: Lanes,
    *,
    is_area: bool = False,
) -> Bars:
    """What the restrictions of these lines' items leave of nodes and services on the way to a destination, or, where it
    `is_area`, to some place in it.
    """
    nodes = np.ones((len(lines), len(network.nodes)), dtype=np.bool_)
    services = np.ones((len(lines), len(lanes.services)), dtype=np.bool_)
    details, alone = [], set()
    for row, line in enumerate(lines):
        asked, only = _restrictions(line), only_from(line)
        detail = ""
        if asked is not None:
            banned = is_in(destination, asked.not_to) or ("" if is_area else _doubtful(destination, asked.not_to))
            detail = _bar(asked, banned, network, method, lanes, nodes[row], services[row])
        if only is not None:
            nodes[row] &= network.positions == network.index.get(only, -1)
            if not detail:
                alone.add(row)
            detail = "; ".join(filter(None, (detail, f"it is to come from {only} only")))
        details.append(detail)
    return Bars(nodes, services, tuple(details), alone=frozenset(alone))


def bar_large(bars: Bars, large: Mapping[int, tuple[int, int]], offer: Offer, lanes: Lanes) -> Bars:
    """The bars with those services barred, for each line of `large` units, that do not take a unit of its longest side
    and its length and girth (mm).
    """
    if not large or offer.sizes is None:
        return bars
    services, details = bars.services.copy(), list(bars.details)
    for at, (longest, girth) in large.items():
        able = takes(offer.sizes, lanes.services, longest, girth)
        if not able.all():
            services[at] &= able
            size = f"a unit is {longest:,} mm long, {girth:,} mm with its girth"
            details[at] = f"{details[at]}; {size}" if details[at] else size
    by_size = frozenset(at for at in large if not bars.details[at])
    return Bars(bars.nodes, services, tuple(details), by_size, bars.alone - large.keys())


def is_in(address: Address | None, places: Sequence[str]) -> str:
    """The first of the places (`US`, `US-CA`) in which an address lies, or nothing.

    >>> is_in(Address("US", region="CA"), ("DE", "US-CA")), is_in(Address("US", region="NY"), ("US-CA",))
    ('US-CA', '')
    >>> is_in(Address("US", region="Calif.", region_code="CA"), ("US-CA",)), is_in(Address("PR"), ("US-PR",))
    ('US-CA', 'US-PR')
    """
    if address is None:
        return ""
    own = codes_of(address.country.upper(), regions_of(address))
    return next((place for place in places if place.upper() in own), "")


def may_be_in(address: Address | None, places: Sequence[str]) -> str:
    """The first of the places that an address may lie in, since its region is not known; nothing where none is.

    >>> may_be_in(Address("US", city="New York"), ("DE", "US-NY")), may_be_in(Address("US", region="NJ"), ("US-NY",))
    ('US-NY', '')
    """
    if address is None or not has_regions(address.country):
        return ""
    country = address.country.upper()
    if any(region_code(country, region) for region in regions_of(address)):
        return ""
    return next((place for place in places if place.upper().startswith(f"{country}-")), "")


def _doubtful(address: Address | None, places: Sequence[str]) -> str:
    place = may_be_in(address, places)
    return f"{place}, and the address does not say which region it is in" if place else ""


def _restrictions(line: DemandLine) -> Restrictions | None:
    return None if line.item is None else line.item.restrictions


def only_from(line: DemandLine) -> NodeId | None:
    """The one node that a line is to come from; None: any."""
    return None if line.terms is None else line.terms.only_from


def _bar(
    asked: Restrictions,
    banned: str,
    network: Network,
    method: Method,
    lanes: Lanes,
    nodes: NDArray[np.bool_],
    services: NDArray[np.bool_],
) -> str:
    """Bars nodes (N) and services in place, and says why: first what bars everything, as that it goes to a `banned`
    place.
    """
    if banned:
        nodes[:] = False
        return f"it may not be sent to {banned}"
    if asked.methods and method not in asked.methods:
        nodes[:] = False
        return f"it can only be had by {' or '.join(sorted(asked.methods))}"
    reasons = []
    offer = network.offer(method)
    if asked.service_needs and method in (Method.SHIP, Method.DELIVERY):
        for at, position in enumerate(lanes.services):
            services[at] = set(asked.service_needs) <= set(offer.cards[position].capabilities)
        if not services.all():
            reasons.append(f"only services that are able to carry {', '.join(asked.service_needs)} may carry it")
    if asked.node_needs or asked.not_from:
        nodes[:] = _able_nodes(network, asked)
        if asked.node_needs:
            reasons.append(f"only nodes that are able to keep {', '.join(asked.node_needs)} may send it")
        if asked.not_from:
            reasons.append(f"it may not be sent from {', '.join(asked.not_from)}")
    return "; ".join(reasons)


def _able_nodes(network: Network, asked: Restrictions) -> NDArray[np.bool_]:
    """The nodes (N) that may send it, remembered with the network."""
    key = (asked.node_needs, asked.not_from)
    found = network.memory.tables["able"].get(key)
    if isinstance(found, np.ndarray):
        return found
    needs = set(asked.node_needs)
    able = np.array(
        [needs <= set(node.capabilities) and not is_in(node.address, asked.not_from) for node in network.nodes],
        dtype=np.bool_,
    )
    network.memory.keep("able", key, able)
    return able
