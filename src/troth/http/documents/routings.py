"""Routings: versioned, checked, tried on an order, in force for all orders or some of them."""

from typing import Any, Final

from troth.flows.documents.families import ROUTINGS
from troth.http.documents.document_answer import DocumentAnswer, VersionAnswer
from troth.http.documents.document_operations import operations_of
from troth.http.documents.dry_runs import DryRunBody, dry_run_operation
from troth.model.refusals import FieldFlaw
from troth.model.routing import Routing


class RoutingDryRunBody(DryRunBody):
    """What a routing is tried on: an order of ours, or the content of one; a version of it, or another content."""

    routing: dict[str, Any] | None = None


_EXAMPLE: Final = {
    "description": "Distribution centers first, then stores with cover to spare, then whoever has it",
    "limits": {"shipments_max": 3},
    "weights": {"split_minor": 250},
    "exclusions": [
        {
            "name": "no hazardous goods from stores",
            "expression": "node.type == 'store' && 'hazardous' in item.attributes",
        }
    ],
    "tiers": [
        {
            "name": "DCs",
            "filters": [{"name": "DCs only", "expression": "node.type == 'dc'"}],
            "partial": "next_tier",
        },
        {
            "name": "stores with cover",
            "filters": [{"name": "three weeks", "expression": "stock.weeks_of_supply > 3.0"}],
            "sort": [{"by": "nearest"}],
        },
        {"name": "anybody", "none": "backorder", "partial": "backorder"},
    ],
}

OPERATIONS = (
    dry_run_operation(
        ROUTINGS,
        RoutingDryRunBody,
        name="everyday",
        refusal=FieldFlaw("/order/lines/0/sku", "there is no item A-1001"),
    ),
    *operations_of(
        ROUTINGS,
        DocumentAnswer[Routing],
        VersionAnswer[Routing],
        name="everyday",
        example=_EXAMPLE,
        flaw=FieldFlaw("/tiers/0/filters/0/expression", "line 1, column 6: there is no field node.kind"),
    ),
)
