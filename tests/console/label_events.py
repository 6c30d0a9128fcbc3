"""What happens to the labels of packages, with the sentence that tells it."""

from typing import Final

from tests.builders import NOW
from troth.model.events import Event
from troth.model.ids import FulfillmentId, LabelId
from troth.model.label_moves import LabelAttached, LabelDetached

_WORK: Final = FulfillmentId("O-1-F1")
_LABEL: Final = LabelId("L-1")

LABEL_EVENTS: Final[tuple[tuple[Event, str], ...]] = (
    (
        LabelAttached(_WORK, "P1", _LABEL, "parcel", "standard", "1Z9", NOW),
        "Fulfillment F1 got a label of parcel for package P1, tracking 1Z9.",
    ),
    (LabelDetached(_WORK, "P1", _LABEL, "1Z9", "unpacked", NOW), "The label 1Z9 of package P1 is void: unpacked."),
)
