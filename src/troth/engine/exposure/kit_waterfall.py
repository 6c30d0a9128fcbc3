"""The waterfall of a kit, in kits: through its components, of which that with the fewest at a node binds there."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from troth.engine.carriage.network import Network
from troth.engine.exposure.accepting import find_accepted, rows_of_line
from troth.engine.exposure.amounts import Units
from troth.engine.exposure.asker import Asker
from troth.engine.exposure.caps import Account, base_of_buffers, buffer_units
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.kit_limits import (
    KitRules,
    find_kit_rules_of,
    joined,
    kit_floors,
    kits_on_hand,
    limit_kit,
)
from troth.engine.exposure.pooled import find_pools
from troth.engine.exposure.quotas import quotas_of
from troth.engine.exposure.taking import Pool
from troth.engine.exposure.waterfall import (
    AT_NODES,
    Cap,
    Fall,
    Flow,
    NodeWaterfall,
    PartWaterfall,
    Waterfall,
    at_nodes,
    find_flow,
    known_asker,
    positions_of,
    some_of,
)
from troth.engine.supply.kits import kit_rows
from troth.engine.supply.supply import QUANTITY_MAX, SupplyRows
from troth.model.ids import NodeId, Sku
from troth.model.item import Item
from troth.model.plan import Demand
from troth.model.value import dataclass

TOGETHER: Final = "together"


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A component, how many of it a kit takes, and where its units go."""

    item: Item
    each: int
    flow: Flow


def find_kit_waterfall(
    pool: Pool,
    demand: Demand,
    read: Callable[[Sku], SupplyRows],
    *,
    nodes: Iterable[NodeId] = (),
    cap: Cap = lambda _sku, rows: rows,
) -> Waterfall:
    """The waterfall of the kit that a demand's one line is of; at some nodes, or where any component lies."""
    (line,) = demand.lines
    kit = line.terms.kit if line.terms is not None else ()
    network = pool.network
    asked = positions_of(nodes, network)
    ask = rows_of_line(pool, demand, read, cap)
    accepted = find_accepted(lambda units: _only_at(asked, ask(units)), is_kit=True)
    pool, asker = known_asker(pool, demand)
    assert pool.exposure is not None
    named = find_kit_rules_of(pool.exposure, demand, pool.items, network, asker)
    usable = {sku: pool.usable(demand, sku, read(sku)) for sku, _units in kit}
    kept = joined([kit_floors(pool.exposure, rules, usable, asker, network) for rules in named])
    parts = [
        _Part(
            pool.items[sku],
            each,
            find_flow(pool, demand, pool.items[sku], read(sku), asker, kept=kept.get(sku, ()), asked=0),
        )
        for sku, each in kit
    ]
    left = [at_nodes(part.flow.books, part.flow.rows, network) for part in parts]
    lies = np.any([units > 0 for units in left], axis=0)
    on_hand, steps = _made(parts, left), list[tuple[str, str, Units]]()
    made = on_hand
    of_kit = {(kind, label) for floors in kept.values() for kind, label, _floor in floors}
    for kind, is_own in ((kind, is_own) for kind in AT_NODES for is_own in (False, True)):
        for at, part in enumerate(parts):  # what is kept of components comes before what is kept of the kit
            for step in part.flow.steps:
                if step.kind != kind or ((step.kind, step.rule) in of_kit) is not is_own:
                    continue
                left[at] = left[at] - at_nodes(step.units, part.flow.rows, network)
                before, made = made, _made(parts, left)
                steps.append((step.kind, step.rule, before - made))
    exposed = {part.item.sku: _exposed(part.flow, usable[part.item.sku]) for part in parts}
    for rules in named:
        account = Account()
        limit_kit(pool.exposure, rules, usable, exposed, asker, network, asked=0, spent={}, account=account)
        rows = kit_rows(rules.parts, exposed)
        for step in account.steps:
            taken = at_nodes(step.units, rows, network)
            made = made - taken
            steps.append((step.kind, step.rule, taken))
    positions = asked or np.flatnonzero(lies).tolist()
    falls = [Fall(kind, rule, int(units[positions].sum())) for kind, rule, units in steps]
    left_there, everywhere = int(made[positions].sum()), int(made.sum())
    falls += _over(
        pool.exposure, parts, named, usable, exposed, asker, network, left_there, everywhere, accepted.available
    )
    fewest = np.argmin([units // part.each for part, units in zip(parts, left, strict=True)], axis=0)
    totals = [int(units[positions].sum()) // part.each for part, units in zip(parts, left, strict=True)]
    return Waterfall(
        asker.class_name,
        int(on_hand[positions].sum()),
        some_of(falls),
        accepted.available,
        accepted.incoming,
        tuple(
            NodeWaterfall(
                network.nodes[at].node,
                int(on_hand[at]),
                some_of(Fall(kind, rule, int(units[at])) for kind, rule, units in steps),
                int(made[at]),
                network.nodes[at].type,
                parts[fewest[at]].item.sku,
            )
            for at in positions
        ),
        parts=tuple(
            PartWaterfall(
                part.item.sku,
                part.each,
                int(at_nodes(part.flow.books, part.flow.rows, network)[positions].sum()),
                int(units[positions].sum()),
                part.item.decimals,
            )
            for part, units in zip(parts, left, strict=True)
        ),
        binding=parts[totals.index(min(totals))].item.sku if parts else None,
    )


def _only_at(positions: Sequence[int], rows: SupplyRows) -> SupplyRows:
    """The rows of some nodes; all where none are named."""
    if not positions:
        return rows
    return replace(rows, available=np.where(np.isin(rows.node_index, positions), rows.available, 0))


def _made(parts: Sequence[_Part], left: Sequence[Units]) -> Units:
    """The kits (N) that so many units of each component make."""
    made: Units = np.min([np.maximum(units, 0) // part.each for part, units in zip(parts, left, strict=True)], axis=0)
    return made


def _exposed(flow: Flow, rows: SupplyRows) -> SupplyRows:
    return SupplyRows(rows.node_index, flow.exposed, rows.available_from, rows.sources, rows.on_hand, rows.reserved)


def _over(
    exposure: Exposure,
    parts: Sequence[_Part],
    named: Sequence[KitRules],
    usable: dict[Sku, SupplyRows],
    exposed: dict[Sku, SupplyRows],
    asker: Asker,
    network: Network,
    left: int,
    everywhere: int,
    available: int,
) -> list[Fall]:
    """What sums over all nodes take of kits, until as many are left as are accepted: those of components, then those of
    the kit itself. What no single one of them explains they take together. `left` are those at the nodes that are told
    of, out of those `everywhere`.
    """
    found: list[Fall] = []
    limits: list[tuple[str, str, int]] = []
    for part in parts:
        rules = exposure.of_item(part.item, network, asker)
        here = int(at_nodes(part.flow.exposed, part.flow.rows, network).sum())
        units = part.flow.exposed
        for pool in part.flow.pools:
            units = pool.trim(part.flow.rows, units, QUANTITY_MAX)
            here = int(at_nodes(units, part.flow.rows, network).sum())
            limits.append(("protected", pool.label, here // part.each))
        base = base_of_buffers(rules, _books(usable[part.item.sku], network), asker, network)
        kept, label = buffer_units(rules, asker, here, base=base)
        limits.append(("channel_buffer", label, (here - kept) // part.each))
        quotas = quotas_of(exposure.consumed, rules, asker, part.item.sku)
        limits += [("product_allocation", quota.draw.rule, quota.left // part.each) for quota in quotas]
    for kit in named:
        limits += _pool_limits(exposure, kit, usable, exposed, asker, network)
        base = base_of_buffers(kit.rules, kits_on_hand(kit.parts, usable, len(network.nodes)), asker, network)
        kept, label = buffer_units(kit.rules, asker, everywhere, base=base)
        limits.append(("channel_buffer", label, everywhere - kept))
        quotas = quotas_of(exposure.consumed, kit.rules, asker, kit.kit.sku)
        limits += [("product_allocation", quota.draw.rule, quota.left // kit.counted) for quota in quotas]
    for kind, rule, most in limits:
        most = max(most, available)
        if rule and most < left:
            found.append(Fall(kind, rule, left - most))
            left = most
    return [*found, Fall(TOGETHER, "", left - available)]


def _pool_limits(
    exposure: Exposure,
    kit: KitRules,
    usable: dict[Sku, SupplyRows],
    exposed: dict[Sku, SupplyRows],
    asker: Asker,
    network: Network,
) -> Iterable[tuple[str, str, int]]:
    """How many kits now each pooled protection that names the kit leaves of the sum, one after the other."""
    rows, on_hand = kit_rows(kit.parts, exposed), kits_on_hand(kit.parts, usable, len(network.nodes))
    units = rows.available
    for pool in find_pools(exposure, kit.rules, kit.kit, rows, units, on_hand, asker, network, counted=kit.counted):
        units = pool.trim(rows, units, QUANTITY_MAX)
        yield "protected", pool.label, int(at_nodes(units, rows, network).sum())


def _books(rows: SupplyRows, network: Network) -> Units:
    return at_nodes(rows.available if rows.on_hand is None else rows.on_hand.astype(np.int64), rows, network)
