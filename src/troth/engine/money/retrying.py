"""Asking tenders again that have refused: what they refused so far counts no longer."""

from collections.abc import Collection
from dataclasses import replace

from troth.engine.money.standing import trouble_of
from troth.model.payment import Account, StepKind


def retried(account: Account, *, but: Collection[int] = ()) -> Account:
    """The account as it is when everything that was refused may be asked for once more, from the beginning; `but` of
    these tenders (by number).
    """
    tenders = tuple(
        tender if tender.tender in but else replace(tender, tries_from=len(account.steps), is_spent=False)
        for tender in account.tenders
    )
    return replace(account, tenders=tenders)


def refused_for_good(account: Account) -> frozenset[int]:
    """The tenders (by number) whose gateway said that the same need not be asked for again, as of a stolen card."""
    return frozenset(
        tender.tender
        for tender in account.tenders
        if any(trouble_of(account, tender, kind).is_for_good for kind in StepKind)
    )
