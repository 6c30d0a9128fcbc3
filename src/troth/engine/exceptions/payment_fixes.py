"""What could be done about an account that cannot be settled: asked once more, or paid otherwise.

What a gateway will answer nobody knows; what it would be asked is decided as it is when the account is settled.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Final

from troth.engine.money.account import add_tender
from troth.engine.money.credit import is_held_for_credit, use_of
from troth.engine.money.dues import dues_of
from troth.engine.money.retrying import refused_for_good, retried
from troth.engine.money.settle import settle
from troth.model.credit import Credit, CustomerTerms
from troth.model.fix import AccountAction, Fix, FixKind, PayAlso, RetryPayment
from troth.model.hold_terms import Block
from troth.model.money import Money
from troth.model.order import Order, Payment
from troth.model.payment import PENDING, Account, Provider, Settlement, TenderKind
from troth.model.status import blocking_holds
from troth.model.value import dataclass

_BILL: Final = "invoice"
"""Under which name bills are sent where no provider of invoices is set up."""


@dataclass(frozen=True, slots=True)
class Wallet:
    """What is known of how an order is paid: its account, the providers that there are, and what its customer may owe
    (None: nothing is agreed, or it is not limited).
    """

    account: Account
    providers: Mapping[str, Provider]
    terms: CustomerTerms | None = None
    credit: Credit | None = None


def find_payment_fixes(order: Order, wallet: Wallet, now: datetime) -> Iterator[Fix]:
    """What could be done about an account that a person has to look at."""
    account = wallet.account
    stands = _settle(order, account, now)
    again = _settle(order, retried(account, but=refused_for_good(account)), now)
    if len(again.steps) > len(stands.steps):
        asked = (f"{_told(step.amount_minor, account)} {step.kind}" for step in again.steps)
        names = dict.fromkeys(account.tender(step.tender).provider for step in again.steps)
        detail = f"{', '.join(asked)} at {', '.join(names)}"
        yield _fix(FixKind.RETRY_PAYMENT, RetryPayment(order.order_id), detail, order, is_whole=not again.lacking_minor)
    lacking = stands.lacking_minor
    if lacking and _may_owe(order, wallet, lacking):
        bill = Payment(_provider_of_bills(wallet.providers), order.external_id, lacking, PENDING)
        paid = _settle(order, add_tender(account, bill, wallet.providers), now)
        terms = 0 if wallet.terms is None else wallet.terms.terms_days
        detail = f"{_told(lacking, account)}, due in {terms} days"
        command = PayAlso(order.order_id, bill)
        yield _fix(FixKind.OTHER_PAYMENT, command, detail, order, is_whole=not paid.lacking_minor)


def _settle(order: Order, account: Account, now: datetime) -> Settlement:
    dues = dues_of(order)
    return settle(
        account,
        earned_minor=dues.earned,
        to_come_minor=dues.to_come,
        now=now,
        may_refund=not blocking_holds(order, Block.REFUND),
    )


def _may_owe(order: Order, wallet: Wallet, minor: int) -> bool:
    """Whether the customer pays bills, and may owe so much more: it is counted already where the order is."""
    terms, credit = wallet.terms, wallet.credit
    if terms is None or not terms.terms_days or is_held_for_credit(order):
        return False
    if terms.credit_limit_minor is None:
        return True
    if credit is None or credit.currency != order.currency:
        return False
    use = use_of(order)
    more = max(0, minor - use.invoiced_minor - use.counted_minor)
    return credit.used_minor + more <= credit.limit_minor


def _provider_of_bills(providers: Mapping[str, Provider]) -> str:
    return min((name for name, one in providers.items() if one.kind is TenderKind.INVOICE), default=_BILL)


def _fix(kind: FixKind, command: AccountAction, detail: str, order: Order, *, is_whole: bool) -> Fix:
    name = blake2b(f"{kind}|{detail}|{command}".encode(), digest_size=5).hexdigest()
    return Fix(kind, f"{kind}-{name}", order.order_id, command, detail, is_whole=is_whole, version=order.version)


def _told(minor: int, account: Account) -> str:
    return f"{Money(minor, account.currency).amount} {account.currency}"
