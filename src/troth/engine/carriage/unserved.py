"""Services that do not go to a place, and why."""

from typing import Final

from troth.engine.carriage.network import Network
from troth.engine.carriage.offers import Offer
from troth.engine.carriage.transit import Lanes, find_lanes
from troth.model.network import Address
from troth.model.order import Method
from troth.model.place_notes import place_notes
from troth.model.value import dataclass

_TOLD_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Unserved:
    """A service that no node has a lane of to a place, and why, as what follows its name in a sentence."""

    method: Method
    service: str
    carrier: str
    why: str


def find_unserved(network: Network, destination: Address) -> tuple[Unserved, ...]:
    """The services that do not go to a destination, those of parcels first."""
    found = []
    for method in (Method.SHIP, Method.DELIVERY):
        cards = network.offer(method).cards
        for position, why in sorted(find_lanes(network, method, destination, "").unserved.items()):
            found.append(Unserved(method, cards[position].service, cards[position].carrier, why))
    return tuple(found)


def tell_unserved(network: Network, lanes: Lanes, service: str = "") -> str:
    """Why the services of these lanes do not go there, in words; empty where they do. `service` is the one that was
    asked for, if any.
    """
    offer = network.offer(lanes.method)
    if service and lanes.pickup < 0 and not lanes.services:
        return f"there is no service {service}"
    told = [f"{_name(offer, position)} {why}" for position, why in sorted(lanes.unserved.items())]
    more = f"; and {len(told) - _TOLD_MAX} more" if len(told) > _TOLD_MAX else ""
    return "; ".join(told[:_TOLD_MAX]) + more


def way_notes(network: Network, lanes: Lanes, destination: Address | None) -> tuple[str, ...]:
    """What is worth knowing about the way to a destination: how sure its place is, and which services do not go."""
    if lanes.pickup >= 0 or destination is None:
        return ()
    notes = place_notes(destination)
    told = tell_unserved(network, lanes) if lanes.unserved else ""
    return (*notes, told) if told else notes


def _name(offer: Offer, position: int) -> str:
    """A service by name, with its carrier where there are several of it."""
    card = offer.cards[position]
    is_one = sum(other.service == card.service for other in offer.cards) == 1
    return card.service if is_one else f"{card.service} of {card.carrier}"
