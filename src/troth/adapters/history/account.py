"""The account of a load: where every row of the file went."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Account:
    """Rows read, and what became of each: in an order captured now, in one that was there, skipped, or refused.

    `skipped` and `refused` count rows by reason. `stocked_units` and `items_created` are what was made on the way.
    """

    rows_read: int = 0
    orders_captured: int = 0
    rows_captured: int = 0
    orders_known: int = 0
    rows_known: int = 0
    orders_refused: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    items_created: int = 0
    stocked_units: int = 0
    is_interrupted: bool = False

    @property
    def rows_open(self) -> int:
        """Rows that were read and not settled: none, unless the load was interrupted."""
        settled = self.rows_captured + self.rows_known + self.skipped.total() + self.refused.total()
        return self.rows_read - settled

    def as_dict(self) -> dict[str, object]:
        """The account for JSON, reasons by number of rows."""
        return {
            "rows_read": self.rows_read,
            "rows_captured": self.rows_captured,
            "rows_known": self.rows_known,
            "rows_skipped": self.skipped.total(),
            "rows_refused": self.refused.total(),
            "rows_open": self.rows_open,
            "orders_captured": self.orders_captured,
            "orders_known": self.orders_known,
            "orders_refused": self.orders_refused,
            "skipped": dict(self.skipped.most_common()),
            "refused": dict(self.refused.most_common()),
            "items_created": self.items_created,
            "stocked_units": self.stocked_units,
            "interrupted": self.is_interrupted,
        }
