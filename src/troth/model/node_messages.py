"""What a node with a system of its own is told of its work."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Final

from troth.model.ids import FulfillmentId, LineId, NodeId, OrderId, Sku
from troth.model.network import Address
from troth.model.order import Method
from troth.model.value import dataclass

TEST_PREFIX: Final = "TEST-"
"""How the work of a test release is called, of which nothing is there."""


class MessageKind(StrEnum):
    """What a message says of some work: it is the node's from now on, it is another one now, it is no longer the
    node's, the node is asked to give it back; or nothing, since it is a test.
    """

    RELEASE = "release"
    CHANGE = "change"
    WITHDRAWAL = "withdrawal"
    RECALL = "recall"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class ToldLine:
    """Units of a line that a node is to send, in the measure of their item; of a lot where one is promised."""

    line_id: LineId
    sku: Sku
    name: str
    quantity: int | float
    lot: str = ""


@dataclass(frozen=True, slots=True)
class ToldRecall:
    """That work, or so much of it, is asked back, and until when the node has to answer."""

    recall_id: str
    answer_by: datetime
    lines: tuple[ToldLine, ...]


@dataclass(frozen=True, slots=True)
class ToldWork:
    """The work of a node as it is told: everything that it takes to send it."""

    fulfillment_id: FulfillmentId
    order_id: OrderId
    channel: str
    external_id: str
    method: Method
    service: str
    carrier: str
    ship_by: datetime
    promised_at: datetime
    customer_name: str
    customer_phone: str
    ship_to: Address | None
    lines: tuple[ToldLine, ...]
    via: NodeId | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    recall: ToldRecall | None = None


@dataclass(frozen=True, slots=True)
class NodeTold:
    """A node was told of some of its work.

    Its messages are numbered without gaps. One that says the same again `repeats` the number of another; `reason` is
    why work was changed or withdrawn. It has to be acknowledged by `acknowledge_by` (null: nobody waits for that).
    """

    node: NodeId
    number: int
    kind: MessageKind
    work: ToldWork
    at: datetime
    reason: str = ""
    acknowledge_by: datetime | None = None
    repeats: int | None = None


@dataclass(frozen=True, slots=True)
class NodeSilent:
    """A node did not acknowledge a release (`what` is `acknowledge`) or ship it (`ship`) by when it had to."""

    node: NodeId
    fulfillment_id: FulfillmentId
    what: str
    due_at: datetime
    at: datetime
