"""What we say is right by the standard: each document that goes out, held against the directory."""

from dataclasses import replace

import pytest

from tests.edi.trading import interchange, known, line, recall, terms, told, work
from troth.adapters.edi.maps.release import WRITERS, write_release
from troth.adapters.edi.reading import read_interchanges, write_interchange
from troth.adapters.edi.segments import Syntax
from troth.adapters.edi.terms import Documents
from troth.model.node_messages import MessageKind

GROUPS = {"940": "OW", "850": "PO", "860": "PC"}
VERSIONS = {Syntax.X12: ("004010", "005010"), Syntax.EDIFACT: ("D.96A", "D.01B")}


@pytest.mark.parametrize(
    ("syntax", "documents", "kind", "version"),
    [(*key, version) for key in WRITERS for version in VERSIONS[key[0]]],
)
def test_a_message_to_a_node_is_a_document_in_which_nothing_is_wrong(
    syntax: Syntax, documents: Documents, kind: MessageKind, version: str
) -> None:
    spoken = terms(syntax, documents, version)
    of = work(line(), line(2, "A-1003", 1, "LOT-7"))
    if kind is MessageKind.RECALL:
        of = replace(of, recall=recall(line()))

    said = write_release(told(kind, of), spoken, known(of))

    code = "" if syntax is Syntax.EDIFACT else GROUPS[said.kind]
    (read,) = read_interchanges(write_interchange(interchange(said, spoken, code))).interchanges
    assert read.flaws == ()
