"""What the engine is asked and what it answers: demand, plan, and the trace that explains the plan."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import date, datetime

from troth.model.capacity import Booking
from troth.model.ids import LineId, NodeId, Sku
from troth.model.inventory import Source
from troth.model.item import Item
from troth.model.measure import half_up
from troth.model.network import Address
from troth.model.order import Method, Terms
from troth.model.recording import Recording
from troth.model.routing import Disposition
from troth.model.routing_guide import RoutingGuide
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class DemandLine:
    """A quantity (units) of a SKU that is asked for; weight and volume are of `scale` units.

    `item` is the catalog's entry where the asker knows it; rules and restrictions read it. `terms` are there where they
    are not those of every line. `instead` are lines of one unit of what may stand in for it, the best first. So
    many units (`scale`) make one of what prices and costs are for: more than one of what is sold by measure.
    Where it `is_promised`, `need_by` is no wish but the promise that was given and is to be kept.
    """

    line_id: LineId
    sku: Sku
    quantity: int
    weight_grams: int = 0
    volume_cm3: int = 0
    need_by: datetime | None = None
    not_before: datetime | None = None
    item: Item | None = None
    unit_price_minor: int = 0
    terms: Terms | None = None
    instead: tuple["DemandLine", ...] = ()
    scale: int = 1
    is_promised: bool = False

    def value_minor(self, units: int) -> int:
        """What some of its units sell for (minor units), halves up."""
        return half_up(self.unit_price_minor * units, self.scale)

    def grams(self, units: int) -> int:
        """What some of its units weigh, rounded up."""
        return -(-self.weight_grams * units // self.scale)

    def volume(self, units: int) -> int:
        """The room that some of its units take (cm3), rounded up."""
        return -(-self.volume_cm3 * units // self.scale)

    def count(self, units: int) -> int:
        """How many pieces of work some of its units are: of what is sold by measure each begun one."""
        return -(-units // self.scale)


@dataclass(frozen=True, slots=True)
class Demand:
    """One order's wish, as the engine sees it. `service` empty asks for the cheapest service that is offered.

    Of the nodes in `excluded_nodes` nothing is asked, and of those in `excluded_items` nothing that they have on hand
    of the SKU: whoever asks has left that out of the supply. `channel`, what is said of the customer, `priority` (a
    larger number comes first), `ordered_at`, `external_id` and `attributes` are what rules may ask about.
    `shipments_max` and `shipment_value_min_minor` are the order's own limits, besides the policy's; nothing leaves
    before the day `ship_from` (each node's own); `tender` is how it is paid. The prices of lines are in its `currency`;
    empty is the policy's. `guide` is the routing guide of the partner to whom it goes. What is sent to a `pickup_node`
    is handed over there by `hand_over`.
    """

    lines: tuple[DemandLine, ...]
    destination: Address | None
    method: Method
    pickup_node: NodeId | None = None
    service: str = ""
    ship_complete: bool = False
    excluded_nodes: frozenset[NodeId] = frozenset()
    channel: str = ""
    customer_id: str = ""
    customer_class: str = ""
    priority: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)
    shipments_max: int | None = None
    shipment_value_min_minor: int | None = None
    ship_from: date | None = None
    tender: str = ""
    currency: str = ""
    ordered_at: datetime | None = None
    external_id: str = ""
    customer_name: str = ""
    customer_email: str = ""
    guide: RoutingGuide | None = None
    hand_over: Method | None = None
    excluded_items: frozenset[tuple[NodeId, Sku]] = frozenset()


@dataclass(frozen=True, slots=True)
class Peg:
    """Units of a line taken out of one source of the shipment's node."""

    line_id: LineId
    sku: Sku
    source: Source
    quantity: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """What one node sends (or hands over) at once, and when. `cost` names every part of its cost, in minor units.

    `carbon_grams` is the CO2e of its way; None: the policy has no factors for it, or where it goes is not known. `via`
    is the node to which the goods go first, where the customer picks them up. `carrier` is that of the card that was
    chosen (empty: nobody carries it).
    """

    node: NodeId
    method: Method
    service: str
    ship_by: datetime
    promised_from: datetime
    promised_at: datetime
    pegs: tuple[Peg, ...]
    cost: Mapping[str, int]
    is_backordered: bool = False
    booking: Booking | None = None
    carbon_grams: int | None = None
    via: NodeId | None = None
    carrier: str = ""


def total_carbon(shipments: Iterable[Shipment]) -> int | None:
    """The grams of CO2e of all shipments; None where those of one are not known, or where there is none."""
    grams = [shipment.carbon_grams for shipment in shipments]
    known = [one for one in grams if one is not None]
    return sum(known) if known and len(known) == len(grams) else None


@dataclass(frozen=True, slots=True)
class Instead:
    """An item that could be had for one that is short: units, by when, and what a unit costs the customer more."""

    sku: Sku
    quantity: int | float
    price_delta_minor: int = 0
    available_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Separately:
    """What could be promised of a line if the order gave up some of its own wishes (`without`, by name): units, in how
    many shipments of the whole order, and by when.
    """

    without: tuple[str, ...]
    quantity: int
    shipments: int
    promised_at: datetime


@dataclass(frozen=True, slots=True)
class Uncovered:
    """What cannot be promised of a line, why, and what could be: (units, earliest time they could be promised for).

    `detail` says the reason in a sentence where the code is not enough; `instead` are other items that could be had,
    and `separately` is more of it, where it is the order's own wishes that stand in the way. `available_as` names the
    plan of an order for no more of each line than could be had (empty: it is not known, or would be short as well).
    """

    line_id: LineId
    sku: Sku
    quantity: int
    reason: str
    available_quantity: int = 0
    available_at: datetime | None = None
    detail: str = ""
    instead: tuple[Instead, ...] = ()
    separately: tuple[Separately, ...] = ()
    available_as: str = ""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A plan that was not chosen: its nodes, what it would have cost (minor units) and when it would have arrived; the
    services where they are not those of the plan that was.
    """

    nodes: tuple[NodeId, ...]
    cost: Mapping[str, int]
    promised_at: datetime
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """Why this plan: candidates looked at and removed (by reason), and the method that chose.

    `gap` is how far above the optimum the cost may be (a share; None: not known). `input_digest` names the inputs; the
    same inputs give the same plan. `notes` say in sentences what the numbers do not; `tier` is the tier of rules that
    answered and `prices_version` names the unit prices that were counted (both empty: none). `recording` is
    the stock that was seen, where the decision is kept.
    """

    method: str
    candidates: int
    removed: Mapping[str, int] = field(default_factory=dict)
    gap: float | None = 0.0
    input_digest: str = ""
    policy_version: str = ""
    notes: tuple[str, ...] = ()
    tier: str = ""
    prices_version: str = ""
    recording: Recording | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The engine's answer. Every unit of the demand is in exactly one peg or in `uncovered`.

    `disposition` is what the rules want done with it besides sending it, None where nothing.
    """

    shipments: tuple[Shipment, ...]
    uncovered: tuple[Uncovered, ...]
    trace: Trace
    disposition: Disposition | None = None

    @property
    def cost_minor(self) -> int:
        """The fully loaded cost in minor units: the sum of all named parts."""
        return sum(sum(shipment.cost.values()) for shipment in self.shipments)

    @property
    def promised_at(self) -> datetime | None:
        """When the last shipment is promised; None where nothing is."""
        return max((shipment.promised_at for shipment in self.shipments), default=None)

    @property
    def wanted(self) -> int:
        """How many units were asked for: those that are sent, and those that are not covered."""
        sent = sum(peg.quantity for shipment in self.shipments for peg in shipment.pegs)
        return sent + sum(gap.quantity for gap in self.uncovered)
