"""Why a plan was chosen: the full trace with the best plans not chosen, each truly planned, and the digest of all
inputs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from troth.engine.network import Network
from troth.engine.promise import plan
from troth.engine.supply import SupplyRows
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.order import Method
from troth.model.plan import Alternative, Demand, Plan, Trace
from troth.model.policy import Policy

_NODES_TRIED_MAX: Final = 8


def explain(demand: Demand, supply: Mapping[Sku, SupplyRows], network: Network, policy: Policy, now: datetime) -> Trace:
    """The trace of the plan for these inputs, with alternatives: without each chosen node, and by each other service.

    Alternatives cover as much as the plan does; the cheapest come first, at most `policy.alternatives_kept`.
    """
    chosen = plan(demand, supply, network, policy, now)
    rivals: dict[tuple[object, ...], Plan] = {}
    for ask in _other_asks(demand, chosen, network):
        rival = plan(ask, supply, network, policy, now)
        if rival.shipments and _missing(rival) <= _missing(chosen) and _outline(rival) != _outline(chosen):
            rivals.setdefault(_outline(rival), rival)
    ranked = sorted(rivals.values(), key=lambda rival: (rival.cost_minor, _nodes(rival)))
    return replace(
        chosen.trace,
        alternatives=tuple(_alternative(rival) for rival in ranked[: max(0, policy.alternatives_kept)]),
        input_digest=digest_inputs(demand, supply, network, policy, now),
    )


def digest_inputs(
    demand: Demand, supply: Mapping[Sku, SupplyRows], network: Network, policy: Policy, now: datetime
) -> str:
    """The name of all that a plan depends on: equal inputs have equal digests, in whatever order their rows come."""
    digest = blake2b(digest_size=16)
    lines = tuple(
        replace(
            line, need_by=_moment(line.need_by), not_before=_moment(line.not_before), item=_item_in_order(line.item)
        )
        for line in demand.lines
    )
    plain = replace(demand, lines=lines, excluded_nodes=frozenset(), attributes=_in_order(demand.attributes))
    for part in (plain, sorted(demand.excluded_nodes), policy, now.timestamp(), _network_digest(network)):
        digest.update(repr(part).encode())
    for sku in sorted({line.sku for line in demand.lines}):
        digest.update(repr((sku, sorted(_rows(supply.get(sku), network)))).encode())
    return digest.hexdigest()


def _other_asks(demand: Demand, chosen: Plan, network: Network) -> Iterable[Demand]:
    nodes = sorted({shipment.node for shipment in chosen.shipments})
    asks = [replace(demand, excluded_nodes=demand.excluded_nodes | {node}) for node in nodes[:_NODES_TRIED_MAX]]
    if len(nodes) > 1:
        asks.append(replace(demand, excluded_nodes=demand.excluded_nodes | frozenset(nodes)))
    if demand.method is Method.SHIP:
        asks += [
            replace(demand, service=service) for service in dict.fromkeys(card.service for card in network.ship.cards)
        ]
    return asks


def _missing(option: Plan) -> int:
    return sum(item.quantity for item in option.uncovered)


def _nodes(option: Plan) -> tuple[NodeId, ...]:
    return tuple(shipment.node for shipment in option.shipments)


def _outline(option: Plan) -> tuple[object, ...]:
    return tuple((shipment.node, shipment.service, shipment.pegs) for shipment in option.shipments)


def _alternative(option: Plan) -> Alternative:
    cost: dict[str, int] = {}
    for shipment in option.shipments:
        for part, minor in shipment.cost.items():
            cost[part] = cost.get(part, 0) + minor
    return Alternative(_nodes(option), cost, max(shipment.promised_at for shipment in option.shipments))


def _moment(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)


def _item_in_order(item: Item | None) -> Item | None:
    return None if item is None else replace(item, attributes=_in_order(item.attributes))


def _in_order(attributes: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(attributes.items()))


def _rows(rows: SupplyRows | None, network: Network) -> list[tuple[NodeId, float, str, int]]:
    if rows is None:
        return []
    return [
        (network.nodes[node].node, date, source, units)
        for node, date, source, units in zip(
            rows.node_index.tolist(), rows.available_from.tolist(), rows.sources, rows.available.tolist(), strict=True
        )
    ]


def _network_digest(network: Network) -> str:
    """The digest of nodes and cards, remembered with the network because it takes long."""
    found = network.memory.tables["digest"].get("network")
    if isinstance(found, str):
        return found
    parts = repr((network.nodes, network.ship.cards, network.delivery.cards)).encode()
    digest = blake2b(parts, digest_size=16).hexdigest()
    network.memory.keep("digest", "network", digest)
    return digest
