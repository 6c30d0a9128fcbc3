"""Hold rules: types of holds, and rules by which new orders are held; versioned, checked, and in force at once."""

from typing import Final

from troth.flows.documents.families import HOLD_RULES
from troth.http.documents.document_answer import DocumentAnswer, VersionAnswer
from troth.http.documents.document_operations import operations_of
from troth.model.hold_rules import HoldRules
from troth.model.refusals import FieldFlaw

_EXAMPLE: Final = {
    "types": [
        {
            "name": "fraud",
            "owner": "fraud",
            "blocks": ["release", "change"],
            "hours": 24.0,
            "at_end": "escalate",
            "escalate_to": "head_of_fraud",
            "lift_roles": ["operator"],
        }
    ],
    "rules": [
        {
            "name": "dear and new",
            "when": "order.value > 1000.0 && customer.orders == 0",
            "type": "fraud",
            "reason": "a first order of more than 1,000",
        },
        {"name": "below cost", "when": "line.price < item.cost", "type": "price"},
        {"name": "nowhere", "when": "!order.located", "type": "address", "reason": "the address is not known"},
    ],
}

OPERATIONS = operations_of(
    HOLD_RULES,
    DocumentAnswer[HoldRules],
    VersionAnswer[HoldRules],
    name="desk",
    example=_EXAMPLE,
    flaw=FieldFlaw("/rules/0/when", "there is no field order.valu; did you mean order.value?"),
)
