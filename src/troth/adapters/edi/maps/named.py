"""The work that a transaction may be about, so that it can be looked up before it is read."""

from troth.adapters.edi.maps.numbers import read_work_number
from troth.adapters.edi.segments import Transaction
from troth.model.ids import FulfillmentId


def find_named(transaction: Transaction) -> frozenset[FulfillmentId]:
    """Every name of work that stands anywhere in a transaction."""
    said = (
        component
        for segment in transaction.segments
        for element in segment.elements
        for repetition in element
        for component in repetition
    )
    return frozenset(work for text in said if (work := read_work_number(text)) is not None)
