"""A recall as the API shows it."""

from collections.abc import Mapping

import msgspec

from troth.http.edge.measures import Units, of_line
from troth.http.edge.values import Instant
from troth.model.lifecycle import RecallState
from troth.model.recall import Recall, RecallKind, RecallUnits


class RecalledUnits(msgspec.Struct, frozen=True):
    """Units of an order line."""

    line_id: str
    quantity: Units


class RecallAnswer(msgspec.Struct, frozen=True):
    """A request to a node to give released work back, and its answer.

    The node answers until `answer_by`; its silence then counts as it `lapses`. `actions` names those of the change that
    is asked for. `given` are the units that came back; `outcome` says why a recall ended without an answer.
    """

    recall_id: str
    fulfillment_id: str
    node: str
    kind: RecallKind
    state: RecallState
    units: tuple[RecalledUnits, ...]
    actions: tuple[str, ...]
    reason: str
    asked_by: str
    asked_at: Instant
    answer_by: Instant
    lapses: str
    answered_at: Instant | None
    answered_by: str
    answer: str
    given: tuple[RecalledUnits, ...]
    outcome: str


def answer_recall(recall: Recall, decimals: Mapping[str, int]) -> RecallAnswer:
    """A recall as it is answered, of lines with so many decimals."""
    return RecallAnswer(
        recall.recall_id,
        recall.fulfillment_id,
        recall.node,
        recall.kind,
        recall.state,
        _units(recall.units, decimals),
        tuple(action.action for action in recall.actions),
        recall.reason,
        recall.asked_by,
        recall.asked_at,
        recall.answer_by,
        recall.lapses.value,
        recall.answered_at,
        recall.answered_by,
        recall.answer,
        _units(recall.given, decimals),
        recall.outcome,
    )


def _units(units: tuple[RecallUnits, ...], decimals: Mapping[str, int]) -> tuple[RecalledUnits, ...]:
    return tuple(RecalledUnits(one.line_id, of_line(one.quantity, one.line_id, decimals)) for one in units)
