"""What needs a person: values that are read from orders, work, holds and stock, never kept as a list of their own."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import quote, unquote

from troth.model.ids import LineId, NodeId, OrderId, ReturnId, Sku
from troth.model.inventory import Source as SupplySource
from troth.model.inventory import SupplyKey
from troth.model.order import Line
from troth.model.value import dataclass


class ExceptionKind(StrEnum):
    """Why a person is called."""

    UNSOURCED = "unsourced"
    SHORT = "short"
    REJECTED = "rejected"
    LATE_WORK = "late_work"
    LATE_PROMISE = "late_promise"
    NOT_ACCEPTED = "not_accepted"
    LATE_RELEASE = "late_release"
    PAYMENT = "payment"
    RETURN_WAITING = "return_waiting"
    REFUND_HELD = "refund_held"
    ADDRESS = "address"
    HOLD = "hold"
    HOLD_OVER = "hold_over"
    DEFICIT = "deficit"
    OVERDUE_SUPPLY = "overdue_supply"
    INTAKE = "intake"
    SHIP_NOTICE = "ship_notice"
    PREDICTED_LATE = "predicted_late"
    PARCEL = "parcel"
    DISPUTE = "dispute"
    SILENT_NODE = "silent_node"
    MESSAGE_REFUSED = "message_refused"


EXPLAINED: Final[Mapping[ExceptionKind, str]] = {
    ExceptionKind.UNSOURCED: "units can be had nowhere, and were never promised",
    ExceptionKind.SHORT: "units were promised, and their supply is not there any more",
    ExceptionKind.REJECTED: "every node that could send the units refused them",
    ExceptionKind.LATE_WORK: "work is still at its node after the time by which it had to leave",
    ExceptionKind.LATE_PROMISE: "units are promised for later than the customer needs them",
    ExceptionKind.NOT_ACCEPTED: "a node did not accept its work in time",
    ExceptionKind.LATE_RELEASE: "work is not released although its node should have begun",
    ExceptionKind.PAYMENT: "a payment failed, or is not enough, and no tender is left to try",
    ExceptionKind.RETURN_WAITING: "units came back, and wait for a decision what is done with them",
    ExceptionKind.REFUND_HELD: "a refund is held by a rule, and a person has to decide",
    ExceptionKind.ADDRESS: "the order is held because its address is not right",
    ExceptionKind.HOLD: "the order is held for another reason, and a person has to look",
    ExceptionKind.HOLD_OVER: "the time of a hold is over, and it was handed on",
    ExceptionKind.DEFICIT: "more units are promised of a supply than there are",
    ExceptionKind.OVERDUE_SUPPLY: "what a purchase order or transfer should have brought has not come",
    ExceptionKind.INTAKE: "what a channel or partner sent could not be captured",
    ExceptionKind.SHIP_NOTICE: "goods have left, and their trading partner was not sent the ship notice in time",
    ExceptionKind.PREDICTED_LATE: "work will probably not keep its promise, and an alert rule calls a person",
    ExceptionKind.PARCEL: "a parcel is lost, damaged or goes back, or its carrier contradicts itself",
    ExceptionKind.DISPUTE: "a customer's bank demands a payment back, and evidence has to be sent to keep it",
    ExceptionKind.SILENT_NODE: "a node with a system of its own does not answer by when it has to",
    ExceptionKind.MESSAGE_REFUSED: "the system of a node could not read what it was told of its work",
}
"""Each kind in a sentence."""


class Source(StrEnum):
    """From what exceptions are read; the first part of their ids."""

    LINE = "line"
    WORK = "work"
    NEED = "need"
    ACCEPTANCE = "acceptance"
    RELEASE = "release"
    HOLD = "hold"
    ACCOUNT = "account"
    RETURN = "return"
    REFUND = "refund"
    STOCK = "stock"
    SUPPLY = "supply"
    INTAKE = "intake"
    NOTICE = "notice"
    ALERT = "alert"
    PARCEL = "parcel"
    DISPUTE = "dispute"
    SILENCE = "silence"


KINDS_OF: Final[Mapping[Source, frozenset[ExceptionKind]]] = {
    Source.LINE: frozenset({ExceptionKind.UNSOURCED, ExceptionKind.SHORT, ExceptionKind.REJECTED}),
    Source.WORK: frozenset({ExceptionKind.LATE_WORK}),
    Source.NEED: frozenset({ExceptionKind.LATE_PROMISE}),
    Source.ACCEPTANCE: frozenset({ExceptionKind.NOT_ACCEPTED}),
    Source.RELEASE: frozenset({ExceptionKind.LATE_RELEASE}),
    Source.HOLD: frozenset({ExceptionKind.ADDRESS, ExceptionKind.HOLD, ExceptionKind.HOLD_OVER}),
    Source.ACCOUNT: frozenset({ExceptionKind.PAYMENT}),
    Source.RETURN: frozenset({ExceptionKind.RETURN_WAITING}),
    Source.REFUND: frozenset({ExceptionKind.REFUND_HELD}),
    Source.STOCK: frozenset({ExceptionKind.DEFICIT}),
    Source.SUPPLY: frozenset({ExceptionKind.OVERDUE_SUPPLY}),
    Source.INTAKE: frozenset({ExceptionKind.INTAKE}),
    Source.NOTICE: frozenset({ExceptionKind.SHIP_NOTICE}),
    Source.ALERT: frozenset({ExceptionKind.PREDICTED_LATE}),
    Source.PARCEL: frozenset({ExceptionKind.PARCEL}),
    Source.DISPUTE: frozenset({ExceptionKind.DISPUTE}),
    Source.SILENCE: frozenset({ExceptionKind.SILENT_NODE, ExceptionKind.MESSAGE_REFUSED}),
}
"""Which kinds each source has."""


@dataclass(frozen=True, slots=True)
class ConcernedUnits:
    """Units of a line that an exception is about, the last so many of those that are wanted."""

    line: Line
    units: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What people said of an exception: who looks after it, and until when it is put off."""

    owner: str = ""
    snoozed_until: datetime | None = None
    changed_at: datetime | None = None
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class OpenException:
    """Something that needs a person, `since` when, and by when it has to be settled for the promise to be kept
    (`due_at`; None: no promise is at risk).

    `subject` names it within its order: a line, a fulfillment, a hold, a return; or a supply, or what waits in the
    intake. `lines` are the units concerned, with what the customer pays for them; `detail` says more in words. `units`
    are those that its own row names, by line: of a return, or of a supply.
    """

    source: Source
    kind: ExceptionKind
    subject: str
    since: datetime
    due_at: datetime | None = None
    detail: str = ""
    node: NodeId | None = None
    owner: str = ""
    order_id: OrderId | None = None
    version: int = 0
    channel: str = ""
    external_id: str = ""
    customer_id: str = ""
    customer_name: str = ""
    currency: str = ""
    prices_include_tax: bool = False
    lines: tuple[ConcernedUnits, ...] = ()
    mark: Mark = Mark()
    units: tuple[tuple[LineId, int], ...] = ()

    @property
    def exception_id(self) -> str:
        """By what it is called, for as long as it is open."""
        return exception_id(self.source, self.order_id, self.subject)

    @property
    def line_ids(self) -> tuple[LineId, ...]:
        """The lines that are concerned."""
        return tuple(one.line.line_id for one in self.lines)

    @property
    def skus(self) -> tuple[Sku, ...]:
        """What the units are of."""
        return tuple(dict.fromkeys(one.line.sku for one in self.lines if one.line.sku))

    @property
    def looked_after_by(self) -> str:
        """Who looks after it: who it was given to, else whoever its hold names."""
        return self.mark.owner or self.owner


def exception_id(source: Source, order_id: OrderId | None, subject: str) -> str:
    """The id of an exception; of what belongs to an order it names the order.

    >>> exception_id(Source.LINE, OrderId("O-1"), "2"), exception_id(Source.WORK, OrderId("O-1"), "O-1-F2")
    ('line:O-1:2', 'work:O-1:O-1-F2')
    """
    return f"{source}:{order_id or ''}:{subject}"


def waiting_subject(return_id: str, node: str) -> str:
    """How units of a return that wait at a node are named.

    >>> waiting_subject("O-1-R1", "ST-NYC")
    'O-1-R1@ST-NYC'
    """
    return f"{return_id}@{node}"


def return_named(subject: str) -> ReturnId:
    """The return that is named, with or without a node.

    >>> return_named("O-1-R1@ST-NYC"), return_named("O-1-R1")
    ('O-1-R1', 'O-1-R1')
    """
    return ReturnId(subject.partition("@")[0])


def supply_subject(sku: str, node: str, source: str) -> str:
    """How a supply is named where it has to fit into an address.

    >>> supply_subject("A/1", "DC-PA", "lot/L-7")
    'A%2F1@DC-PA@lot%2FL-7'
    """
    return "@".join(quote(part, safe="") for part in (sku, node, source))


def supply_named(subject: str) -> SupplyKey | None:
    """The supply that is named so; None where it is no name of one.

    >>> supply_named("A%2F1@DC-PA@lot%2FL-7")
    SupplyKey(sku='A/1', node='DC-PA', source='lot/L-7')
    >>> supply_named("A%2F1") is None
    True
    """
    parts = [unquote(part) for part in subject.split("@")]
    if len(parts) != 3:
        return None
    sku, node, source = parts
    return SupplyKey(Sku(sku), NodeId(node), SupplySource(source))


def parts_of_id(text: str) -> tuple[Source, OrderId | None, str] | None:
    """What an id says: the source, the order and the subject; None where it is no id.

    >>> parts_of_id("line:O-1:2")
    (<Source.LINE: 'line'>, 'O-1', '2')
    >>> parts_of_id("nothing") is None
    True
    """
    source, _, rest = text.partition(":")
    order_id, _, subject = rest.partition(":")
    if source not in set(Source) or not subject:
        return None
    return Source(source), OrderId(order_id) if order_id else None, subject
