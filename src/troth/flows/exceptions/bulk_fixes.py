"""One kind of fix for many exceptions: what it would do, or what it did, one by one in the order of their risk.

Each is looked at and carried out before the next is: what the first takes the second no longer finds. A preview looks
at each as if it were the only one, and says of which units several together would take more than there are.
"""

from typing import Final

from troth.flows.door.system import System
from troth.flows.exceptions.fixing import Fixed, carry_out, choose
from troth.flows.exceptions.looking import Looked, look
from troth.flows.exceptions.workbench import Filters, find_open
from troth.model.exceptions import OpenException
from troth.model.fix import Fix, FixKind, Taken
from troth.model.ids import NodeId, Sku
from troth.model.refusals import Refusal
from troth.model.value import dataclass

BULK_MAX: Final = 200
"""So many exceptions are looked at in one go, what weighs most first."""


@dataclass(frozen=True, slots=True)
class BulkLine:
    """What became, or would become, of one exception: the fix, or why there is none (`refusal`; None: no fix of this
    kind would do anything for it). `version` is that of its order: as it was looked at, or as it is after the fix.
    """

    found: OpenException
    fix: Fix | None = None
    refusal: Refusal | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Bulk:
    """The lines, how many exceptions fit, and in a preview what is lacking of what more is wanted of than there is."""

    lines: tuple[BulkLine, ...]
    matched: int
    is_preview: bool
    contested: tuple[Taken, ...] = ()

    @property
    def fixed(self) -> tuple[BulkLine, ...]:
        """The lines that have a fix."""
        return tuple(line for line in self.lines if line.fix is not None and line.refusal is None)


async def fix_in_bulk(
    system: System,
    filters: Filters,
    kind: FixKind,
    *,
    is_preview: bool,
    limit: int = BULK_MAX,
    reason: str,
    actor: str,
    role: str,
) -> Bulk:
    """Look at the exceptions that fit, and unless it is a preview carry out the best fix of this kind of each."""
    ranked = await find_open(system, filters, with_counts=False)
    lines = []
    for found, _risk in ranked.items[:limit]:
        lines.append(await _one(system, found, kind, is_preview=is_preview, reason=reason, actor=actor, role=role))
    contested = _contested(lines) if is_preview else ()
    return Bulk(tuple(lines), len(ranked.items), is_preview, contested)


async def _one(
    system: System, found: OpenException, kind: FixKind, *, is_preview: bool, reason: str, actor: str, role: str
) -> BulkLine:
    looked = await look(system, found, role=role, actor=actor)
    if not isinstance(looked, Looked):
        return BulkLine(found, refusal=looked)
    fix = choose(looked, kind)
    if fix is None or is_preview:
        return BulkLine(found, fix, version=looked.version if fix is None else fix.version)
    done = await carry_out(system, found, fix, reason=reason, actor=actor)
    if isinstance(done, Fixed):
        return BulkLine(found, fix, version=done.version)
    return BulkLine(found, fix, done, fix.version)


def _contested(lines: list[BulkLine]) -> tuple[Taken, ...]:
    """What several fixes together would take more of than there is: `units` are those that are lacking."""
    wanted: dict[tuple[Sku, NodeId], int] = {}
    there: dict[tuple[Sku, NodeId], int] = {}
    decimals: dict[Sku, int] = {}
    for line in lines:
        for taken in () if line.fix is None else line.fix.takes:
            place = (taken.sku, taken.node)
            wanted[place] = wanted.get(place, 0) + taken.units
            there[place] = max(there.get(place, 0), taken.units + taken.left)
            decimals[taken.sku] = taken.decimals
    return tuple(
        Taken(sku, node, units - there[sku, node], 0, decimals[sku])
        for (sku, node), units in sorted(wanted.items())
        if units > there[sku, node]
    )
