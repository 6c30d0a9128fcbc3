"""What a decision was made from, small enough to be kept with every decision, so that it can be made again."""

from collections.abc import Mapping
from dataclasses import field

from troth.model.capacity import Slot
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import Source
from troth.model.value import dataclass
from troth.model.work_times import WorkRates


@dataclass(frozen=True, slots=True)
class RecordedDated:
    """A dated supply: its node's position in the network, units, when it is there (POSIX seconds), its source, and
    where it is of a lot until when it is good (POSIX seconds; None: it keeps).
    """

    node: int
    units: int
    available_from: float
    source: Source
    good_until: float | None = None


@dataclass(frozen=True, slots=True)
class RecordedLot:
    """A lot on hand: its node's position in the network, units, until when it is good (POSIX seconds; None: it keeps),
    and its source.
    """

    node: int
    units: int
    good_until: float | None
    source: Source


@dataclass(frozen=True, slots=True)
class RecordedStock:
    """What was available of one SKU, by position of the node in the network.

    `full` has a bit for each node that had at least `most` units on hand, `partial` one for each that had some but
    fewer, and `units` (little-endian unsigned integers of `width` bytes) what these had, in order. What is held by
    `lots` is not among it.
    """

    sku: Sku
    most: int
    full: bytes
    partial: bytes = b""
    units: bytes = b""
    width: int = 1
    dated: tuple[RecordedDated, ...] = ()
    lots: tuple[RecordedLot, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """The stock that a decision saw, and the digest of the network whose positions it is written in.

    Units beyond what the demand could take are left out where nothing in the policy looks at them. `loads` is each
    node's share of its capacity that was used, where that counted; `slots` are those that had no room for the order,
    with what they had promised, and `queue_minutes` the work that waited before its pickup; `ready_minutes` in how many
    minutes it would be ready there, where that was measured. `fed_at` is as of when (POSIX) the newest stock feeds of
    nodes with stock were, and `rates` how well these did their work, where that counted. `excluded` are the nodes that
    were not to be asked (None: recorded before they were), `excluded_items` the SKUs for which nodes were not, and
    `left_out` the lines for which nobody was.
    """

    network: str
    stocks: tuple[RecordedStock, ...]
    loads: Mapping[NodeId, float] = field(default_factory=dict)
    slots: tuple[tuple[Slot, int], ...] = ()
    queue_minutes: Mapping[NodeId, int] = field(default_factory=dict)
    fed_at: Mapping[NodeId, float] = field(default_factory=dict)
    excluded: tuple[NodeId, ...] | None = None
    left_out: tuple[LineId, ...] = ()
    ready_minutes: Mapping[NodeId, int] = field(default_factory=dict)
    excluded_items: tuple[tuple[NodeId, Sku], ...] = ()
    rates: Mapping[NodeId, WorkRates] = field(default_factory=dict)
