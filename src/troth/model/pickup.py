"""Pickups: goods that wait for their customer at a node, who says when they come, and until when they are kept."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from troth.model.capacity import LockerStay
from troth.model.ids import FulfillmentId
from troth.model.value import dataclass

_COME: Final = timedelta(days=1)


class Arrival(StrEnum):
    """How near a customer is, as they say themselves."""

    ON_THE_WAY = "on_the_way"
    HERE = "here"


@dataclass(frozen=True, slots=True)
class PaidAtCounter:
    """What somebody paid when they were handed their goods (minor units), with what (`cash`, `card`), and the number of
    the till's receipt.
    """

    amount_minor: int
    currency: str
    tender: str = ""
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Pickup:
    """What is known of the handing over of a fulfillment, from the first that anybody says of it.

    The goods are kept since `ready_at` and until `keep_until`, as `rule` says; the customer is still to be reminded at
    each of `remind_at`, and was so many times (`reminded`). They said at `told_at` that they are on their way, to be
    there at `arrives_at`, and at `here_at` that they wait, in a bay and with a vehicle. `collector` may come in their
    place. `code_failures` are wrong codes since the last right one or lock; until `locked_until` none is looked at.
    What they `paid` for the goods at the counter, where they were to. `stay` is what they take of a locker since they
    lie there, which was last opened by code at `opened_at`.
    """

    fulfillment_id: FulfillmentId
    rule: str = ""
    ready_at: datetime | None = None
    keep_until: datetime | None = None
    remind_at: tuple[datetime, ...] = ()
    reminded: int = 0
    extended: int = 0
    arrival: Arrival | None = None
    told_at: datetime | None = None
    arrives_at: datetime | None = None
    here_at: datetime | None = None
    bay: str = ""
    vehicle: str = ""
    collector: str = ""
    code_failures: int = 0
    locked_until: datetime | None = None
    expired_at: datetime | None = None
    handed_over_at: datetime | None = None
    paid: PaidAtCounter | None = None
    stay: LockerStay | None = None
    opened_at: datetime | None = None

    @property
    def ends_at(self) -> datetime | None:
        """When goods that are kept go back: not within a day after their customer has come for them. None: never."""
        if self.keep_until is None or self.here_at is None:
            return self.keep_until
        return max(self.keep_until, self.here_at + _COME)

    def waited_seconds(self, now: datetime) -> int | None:
        """How long the customer has waited at the node, until the goods were handed over or until now (whole seconds);
        None: they have not said that they are there.
        """
        if self.here_at is None:
            return None
        return max(0, int(((self.handed_over_at or now) - self.here_at).total_seconds()))
