"""What a partner says came of what it was sent."""

from enum import StrEnum

from troth.adapters.edi.flaws import Flaw
from troth.model.value import dataclass


class Outcome(StrEnum):
    """What came of an interchange, a group or a transaction. `received` is only that it came; more is told later."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    NOTED = "accepted_with_errors"
    PARTLY = "partly_accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What came of a transaction; of a group, where `transaction` is empty; of an interchange, where `group` is, too.

    `interchange`, `group` and `transaction` are control numbers, as far as they are told: X12 names the group, by
    `code` (GS01), and no interchange; CONTRL names the interchange, and a group only where there are some. What is in
    something that was accepted and is not named itself was accepted. `errors` have the codes of the partner's standard.
    """

    outcome: Outcome
    interchange: str = ""
    code: str = ""
    group: str = ""
    kind: str = ""
    transaction: str = ""
    errors: tuple[Flaw, ...] = ()
