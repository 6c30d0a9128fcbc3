"""What is told of chargebacks."""

from typing import Final, assert_never

from troth.console.views_release import short_id
from troth.model.chargeback import (
    UNDECIDED,
    Chargeback,
    ChargebackDecided,
    ChargebackIncurred,
    ChargebackRule,
    ChargebackState,
)
from troth.model.events import ChargebackChange
from troth.model.value import dataclass
from troth.pages.views import Chip, money

CHARGEBACK_CHIPS: Final = {
    ChargebackState.INCURRED: Chip("Open", "amber", "clock"),
    ChargebackState.DISPUTED: Chip("Disputed", "blue", "clock"),
    ChargebackState.ACCEPTED: Chip("Accepted", "red", "done"),
    ChargebackState.WAIVED: Chip("Waived", "green", "done"),
    ChargebackState.TAKEN_BACK: Chip("Taken back", "gray", "cross"),
}
RULES: Final = {
    ChargebackRule.WRONG_CARRIER: "another carrier or service",
    ChargebackRule.SPLIT: "a further shipment",
    ChargebackRule.LATE: "late",
    ChargebackRule.EARLY: "too early",
    ChargebackRule.SHORT: "not sent",
    ChargebackRule.LATE_NOTICE: "late ship notice",
}
_DONE: Final = {
    ChargebackState.DISPUTED: "is disputed",
    ChargebackState.WAIVED: "was waived",
    ChargebackState.TAKEN_BACK: "was taken back",
}


@dataclass(frozen=True, slots=True)
class ChargebackView:
    """A chargeback as it is shown; empty where nothing of it is borne. It `is_open` while it can be decided about."""

    one: Chargeback
    chip: Chip
    what: str
    about: str
    amount: str
    accepted: str
    is_open: bool


def view_chargeback(one: Chargeback) -> ChargebackView:
    """A chargeback in words."""
    charge = one.charge
    line = f"{charge.quantity} of line {charge.line_id}" if charge.line_id else ""
    about = ", ".join(part for part in (short_id(charge.subject) if charge.subject else "", line) if part)
    borne = money(one.accepted_minor, one.currency) if one.accepted_minor else ""
    return ChargebackView(
        one,
        CHARGEBACK_CHIPS[one.state],
        RULES[charge.rule],
        about,
        money(charge.amount_minor, one.currency),
        borne,
        one.state in UNDECIDED,
    )


def tell_chargeback(event: ChargebackChange) -> str:
    """One sentence about it."""
    match event:
        case ChargebackIncurred():
            amount, what = money(event.charge.amount_minor, event.currency), RULES[event.charge.rule]
            return f"{event.customer_id} may charge {amount} back under {event.guide}: {what}."
        case ChargebackDecided():
            name, what = event.chargeback_id, RULES[event.rule]
            if event.state is ChargebackState.ACCEPTED:
                borne, all_of_it = (
                    money(minor, event.currency) for minor in (event.accepted_minor, event.amount_minor)
                )
                return f"Chargeback {name} ({what}) was accepted: {borne} of {all_of_it}."
            return f"Chargeback {name} ({what}) {_DONE[event.state]}."
        case _:
            assert_never(event)
