"""Functional acknowledgments: what came of an interchange, told to who sent it, and heard from who got one of ours."""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from troth.adapters.edi.acknowledge_edifact import read_contrl, write_contrl
from troth.adapters.edi.acknowledge_x12 import read_functional, write_functional
from troth.adapters.edi.acknowledged import Acknowledged
from troth.adapters.edi.flaws import Flaw, ReadInterchange
from troth.adapters.edi.segments import Transaction
from troth.model.edi_partner import AckForm

ACKNOWLEDGMENTS: frozenset[str] = frozenset({"997", "999", "CONTRL"})
"""Transactions that acknowledge others, and are not acknowledged themselves: that would never end."""


def acknowledge(read: ReadInterchange, mapping_flaws: Sequence[Flaw], form: AckForm) -> tuple[Transaction, ...]:
    """The acknowledgments of an interchange: in 997 and 999 one for each of its groups, in CONTRL one for all of it;
    none for what only holds acknowledgments, nor where the form is to send none.

    `mapping_flaws` are those that were found when it was read for its meaning; a transaction with one that is not only
    noted is rejected. Their control numbers count from 1, as in an interchange of their own.
    """
    whole = replace(read, flaws=(*read.flaws, *mapping_flaws))
    match form:
        case AckForm.NONE:
            return ()
        case AckForm.X12_997 | AckForm.X12_999:
            groups = [one for one in read.interchange.groups if not _is_acknowledging(one.transactions)]
            return tuple(
                write_functional(whole, group, form, control=f"{number:04}") for number, group in enumerate(groups, 1)
            )
        case AckForm.CONTRL:
            is_owed = any(not _is_acknowledging(one.transactions) for one in read.interchange.groups)
            return (write_contrl(whole, control="1"),) if is_owed or not read.interchange.groups else ()
        case never:
            assert_never(never)


def read_acknowledgment(transaction: Transaction) -> tuple[Acknowledged, ...]:
    """What a 997, 999 or CONTRL says came of the interchange, the groups and the transactions that it is about, the
    outer before the inner; nothing of any other transaction.
    """
    match transaction.kind:
        case "997" | "999":
            return read_functional(transaction)
        case "CONTRL":
            return read_contrl(transaction)
        case _:
            return ()


def _is_acknowledging(transactions: Sequence[Transaction]) -> bool:
    return bool(transactions) and all(one.kind in ACKNOWLEDGMENTS for one in transactions)
