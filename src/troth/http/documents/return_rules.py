"""Rules of returns: versioned, checked, and in force for every return from then on."""

from typing import Final

import msgspec

from troth.engine.rules.fields import RETURN_FIELDS
from troth.flows.documents.families import RETURN_RULES
from troth.http.documents.document_answer import DocumentAnswer, VersionAnswer
from troth.http.documents.document_operations import operations_of
from troth.http.documents.routing_catalog import FieldAnswer
from troth.http.edge.body import NoQuery
from troth.http.edge.operations import NO_BODY, Operation, Plain, Shown
from troth.http.edge.replies import Reply, json_reply
from troth.model.refusals import FieldFlaw
from troth.model.return_rules import ReturnRules

_EXAMPLE: Final = {
    "reasons": {"too_small": "too small", "defective": "does not work", "other": "another reason"},
    "windows": [
        {"name": "swimwear", "when": "item.category == 'swimwear'", "returnable": False},
        {"name": "members", "when": "customer.class == 'member'", "days": 90},
    ],
    "refunds": [
        {"name": "members at once", "when": "customer.class == 'member'", "timing": "announced"},
        {"name": "opened electronics", "when": "item.category == 'audio' && rma.grade != 'A'", "timing": "graded",
         "fee_percent": 15.0},
    ],
    "dispositions": [
        {"name": "defects go back", "when": "rma.reason == 'defective'", "disposition": "vendor"},
    ],
    "risks": [
        {"name": "often", "when": "customer.returns >= 10 && customer.returned_percent > 60.0", "action": "hold"},
        {"name": "another unit", "when": "rma.serial_mismatch", "action": "refuse"},
    ],
    "nodes": [{"name": "no returns at vendors", "where": "node.type == 'drop_ship'"}],
    "permit_days": 21,
}  # fmt: skip


class ReturnFieldsAnswer(msgspec.Struct, frozen=True):
    """What only rules of returns may name, besides what routings may say of orders, lines, items and nodes."""

    fields: tuple[FieldAnswer, ...]


_FIELDS: Final = ReturnFieldsAnswer(
    tuple(FieldAnswer(one.path, one.kind, one.unit, one.doc, one.is_optional) for one in RETURN_FIELDS.values())
)


async def read_fields(call: Plain) -> Reply:
    """What rules of returns may ask about besides orders, lines, items and nodes."""
    return json_reply(_FIELDS)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/return-rules/fields",
        name="read_return_fields",
        summary="What only rules of returns may ask about",
        tag="configuration",
        run=read_fields,
        shown=(Shown(200, "The fields", ReturnFieldsAnswer, _FIELDS),),
        body=NO_BODY,
        query=NoQuery,
        scope="configuration:read",
    ),
    *operations_of(
        RETURN_RULES,
        DocumentAnswer[ReturnRules],
        VersionAnswer[ReturnRules],
        name="everyday",
        example=_EXAMPLE,
        flaw=FieldFlaw("/windows/0/days", "must be from 0 to 3,650"),
    ),
)
