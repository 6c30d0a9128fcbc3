"""Release rules: versioned, checked, and in force for every order at once."""

from typing import Final

from troth.flows.documents.families import RELEASE_RULES
from troth.http.documents.document_answer import DocumentAnswer, VersionAnswer
from troth.http.documents.document_operations import operations_of
from troth.model.refusals import FieldFlaw
from troth.model.release_rules import ReleaseRules

_EXAMPLE: Final = {
    "remorse": [
        {"name": "point-of-sale", "when": "order.channel == 'pos'", "minutes": 0},
        {"name": "large-orders", "when": "order.value >= 500.0", "minutes": 120},
    ],
    "lead": [{"name": "gifts", "when": "order.attributes.gift == 'yes'", "hours": 48.0}],
    "waves": [
        {
            "name": "dc-parcels",
            "times": ["09:00:00", "13:00:00"],
            "weekdays": [0, 1, 2, 3, 4],
            "where": "node.type == 'dc'",
            "when": "order.method == 'ship'",
            "cut_off_minutes": 15,
            "capacity_percent": 50.0,
        }
    ],
    "recalls": [{"name": "vendors", "where": "node.type == 'drop_ship'", "given_back": [], "answer_minutes": 240}],
}

OPERATIONS = operations_of(
    RELEASE_RULES,
    DocumentAnswer[ReleaseRules],
    VersionAnswer[ReleaseRules],
    name="everyday",
    example=_EXAMPLE,
    flaw=FieldFlaw("/waves/0/times", "must have 1 to 48 times"),
)
