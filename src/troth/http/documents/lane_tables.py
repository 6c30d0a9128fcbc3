"""Lane tables: what a retailer knows of zones, transit days and holidays, versioned, checked and tried on an order."""

from typing import Any, Final

from troth.flows.documents.families import LANE_TABLES
from troth.http.documents.document_answer import DocumentAnswer, VersionAnswer
from troth.http.documents.document_operations import operations_of
from troth.http.documents.dry_runs import DryRunBody, dry_run_operation
from troth.model.lanes import LaneTable
from troth.model.refusals import FieldFlaw


class LaneTableDryRunBody(DryRunBody):
    """What a lane table is tried on: an order of ours, or the content of one; a version of it, or another content."""

    lane_table: dict[str, Any] | None = None


_EXAMPLE: Final = {
    "lanes": [
        {"node": "ST-NYC", "service": "standard", "country": "US", "postcode_prefix": "606", "transit_days": 2},
        {"country": "US", "region": "HI", "zone": 6, "transit_days": 7},
    ],
    "holidays": [{"country": "US", "days": ["2026-11-26", "2026-12-25"]}],
}

OPERATIONS = (
    dry_run_operation(
        LANE_TABLES,
        LaneTableDryRunBody,
        name="parcel-lanes",
        refusal=FieldFlaw("/order/lines/0/sku", "there is no item A-1001"),
    ),
    *operations_of(
        LANE_TABLES,
        DocumentAnswer[LaneTable],
        VersionAnswer[LaneTable],
        name="parcel-lanes",
        example=_EXAMPLE,
        flaw=FieldFlaw("/lanes/1/transit_days", "must be from 0 to 365"),
    ),
)
