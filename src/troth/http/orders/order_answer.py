"""An order as the API shows it: with all of its parts, where it stands, and what may still become of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from troth.engine.carriage.network import Network
from troth.engine.failed import NO_FAILURES, Failures
from troth.engine.pickups.codes import pickup_code
from troth.flows.wording.messages import order_message
from troth.http.edge.measures import decimals_of_lines, of_line
from troth.http.edge.values import MoneyAnswer, Window, centimeters, cost, money, total
from troth.http.orders.address_answer import answer_address
from troth.http.orders.amounts_answer import answer_amounts
from troth.http.orders.collect import collect_window
from troth.http.orders.order_return import answer_order_return
from troth.http.orders.order_shapes import (
    AgreedSubstitute,
    AllocationAnswer,
    AmountsAnswer,
    CustomerAnswer,
    HoldAnswer,
    KitComponent,
    LineAnswer,
    LineTerms,
    LineUnits,
    OrderAnswer,
    OrderWork,
    PackageAnswer,
    ParkedAnswer,
    PaymentAnswer,
    PlannedReleaseAnswer,
    PromiseAnswer,
    SerialsAnswer,
    WorkLine,
)
from troth.http.orders.pickup_answer import find_handing_over
from troth.http.orders.possible import find_possible
from troth.http.orders.recall_answer import answer_recall
from troth.http.orders.schedules import answer_schedules
from troth.http.orders.speaker import Speaker
from troth.http.orders.timeline import timeline_of
from troth.model.ids import FulfillmentId, LineId, Sku
from troth.model.inventory import lot_of
from troth.model.kits import Kits, kits_of, whole_units
from troth.model.lifecycle import ENDED, AllocationState
from troth.model.measure import shown
from troth.model.order import Allocation, Fulfillment, Hold, Line, Method, Order, Package, Parked, Terms
from troth.model.status import (
    OrderStatus,
    fulfillment_status,
    line_status,
    live_allocations,
    order_status,
    uncovered_quantities,
    waiting_lines,
)
from troth.model.ways import destination_of


def answer_order(
    order: Order,
    network: Network,
    cost_currency: str,
    now: datetime,
    speaker: Speaker | None = None,
    failures: Failures = NO_FAILURES,
) -> OrderAnswer:
    """The order as it is shown at an instant; `cost_currency` is that of costs to serve."""
    live = live_allocations(order)
    parts: dict[LineId, list[Allocation]] = {line.line_id: [] for line in order.lines}
    for part in live:
        parts[part.line_id].append(part)
    uncovered = uncovered_quantities(order)
    parked = {parked.line_id: parked for parked in order.parked}
    statuses = _line_statuses(order, parts, uncovered)
    kits = kits_of(order)
    works = {work.fulfillment_id: _work(order, work, network, cost_currency) for work in order.fulfillments}
    customer = order.customer
    amounts = answer_amounts(order)
    lines = tuple(
        _line(
            line,
            parts[line.line_id],
            works,
            status=statuses[line.line_id],
            uncovered_quantity=uncovered.get(line.line_id, 0),
            currency=order.currency,
            cost_currency=cost_currency,
            kits=kits,
            parked=parked.get(line.line_id),
            amounts=amounts.lines[line.line_id],
        )
        for line in order.lines
    )
    return OrderAnswer(
        order_id=order.order_id,
        channel=order.channel,
        external_id=order.external_id,
        status=order_status(order),
        version=order.version,
        total=MoneyAnswer(amounts.whole.total, order.currency),
        ordered_at=order.ordered_at,
        captured_at=order.captured_at,
        release_at=order.release_at,
        released_at=order.released_at,
        canceled_at=order.canceled_at,
        customer=CustomerAnswer(customer.id, customer.name, customer.email, customer.phone),
        ship_to=None if order.ship_to is None else answer_address(order.ship_to),
        method=order.method,
        pickup_node=order.pickup_node,
        service=order.service,
        ship_complete=order.ship_complete,
        lines=lines,
        promise=_promise(order, live, works, network, cost_currency, now, speaker or Speaker(), is_whole=not uncovered),
        fulfillments=tuple(works.values()),
        holds=tuple(map(_hold, order.holds)),
        payments=tuple(
            PaymentAnswer(
                payment.provider, payment.reference, money(payment.amount_minor, order.currency), payment.status
            )
            for payment in order.payments
        ),
        attributes=dict(order.attributes),
        timeline=timeline_of(order, failures),
        possible=find_possible(order, live, uncovered),
        policy_version=order.policy_version,
        shipments_max=order.shipments_max,
        prices_include_tax=order.prices_include_tax,
        amounts=amounts.whole,
        delivery_charge=amounts.delivery,
        planned_releases=tuple(
            PlannedReleaseAnswer(one.fulfillment_id, one.at, one.latest, one.wave or None) for one in order.planned
        ),
        recalls=tuple(answer_recall(one, decimals_of_lines(order)) for one in order.recalls),
        schedules=answer_schedules(lines),
        returns=tuple(answer_order_return(order, one, decimals_of_lines(order)) for one in order.returns),
    )


def answer_package(package: Package, decimals: Mapping[str, int]) -> PackageAnswer:
    """A package as it is shown, of lines with so many decimals."""
    return PackageAnswer(
        package.package_id,
        tuple(LineUnits(line.line_id, of_line(line.quantity, line.line_id, decimals)) for line in package.lines),
        None if package.weight_grams is None else package.weight_grams / 1000,
        package.carrier,
        package.service,
        package.tracking_number,
        package.received_at,
        package.box or None,
        centimeters(package.size_mm) if any(package.size_mm) else None,
    )


def work_lines(order: Order, fulfillment: FulfillmentId) -> tuple[WorkLine, ...]:
    """The units that a fulfillment has, by line and state; of ended parts none, unless all have ended."""
    parts = [part for part in order.allocations if part.fulfillment_id == fulfillment]
    counted = [part for part in parts if part.state not in ENDED] or [
        part for part in parts if part.state is not AllocationState.SPLIT
    ]
    units: dict[tuple[LineId, Sku, AllocationState, str], int] = {}
    for part in counted:
        key = (part.line_id, part.sku, part.state, lot_of(part.source))
        units[key] = units.get(key, 0) + part.quantity
    decimals = decimals_of_lines(order)
    each = {(line_id, sku): count for line_id, kit in kits_of(order).items() for sku, count in kit}
    return tuple(
        WorkLine(line_id, sku, of_line(quantity, line_id, decimals), state, each.get((line_id, sku)), lot or None)
        for (line_id, sku, state, lot), quantity in units.items()
    )


def answer_serials(work: Fulfillment) -> tuple[SerialsAnswer, ...]:
    """The serials of a fulfillment as they are shown, by line and SKU."""
    by_place: dict[tuple[LineId, Sku], list[str]] = {}
    for one in work.serials:
        by_place.setdefault((one.line_id, one.sku), []).append(one.serial)
    return tuple(SerialsAnswer(line_id, sku, tuple(some)) for (line_id, sku), some in by_place.items())


def window(work: Fulfillment) -> Window:
    """When a fulfillment is promised."""
    return Window(work.promised_from, work.promised_at)


def _line_statuses(
    order: Order, parts: Mapping[LineId, list[Allocation]], uncovered: Mapping[LineId, int]
) -> dict[LineId, OrderStatus]:
    """The status of each line. Lines whose parts stand alike are asked about once."""
    known: dict[tuple[bool, bool, bool, frozenset[AllocationState]], OrderStatus] = {}
    waiting = waiting_lines(order)
    statuses = {}
    for line in order.lines:
        of_line = parts[line.line_id]
        wanted = line.quantity - line.canceled_quantity
        is_covered = line.line_id not in uncovered
        key = (wanted > 0, is_covered, line.line_id in waiting, frozenset(part.state for part in of_line))
        if key not in known:
            known[key] = line_status(order, line)
        statuses[line.line_id] = known[key]
    return statuses


def _line(
    line: Line,
    parts: list[Allocation],
    works: Mapping[FulfillmentId, OrderWork],
    *,
    status: OrderStatus,
    uncovered_quantity: int,
    currency: str,
    cost_currency: str,
    kits: Kits,
    parked: Parked | None,
    amounts: AmountsAnswer,
) -> LineAnswer:
    return LineAnswer(
        line.line_id,
        line.sku,
        shown(line.quantity, line.decimals),
        shown(line.canceled_quantity, line.decimals),
        shown(whole_units(parts, kits).get(line.line_id, 0), line.decimals),
        shown(uncovered_quantity, line.decimals),
        money(line.unit_price_minor, currency),
        line.need_by,
        line.not_before,
        status,
        _last(works[part.fulfillment_id].promised_at for part in parts),
        tuple(
            AllocationAnswer(
                part.sku,
                shown(part.quantity, line.decimals),
                part.node,
                part.source,
                part.state,
                part.fulfillment_id,
                works[part.fulfillment_id].promised_at,
            )
            for part in parts
        ),
        None if line.terms is None else _terms(line.terms, currency, cost_currency),
        None
        if parked is None
        else ParkedAnswer(parked.reason, parked.since, parked.is_waiting, parked.until, parked.promised_at),
        any(works[part.fulfillment_id].promised_at.to > line.need_by for part in parts) if line.need_by else False,
        amounts,
    )


def _terms(terms: Terms, currency: str, cost_currency: str) -> LineTerms:
    return LineTerms(
        None if terms.ship_to is None else answer_address(terms.ship_to),
        terms.method,
        terms.pickup_node,
        terms.service,
        terms.ship_together,
        None if terms.together_minor is None else money(terms.together_minor, cost_currency),
        terms.line_complete,
        terms.ship_alone,
        terms.substitutes,
        tuple(KitComponent(sku, units) for sku, units in terms.kit),
        tuple(AgreedSubstitute(sku, money(delta, currency)) for sku, delta in terms.substituted),
        terms.min_remaining_days,
        terms.decimals,
        terms.only_from,
        terms.cancel_after,
        terms.need_by_firm,
        terms.backorder,
        terms.fill,
        terms.min_fill_percent,
        terms.schedule_of,
    )


def _promise(
    order: Order,
    live: tuple[Allocation, ...],
    works: Mapping[FulfillmentId, OrderWork],
    network: Network,
    cost_currency: str,
    now: datetime,
    speaker: Speaker,
    *,
    is_whole: bool,
) -> PromiseAnswer:
    """The promise of all that is wanted: without a date while any of it lies nowhere."""
    voice = speaker.voice(order)
    kept = {part.fulfillment_id for part in live}
    costs = [work.cost for work in order.fulfillments if work.fulfillment_id in kept]
    return PromiseAnswer(
        _last(work.promised_at for name, work in works.items() if name in kept) if is_whole else None,
        order_message(order, network, now, voice, speaker.items),
        voice.language,
        cost(total(costs), cost_currency),
    )


def _last(windows: Iterable[Window]) -> Window | None:
    """The window of what comes last, which is when all of it is there."""
    return max(windows, key=lambda promised: promised.to, default=None)


def _work(order: Order, work: Fulfillment, network: Network, cost_currency: str) -> OrderWork:
    is_collected = work.method in (Method.PICKUP, Method.CURBSIDE)
    elsewhere = destination_of(order, work.fulfillment_id)
    decimals = decimals_of_lines(order)
    return OrderWork(
        work.fulfillment_id,
        work.node,
        fulfillment_status(order, work.fulfillment_id),
        work.method,
        work.service,
        work.ship_by,
        window(work),
        cost(work.cost, cost_currency),
        work_lines(order, work.fulfillment_id),
        tuple(answer_package(package, decimals) for package in work.packages),
        work.staging,
        work.collected_by,
        work.shipped_at,
        work.delivered_at,
        pickup_code(order, work.fulfillment_id) if is_collected else None,
        work.via,
        None if elsewhere is order.ship_to or elsewhere is None else answer_address(elsewhere),
        answer_serials(work),
        work.carrier or None,
        None if work.delivered_at is not None else collect_window(work, network, work.promised_at),
        *find_handing_over(order, work),
    )


def _hold(hold: Hold) -> HoldAnswer:
    terms = hold.terms
    return HoldAnswer(
        hold.hold_id,
        hold.type,
        hold.reason,
        hold.placed_by,
        hold.placed_at,
        hold.state,
        hold.expires_at,
        terms.owner,
        terms.blocks,
        terms.at_end,
        terms.escalate_to,
        hold.escalated_at,
        terms.lift_roles,
        terms.lift_on,
        terms.lift_when,
    )
