"""Why units are short of which there are some: rules of exposure, or a late feed, keep them back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from troth.engine.exposure.caps import Note
from troth.engine.supply.kits import components_of, kit_rows
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import Sku
from troth.model.plan import Demand, DemandLine, Plan, Uncovered

Supply = Mapping[Sku, SupplyRows]

WITHHELD: Final = "withheld"
_FOR_WANT_OF_STOCK: Final = frozenset({"no_stock"})


def with_reasons_kept(answer: Plan, demand: Demand, supply: Supply) -> Plan:
    """The plan that says of what is short for want of stock whether there is some that is kept back."""
    lines = {line.line_id: line for line in demand.lines}
    gaps = tuple(_with_reason(gap, lines.get(gap.line_id), supply) for gap in answer.uncovered)
    return answer if gaps == answer.uncovered else replace(answer, uncovered=gaps)


def _with_reason(gap: Uncovered, line: DemandLine | None, supply: Supply) -> Uncovered:
    if gap.reason not in _FOR_WANT_OF_STOCK:
        return gap
    rows = supply.get(gap.sku)
    note = None if rows is None else rows.note
    if note is None and line is not None and line.sku == gap.sku and line.terms is not None and line.terms.kit:
        note = _note_of_kit(line, supply)
    return gap if note is None else replace(gap, reason=note[0], detail=note[1])


def _note_of_kit(line: DemandLine, supply: Supply) -> Note | None:
    """Why fewer of a kit can be made than its components allow: for one of them, where a single rule says so."""
    kit = components_of(line)
    rows = {sku: supply[sku] for sku, _units in kit if sku in supply}
    if len(rows) < len(kit):
        return None
    whole = {sku: _with_kept(one) for sku, one in rows.items()}
    kept = int(kit_rows(kit, whole).available.sum()) - int(kit_rows(kit, rows).available.sum())
    if kept <= 0:
        return None
    notes = [(sku, one.note) for sku, one in rows.items() if one.note is not None and one.note[0] != WITHHELD]
    for sku, (code, sentence) in notes:
        return code, f"{sku}: {sentence}"
    return WITHHELD, f"{kept} of the kit are kept back by rules of exposure"


def _with_kept(rows: SupplyRows) -> SupplyRows:
    return rows if rows.withheld is None else replace(rows, available=rows.available + rows.withheld)
