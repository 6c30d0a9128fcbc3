"""Whatever a document says, it is understood or in doubt, and never stops who reads it."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edi.trading import known, line, only_transaction, recall, terms, work
from tests.examples import examples
from troth.adapters.edi.maps.answers import READERS, read_answers
from troth.adapters.edi.maps.checkpoints import read_checkpoints
from troth.adapters.edi.segments import Segment, Syntax, Transaction
from troth.adapters.edi.terms import Documents, Terms

SAMPLES = {path.stem: only_transaction(path.read_bytes()) for path in (Path(__file__).parent / "samples").glob("*.edi")}
NUMBERS = [
    "1E999999999",
    "9" * 5000,
    "-1",
    "0",
    "1.5",
    "NaN",
    "\u0661",
    "99991231",
    "00010101",
    "2400",
    "\0",
    "",
    "IA",
    "CA",
]
OF = work(line(1, "A-1001", 24), line(2, "A-1002", 1.25), line(3, "A-1003", 3), recall=recall(line(1, "A-1001", 1)))


def spoken_by(name: str) -> Terms:
    syntax = Syntax.X12 if name[0].isdigit() else Syntax.EDIFACT
    return terms(syntax, Documents.WAREHOUSE if name.startswith("945") else Documents.VENDOR)


@st.composite
def broken(draw: st.DrawFn, whole: Transaction) -> Transaction:
    """A transaction of which a segment is gone, is there twice, or says something else."""
    segments = list(whole.segments)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(segments) - 1))
        one = segments[place]
        match draw(st.sampled_from(["gone", "twice", "other"])):
            case "gone" if len(segments) > 1:
                del segments[place]
            case "twice":
                segments.insert(place, one)
            case _ if one.elements:
                element = draw(st.integers(0, len(one.elements) - 1))
                said = draw(st.sampled_from(NUMBERS) | st.text(max_size=5))
                elements = (*one.elements[:element], ((said,),), *one.elements[element + 1 :])
                segments[place] = replace(one, elements=elements)
            case _:
                segments.append(Segment("ZZ"))
    return replace(whole, segments=tuple(segments))


@pytest.mark.parametrize("name", sorted(SAMPLES))
@settings(max_examples=examples(40))
@given(data=st.data())
def test_a_broken_document_is_understood_or_in_doubt(name: str, data: st.DataObject) -> None:
    said = data.draw(broken(SAMPLES[name]))

    said_of = read_answers if said.kind in READERS else read_checkpoints
    read = said_of(said, spoken_by(name), known(OF))

    assert "\\x00" not in repr(getattr(read, "answers", ()) or getattr(read, "checkpoints", ()))
    assert not any(flaw.is_noted() for flaw in read.flaws), "what is not done has to be refused"
