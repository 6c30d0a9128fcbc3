"""What is told of chargebacks, by event."""

from tests.builders import NOW
from troth.model.chargeback import Charge, ChargebackDecided, ChargebackIncurred, ChargebackRule, ChargebackState
from troth.model.events import ChargebackChange
from troth.model.ids import FulfillmentId, LineId

_LATE = Charge(ChargebackRule.LATE_NOTICE, FulfillmentId("O-1-F1"), LineId(""), 0, 20_000, NOW)


def _decided(state: ChargebackState, accepted_minor: int = 0) -> ChargebackDecided:
    rule = ChargebackRule.LATE_NOTICE
    return ChargebackDecided("O-1-B1", "ACME", rule, state, 20_000, accepted_minor, "USD", "", "", NOW)


CHARGEBACK_EVENTS: tuple[tuple[ChargebackChange, str], ...] = (
    (
        ChargebackIncurred("O-1-B1", "ACME", "ACME@3", _LATE, "USD", NOW),
        "ACME may charge $200.00 back under ACME@3: late ship notice.",
    ),
    (
        _decided(ChargebackState.ACCEPTED, 15_000),
        "Chargeback O-1-B1 (late ship notice) was accepted: $150.00 of $200.00.",
    ),
    (_decided(ChargebackState.DISPUTED), "Chargeback O-1-B1 (late ship notice) is disputed."),
    (_decided(ChargebackState.WAIVED), "Chargeback O-1-B1 (late ship notice) was waived."),
    (_decided(ChargebackState.TAKEN_BACK), "Chargeback O-1-B1 (late ship notice) was taken back."),
)
