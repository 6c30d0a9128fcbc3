"""What a network is compiled of: nodes as they are compared, cards as they are offered, and lane tables joined."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from troth.engine.carriage.network import Network, compile_network
from troth.engine.carriage.public_holidays import local_calendar
from troth.engine.carriage.rate_cards import DEFAULT_CARDS, LOCAL_DELIVERY
from troth.engine.carriage.where import regions_of
from troth.flows.places.places import with_region
from troth.flows.places.public_holidays import find_days
from troth.model.ids import NodeId
from troth.model.lanes import LaneTable
from troth.model.network import LOCAL, Carriage, Node, RateCard, SwitchedOff


def offer_cards(
    named: Iterable[tuple[str, RateCard]],
    built_in: Sequence[RateCard] = DEFAULT_CARDS,
    delivery: RateCard = LOCAL_DELIVERY,
) -> tuple[RateCard, ...]:
    """The cards that goods go by: those in force, and those built in for services that none of them offers. Cards of
    local delivery take the place of the built-in one, whatever their services are.
    """
    active = [card for _, card in named]
    services = {card.service for card in active if card.method is Carriage.SHIP}
    vans = () if any(card.method is Carriage.DELIVERY for card in active) else (delivery,)
    return (*(card for card in built_in if card.service not in services), *vans, *active)


def join_tables(named: Iterable[tuple[str, LaneTable]]) -> LaneTable:
    """The one table of all that are in force; of rows that are equally specific those of the last name count."""
    tables = [table for _, table in sorted(named, key=lambda pair: pair[0])]
    return LaneTable(
        tuple(lane for table in tables for lane in table.lanes),
        tuple(place for table in tables for place in table.holidays),
    )


def compile_offered(nodes: Iterable[Node], cards: Sequence[RateCard], lanes: LaneTable) -> Network:
    """The network of nodes as they were set, with the public holidays that nodes, carriers and places keep."""
    coded = [with_region_code(node) for node in nodes]
    return compile_network(
        [with_days_off(node) for node in coded], [_with_holidays(card) for card in cards], lanes, find_days
    )


def switched(nodes: Iterable[Node], off: Mapping[NodeId, SwitchedOff]) -> list[Node]:
    """The nodes of which those that somebody switched off are not active."""
    return [
        replace(node, active=False, off=off[node.node]) if node.active and node.node in off else node for node in nodes
    ]


def with_days_off(node: Node) -> Node:
    """The node with the dates of the calendars that it names."""
    calendar = node.calendar
    if not calendar.public_holidays:
        return node
    local = local_calendar(node.address.country, regions_of(node.address))
    named = [local if name == LOCAL else name for name in calendar.public_holidays]
    days = frozenset(calendar.holidays).union(*map(find_days, named))
    return replace(node, calendar=replace(calendar, holidays=tuple(sorted(days))))


def _with_holidays(card: RateCard) -> RateCard:
    """The card with the dates of the calendars that it names; those of places are found for each of them."""
    named = [name for name in card.public_holidays if name != LOCAL]
    return replace(card, holidays=tuple(sorted(set(card.holidays).union(*map(find_days, named))))) if named else card


def with_region_code(node: Node) -> Node:
    """The node whose address has the code of its region, also where it was set before there were any."""
    address = with_region(node.address)
    return node if address is node.address else replace(node, address=address)
