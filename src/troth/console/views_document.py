"""How a version of a document stands, as a chip."""

from typing import Final

from troth.model.document import DocumentState
from troth.pages.views import Chip

_CHIPS: Final = {
    DocumentState.DRAFT: Chip("Draft", "gray", "open"),
    DocumentState.SCHEDULED: Chip("Scheduled", "blue", "clock"),
    DocumentState.CANARY: Chip("Canary", "amber", "quarter"),
    DocumentState.ACTIVE: Chip("Active", "green", "done"),
    DocumentState.RETIRED: Chip("Retired", "gray", "cross"),
}


def document_chip(state: DocumentState) -> Chip:
    """The chip of a version's state."""
    return _CHIPS[state]
