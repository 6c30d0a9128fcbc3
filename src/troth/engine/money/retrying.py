"""Asking tenders again that have refused: what they refused so far counts no longer."""

from dataclasses import replace

from troth.model.payment import Account


def retried(account: Account) -> Account:
    """The account as it is when everything that was refused may be asked for once more, from the beginning."""
    tenders = tuple(replace(tender, tries_from=len(account.steps), is_spent=False) for tender in account.tenders)
    return replace(account, tenders=tenders)
