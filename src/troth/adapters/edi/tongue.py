"""The tongue of trading partners: what codec and mappings make of their interchanges, and what they make for them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from troth.adapters.edi.check import check_interchange
from troth.adapters.edi.directory.sets import set_of
from troth.adapters.edi.hearing import CameInterchange
from troth.adapters.edi.maps.release import WRITERS, write_release
from troth.adapters.edi.reading import read_interchanges, write_interchange
from troth.adapters.edi.segments import Group, Interchange, Segment, Transaction
from troth.adapters.edi.terms import Terms
from troth.adapters.edi.unwritable import Unwritable
from troth.flows.edi.tongue import Known, Opened, Spoken, Unspoken, Written
from troth.model.edi_partner import EdiPartner, Syntax, Usage
from troth.model.ids import NodeId
from troth.model.node_messages import NodeTold

_TRIAL: Final = datetime(2026, 1, 1)  # noqa: DTZ001 an envelope knows no offset


class EdiTongue:
    """X12 and EDIFACT, as the codec reads and writes them and the mappings understand them."""

    def open(self, content: bytes, partner: EdiPartner) -> Opened:
        """The interchanges of a file that came from a partner."""
        read = read_interchanges(content)
        flaws = tuple(f"at {one.offset}: {one.detail}" for one in read.flaws)
        terms = terms_of(partner, next(iter(partner.nodes), None))
        return Opened(
            tuple(CameInterchange(check_interchange(one), partner, terms) for one in read.interchanges), flaws
        )

    def say(self, told: NodeTold, partner: EdiPartner, known: Known) -> Spoken | Unspoken:
        """A message to a node as a transaction, or why it is none."""
        terms = terms_of(partner, told.node)
        if (terms.syntax, terms.documents, told.kind) not in WRITERS:
            return Unspoken(f"a {partner.documents} has no document for a {told.kind}")
        transaction = write_release(told, terms, known)
        try:
            write_interchange(_interchange((transaction,), partner, 1, _TRIAL))
        except Unwritable as error:
            return Unspoken(f"{transaction.kind} cannot be written: {error}")
        return Spoken(transaction)

    def kind(self, spoken: Spoken) -> str:
        """What a transaction is called."""
        one = _said(spoken)
        return one.kind if isinstance(one, Transaction) else one.tag

    def write(self, spoken: Sequence[Spoken], partner: EdiPartner, number: int, at: datetime) -> Written:
        """Transactions of one kind, and receipts, as the interchange with a control number."""
        local = at.astimezone(ZoneInfo(partner.habits.time_zone)).replace(tzinfo=None)
        said = tuple(map(_said, spoken))
        transactions = [one for one in said if isinstance(one, Transaction)]
        receipts = tuple(one for one in said if isinstance(one, Segment))
        interchange = _interchange(transactions, partner, number, local, receipts)
        controls = iter([one.control for group in interchange.groups for one in group.transactions])
        of_each = tuple(next(controls) if isinstance(one, Transaction) else "" for one in said)
        group = next((one.control for one in interchange.groups), "")
        return Written(write_interchange(interchange), interchange.control, group, of_each)


def terms_of(partner: EdiPartner, node: NodeId | None) -> Terms:
    """What was agreed with a partner about a node of it, or about its carrier."""
    habits = partner.habits
    return Terms(
        partner.syntax,
        partner.version,
        partner.us,
        partner.them,
        partner.documents,
        node,
        partner.carrier,
        habits.time_zone,
        habits.our_name,
        habits.our_number,
        partner.name,
        habits.partner_number,
        habits.number_attribute,
        habits.pack_attributes,
        habits.carriers,
        habits.services,
    )


def _interchange(
    transactions: Sequence[Transaction],
    partner: EdiPartner,
    number: int,
    at: datetime,
    receipts: tuple[Segment, ...] = (),
) -> Interchange:
    """Transactions of one kind in their envelope, each with a control number; and receipts beside them."""
    is_x12 = partner.syntax is Syntax.X12
    numbered = tuple(
        replace(one, control=f"{place:04d}" if is_x12 else f"{place}") for place, one in enumerate(transactions, 1)
    )
    us, them = partner.us, partner.them
    group = Group("", "", "", "", "", numbered)
    if is_x12 and numbered:
        code, version = _group_code(numbered[0]), numbered[0].convention or numbered[0].version
        group = Group(code, us.identification, them.identification, f"{number}", version, numbered)
    control = f"{number:09d}" if is_x12 else f"{number}"
    is_test = partner.usage is Usage.TEST
    return Interchange(partner.syntax, us, them, control, at, is_test, (group,) if numbered else (), receipts=receipts)


def _said(spoken: Spoken) -> Transaction | Segment:
    """A transaction, or a receipt that stands beside the groups of an interchange."""
    if not isinstance(spoken, Transaction | Segment):
        raise TypeError("it was not said by this tongue")
    return spoken


def _group_code(transaction: Transaction) -> str:
    """In which groups transactions of a kind stand."""
    found = set_of(Syntax.X12, transaction.kind, transaction.version)
    return "" if found is None else found.group
