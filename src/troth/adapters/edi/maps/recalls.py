"""What a node is asked to give back, for partners whose documents have no word for a wish.

To such a partner it is a cancellation of what it still can: of all, or down to what remains. What it then says that it
sent and did not is its answer.
"""

from dataclasses import replace
from zoneinfo import ZoneInfo

from troth.adapters.edi.terms import Known, Terms
from troth.model.ids import LineId, Sku
from troth.model.node_messages import ToldLine, ToldWork


def remaining_lines(work: ToldWork, known: Known) -> tuple[ToldLine, ...]:
    """What of some work is not asked back; a kit of which nobody knows what is in it is not touched."""
    back = _units_back(work, known)
    left: list[ToldLine] = []
    for line in work.lines:
        taken = min(line.quantity, back.get((line.line_id, line.sku), 0))
        back[line.line_id, line.sku] = back.get((line.line_id, line.sku), 0) - taken
        if line.quantity > taken:
            left.append(replace(line, quantity=round(line.quantity - taken, 3)))
    return tuple(left)


def recall_note(work: ToldWork, terms: Terms) -> str:
    """What is asked back and by when it has to be answered, for people; empty where nothing is."""
    if work.recall is None:
        return ""
    units = ", ".join(f"{line.quantity} of {line.sku} (line {line.line_id})" for line in work.recall.lines)
    by = work.recall.answer_by.astimezone(ZoneInfo(terms.time_zone))
    return f"Cancel if not shipped: {units}. Answer by {by:%Y-%m-%d %H:%M}"


def _units_back(work: ToldWork, known: Known) -> dict[tuple[LineId, Sku], int | float]:
    kits = known.kits.get(work.fulfillment_id, {})
    told = {(line.line_id, line.sku) for line in work.lines}
    back: dict[tuple[LineId, Sku], int | float] = {}
    for line in () if work.recall is None else work.recall.lines:
        if (line.line_id, line.sku) in told:
            back[line.line_id, line.sku] = line.quantity
            continue
        for sku, count in kits.get(line.line_id) or _kit_of(line.sku, known):
            back[line.line_id, sku] = line.quantity * count
    return back


def _kit_of(sku: Sku, known: Known) -> tuple[tuple[Sku, int], ...]:
    item = known.items.get(sku)
    return () if item is None else item.kit
