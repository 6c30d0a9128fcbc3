"""Reconciliation: what gateways say of their payments held against accounts, and what is unknown made known."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from troth.engine.money.reconcile import Difference, compare
from troth.engine.money.standing import in_flight, standings
from troth.flows.door.system import System
from troth.flows.memory.gateways import Gateway
from troth.flows.money.notices import look_up
from troth.model.payment import Account, GatewayPayment
from troth.model.value import dataclass
from troth.store.payments import find_accounts_of_gateway, read_accounts

_PAGE: Final = 200
PAYMENTS_MAX: Final = 100_000
"""As many payments of a gateway are looked at in one go; a longer time is asked for in parts."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many payments were compared, what differs (or is not known), and how many steps became known on the way."""

    gateway: str
    since: datetime
    payments: int
    differences: tuple[Difference, ...]
    repaired: int = 0
    is_whole: bool = True


async def reconcile(system: System, *, since: datetime, is_repairing: bool) -> list[Reconciled]:
    """Compare every gateway's payments since an instant with the accounts. When repairing, steps of which it is unknown
    what became of them are looked up first; nothing else is changed, since money that moved elsewhere is a person's
    matter.
    """
    return [
        await _reconcile(system, name, gateway, since=since, is_repairing=is_repairing)
        for name, gateway in sorted(system.gateways.items())
    ]


async def _reconcile(system: System, name: str, gateway: Gateway, *, since: datetime, is_repairing: bool) -> Reconciled:
    repaired = 0
    if is_repairing:
        async for page in _pages(system, name, since):
            for account in page:
                if in_flight(account):
                    repaired += await look_up(system, account.order_id, is_asking=True)
    theirs: dict[str, GatewayPayment] = {}
    async for payment in gateway.read_payments(since):
        theirs[payment.reference] = payment
        if len(theirs) == PAYMENTS_MAX:
            break
    accounts = [account async for page in _pages(system, name, since) for account in page]
    for reference in _older(accounts, theirs, name):
        older = await gateway.read_payment(reference)
        if older is not None:
            theirs[reference] = older
    differences = compare(accounts, theirs, name)
    is_whole = len(theirs) < PAYMENTS_MAX
    found = Reconciled(name, since, len(theirs), differences, repaired, is_whole)
    return found if is_whole else replace(found, differences=tuple(_known(differences)))


def _older(accounts: Iterable[Account], theirs: dict[str, GatewayPayment], gateway: str) -> list[str]:
    """The payments that the gateway did not list since they are older, though something happened to them since."""
    references = (
        one.step.reference for account in accounts for one in standings(account) if one.tender.gateway == gateway
    )
    return sorted({reference for reference in references if reference and reference not in theirs})


def _known(differences: Iterable[Difference]) -> Iterable[Difference]:
    return (one for one in differences if one.kind != "not_here")


async def _pages(system: System, gateway: str, since: datetime) -> AsyncIterator[list[Account]]:
    """The accounts for which a gateway was asked for something since an instant, page by page."""
    after = ""
    while True:
        async with system.pool.acquire() as connection:
            order_ids = await find_accounts_of_gateway(connection, gateway, since=since, after=after, limit=_PAGE)
            found = await read_accounts(connection, order_ids)
        if order_ids:
            yield [found[order_id].account for order_id in order_ids]
            after = order_ids[-1]
        if len(order_ids) < _PAGE:
            return
