"""A feed of stock from another system: what is said of it beside its rows, and what became of it."""

from dataclasses import field
from datetime import datetime
from typing import Final, Literal

from troth.flows.stock.feed_rows import FeedForm, FeedMode, RowFlaw
from troth.model.ids import NodeId
from troth.model.value import dataclass

FeedStatus = Literal["taken_in", "incomplete", "known", "outdated"]

REFUSED_SHOWN_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Feed:
    """What is said of a feed beside its rows.

    `name` is whose it is, `reference` which of them. `mode`: what its units mean. `is_full`: it has all positions of
    its nodes; with `zeroes_missing` those that it does not name are then empty. `rows`: how many it must have;
    `has_trailer`: its last line must say that.
    """

    name: str
    as_of: datetime
    reference: str
    mode: FeedMode = "positions"
    sequence: int | None = None
    is_full: bool = False
    zeroes_missing: bool = False
    rows: int | None = None
    has_trailer: bool = False
    nodes: tuple[NodeId, ...] = ()
    reason: str = "feed"
    form: FeedForm = field(default_factory=FeedForm)

    @property
    def entry_reference(self) -> str:
        """How entries of the ledger name the feed."""
        return f"feed/{self.name}/{self.reference}"


@dataclass(frozen=True, slots=True)
class FeedAccount:
    """What became of a feed so far, in rows; `units` is the balance of the pieces that moved on hand (amounts of
    different measures have no sum).

    `moved` positions were not as they should be, `outdated` ones were counted later already, `zeroed` were not named;
    `dated` are rows of supply still to come. Of the `refused` ones at most a thousand are in `flaws`.
    """

    rows: int = 0
    accepted: int = 0
    moved: int = 0
    units: int = 0
    outdated: int = 0
    zeroed: int = 0
    dated: int = 0
    refused: int = 0
    flaws: tuple[RowFlaw, ...] = ()

    def add(self, more: "FeedAccount") -> "FeedAccount":
        """Both accounts as one, with the first flaws by line."""
        return FeedAccount(
            self.rows + more.rows,
            self.accepted + more.accepted,
            self.moved + more.moved,
            self.units + more.units,
            self.outdated + more.outdated,
            self.zeroed + more.zeroed,
            self.dated + more.dated,
            self.refused + more.refused,
            tuple(sorted((*self.flaws, *more.flaws), key=lambda flaw: flaw.line)[:REFUSED_SHOWN_MAX]),
        )


@dataclass(frozen=True, slots=True)
class FeedReport:
    """How a feed ended, and the account of all that was taken in under its reference."""

    reference: str
    status: FeedStatus
    detail: str
    account: FeedAccount
