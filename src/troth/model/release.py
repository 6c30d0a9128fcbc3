"""When what is reserved will be handed to its node, where that is not at once."""

from datetime import datetime

from troth.model.ids import FulfillmentId, NodeId
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class PlannedRelease:
    """A fulfillment that is going to be released `at` an instant: by itself, or in a wave (by its id).

    Released after `latest` its node could not have it out in time.
    """

    fulfillment_id: FulfillmentId
    at: datetime
    latest: datetime
    wave: str = ""


@dataclass(frozen=True, slots=True)
class WaveTake:
    """What an order took of a wave: so many works of nodes, with their lines and units."""

    wave: str
    works: int
    lines: int
    units: int


@dataclass(frozen=True, slots=True)
class WaveTime:
    """One wave of a rule: of which node (None: of all that share it), when, and until when it takes orders."""

    wave: str
    rule: str
    node: NodeId | None
    at: datetime
    cut_off: datetime
