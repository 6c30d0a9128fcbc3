"""When a node could not provide units, and whether they were found there since."""

from datetime import datetime
from typing import Final

from troth.model.inventory import EntryKind
from troth.model.value import dataclass

FINDING: Final = frozenset({EntryKind.RECEIPT, EntryKind.ADJUSTMENT})
"""Entries that say, where they bring units, that these are there; a count says so by itself."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A part of an order that its node rejected, or did not find, at an instant.

    `is_of_item` says that the reason was the item (not found, damaged) and not the node (too busy, closed, silent).
    Then `found_at` is when units of its SKU last came to be at that node: received or adjusted upwards, or counted as
    of then with any left; None: never.
    """

    at: datetime
    found_at: datetime | None = None
    is_of_item: bool = False

    @property
    def is_found_again(self) -> bool:
        """Whether units are known to be there since."""
        return self.found_at is not None and self.found_at > self.at
