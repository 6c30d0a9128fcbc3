"""What exposure rules would hit if they were in force: SKU-nodes by rule, and what would be shown then and now."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import field, replace
from typing import Final

from troth.engine.exposure.compiled import compile_exposure
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.item_rules import labels_of
from troth.engine.exposure.kit_limits import find_kit_rules_of
from troth.engine.exposure.waterfall import Waterfall
from troth.engine.promising.context import Facts
from troth.flows.door.system import System
from troth.flows.stock.waterfall import Inquirer, find_class_flaws, know, look
from troth.model.document import label_of
from troth.model.exposure import ExposureRules
from troth.model.ids import NodeId, Sku
from troth.model.measure import DECIMALS_MAX, PIECE, shown
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.value import dataclass
from troth.store.positions import find_kits, find_stocked_skus

Sums = dict[str, int | float]
"""Units by the measure in which they are counted, as people know them; `each` are pieces."""

SKUS_MAX: Final = 2_000
_EXAMPLES_MAX: Final = 20
_AT_ONCE: Final = 50
_KITS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Hit:
    """Units that a rule would keep back of a SKU at a node, as people know them."""

    sku: Sku
    node: NodeId
    units: int | float


@dataclass(slots=True)
class RuleHits:
    """What one rule would do: the SKUs and SKU-nodes with stock at which it decides something, and the units of each
    measure.
    """

    kind: str
    rule: str
    skus: int = 0
    sku_nodes: int = 0
    units: Sums = field(default_factory=dict)
    examples: list[Hit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Preview:
    """The hits of every rule that would be in force, and the units of each measure that could be sold with these rules
    and as it is.
    """

    rules: tuple[RuleHits, ...]
    looked_at: int
    is_partial: bool
    available: Sums
    available_now: Sums


async def preview_exposure(
    system: System, name: str, rules: ExposureRules, who: Inquirer, *, skus: Sequence[Sku] = ()
) -> Preview | Invalid:
    """What would be if `rules` stood under a name, for some SKUs or the first ones that have stock; nothing is written.

    Everything else that is in force stays so. Where no SKUs are given the first kits are looked at as well, for what
    would be kept of them; their units are those of their components and are not added up again.
    """
    wanted = list(dict.fromkeys(skus)) or await _stocked(system)
    looked_at = wanted[:SKUS_MAX]
    kits = frozenset[Sku]() if skus else frozenset(await _kits(system))
    reference = system.door.reference
    hits: dict[tuple[str, str], RuleHits] = {}
    total: Sums = {}
    total_now: Sums = {}
    exposure: Exposure | None = None
    every = [*looked_at, *sorted(kits)]
    for start in range(0, len(every), _AT_ONCE):
        some = every[start : start + _AT_ONCE]
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
            ruled = replace(facts, exposure=exposure)
            if flaws := find_class_flaws(ruled, facts.items[sku], who, pointer="/customer_class"):
                return Invalid(tuple(flaws))
            found = look(system, ruled, sku, who)
            unit = _measure(facts, sku)
            if sku in kits:
                _add(hits, sku, found, unit, of=_kit_labels(ruled, sku, who))
                continue
            _add(hits, sku, found, unit)
            now = look(system, facts, sku, who)
            _sum(total, unit, found.available, found.decimals)
            _sum(total_now, unit, now.available, now.decimals)
        await asyncio.sleep(0)  # orders come first
    return Preview(
        tuple(sorted(hits.values(), key=lambda hit: (-sum(hit.units.values()), hit.kind, hit.rule))),
        len(looked_at),
        len(looked_at) < len(wanted),
        total,
        total_now,
    )


def _kit_labels(facts: Facts, sku: Sku, who: Inquirer) -> frozenset[str]:
    """The rules that name a kit itself."""
    demand, pool = who.demand(facts.items[sku], facts), facts.pool
    asker = pool.asker(demand)
    if asker is None or pool.exposure is None:
        return frozenset()
    named = find_kit_rules_of(pool.exposure, demand, facts.items, facts.network, asker)
    return frozenset(label for kit in named for label in labels_of(kit.rules))


def _add(
    hits: dict[tuple[str, str], RuleHits],
    sku: Sku,
    found: Waterfall,
    unit: str,
    *,
    of: Collection[str] | None = None,
) -> None:
    """Add what rules take, or only some of them."""
    for fall in found.falls:
        if fall.rule and (of is None or fall.rule in of):
            hit = hits.setdefault((fall.kind, fall.rule), RuleHits(fall.kind, fall.rule))
            hit.skus += 1
            _sum(hit.units, unit, fall.units, found.decimals)
    for node in found.nodes:
        for fall in node.falls:
            if fall.rule and (of is None or fall.rule in of) and (fall.kind, fall.rule) in hits:
                hit = hits[fall.kind, fall.rule]
                hit.sku_nodes += 1
                if len(hit.examples) < _EXAMPLES_MAX:
                    hit.examples.append(Hit(sku, node.node, shown(fall.units, found.decimals)))


def _measure(facts: Facts, sku: Sku) -> str:
    """In what an item is counted: pieces, or the measure that it is sold by."""
    item = facts.items[sku]
    return item.unit if item.decimals else PIECE


def _sum(sums: Sums, unit: str, units: int, decimals: int) -> None:
    """Add units of a measure; pieces and meters have no sum."""
    total = sums.get(unit, 0)
    sums[unit] = total + units if not decimals else round(total + shown(units, decimals), DECIMALS_MAX)


async def _stocked(system: System) -> list[Sku]:
    async with system.pool.acquire() as connection:
        return await find_stocked_skus(connection, limit=SKUS_MAX + 1)


async def _kits(system: System) -> list[Sku]:
    async with system.pool.acquire() as connection:
        return await find_kits(connection, limit=_KITS_MAX)
