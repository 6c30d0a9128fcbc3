"""Rules of returns: one versioned document decides what may come back, when it is credited, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Final

from troth.model.lifecycle import Disposition
from troth.model.returns import RefundTiming
from troth.model.value import dataclass


class RiskAction(StrEnum):
    """What a rule of risk does: flags a return, lets a person decide about its money, or refuses it."""

    FLAG = "flag"
    HOLD = "hold"
    REFUSE = "refuse"


class DeliveryRefund(StrEnum):
    """When what the delivery cost is credited: never, or with the last unit of an order."""

    NEVER = "never"
    WHOLE_ORDER = "whole_order"


@dataclass(frozen=True, slots=True)
class ReturnWindow:
    """For how many days after the delivery units may come back, where `when` holds; not at all if not `returnable`."""

    name: str
    when: str = ""
    days: int = 30
    returnable: bool = True


@dataclass(frozen=True, slots=True)
class RefundRule:
    """When units are credited and with how many percent of what was paid, less a fee: so many percent of it, and so
    many minor units each.
    """

    name: str
    when: str = ""
    timing: RefundTiming = RefundTiming.RECEIVED
    percent: float = 100.0
    fee_percent: float = 0.0
    fee_minor: int = 0


@dataclass(frozen=True, slots=True)
class DispositionRule:
    """What is done with units that come back, where `when` holds, unless whoever receives them says otherwise."""

    name: str
    disposition: Disposition
    when: str = ""


@dataclass(frozen=True, slots=True)
class RiskRule:
    """What is done with a return about which `when` holds."""

    name: str
    when: str
    action: RiskAction = RiskAction.FLAG


@dataclass(frozen=True, slots=True)
class NodeRule:
    """Nodes that take units back, or do not, where `where` holds."""

    name: str
    where: str
    takes: bool = False


@dataclass(frozen=True, slots=True)
class ReturnRouting:
    """What a returned unit is worth at a node: `restock_percent` of its price if it sells there in time.

    A node that would have more than `cover_weeks_max` weeks of cover sells it for `markdown_percent` less. Each unit
    costs `processing_minor`. In a quote `stores_max` stores near the customer are named.
    """

    restock_percent: float = 100.0
    cover_weeks_max: float = 8.0
    markdown_percent: float = 30.0
    processing_minor: int = 0
    stores_max: int = 5


REASONS: Final[Mapping[str, str]] = {
    "too_small": "too small",
    "too_large": "too large",
    "changed_mind": "no longer wanted",
    "not_as_described": "not as described",
    "defective": "does not work",
    "damaged": "came damaged",
    "wrong_item": "not what was ordered",
    "late": "came too late",
    "other": "another reason",
}
CLAIM_REASONS: Final[Mapping[str, str]] = {
    "damaged": "came damaged",
    "defective": "does not work",
    "lost_in_transit": "never came",
    "missing": "not in the parcel",
    "wrong_item": "not what was ordered",
    "goodwill": "goodwill",
}


@dataclass(frozen=True, slots=True)
class ReturnRules:
    """One document of rules. Of windows, refunds, dispositions and nodes the first that holds decides; of risk all do.

    A permit that nobody used for `permit_days` expires. `exchange_advance`: a replacement may ship before anything
    came back; `exchange_cancel`: a replacement is canceled if the permit expires.
    """

    description: str = ""
    reasons: Mapping[str, str] = field(default_factory=lambda: dict(REASONS))
    claim_reasons: Mapping[str, str] = field(default_factory=lambda: dict(CLAIM_REASONS))
    grades: tuple[str, ...] = ("A", "B", "C", "D")
    windows: tuple[ReturnWindow, ...] = ()
    refunds: tuple[RefundRule, ...] = ()
    dispositions: tuple[DispositionRule, ...] = ()
    risks: tuple[RiskRule, ...] = ()
    nodes: tuple[NodeRule, ...] = ()
    routing: ReturnRouting = field(default_factory=ReturnRouting)
    permit_days: int = 30
    refund_delivery: DeliveryRefund = DeliveryRefund.WHOLE_ORDER
    exchange_advance: bool = True
    exchange_cancel: bool = True


BUILT_IN: Final = ReturnRules(
    windows=(
        ReturnWindow("not returnable", "'returnable' in item.attributes && item.attributes['returnable'] == 'no'",
                     returnable=False),
        ReturnWindow("30 days"),
    ),
    refunds=(RefundRule("on receipt"),),
    dispositions=(
        DispositionRule("as new", Disposition.RESTOCK, "rma.grade == 'A'"),
        DispositionRule("opened", Disposition.OUTLET, "rma.grade == 'B'"),
        DispositionRule("used", Disposition.REFURBISH, "rma.grade == 'C'"),
        DispositionRule("broken", Disposition.DESTROY, "rma.grade == 'D'"),
    ),
)  # fmt: skip
"""What decides where no document is in force; what a document leaves out decides as here."""
