"""What a decision may look at, and what it gives: everything as values, so that it can be made again."""

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import date, datetime

from troth.engine.carriage.network import Network
from troth.engine.demand.budget import Clock
from troth.engine.exposure.in_force import Exposure
from troth.engine.exposure.taking import Pool
from troth.engine.policies.holds_in_force import HoldsInForce
from troth.engine.policies.release_rules import CompiledRelease
from troth.engine.policies.return_rules import NO_RULES, ReturnPolicy
from troth.engine.policies.work_rules import CompiledWork
from troth.engine.promising.ahead import Ahead
from troth.engine.supply.supply import SupplyRows
from troth.engine.supply.unit_prices import UnitPrices
from troth.model.blanket import Agreement
from troth.model.cart_hold import CartHold
from troth.model.credit import Credit
from troth.model.events import Event
from troth.model.exposure import Draw
from troth.model.failure import Failure
from troth.model.ids import CartHoldId, FulfillmentId, NodeId, OrderId, Sku
from troth.model.inventory import Balance, CountMark, Entry, SupplyKey
from troth.model.item import Item
from troth.model.order import Order
from troth.model.payment import Provider
from troth.model.plan import Plan, Trace
from troth.model.policy import Policy
from troth.model.routing_guide import RoutingGuide
from troth.model.serials import SerialKey, SerialPlace, TravelingSerial
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a command is decided: reference data, the policy and the rules of exposure in force (None:
    there are none), who asks, and when; and, where it is known, what units are worth elsewhere and each node's share of
    its capacity that is used. `clock` ends what takes too long; without one work is counted. `holds` are the types of
    holds and the rules that place them, and `release` the rules about releases (None: only what is built in).
    `providers` are those whose payments are settled here, `returns` the rules of returns, `work` those about work at
    nodes (None: only what is built in), `guides` the routing guides of trading partners by name, and `ahead` what was
    planned already of the orders of a batch.
    """

    now: datetime
    actor: str
    network: Network
    items: Mapping[Sku, Item]
    policy: Policy
    prices: UnitPrices | None = None
    loads: Mapping[NodeId, float] | None = None
    exposure: Exposure | None = None
    clock: Clock | None = None
    holds: HoldsInForce | None = None
    providers: Mapping[str, Provider] = field(default_factory=dict)
    release: CompiledRelease | None = None
    returns: ReturnPolicy = NO_RULES
    work: CompiledWork | None = None
    guides: Mapping[str, RoutingGuide] = field(default_factory=dict)
    ahead: Mapping[OrderId, Ahead] = field(default_factory=dict)

    @property
    def pool(self) -> Pool:
        """The one pool of stock as this decision sees it."""
        policy = self.policy
        return Pool(self.items, self.network, self.exposure, policy.currency, self.now, policy.pickup_ready_hours)


@dataclass(frozen=True, slots=True)
class State:
    """What a command may change, as it is after the commands decided before it.

    `supply` gives the rows of a SKU, `supply_freed` the same with some reserved units free again, `balance` one supply
    (zero where it never moved), `moved_since` the units by which a supply's on-hand moved after an instant, `ordered`
    the units that a purchase order's line was set to (or that were sent of a transfer's), `cart_holds` the carts' holds
    that commands name, `serials` where the serials are that they name, `backordered` the units of a SKU that are
    reserved of what is still to come, `counted` the newest count of a supply, `traveling` where transfers last had the
    serials that they name or have on their way, `failures` when nodes could not provide the parts (by number) of the
    orders that are loaded, `credits` what the customers may owe and do, as far as that is limited, `agreements` the
    blanket orders that call-offs name, and `paid` what of orders is paid by anything but an invoice (minor units), as
    far as their accounts are known and their customers' credit is limited.
    """

    orders: Mapping[OrderId, Order]
    supply: Callable[[Sku], SupplyRows]
    balance: Callable[[SupplyKey], Balance]
    moved_since: Callable[[SupplyKey, datetime], int]
    ordered: Callable[[SupplyKey], int]
    supply_freed: Callable[[Sku, Mapping[SupplyKey, int]], SupplyRows]
    cart_holds: Mapping[CartHoldId, CartHold] = field(default_factory=dict)
    serials: Mapping[SerialKey, SerialPlace] = field(default_factory=dict)
    backordered: Callable[[Sku], int] = lambda _sku: 0
    counted: Callable[[SupplyKey], CountMark | None] = lambda _key: None
    traveling: Mapping[SerialKey, TravelingSerial] = field(default_factory=dict)
    failures: Mapping[tuple[OrderId, int], Failure] = field(default_factory=dict)
    credits: Mapping[str, Credit] = field(default_factory=dict)
    agreements: Mapping[str, Agreement] = field(default_factory=dict)
    paid: Mapping[OrderId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One order before and after a command."""

    before: Order | None
    after: Order


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command causes.

    Changed orders, ledger entries, expected dates of supplies, events by subject, and the reasons; holds of carts as
    they are now, and the plan of one that is new. `relies` are counts of what others have taken on which it counts, as
    they were taken to be; `counts` are the newest of their supplies. Last good days of lots; which serials go where,
    which are free again, and which are `traveling` by a transfer or have come by one.
    """

    changes: tuple[Change, ...] = ()
    entries: tuple[Entry, ...] = ()
    events: tuple[tuple[str, Event], ...] = ()
    expected: Mapping[SupplyKey, datetime] | None = None
    trace: Trace | None = None
    cart_holds: tuple[CartHold, ...] = ()
    plan: Plan | None = None
    relies: Mapping[Draw, int] = field(default_factory=dict)
    expiries: Mapping[SupplyKey, date] | None = None
    serials: Mapping[SerialKey, SerialPlace] | None = None
    freed_serials: Mapping[SerialKey, FulfillmentId] | None = None
    counts: tuple[CountMark, ...] = ()
    traveling: Mapping[SerialKey, TravelingSerial] | None = None
