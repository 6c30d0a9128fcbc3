"""The page on EDI documents: each example is what is written, or is understood as the page says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.edi.trading import as_text, known, line, recall, terms, told, work
from troth.adapters.edi.maps.answers import READERS, read_answers
from troth.adapters.edi.maps.checkpoints import TRACKERS, read_checkpoints
from troth.adapters.edi.maps.reasons import ACCEPTED, REFUSED, WAITING
from troth.adapters.edi.maps.release import WRITERS, write_release
from troth.adapters.edi.segments import Segment, Syntax, Transaction, segment
from troth.adapters.edi.terms import Documents, Terms
from troth.model.node_messages import MessageKind
from troth.store.codec import encode

PAGE = (Path(__file__).parents[2] / "docs" / "edi-maps.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}

X12_WAREHOUSE, X12_VENDOR = terms(), terms(documents=Documents.VENDOR)
EDIFACT_WAREHOUSE = terms(Syntax.EDIFACT)
EDIFACT_VENDOR = terms(Syntax.EDIFACT, Documents.VENDOR)
WRITTEN = {
    "940": (X12_WAREHOUSE, MessageKind.RELEASE),
    "850": (X12_VENDOR, MessageKind.RELEASE),
    "860": (X12_VENDOR, MessageKind.WITHDRAWAL),
    "INSDES": (EDIFACT_WAREHOUSE, MessageKind.RELEASE),
    "ORDERS": (EDIFACT_VENDOR, MessageKind.RELEASE),
    "ORDCHG": (EDIFACT_VENDOR, MessageKind.WITHDRAWAL),
}
READ = {
    "945": X12_WAREHOUSE, "855": X12_VENDOR, "865": X12_VENDOR, "856": X12_VENDOR, "DESADV": EDIFACT_VENDOR,
    "ORDRSP": EDIFACT_VENDOR,
}  # fmt: skip
TRACKED = {
    "214": terms(documents=Documents.CARRIER, carrier="ups"),
    "IFTSTA": terms(Syntax.EDIFACT, Documents.CARRIER, carrier="dhl"),
}
OF_TWO = work(line(1, "A-1001", 2), line(2, "A-1003", 1))


def example(name: str, form: str = "text") -> str:
    """The first example of a section."""
    found = re.search(rf"```{form}\n(.*?)```", SECTIONS[name], re.DOTALL)
    assert found is not None
    return found[1].strip()


def parse(name: str, spoken: Terms) -> Transaction:
    """The example of a section as a transaction."""
    separator, component = ("*", "\0") if spoken.syntax is Syntax.X12 else ("+", ":")
    segments: list[Segment] = []
    for place, row in enumerate(example(name).splitlines(), 2):
        tag, *elements = row.split(separator)
        one = segment(tag, *(tuple(element.split(component)) for element in elements))
        segments.append(Segment(one.tag, one.elements, place))
    return Transaction(name, spoken.version, "0001", tuple(segments))


def pruned(value: Any) -> Any:
    """A document without what is empty."""
    if isinstance(value, dict):
        return {name: found for name, one in value.items() if (found := pruned(one)) not in ("", [], None)}
    return list(map(pruned, value)) if isinstance(value, list) else value


@pytest.mark.parametrize("name", WRITTEN)
def test_the_example_of_a_document_that_is_sent_is_what_is_written(name: str) -> None:
    spoken, kind = WRITTEN[name]
    of = work(line(1, "A-1001", 2, "L-77"))
    reason = "" if kind is MessageKind.RELEASE else "customer changed their mind"

    written = write_release(told(kind, of, reason=reason), spoken, known(of))

    separator = "*" if spoken.syntax is Syntax.X12 else "+"
    rows = [row.rstrip("*").replace("*", separator) for row in as_text(written)]
    assert written.kind == name
    assert rows == example(name).splitlines()


@pytest.mark.parametrize("name", READ)
def test_the_example_of_a_document_that_comes_is_understood_as_the_page_says(name: str) -> None:
    about = OF_TWO if name != "865" else work(line(1, "A-1001", 2), recall=recall(line(1, "A-1001", 1)))

    read = read_answers(parse(name, READ[name]), READ[name], known(about))

    assert read.flaws == ()
    assert [pruned(json.loads(encode(one))) for one in read.answers] == json.loads(example(name, "json"))


@pytest.mark.parametrize("name", TRACKED)
def test_the_example_of_what_a_carrier_says_is_understood_as_the_page_says(name: str) -> None:
    read = read_checkpoints(parse(name, TRACKED[name]), TRACKED[name], known())

    assert read.flaws == ()
    assert [pruned(json.loads(encode(one))) for one in read.checkpoints] == json.loads(example(name, "json"))


def test_every_document_that_is_written_or_read_has_its_section() -> None:
    written = {write_release(told(kind), terms(syntax, documents)).kind for syntax, documents, kind in WRITERS}

    assert written == set(WRITTEN)
    assert set(READERS) == set(READ)
    assert set(TRACKERS) == set(TRACKED)


def test_every_code_by_which_a_vendor_answers_a_line_is_on_the_page() -> None:
    named = {*re.findall(r"`([A-Z]\w)`", SECTIONS["855"]), *(f"R{number}" for number in range(1, 9))}

    assert {*ACCEPTED, *REFUSED, *WAITING} - named == set()
