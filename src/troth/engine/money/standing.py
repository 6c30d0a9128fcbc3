"""How an account stands: what is authorized, captured and refunded, of each payment and of each tender.

Everything follows from the states of the steps. What is in flight may have had its effect already: it is counted as
done wherever doing it twice would be wrong, and as not done wherever counting on it would be.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from troth.model.asked import again_at
from troth.model.lifecycle import IN_FLIGHT, StepState
from troth.model.payment import CAPTURED, EXCHANGE, Account, Step, StepKind, Tender
from troth.model.value import dataclass

TRIES_MAX: Final = 3
"""So many refusals in a row of the same thing, and a person is asked."""
_RETRY_AFTER: Final = (timedelta(minutes=10), timedelta(hours=1))

BEGINS: Final = frozenset({StepKind.ADOPT, StepKind.AUTHORIZE})
"""The steps that make a payment; all others are about one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a payment stands, in minor units: what was authorized, and what of it was captured and refunded; what may
    have been captured, refunded or released beside that, without that anybody knows; and what can still be captured.
    """

    step: Step
    tender: Tender
    captured: int
    refunded: int
    capturing: int
    refunding: int
    is_voiding: bool
    open: int

    @property
    def authorizing(self) -> int:
        """What is asked for and not answered yet."""
        return self.step.amount_minor - self.capturing if self.step.state in IN_FLIGHT else 0

    @property
    def net(self) -> int:
        """What we have of the customer, as far as anybody may know."""
        return self.captured + self.capturing - self.refunded - self.refunding

    @property
    def refundable(self) -> int:
        """What can be given back for certain."""
        return self.captured - self.refunded - self.refunding


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a tender has refused in a row: whether that is enough, when it may be tried again (None: at once), and
    whether its gateway said that it never need be.
    """

    is_over: bool
    retry_at: datetime | None
    is_for_good: bool = False


def standings(account: Account) -> tuple[Standing, ...]:
    """How every payment of an account stands, by step."""
    tenders = {tender.tender: tender for tender in account.tenders}
    about: dict[int, list[Step]] = {}
    for step in account.steps:
        about.setdefault(step.payment, []).append(step)
    return tuple(
        _standing(step, tenders[step.tender], about[step.step]) for step in account.steps if step.kind in BEGINS
    )


def has_captured(account: Account) -> int:
    """What was captured less what was refunded, for certain (minor units)."""
    return sum(payment.captured - payment.refunded for payment in standings(account))


def trouble_of(account: Account, tender: Tender, kind: StepKind) -> Trouble:
    """What a tender has refused lately of a kind of step, since it last agreed or a person asked to try again."""
    failed: list[Step] = []
    for step in account.steps:
        if step.tender != tender.tender or step.step <= tender.tries_from or not _is_alike(step.kind, kind):
            continue
        if step.state is StepState.FAILED:
            failed.append(step)
        elif step.state not in IN_FLIGHT:
            failed.clear()
    if not failed:
        return Trouble(is_over=False, retry_at=None)
    last = failed[-1]
    if last.is_final or len(failed) >= TRIES_MAX:
        return Trouble(is_over=True, retry_at=None, is_for_good=last.is_final)
    return Trouble(is_over=False, retry_at=(last.answered_at or last.requested_at) + _RETRY_AFTER[len(failed) - 1])


def ask_again_at(step: Step) -> datetime:
    """When a step that is in flight is to be asked about again: the pauses double, up to an hour."""
    if step.asked_at is None:
        return step.requested_at
    return again_at(step.asked_at, step.attempts)


def in_flight(account: Account) -> tuple[Step, ...]:
    """The steps of which nobody knows yet what became of them."""
    return tuple(step for step in account.steps if step.state in IN_FLIGHT)


def _is_alike(one: StepKind, other: StepKind) -> bool:
    return one is other or (one in BEGINS and other in BEGINS)


def _standing(step: Step, tender: Tender, about: Iterable[Step]) -> Standing:
    done = {StepState.CAPTURED: 0, StepState.REFUNDED: 0}
    flying = {StepKind.CAPTURE: 0, StepKind.REFUND: 0}
    is_voided = is_voiding = False
    for other in about:
        if other.state in done:
            done[other.state] += other.done_minor
        elif other.state in IN_FLIGHT and other.kind in flying:
            flying[other.kind] += other.amount_minor
        is_voided = is_voided or other.state is StepState.VOIDED
        is_voiding = is_voiding or (other.kind is StepKind.VOID and other.state in IN_FLIGHT)
    captured, capturing = done[StepState.CAPTURED], flying[StepKind.CAPTURE]
    if step.kind is StepKind.ADOPT and step.state in IN_FLIGHT and tender.reported == CAPTURED:
        capturing += step.amount_minor
    is_used = tender.captures_once and captured + capturing > 0
    is_over = step.state is not StepState.AUTHORIZED or is_voided or is_voiding or is_used
    return Standing(
        step,
        tender,
        captured=captured,
        refunded=done[StepState.REFUNDED],
        capturing=capturing,
        refunding=flying[StepKind.REFUND],
        is_voiding=is_voiding,
        open=0 if is_over else step.done_minor - captured - capturing,
    )


def used_of_credit(account: Account) -> tuple[str, int] | None:
    """The return whose credit pays for a replacement, and how much of that its account has or may still take (minor
    units); None where no credit of a return does, or none was taken over yet.
    """
    taken = [one for one in standings(account) if one.tender.provider == EXCHANGE]
    return (taken[0].tender.reference, sum(one.net + one.open for one in taken)) if taken else None
