"""Work rules: versioned, checked, and in force for all work at nodes at once."""

from typing import Final

from troth.flows.documents.families import WORK_RULES
from troth.http.documents.document_answer import DocumentAnswer, VersionAnswer
from troth.http.documents.document_operations import operations_of
from troth.model.refusals import FieldFlaw
from troth.model.work_rules import WorkRules

_EXAMPLE: Final = {
    "pickups": [
        {"name": "chilled", "where": "'chilled' in node.capabilities", "keep_hours": 24.0, "remind_hours": [4.0, 20.0],
         "extensions_max": 0},
        {"name": "everyday", "keep_hours": 120.0, "remind_hours": [24.0, 72.0], "code_required": True},
    ],
    "late": [{"name": "stores", "where": "node.type == 'store'", "owner": "store lead", "move_after_minutes": 15.0}],
}  # fmt: skip

OPERATIONS = operations_of(
    WORK_RULES,
    DocumentAnswer[WorkRules],
    VersionAnswer[WorkRules],
    name="everyday",
    example=_EXAMPLE,
    flaw=FieldFlaw("/pickups/0/remind_hours/0", "must be above 0 and below keep_hours, 24"),
)
