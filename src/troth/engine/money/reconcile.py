"""What a gateway's books say held against ours, payment by payment, and what a difference means."""

from collections.abc import Iterable, Mapping
from typing import Final

from troth.engine.money.disputes import lost_minor
from troth.engine.money.standing import Standing, standings
from troth.model.ids import OrderId
from troth.model.lifecycle import IN_FLIGHT
from troth.model.payment import Account, GatewayPayment, idempotency_key
from troth.model.value import dataclass

MEANINGS: Final[Mapping[str, str]] = {
    "not_at_gateway": "we have a payment that the gateway does not know: nothing can be captured of it",
    "not_here": "the gateway has a payment of ours that no account knows: money is held or taken for nothing",
    "in_flight": "it is not known here yet what became of a step; it is looked up, and nothing is asked for twice",
    "authorized": "another amount is authorized at the gateway than here",
    "captured": "another amount was captured at the gateway than here: somebody captured there, or a step is missing",
    "refunded": "another amount was refunded at the gateway than here: somebody refunded there, or a step is missing",
    "released": "the gateway has released what we still count on: it is authorized anew when it is next needed",
    "still_open": "the gateway still keeps what we released or let expire",
}
"""What each kind of difference means, for a person."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A payment that is not the same in both books; amounts in minor units (None: there is none)."""

    kind: str
    order_id: OrderId
    reference: str
    payment: int | None
    currency: str
    ours: int | None
    theirs: int | None

    @property
    def meaning(self) -> str:
        """What that means."""
        return MEANINGS[self.kind]


def compare(accounts: Iterable[Account], theirs: Mapping[str, GatewayPayment], gateway: str) -> tuple[Difference, ...]:
    """The differences between accounts and the payments of a gateway by its names of them, those of one order after
    the other; payments of the gateway that no account knows come last.
    """
    found: list[Difference] = []
    named: set[str] = set()
    for account in accounts:
        for one in standings(account):
            if one.tender.gateway == gateway:
                named |= {one.step.reference, idempotency_key(account.order_id, one.step)}
                found += _compare(account, one, theirs.get(one.step.reference))
    for reference, payment in sorted(theirs.items()):
        if payment.key and not named & {reference, payment.key}:
            order_id = OrderId(payment.order_id)
            there = payment.authorized_minor
            found.append(Difference("not_here", order_id, reference, None, payment.currency, None, there))
    return tuple(found)


def _compare(account: Account, ours: Standing, theirs: GatewayPayment | None) -> Iterable[Difference]:
    step = ours.step

    def differs(kind: str, here: int | None, there: int | None) -> Difference:
        return Difference(kind, account.order_id, step.reference, step.step, account.currency, here, there)

    if step.state in IN_FLIGHT or ours.capturing or ours.refunding or ours.is_voiding:
        there = None if theirs is None else theirs.authorized_minor
        yield differs("in_flight", step.done_minor, there)
        return
    if not step.done_minor:
        return
    if theirs is None:
        yield differs("not_at_gateway", step.done_minor, None)
        return
    for kind, here, there in (
        ("authorized", step.done_minor, theirs.authorized_minor),
        ("captured", ours.captured, theirs.captured_minor),
        ("refunded", ours.refunded - lost_minor(account, step.step), theirs.refunded_minor),
    ):
        if here != there:
            yield differs(kind, here, there)
    if ours.open and not theirs.is_open:
        yield differs("released", ours.open, 0)
    if not ours.open and theirs.is_open and not (ours.tender.captures_once and ours.captured):
        yield differs("still_open", 0, theirs.authorized_minor - theirs.captured_minor)
