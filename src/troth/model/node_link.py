"""How a node with a system of its own is reached: by what it gets its work, and how soon it has to answer."""

from enum import StrEnum

from troth.model.value import dataclass


class Reach(StrEnum):
    """By what a node gets its work: it asks for it, it is posted to it, it lies in a folder, or it is told to a trading
    partner by electronic data interchange.
    """

    API = "api"
    WEBHOOK = "webhook"
    FILE = "file"
    EDI = "edi"


class FileFormat(StrEnum):
    """In what the files of a folder are written; each is a codec."""

    CSV = "csv"
    JSON_LINES = "jsonl"


class AcknowledgedBy(StrEnum):
    """What counts as the acknowledgment of a message that is posted to a node: that its system took it (a status from
    200 to 299), or only its answer.
    """

    DELIVERY = "delivery"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class NodeLink:
    """By what a node is reached, and what it owes: to acknowledge a release within so many minutes of its opening
    hours, and to have it shipped within so many (None: nothing is asked).

    `folder` is the name of its folder, and `format` what lies there, where it is reached by file; `partner` the trading
    partner that is told by EDI. `contact` is whom a person calls where it is silent. `acknowledged_by` says what counts
    where it is reached by webhook; whoever asks, reads files or is told by EDI always answers.
    """

    by: Reach
    format: FileFormat = FileFormat.CSV
    folder: str = ""
    acknowledge_minutes: int | None = None
    ship_minutes: int | None = None
    contact: str = ""
    acknowledged_by: AcknowledgedBy = AcknowledgedBy.DELIVERY
    partner: str = ""
