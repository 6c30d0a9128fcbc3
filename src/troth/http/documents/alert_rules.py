"""Alert rules: what is done about promises that will probably be missed; versioned, checked, and in force at once."""

from typing import Final

from troth.flows.documents.families import ALERT_RULES
from troth.http.documents.document_answer import DocumentAnswer, VersionAnswer
from troth.http.documents.document_operations import operations_of
from troth.model.alerts import AlertRules
from troth.model.refusals import FieldFlaw

_EXAMPLE: Final = {
    "rules": [
        {
            "name": "stores that are slow",
            "when": "alert.probability >= 0.6 && alert.leg == 'node' && work.node_type == 'store'",
            "actions": ["re_source", "upgrade", "tell", "exception"],
            "owner": "stores",
        },
        {
            "name": "carriers that are slow",
            "when": "alert.probability >= 0.7 && alert.leg == 'carrier'",
            "actions": ["tell"],
        },
    ],
}

OPERATIONS = operations_of(
    ALERT_RULES,
    DocumentAnswer[AlertRules],
    VersionAnswer[AlertRules],
    name="late",
    example=_EXAMPLE,
    flaw=FieldFlaw("/rules/0/when", "there is no field alert.probabilty; did you mean alert.probability?"),
)
