"""What transactions of partners mean: answers about work, checkpoints of parcels, and acknowledgments."""

from collections.abc import Sequence
from dataclasses import replace

from troth.adapters.edi.acknowledge import ACKNOWLEDGMENTS, read_acknowledgment
from troth.adapters.edi.acknowledged import Acknowledged, Outcome
from troth.adapters.edi.flaws import Flaw
from troth.adapters.edi.maps.answers import read_answers
from troth.adapters.edi.maps.checkpoints import read_checkpoints
from troth.adapters.edi.segments import Transaction
from troth.adapters.edi.terms import Documents, Known, Terms
from troth.flows.edi.tongue import Acknowledgment, HeardTransaction


def understand(
    heard: HeardTransaction, transaction: Transaction, terms: Terms, known: Known
) -> tuple[HeardTransaction, Sequence[Flaw]]:
    """A transaction with what it says, and what of it cannot be understood."""
    if transaction.kind in ACKNOWLEDGMENTS:
        said = read_acknowledgment(transaction)
        return replace(heard, acknowledgments=tuple(map(acknowledgment_of, said))), ()
    if terms.documents is Documents.CARRIER:
        checkpoints = read_checkpoints(transaction, terms, known)
        return replace(heard, checkpoints=checkpoints.checkpoints), checkpoints.flaws
    answers = read_answers(transaction, terms, known)
    return replace(heard, answers=answers.answers), answers.flaws


def acknowledgment_of(said: Acknowledged) -> Acknowledgment:
    """What a partner says of an interchange of ours: X12 names it by its group, which has the same number."""
    return Acknowledgment(
        said.interchange or said.group,
        said.transaction,
        is_accepted=said.outcome is not Outcome.REJECTED,
        why="; ".join(map(_told, said.errors)),
    )


def _told(flaw: Flaw) -> str:
    """An error in words, with its place.

    >>> _told(Flaw("1", "0001", 4, "N4", 3, 0, "7", "has a code that is not valid", "XX"))
    'N4 at 4, element 3: has a code that is not valid (XX)'
    """
    place = f"{flaw.tag} at {flaw.place}" if flaw.place else flaw.tag
    element = f", element {flaw.element}" if flaw.element else ""
    value = f" ({flaw.value})" if flaw.value else ""
    return f"{place}{element}: {flaw.detail}{value}" if place else f"{flaw.detail}{value}"
