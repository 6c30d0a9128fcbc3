"""What a node is told, as the document that its partner knows for it."""

from collections.abc import Callable, Mapping
from typing import Final

from troth.adapters.edi.maps.edifact_insdes import write_insdes
from troth.adapters.edi.maps.edifact_orders import write_ordchg, write_orders
from troth.adapters.edi.maps.x12_940 import write_940
from troth.adapters.edi.maps.x12_orders import write_850, write_860
from troth.adapters.edi.segments import Syntax, Transaction
from troth.adapters.edi.terms import Documents, Known, Terms
from troth.model.node_messages import MessageKind, NodeTold

Write = Callable[[NodeTold, Terms, Known], Transaction]

_NEW: Final = (MessageKind.RELEASE, MessageKind.TEST)
_LATER: Final = (MessageKind.CHANGE, MessageKind.WITHDRAWAL, MessageKind.RECALL)

WRITERS: Final[Mapping[tuple[Syntax, Documents, MessageKind], Write]] = {
    **{(Syntax.X12, Documents.WAREHOUSE, kind): write_940 for kind in MessageKind},
    **{(Syntax.X12, Documents.VENDOR, kind): write_850 for kind in _NEW},
    **{(Syntax.X12, Documents.VENDOR, kind): write_860 for kind in _LATER},
    **{(Syntax.EDIFACT, Documents.WAREHOUSE, kind): write_insdes for kind in MessageKind},
    **{(Syntax.EDIFACT, Documents.VENDOR, kind): write_orders for kind in _NEW},
    **{(Syntax.EDIFACT, Documents.VENDOR, kind): write_ordchg for kind in _LATER},
}
"""The document of each message; a carrier is told none."""

KNOWN_NOTHING: Final = Known()


def write_release(told: NodeTold, terms: Terms, known: Known = KNOWN_NOTHING) -> Transaction:
    """What a node is told, as a transaction that has no control number yet; the items that `known` has are named by
    their other numbers as well.
    """
    return WRITERS[terms.syntax, terms.documents, told.kind](told, terms, known)
