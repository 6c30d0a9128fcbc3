"""Release rules: the document in which a retailer says how long customers may change their minds, when work is handed
to its node, in which waves, and when a node may be asked to give it back.
"""

from datetime import time
from enum import StrEnum

from troth.model.lifecycle import AllocationState
from troth.model.value import dataclass

BEGUN_NOTHING = (AllocationState.RELEASED, AllocationState.ACCEPTED)
"""The states in which a node has not begun to pick."""


class Lapse(StrEnum):
    """What a node's silence about a recall counts for."""

    REFUSED = "refused"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class RemorseRule:
    """How many minutes an order may still be changed freely before anything of it is released.

    It speaks of the orders for which `when` (CEL, of order and customer) holds; the first that speaks decides.
    """

    name: str
    minutes: int
    when: str = ""


@dataclass(frozen=True, slots=True)
class LeadRule:
    """How many hours before a node has to begin at the latest its work is handed over, and not earlier.

    It speaks of the orders for which `when` (CEL, of order and customer) holds; the first that speaks decides.
    """

    name: str
    hours: float
    when: str = ""


@dataclass(frozen=True, slots=True)
class WaveRule:
    """Waves of some nodes: local times of day, on some weekdays (Monday is 0), at which work is handed over together.

    They are waves of the nodes that `where` names (CEL, of the node; empty: all), for the orders for which `when` holds
    (CEL, of order and customer). What comes later than `cut_off_minutes` before a wave waits for the next one. A wave
    takes at most so many orders, lines and units, and at most `capacity_percent` of what its node can do in the day or
    shift (in the node's unit); None is no limit. Where it `is_shared` all its nodes share one wave, in `time_zone`;
    else each has its own, in its own time zone.
    """

    name: str
    times: tuple[time, ...]
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    where: str = ""
    when: str = ""
    cut_off_minutes: int = 0
    orders_max: int | None = None
    lines_max: int | None = None
    units_max: int | None = None
    capacity_percent: float | None = None
    is_shared: bool = False
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class RecallRule:
    """How the nodes that `where` names (CEL, of the node; empty: all) are asked to give released work back.

    Work that is in one of the states `given_back` comes back at once, without a question; about all else the node has
    `answer_minutes`, after which its silence counts as it `lapses`. The first rule that names a node decides.
    """

    name: str
    where: str = ""
    given_back: tuple[AllocationState, ...] = BEGUN_NOTHING
    answer_minutes: int = 30
    lapses: Lapse = Lapse.REFUSED


@dataclass(frozen=True, slots=True)
class ReleaseRules:
    """All that is said about the release of orders. Of each kind the first rule that speaks decides, and where none
    does what is built in.

    With `recalls_by_change` a cancelation or a change that is about work which is to be recalled asks for that by
    itself.
    """

    name: str = ""
    description: str = ""
    remorse: tuple[RemorseRule, ...] = ()
    lead: tuple[LeadRule, ...] = ()
    waves: tuple[WaveRule, ...] = ()
    recalls: tuple[RecallRule, ...] = ()
    recalls_by_change: bool = False


NO_RELEASE_RULES = ReleaseRules()
