"""Rate cards: versioned, checked, tried on an order, and in force for every order at once."""

from typing import Any, Final

from troth.flows.documents.families import RATE_CARDS
from troth.http.documents.document_answer import DocumentAnswer, VersionAnswer
from troth.http.documents.document_operations import operations_of
from troth.http.documents.dry_runs import DryRunBody, dry_run_operation
from troth.model.network import RateCard
from troth.model.refusals import FieldFlaw


class RateCardDryRunBody(DryRunBody):
    """What a rate card is tried on: an order of ours, or the content of one; a version of it, or another content."""

    rate_card: dict[str, Any] | None = None


_EXAMPLE: Final = {
    "service": "standard",
    "carrier": "parcel",
    "currency": "USD",
    "zone_miles": [150, 600, 25000],
    "brackets_grams": [500, 2000, 10000],
    "rates_minor": [[549, 799, 1599], [599, 899, 1799], [699, 1099, 2299]],
    "over_minor": [95, 110, 140],
    "transit_days": [1, 2, 4],
}

OPERATIONS = (
    dry_run_operation(
        RATE_CARDS,
        RateCardDryRunBody,
        name="parcel-standard",
        refusal=FieldFlaw("/order/service", "no economy is offered for method ship; offered: standard"),
    ),
    *operations_of(
        RATE_CARDS,
        DocumentAnswer[RateCard],
        VersionAnswer[RateCard],
        name="parcel-standard",
        example=_EXAMPLE,
        flaw=FieldFlaw("/transit_days", "must have a value for each of the 3 zones of zone_miles, not 2"),
    ),
)
