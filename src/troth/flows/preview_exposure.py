"""What exposure rules would hit if they were in force: SKU-nodes by rule, and what would be shown then and now."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from troth.engine.context import Facts
from troth.engine.exposure.compiled import compile_exposure
from troth.engine.exposure.expose import Exposure
from troth.engine.exposure.waterfall import Waterfall, find_waterfall
from troth.flows.system import System
from troth.flows.waterfall import Inquirer, know
from troth.model.document import label_of
from troth.model.exposure import ExposureRules
from troth.model.ids import NodeId, Sku
from troth.model.refusals import FieldFlaw, Invalid
from troth.store.positions import find_stocked_skus

SKUS_MAX: Final = 2_000
_EXAMPLES_MAX: Final = 20
_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """Units that a rule would keep back of a SKU at a node."""

    sku: Sku
    node: NodeId
    units: int


@dataclass(slots=True)
class RuleHits:
    """What one rule would do: the SKUs and SKU-nodes with stock at which it decides something, and the units."""

    kind: str
    rule: str
    skus: int = 0
    sku_nodes: int = 0
    units: int = 0
    examples: list[Hit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Preview:
    """The hits of every rule that would be in force, and the units that could be sold with these rules and as it is."""

    rules: tuple[RuleHits, ...]
    looked_at: int
    is_partial: bool
    available: int
    available_now: int


async def preview_exposure(
    system: System, name: str, rules: ExposureRules, who: Inquirer, *, skus: Sequence[Sku] = ()
) -> Preview | Invalid:
    """What would be if `rules` stood under a name, for some SKUs or the first ones that have stock; nothing is written.

    Everything else that is in force stays so.
    """
    wanted = list(dict.fromkeys(skus)) or await _stocked(system)
    looked_at = wanted[:SKUS_MAX]
    reference = system.door.reference
    hits: dict[tuple[str, str], RuleHits] = {}
    total = total_now = 0
    exposure: Exposure | None = None
    for start in range(0, len(looked_at), _AT_ONCE):
        some = looked_at[start : start + _AT_ONCE]
        facts = await know(system, some)
        unknown = [sku for sku in some if sku not in facts.items]
        if unknown:
            return Invalid(tuple(FieldFlaw("/skus", f"there is no item {sku}") for sku in unknown))
        if exposure is None:
            others = [one for one in reference.exposure_documents(facts.now) if one[0] != name]
            documents = sorted([*others, (name, label_of(name, 0), rules)], key=lambda one: one[0])
            exposure = Exposure(
                compile_exposure(documents, facts.now), reference.consumed, reference.sales, reference.findable
            )
        if exposure.rules.looks_at_sales:
            await reference.need_sales(some)
        for sku in some:
            total += _add(hits, sku, _look(system, replace(facts, exposure=exposure), sku, who))
            total_now += _look(system, facts, sku, who).available
        await asyncio.sleep(0)  # orders come first
    return Preview(
        tuple(sorted(hits.values(), key=lambda hit: (-hit.units, hit.kind, hit.rule))),
        len(looked_at),
        len(looked_at) < len(wanted),
        total,
        total_now,
    )


def _look(system: System, facts: Facts, sku: Sku, who: Inquirer) -> Waterfall:
    item = facts.items[sku]
    return find_waterfall(facts.pool, who.demand(item), item, system.door.index.rows(sku))


def _add(hits: dict[tuple[str, str], RuleHits], sku: Sku, found: Waterfall) -> int:
    for fall in found.falls:
        if fall.rule:
            hit = hits.setdefault((fall.kind, fall.rule), RuleHits(fall.kind, fall.rule))
            hit.skus += 1
            hit.units += fall.units
    for node in found.nodes:
        for fall in node.falls:
            if fall.rule:
                hit = hits[fall.kind, fall.rule]
                hit.sku_nodes += 1
                if len(hit.examples) < _EXAMPLES_MAX:
                    hit.examples.append(Hit(sku, node.node, fall.units))
    return found.available


async def _stocked(system: System) -> list[Sku]:
    async with system.pool.acquire() as connection:
        return await find_stocked_skus(connection, limit=SKUS_MAX + 1)
