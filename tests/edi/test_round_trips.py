"""What is written is read again as it was, and nothing that comes makes a reader fail."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.edi.interchanges import edifact_interchanges, x12_interchanges
from troth.adapters.edi import edifact, x12
from troth.adapters.edi.delimiters import EDIFACT_LEVEL_B, Delimiters
from troth.adapters.edi.flaws import ReadInterchange, ReadInterchanges
from troth.adapters.edi.reading import read_interchanges, write_interchange
from troth.adapters.edi.segments import Interchange

PIECES = st.lists(
    st.sampled_from(
        ["ISA*00*          *00*          *ZZ*US             *ZZ*THEM           *261127*0330*^*00501*000000001*0*P*>~",
         "GS*OW*US*THEM*20261127*0330*1*X*005010~", "ST*940*0001~", "W05*N*1~", "SE*3*0001~", "GE*1*1~",
         "IEA*1*000000001~",
         "UNA:+.? '", "UNB+UNOC:3+US+THEM+261127:0330+1'", "UNG+DESADV+US+THEM+261127:0330+1+UN+D:96A'",
         "UNH+1+DESADV:D:96A:UN'", "BGM+351+1+9'", "UNT+3+1'", "UNE+1+1'", "UNZ+1+1'",
         "~", "'", "*", "+", "?", ":", "\n", "\x00", "ISA", "UNB", "é", "TA1*1*261127*0330*A*000~"]
    )
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(x12_interchanges(), st.sampled_from(["", "\r\n"]))
def test_an_interchange_of_x12_is_read_as_it_was_written(given_: Interchange, line_end: str) -> None:
    written = x12.write_interchange(given_, Delimiters("*", ">", "^", "~", line_end=line_end))

    assert x12.read_interchanges(written) == ReadInterchanges((ReadInterchange(given_),))


@settings(max_examples=30, deadline=None)
@given(edifact_interchanges(), st.sampled_from(["", "\n"]))
def test_an_interchange_of_edifact_is_read_as_it_was_written(given_: Interchange, line_end: str) -> None:
    written = edifact.write_interchange(given_, Delimiters("+", ":", "*", "'", "?", line_end))

    assert edifact.read_interchanges(written) == ReadInterchanges((ReadInterchange(given_),))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | PIECES.map(lambda pieces: "".join(pieces).encode()))
@example(b"UNA      UNB")
@example(b"UNA:+.? 'UNB+UNOC:3+US+THEM+261127:0330+1")
@example(b"ISA" + b"*" * 20)
def test_any_bytes_are_read_without_an_exception_and_what_was_read_is_read_again(content: bytes) -> None:
    for read in (read_interchanges, x12.read_interchanges, edifact.read_interchanges):
        for found in read(content).interchanges:
            if not found.flaws:
                again = read_interchanges(write_interchange(found.interchange)).interchanges
                assert again == (found,)


@settings(max_examples=30, deadline=None)
@given(st.lists(x12_interchanges(), min_size=2, max_size=3), st.data())
def test_what_is_cut_out_of_a_file_costs_only_the_interchanges_that_it_touches(
    several: list[Interchange], data: st.DataObject
) -> None:
    parts = [x12.write_interchange(one) for one in several]
    cut = data.draw(st.integers(1, len(parts[0]) - 1))

    read = x12.read_interchanges(b"\n".join([parts[0][:-cut], *parts[1:]]))

    assert [one.interchange for one in read.interchanges[-len(parts) + 1 :]] == several[1:]


def test_a_released_delimiter_at_the_end_of_an_element_stays() -> None:
    (read,) = edifact.read_interchanges(
        b"UNB+UNOC:4+US+THEM+20261127:0330+1'UNH+1+DESADV:D:96A:UN'BGM+?*+?'?:'UNT+3+1'UNZ+1+1'"
    ).interchanges

    (again,) = edifact.read_interchanges(write_interchange(read.interchange)).interchanges

    assert again == read
    assert [again.interchange.groups[0].transactions[0].segments[0].get(nth) for nth in (1, 2)] == ["*", "':"]


def test_level_b_is_written_with_its_own_characters_and_without_a_una() -> None:
    read = edifact.read_interchanges(
        b"UNB+UNOB:1+US+THEM+261127:0330+1'UNH+1+IFTSTA:D:96A:UN'BGM+77+A?+B'UNT+3+1'UNZ+1+1'"
    )

    written = edifact.write_interchange(read.interchanges[0].interchange, EDIFACT_LEVEL_B)

    assert written.startswith(b"UNB\x1dUNOB\x1f1\x1dUS\x1dTHEM")
    assert edifact.read_interchanges(written) == read
    assert read.interchanges[0].interchange.groups[0].transactions[0].segments[0].get(2) == "A+B"


@pytest.mark.parametrize("terminator", ["\n", "\r\n", "\r", "~\r\n", "~"])
def test_segments_of_x12_end_with_whatever_stands_behind_the_isa(terminator: str) -> None:
    rows = (
        "ISA*00*          *00*          *ZZ*US             *ZZ*THEM           *261127*0330*U*00401*000000007*0*P*:",
        "GS*OW*US*THEM*20261127*0330*1*X*004010", "ST*940*0001", "W05*N*1", "SE*3*0001", "GE*1*1", "IEA*1*000000007",
    )  # fmt: skip

    read = x12.read_interchanges("".join(row + terminator for row in rows).encode())

    assert [one.flaws for one in read.interchanges] == [()]
    assert read.interchanges[0].interchange.groups[0].transactions[0].segments[0].get(1) == "N"
