"""Files that broke on their way, or were never meant well: each is read and answered, and none takes the memory."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from troth.adapters.edi.acknowledge import acknowledge, read_acknowledgment
from troth.adapters.edi.acknowledge_whole import acknowledge_whole
from troth.adapters.edi.acknowledged import Outcome
from troth.adapters.edi.check import FLAWS_MAX, MANY, check, check_interchange
from troth.adapters.edi.envelope import FLAWS_MAX as ENVELOPE_FLAWS_MAX
from troth.adapters.edi.envelope import SEGMENTS_MAX, X12_TAGS, Assembly
from troth.adapters.edi.flaws import Fault, ReadInterchange
from troth.adapters.edi.reading import read_interchanges, write_interchange
from troth.adapters.edi.segments import Group, Interchange, Segment, Syntax, Transaction
from troth.adapters.edi.unwritable import Unwritable
from troth.cli.edi_text import checked_text, shown_text
from troth.model.edi_partner import AckForm

GOLDEN = Path(__file__).parent / "golden"
ECHOES = {"AK1", "AK2", "UCI", "UCF", "UCM"}  # they repeat what came, be it right or not
CONTENTS = sorted(path.read_bytes() for path in GOLDEN.iterdir())


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A file of a partner in which some stretches were lost, doubled, or overwritten."""
    content = draw(st.sampled_from(CONTENTS))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(content)))
        end = min(len(content), begin + draw(st.integers(0, 40)))
        instead = draw(st.binary(max_size=6) | st.sampled_from([b"", b"~", b"'", b"*", b"+", content[begin:end] * 2]))
        content = content[:begin] + instead + content[end:]
    return content


@settings(max_examples=examples(150), deadline=None)
@given(broken())
def test_a_broken_file_is_read_shown_and_answered(content: bytes) -> None:
    read = read_interchanges(content)
    assert checked_text(read) + shown_text(read)

    for one in read.interchanges:
        is_x12 = one.interchange.syntax is Syntax.X12
        form = AckForm.X12_997 if is_x12 else AckForm.CONTRL
        told = {
            (verdict.group, verdict.transaction)
            for transaction in acknowledge(one, (), form)
            for verdict in read_acknowledgment(transaction)
            if verdict.outcome is Outcome.REJECTED
        }
        refused = {
            (group.control, transaction.control)
            for group in one.interchange.groups
            for transaction in group.transactions
            if one.is_refused(group.control, transaction.control) and not transaction.control.startswith("#")
        }
        if is_x12:
            acknowledged = {group.control for group in one.interchange.groups if not group.control.startswith("#")}
            assert {verdict for verdict in refused if verdict[0] in acknowledged and _is_owed(one, verdict[0])} <= told
        _write(one, form)


def _is_owed(read: ReadInterchange, control: str) -> bool:
    """Say whether a group holds anything but acknowledgments."""
    groups = [group for group in read.interchange.groups if group.control == control]
    return all(any(one.kind not in ("997", "999") for one in group.transactions) for group in groups)


def _write(read: ReadInterchange, form: AckForm) -> None:
    """See that the answer can be read again, where its envelope can be written at all."""
    answer = acknowledge_whole(read, form, control=1, at=read.interchange.at.replace(year=2026))
    if answer is None:
        return
    try:
        written = write_interchange(answer)
    except Unwritable:
        return
    (again,) = read_interchanges(written).interchanges
    assert [flaw for flaw in again.flaws if not flaw.is_noted() and flaw.tag not in ECHOES] == []


def test_what_is_beyond_the_room_of_a_file_is_rejected_and_not_kept() -> None:
    assembly = Assembly(X12_TAGS, room=3)
    assembly.open_group(Group("SW", "THEM", "US", "1", "004010", ()))
    for control in ("0001", "0002", "0003"):
        assembly.open_transaction(Transaction("945", "004010", control, ()))
        for _ in range(2):
            assembly.add("N9", Segment("N9"))
        assembly.close_transaction(count="4", control=control)
    assembly.close_group(count="3", control="1")

    assert [(one.transaction, one.code) for one in assembly.all_flaws()] == [
        ("0002", Fault.SEGMENTS_TOO_MANY),
        ("0003", Fault.SEGMENTS_TOO_MANY),
    ]
    assert [len(one.segments) for one in assembly.groups[0].transactions] == [2, 1, 0]


def test_flaws_are_listed_up_to_a_number_and_the_others_counted() -> None:
    begin = (GOLDEN / "945.x12").read_bytes().split(b"GS*")[0]

    (read,) = read_interchanges(begin + b"A~" * (ENVELOPE_FLAWS_MAX + 500) + b"IEA*0*000000088~").interchanges

    assert len(read.flaws) == ENVELOPE_FLAWS_MAX + 1
    assert read.flaws[-1].detail == "and 500 more flaws that are not listed"


def test_each_of_very_many_flawed_transactions_is_rejected_for_one_flaw() -> None:
    rows = tuple(Segment("N9", ((("",),),), place) for place in range(2, 2 + 2 * FLAWS_MAX))
    of_each = len(check(Syntax.X12, Transaction("945", "004010", "1", rows)))
    count = MANY // of_each + 50
    transactions = tuple(Transaction("945", "004010", f"{nth}", rows) for nth in range(count))
    (golden,) = read_interchanges((GOLDEN / "945.x12").read_bytes()).interchanges
    group = Group("SW", "THEM", "US", "88", "004010", transactions)
    whole = Interchange(
        Syntax.X12, golden.interchange.sender, golden.interchange.receiver, "000000088", golden.interchange.at,
        False, (group,),
    )  # fmt: skip

    read = check_interchange(ReadInterchange(whole))

    assert of_each == FLAWS_MAX
    assert all(read.is_refused("88", one.control) for one in transactions)
    assert len(read.flaws) == MANY + 50


@pytest.mark.parametrize("count", [2_000])
def test_a_file_of_many_transactions_is_read_whole(count: int) -> None:
    (golden,) = read_interchanges((GOLDEN / "945.x12").read_bytes()).interchanges
    rows = golden.interchange.groups[0].transactions[0].segments
    transactions = tuple(Transaction("945", "004010", f"{nth:05}", rows) for nth in range(count))
    group = golden.interchange.groups[0]
    content = write_interchange(
        Interchange(
            Syntax.X12, golden.interchange.sender, golden.interchange.receiver, "000000088", golden.interchange.at,
            False, (Group("SW", group.sender, group.receiver, "88", "004010", transactions),),
        )
    )  # fmt: skip

    (read,) = read_interchanges(content).interchanges

    assert read.flaws == ()
    assert read.interchange.groups[0].transactions == transactions
    assert 10_000 * len(rows) < SEGMENTS_MAX
