"""The life of a label: what is to be done about it next, and what it is after its carrier has answered.

Everything follows from the label and its order: who finds it half-way goes on with it, and does nothing twice.
"""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from troth.model.asked import Declined, Lost, again_at
from troth.model.ids import FulfillmentId
from troth.model.label import Bought, BuyOutcome, Label, LabelState, VoidOutcome
from troth.model.lifecycle import ENDED, ReceptionState
from troth.model.order import Order, Package
from troth.model.status import fulfillment_status

GIVEN_UP: Final = "its package is there no more"
_NOT_USED: Final = frozenset({ReceptionState.CANCELED, ReceptionState.EXPIRED})


class LabelStep(StrEnum):
    """What is to be done about a label next."""

    BUY = "buy"
    ATTACH = "attach"
    GIVE_UP = "give_up"
    VOID = "void"
    DETACH = "detach"


def next_step(label: Label, order: Order) -> LabelStep | None:
    """What is to be done about a label, as its order is now; None: nothing."""
    match label.state:
        case LabelState.REQUESTED:
            return LabelStep.BUY
        case LabelState.BOUGHT:
            if not is_wanted(label, order):
                return None if label.kept or label.manifest_id else LabelStep.GIVE_UP
            return None if label.is_told else LabelStep.ATTACH
        case LabelState.VOIDING:
            return LabelStep.VOID
        case LabelState.VOIDED:
            package = find_package(label, order)
            is_borne = package is not None and package.tracking_number == label.tracking_number
            return LabelStep.DETACH if is_borne and label.is_told else None
        case LabelState.REFUSED:
            return None
        case _:
            assert_never(label.state)


def is_wanted(label: Label, order: Order) -> bool:
    """Whether the parcel of a label is to be sent by it, or was: its package is there and bears no other number."""
    if label.consignment.is_return:
        found = next((one for one in order.returns if one.return_id == label.subject), None)
        return found is not None and found.state not in _NOT_USED
    package = find_package(label, order)
    if package is None or fulfillment_status(order, _work(label)) in ENDED:
        return False
    return not label.is_told or package.tracking_number == label.tracking_number


def find_package(label: Label, order: Order) -> Package | None:
    """The package that a label is of; None where it is there no more."""
    works = (work for work in order.fulfillments if work.fulfillment_id == label.subject)
    return next((one for work in works for one in work.packages if one.package_id == label.package_id), None)


def record_bought(label: Label, outcome: BuyOutcome, now: datetime) -> Label:
    """The label after its carrier answered whether it makes it; one that is known stays as it is."""
    if label.state is not LabelState.REQUESTED:
        return label
    match outcome:
        case Bought():
            return replace(
                label,
                state=LabelState.BOUGHT,
                tracking_number=outcome.tracking_number,
                reference=outcome.reference,
                cost_minor=label.expected_minor if outcome.cost_minor is None else outcome.cost_minor,
                currency=outcome.currency or label.currency,
                answered_at=now,
                code="",
                detail="",
                is_told=label.consignment.is_return,
            )
        case Declined():
            return replace(label, state=LabelState.REFUSED, answered_at=now, code=outcome.code, detail=outcome.detail)
        case Lost():
            return _unanswered(label, outcome, now)
        case _:
            assert_never(outcome)


def ask_void(label: Label, reason: str) -> Label:
    """The label of which the carrier is to be asked to take it back."""
    return replace(
        label, state=LabelState.VOIDING, void_reason=reason, kept="", asked_at=None, attempts=0, answered_at=None
    )


def record_voided(label: Label, outcome: VoidOutcome, now: datetime) -> Label:
    """The label after its carrier answered whether it is void. What it would not take back is a label still."""
    if label.state is not LabelState.VOIDING:
        return label
    if isinstance(outcome, Lost):
        return _unanswered(label, outcome, now)
    if isinstance(outcome, Declined):
        kept = outcome.detail or outcome.code
        return replace(label, state=LabelState.BOUGHT, kept=kept, answered_at=now, attempts=0)
    return replace(label, state=LabelState.VOIDED, answered_at=now, attempts=0)


def ask_at(label: Label) -> datetime | None:
    """When the carrier is to be asked next; None where there is nothing to ask."""
    if label.state not in (LabelState.REQUESTED, LabelState.VOIDING):
        return None
    return label.requested_at if label.asked_at is None else again_at(label.asked_at, label.attempts)


def _work(label: Label) -> FulfillmentId:
    return FulfillmentId(label.subject)


def _unanswered(label: Label, outcome: Lost, now: datetime) -> Label:
    return replace(label, asked_at=now, attempts=label.attempts + 1, code="unanswered", detail=outcome.detail)
