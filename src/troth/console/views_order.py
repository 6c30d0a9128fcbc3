"""One order as its page shows it: lines with their parts, the work of nodes, and what can be asked for now."""

from collections.abc import Mapping
from datetime import datetime

from troth.console.views_release import short_id
from troth.engine.askable import find_askable
from troth.engine.change_fields import find_changes
from troth.engine.change_wish import CLOSED
from troth.engine.holds import can_hold
from troth.engine.money.owed import owed
from troth.engine.tracking.parcels import proofs_of
from troth.model.charges import Amounts
from troth.model.hold_terms import Block
from troth.model.ids import Sku
from troth.model.inventory import ON_HAND, Source, lot_of
from troth.model.item import Item
from troth.model.kits import kits_of, whole_units
from troth.model.lifecycle import ENDED, AllocationEvent, AllocationState, is_possible
from troth.model.network import Node
from troth.model.order import Allocation, Fulfillment, Hold, Line, Order, Package, Parked
from troth.model.permissions import By
from troth.model.status import (
    OrderStatus,
    blocking_holds,
    fulfillment_status,
    line_status,
    live_allocations,
    order_status,
    placed_holds,
    promise_of,
    uncovered_quantities,
)
from troth.model.totals import total_minor
from troth.model.tracking import Proof
from troth.model.value import dataclass
from troth.pages.views import Chip, moment, money, state_chip, status_chip, words


@dataclass(frozen=True, slots=True)
class PartView:
    """Part of a line: where it comes from, how far it is, and when it is promised. `sku` is there where it is not the
    line's: a component of a kit, or a substitute.
    """

    sku: str
    quantity: int
    node: str
    node_name: str
    chip: Chip
    supply: str
    fulfillment: str
    promised_from: datetime | None
    promised_at: datetime | None


@dataclass(frozen=True, slots=True)
class LineView:
    """A line; money in minor units, of what is wanted: discounts are taken off its total, and tax is in it. Of it
    `cancelable` units can still be canceled. Quantities have so many `decimals`.
    """

    line_id: str
    sku: str
    name: str
    quantity: int
    decimals: int
    canceled: int
    chip: Chip
    unit_price_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    need_by: datetime | None
    parts: tuple[PartView, ...]
    uncovered: int
    parked: Parked | None
    cancelable: int


@dataclass(frozen=True, slots=True)
class WorkView:
    """The work of one node for the order; cost in minor units."""

    fulfillment_id: str
    short_id: str
    node: str
    node_name: str
    chip: Chip
    work: Fulfillment
    contents: tuple[tuple[str, int, int], ...]
    packages: tuple[Package, ...]
    cost_minor: int
    is_ended: bool
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderView:
    """The order; the promise is the window in which its last part arrives, none while any of it lies nowhere. What its
    `delivery` costs is None where that is not charged. `askable` is what can be done only where a node gives its work
    back.
    """

    order: Order
    chip: Chip
    lines: tuple[LineView, ...]
    works: tuple[WorkView, ...]
    holds: tuple[Hold, ...]
    total_minor: int
    delivery: Amounts | None
    cost_minor: int
    promised_from: datetime | None
    promised_at: datetime | None
    can_hold: bool
    can_release: bool
    can_cancel: bool
    can_change: bool
    askable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something about an order now and after a change, as text."""

    what: str
    before: str
    after: str


def view_differences(before: Order, after: Order) -> tuple[Difference, ...]:
    """What a change makes of an order: its fields, when each line comes and from where, and what it comes to."""
    found = [
        Difference(
            words(change.field.removesuffix("_minor")) + (f" of line {change.line_id}" if change.line_id else ""),
            change.before,
            change.after,
        )
        for change in find_changes(before, after)
    ]
    for line in after.lines:
        was, is_now = promise_of(before, line.line_id), promise_of(after, line.line_id)
        if was != is_now:
            dates = ["" if at is None else f"{moment(at)} UTC" for at in (was, is_now)]
            found.append(Difference(f"Promise of line {line.line_id}", *dates))
        from_nodes = [_from(order, line) for order in (before, after)]
        if from_nodes[0] != from_nodes[1]:
            found.append(Difference(f"Line {line.line_id} comes from", *from_nodes))
    totals = [money(total_minor(order), order.currency) for order in (before, after)]
    if totals[0] != totals[1]:
        found.append(Difference("Total", *totals))
    return tuple(found)


def _from(order: Order, line: Line) -> str:
    parts = [part.node for part in live_allocations(order) if part.line_id == line.line_id]
    return ", ".join(dict.fromkeys(parts))


def view_order(order: Order, items: Mapping[Sku, Item], nodes: Mapping[str, Node]) -> OrderView:
    """The order with the names of its items and nodes, as far as they are known."""
    status = order_status(order)
    sums = owed(order)
    blocked = {block for block in (Block.CANCEL, Block.CHANGE) if blocking_holds(order, block)}
    lines = tuple(_line(order, line, items, nodes, sums.lines[line.line_id].wanted) for line in order.lines)
    works = tuple(_work(order, work, nodes) for work in order.fulfillments)
    live = [work for work in works if not work.is_ended]
    promised = () if uncovered_quantities(order) else live
    states = {part.state for part in order.allocations}
    holds = placed_holds(order)
    return OrderView(
        order=order,
        chip=status_chip(status),
        lines=lines,
        works=tuple(sorted(works, key=lambda work: work.is_ended)),
        holds=holds,
        total_minor=sums.total,
        delivery=None if order.delivery_charge is None else sums.delivery.wanted,
        cost_minor=sum(work.cost_minor for work in live),
        promised_from=max((work.work.promised_from for work in promised), default=None),
        promised_at=max((work.work.promised_at for work in promised), default=None),
        can_hold=can_hold(order, tuple(Block)) and status not in CLOSED,
        can_release=AllocationState.RESERVED in states and not blocking_holds(order, Block.RELEASE),
        can_cancel=Block.CANCEL not in blocked
        and status is not OrderStatus.CANCELED
        and any(line.cancelable for line in lines),
        can_change=status not in CLOSED and Block.CHANGE not in blocked,
        askable=find_askable(order, live_allocations(order), blocked).get(By.OPERATOR, ()),
    )


def _line(order: Order, line: Line, items: Mapping[Sku, Item], nodes: Mapping[str, Node], wanted: Amounts) -> LineView:
    works = {work.fulfillment_id: work for work in order.fulfillments}
    parts = [part for part in live_allocations(order) if part.line_id == line.line_id]
    uncovered = uncovered_quantities(order).get(line.line_id, 0)
    cancelable = [part for part in parts if is_possible(part.state, AllocationEvent.CANCEL)]
    free = whole_units(cancelable, kits_of(order)).get(line.line_id, 0)
    item = items.get(line.sku)
    return LineView(
        line_id=line.line_id,
        sku=line.sku,
        name=item.name if item else "",
        quantity=line.quantity,
        decimals=line.decimals,
        canceled=line.canceled_quantity,
        chip=status_chip(line_status(order, line)),
        unit_price_minor=line.unit_price_minor,
        discount_minor=wanted.discount_minor,
        tax_minor=wanted.tax_minor,
        total_minor=wanted.total_minor,
        need_by=line.need_by,
        parts=tuple(_part(part, line, works.get(part.fulfillment_id), nodes) for part in parts),
        uncovered=uncovered,
        parked=next((parked for parked in order.parked if parked.line_id == line.line_id), None),
        cancelable=free + uncovered,
    )


def _part(part: Allocation, line: Line, work: Fulfillment | None, nodes: Mapping[str, Node]) -> PartView:
    return PartView(
        sku="" if part.sku == line.sku else part.sku,
        quantity=part.quantity,
        node=part.node,
        node_name=_name(part.node, nodes),
        chip=state_chip(part.state),
        supply="" if part.source == ON_HAND else supply_text(part.source),
        fulfillment=short_id(part.fulfillment_id),
        promised_from=work.promised_from if work else None,
        promised_at=work.promised_at if work else None,
    )


def _work(order: Order, work: Fulfillment, nodes: Mapping[str, Node]) -> WorkView:
    parts = [part for part in order.allocations if part.fulfillment_id == work.fulfillment_id]
    live = [part for part in parts if part.state not in ENDED]
    decimals = {line.line_id: line.decimals for line in order.lines}
    contents: dict[tuple[str, int], int] = {}
    for part in live or [part for part in parts if part.state is not AllocationState.SPLIT]:
        what = (part.sku, decimals[part.line_id])
        contents[what] = contents.get(what, 0) + part.quantity
    return WorkView(
        fulfillment_id=work.fulfillment_id,
        short_id=short_id(work.fulfillment_id),
        node=work.node,
        node_name=_name(work.node, nodes),
        chip=state_chip(fulfillment_status(order, work.fulfillment_id)),
        work=work,
        contents=tuple((sku, units, places) for (sku, places), units in contents.items()),
        packages=work.packages,
        cost_minor=sum(work.cost.values()),
        is_ended=not live,
        proofs=proofs_of(work),
    )


def supply_text(source: str) -> str:
    """Which supply of a node a part comes from, in words.

    >>> supply_text("po/4500017/1"), supply_text("on_hand"), supply_text("lot/L-7"), supply_text("transfer/T-7/1/L-7")
    ('purchase order 4500017, line 1', 'on hand', 'lot L-7', 'transfer T-7, line 1, lot L-7')
    """
    if lot_of(Source(source)):
        return f"lot {lot_of(Source(source))}"
    kind, _, rest = source.partition("/")
    if kind == "transfer" and rest:
        transfer_id, line, *lot = rest.split("/")
        return f"transfer {transfer_id}, line {line}{', lot ' if lot else ''}{''.join(lot)}"
    number, _, line = rest.rpartition("/")
    return f"purchase order {number}, line {line}" if kind == "po" and number else source.replace("_", " ")


def _name(node: str, nodes: Mapping[str, Node]) -> str:
    return nodes[node].name if node in nodes else ""
